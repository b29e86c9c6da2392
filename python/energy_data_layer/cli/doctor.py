"""``edl doctor``."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Annotated

import typer

from energy_data_layer import settings
from energy_data_layer.cli.console import say, show_pairs
from energy_data_layer.errors import DataLayerError

PACKAGES = (
    "energy-data-layer",
    "rust-data-layer",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "scipy",
    "duckdb",
    "adbc-driver-postgresql",
    "matplotlib",
    "typer",
    "rich",
)


def doctor(
    db: Annotated[
        str | None,
        typer.Option(
            help="A database to try, duckdb:///energy.duckdb or postgresql://user@host/database.",
            envvar=settings.DATABASE_URL,
        ),
    ] = None,
) -> None:
    """Show versions, the engine, the database and the environment; exit code 1 if something is broken."""
    problems: list[str] = []
    show_pairs("Versions", [("Python", platform.python_version()), *((name, _version(name)) for name in PACKAGES)])
    show_pairs("Engine", _engine(problems))
    show_pairs("Database", _database(db, problems))
    show_pairs("Environment", [(name, "set" if os.environ.get(name) else "not set") for name in settings.KNOWN])
    for problem in problems:
        say(f"edl: {problem}")
    if problems:
        raise typer.Exit(1)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _engine(problems: list[str]) -> list[tuple[str, object]]:
    from energy_data_layer.transforms.engine import build_info

    try:
        info = build_info()
    except (DataLayerError, ImportError) as error:
        problems.append(f"engine: {error}")
        return [("runs", "none")]
    rust = info["rust"]
    return [
        ("runs", info["engine"]),
        ("because", info["engine_reason"]),
        *(rust.items() if rust else [("Rust engine", "not installed")]),
    ]


def _database(url: str | None, problems: list[str]) -> list[tuple[str, object]]:
    if url is None:
        return [("not tried", f"neither --db nor {settings.DATABASE_URL} names one")]
    from energy_data_layer.storage.database import redacted_url
    from energy_data_layer.storage.tables import state_of

    try:
        return [(redacted_url(url), state_of(url))]
    except DataLayerError as error:
        problems.append(f"database: {error}")
        return [(redacted_url(url), "not reachable")]
