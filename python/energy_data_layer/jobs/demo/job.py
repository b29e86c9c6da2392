"""The demonstration: made-up data sets, fills beside the truth, the jobs, both engines side by side."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from energy_data_layer.engine.choice import build_info
from energy_data_layer.engine.equality import differences
from energy_data_layer.errors import OptionError, StorageError
from energy_data_layer.files.weather import read_asos_files
from energy_data_layer.jobs.demo.fills import draw_fills_and_truth, score_methods
from energy_data_layer.jobs.demo.services import STAGES as SERVICE_STAGES
from energy_data_layer.jobs.demo.services import ServiceDemo, run_service_demo
from energy_data_layer.jobs.generation.from_files import STAGES as GENERATION_STAGES
from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.jobs.options import DEFAULT_COLUMNS
from energy_data_layer.jobs.weather.from_files import STAGES as WEATHER_STAGES
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.plots.figure import require_matplotlib
from energy_data_layer.reports.run_report import report_beside
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.simulator.sample_weather import write_asos_sample
from energy_data_layer.transforms.complete_hours.api import complete_hours
from energy_data_layer.transforms.impute.api import impute_missing_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    import pyarrow as pa

    from energy_data_layer.reports.generation_report import GenerationReport
    from energy_data_layer.reports.weather_report import WeatherReport
    from energy_data_layer.transforms.impute.score import Scorecard

RUNS = 5
STAGES = (
    "make data sets",
    "fill hidden hours",
    "score methods",
    *WEATHER_STAGES,
    *GENERATION_STAGES,
    *SERVICE_STAGES,
    "compare engines",
)

MARKER = ".edl-demo"
"""Tells a folder that a demonstration made, and that the next one may fill anew."""


@dataclass(frozen=True)
class EngineComparison:
    """Both engines on the same frame.

    Attributes
    ----------
    rows, columns, runs : int
        Size of the frame, columns imputed, and runs of each engine.
    reference_seconds : float
        Median wall time of the reference.
    rust_seconds : float or None
        Median wall time of the Rust engine, None where it is not installed.
    largest_difference : float
        Between any two values of the engines.
    agree : bool
        Whether the answers are equal by `engine.equality`.
    """

    rows: int
    columns: int
    runs: int
    reference_seconds: float
    rust_seconds: float | None = None
    largest_difference: float = 0.0
    agree: bool = True

    @property
    def verdict(self) -> str:
        """What the comparison says, in a sentence."""
        if self.rust_seconds is None:
            return "The Rust engine is not installed; the reference ran alone."
        if self.agree:
            return f"Both engines agree: same methods, largest difference {self.largest_difference:.1e}."
        return f"The engines DISAGREE: largest difference {self.largest_difference:.1e}; please report this."


@dataclass(frozen=True)
class Demo:
    """What a demonstration made, and where it lies."""

    files: list[Path]
    picture: Path
    scorecard: Scorecard
    database: Path
    report_file: Path
    report: WeatherReport
    generation_files: list[Path]
    generation_report_file: Path
    generation_report: GenerationReport
    services: ServiceDemo
    engines: EngineComparison

    @property
    def database_url(self) -> str:
        """The URL of the database."""
        return f"duckdb:///{self.database}"


def run_demo(folder: str | PathLike[str], *, on_stage: Callable[[str], None] | None = None) -> Demo:
    """Make seeded data sets in `folder`, show how good fills are, run the jobs, and compare both engines.

    Parameters
    ----------
    folder : path
        A folder that is empty, missing, or of an earlier demonstration, whose results are replaced.
    on_stage : callable, optional
        Told the name of each stage as it begins.

    Returns
    -------
    Demo
        The results and where they lie: ``asos_hourly/*.csv``, ``generation/*.csv``, ``gaps.png``,
        ``energy.duckdb`` and the run reports.

    Raises
    ------
    OptionError
        If the folder holds something else.
    ExtraUnavailable
        If matplotlib is not installed.
    StorageError
        If the folder cannot be written.
    """
    require_matplotlib()
    folder = Path(folder)
    _prepare(folder)
    begin = on_stage or (lambda _name: None)

    begin("make data sets")
    files = write_asos_sample(folder / "asos_hourly")
    generation_files = write_generation_sample(folder / "generation")

    begin("fill hidden hours")
    frame = complete_hours(read_asos_files(files).table, "tm", "stnId", carry=("stnNm",))
    picture = folder / "gaps.png"
    draw_fills_and_truth(frame, picture)

    begin("score methods")
    scorecard = score_methods(frame)

    database = folder / "energy.duckdb"
    url = f"duckdb:///{database}"
    report = run_weather(files, url, on_stage=on_stage)
    generation_report = run_generation(generation_files, url, on_stage=on_stage)
    services = run_service_demo(url, on_stage=on_stage)
    report_files = []
    for written in (report, generation_report):
        report_files.append(report_beside(url, written.job) or folder / f"{written.job}.json")
        written.write(report_files[-1])

    begin("compare engines")
    return Demo(
        files,
        picture,
        scorecard,
        database,
        report_files[0],
        report,
        generation_files,
        report_files[1],
        generation_report,
        services,
        compare_engines(frame),
    )


def compare_engines(frame: pa.Table) -> EngineComparison:
    """Impute the same frame with both engines, several times each, and compare times and answers."""
    reference, reference_seconds = _timed(frame, use_rust=False)
    size = (frame.num_rows, len(DEFAULT_COLUMNS), RUNS)
    if build_info()["rust"] is None:
        return EngineComparison(*size, reference_seconds)
    rust, rust_seconds = _timed(frame, use_rust=True)
    difference = max(_largest_difference(reference, rust, name) for name in DEFAULT_COLUMNS)
    agree = not differences(reference, rust, [frame])
    return EngineComparison(*size, reference_seconds, rust_seconds, difference, agree)


def _timed(frame: pa.Table, *, use_rust: bool) -> tuple[pa.Table, float]:
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        answer = impute_missing_values(frame, DEFAULT_COLUMNS, "tm", "stnId", provenance=True, use_rust=use_rust)
        seconds.append(time.perf_counter() - start)
    return answer, median(seconds)


def _largest_difference(left: pa.Table, right: pa.Table, name: str) -> float:
    difference = np.abs(left.column(name).to_numpy() - right.column(name).to_numpy())
    return float(np.nanmax(difference, initial=0.0))


def _prepare(folder: Path) -> None:
    """Make the folder ready; only what an earlier demonstration made is removed."""
    marker = folder / MARKER
    if folder.is_dir() and any(folder.iterdir()) and not marker.exists():
        raise OptionError(f"{folder} holds files that are not of a demonstration; choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        marker.touch()
        for leftover in ("energy.duckdb", "energy.duckdb.wal"):
            (folder / leftover).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written: {error.strerror}") from error
