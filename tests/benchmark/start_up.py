"""Measure what the command line takes of the processor, against a Python that only imports its libraries."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import harness

from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample

EDL = "import sys; sys.argv[0] = 'edl'; from energy_data_layer.cli import main; main()"
DAY = date(2024, 1, 1)
SIX_ROWS = "stnNm,tm,ta,hm\n" + "".join(
    f"A,2024-01-01 0{hour}:00,{'' if hour == 1 else hour},50\n" for hour in range(6)
)


@dataclass(frozen=True)
class Case:
    """A command, the imports that it is held against, and what its libraries have to do in any case."""

    arguments: list[str]
    imports: str
    libraries: str
    budget: float | None
    terminal: bool = False


CASES = {
    "edl --help": Case(["--help"], "typer, rich", "import typer, rich", 1.4),
    "edl --help, on a terminal": Case(["--help"], "typer, rich", "import typer.rich_utils", None, terminal=True),
    "edl status": Case(
        ["status", "--db", "duckdb:///small.duckdb"],
        "duckdb, pyarrow, typer",
        "import duckdb, pyarrow, typer, rich.table, rich.console\n"
        "duckdb.connect('small.duckdb').sql('FROM runs').fetchall()",
        1.3,
    ),
    "edl impute, CSV": Case(
        ["impute", "six.csv", "-o", "out.parquet", "--force"],
        "pyarrow, typer",
        "import typer, rich.table, rich.console, pyarrow.parquet, pyarrow.csv; pyarrow.csv.read_csv('six.csv')",
        1.3,
    ),
    "edl impute, Parquet": Case(
        ["impute", "six.parquet", "-o", "out.parquet", "--force"],
        "pyarrow, typer",
        "import typer, rich.table, rich.console, pyarrow.parquet; pyarrow.parquet.ParquetFile('six.parquet').read()",
        1.3,
    ),
}


SIZES = {"runs": (15, 1), "before": (1, 0)}
"""The first turn, before the others, writes the bytecode and does not count."""


def measure(sizes: Any) -> dict[str, Any]:
    """Measure each command so often."""
    with tempfile.TemporaryDirectory() as folder:
        _make_inputs(Path(folder))
        return {"commands": [_measured(name, case, folder, sizes) for name, case in CASES.items()]}


def _make_inputs(folder: Path) -> None:
    exports = write_asos_sample(folder / "asos", stations=SAMPLE_STATIONS[:2], since=DAY, until=DAY + timedelta(days=9))
    run_weather(list(map(str, exports)), f"duckdb:///{folder}/small.duckdb", columns=["ta", "hm"])
    (folder / "six.csv").write_text(SIX_ROWS, encoding="utf-8")
    _cpu_seconds(EDL, ["impute", "six.csv", "-o", "six.parquet"], str(folder))


def _measured(name: str, case: Case, folder: str, sizes: Any) -> dict[str, Any]:
    """Run command, imports and libraries in turns."""
    turns = [
        (
            _cpu_seconds(EDL, case.arguments, folder, terminal=case.terminal),
            _cpu_seconds(f"import {case.imports}", [], folder),
            _cpu_seconds(case.libraries, [], folder),
        )
        for _ in range(sizes.before + sizes.runs)
    ]
    command, imports, libraries = (median(seconds) * 1e3 for seconds in zip(*turns[sizes.before :], strict=True))
    ratio = command / imports
    return {
        "command": name,
        "command_ms": command,
        "imports": case.imports,
        "imports_ms": imports,
        "libraries_ms": libraries,
        "ratio": ratio,
        "budget": case.budget,
        "ok": case.budget is None or ratio <= case.budget,
    }


def _cpu_seconds(code: str, arguments: list[str], folder: str, *, terminal: bool = False) -> float:
    """Return the processor seconds, of user and system, of a Python of its own."""
    reader, writer = pty.openpty() if terminal else (None, os.open(os.devnull, os.O_WRONLY))
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdout=writer, stderr=told, cwd=folder, env=variables
        )
        os.close(writer)
        if reader is not None:
            _drain(reader)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            raise RuntimeError(f"{code} {arguments}: {told.read().decode()}")
    return used.ru_utime + used.ru_stime


def _drain(reader: int) -> None:
    """Read what a process writes to its terminal until it ends, which Linux tells as an error."""
    try:
        while os.read(reader, 65536):
            pass
    except OSError:
        pass
    finally:
        os.close(reader)


def document(results: dict[str, Any]) -> list[Any]:
    """Return a table of the commands."""
    return [
        harness.table(
            results["commands"],
            ("command", "{command}"),
            ("CPU ms", "{command_ms:.0f}"),
            ("imports alone", "{imports}"),
            ("CPU ms", "{imports_ms:.0f}"),
            ("ratio", "{ratio:.2f}"),
            ("budget", "{budget:.1f}"),
            ("ok", "{ok}"),
            ("libraries' work, CPU ms", "{libraries_ms:.0f}"),
        )
    ]


def holds(results: dict[str, Any]) -> bool:
    """Return whether all budgets are kept."""
    return all(row["ok"] for row in results["commands"])


if __name__ == "__main__":
    sys.exit(harness.run())
