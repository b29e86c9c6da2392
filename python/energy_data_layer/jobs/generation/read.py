"""Published files of generation as a frame: read, checked and reported as the job does, without a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from energy_data_layer.core.frames import maker
from energy_data_layer.datasets.generation_files import GENERATION_FILES
from energy_data_layer.engine.shadow.comparer import counted_in
from energy_data_layer.files.csv_text import matching_files
from energy_data_layer.jobs.generation.from_files import daily_rows, hours_of
from energy_data_layer.reports.generation_report import GenerationReport

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from energy_data_layer.core.coercion import MissingValues
    from energy_data_layer.datasets.layout import EnergyUnit, LongLayout, WideLayout


def read_generation(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    publisher: str | None = None,
    layout: WideLayout | LongLayout | str | None = None,
    energy_unit: EnergyUnit | None = None,
    plant_name: str | None = None,
    override: bool = False,
    missing_values: MissingValues | None = None,
    frame: Literal["pyarrow", "pandas", "polars"] = "pyarrow",
    report: bool = False,
    use_rust: bool | None = None,
) -> Any:
    """Read published files of hourly generation into one frame with a row per hour, in kWh.

    They are read, checked and refused as `run_generation` does it, and nothing is stored. Rows of a file that cannot be
    kept as they are, which the job would set aside in table ``rejects``, are left out: the log warns of them, and the
    report counts them and names the first.

    Parameters
    ----------
    files : path or glob pattern, or an iterable of these
        CSV files in UTF-8 or cp949.
    publisher, layout, energy_unit, plant_name, override, missing_values : optional
        What the files do not tell, as in `run_generation`.
    frame : {"pyarrow", "pandas", "polars"}, default "pyarrow"
        The kind of frame to return.
    report : bool, default False
        Return ``(frame, GenerationReport)``.
    use_rust : bool, optional
        The engine, see `transform_wide_to_long`.

    Returns
    -------
    frame or (frame, GenerationReport)
        The columns of table ``generation_hourly``: `publisher`, `plant`, `unit`, `fuel`, `interval_start` (KST), `kwh`
        and `label_convention`, in the order of files, rows and hours.

    Raises
    ------
    SourceFileError
        If a file is no such table, or if it leaves its layout, publisher, plant or unit of energy open.
    OptionError
        If an option has a value that it cannot take.
    ExtraUnavailable
        If polars is asked for and not installed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.simulator.sample_generation import write_generation_sample
    >>> with TemporaryDirectory() as folder:
    ...     files = write_generation_sample(folder)
    ...     hours, told = read_generation(files, report=True)
    >>> hours.num_rows == 24 * told.rows_stored, told.rows_rejected
    (True, 5)
    """
    make = maker(frame)
    said = {
        "publisher": publisher,
        "layout": layout,
        "energy_unit": energy_unit,
        "plant_name": plant_name,
        "override": override,
        "missing_values": missing_values,
    }
    told = GenerationReport(GENERATION_FILES.job, {name: str(value) for name, value in said.items() if value})
    with counted_in(told.shadow):
        with told.stage("read files") as stage:
            rows = daily_rows(matching_files(files), **said)
            stage.holds(*(of_file.file.table for of_file in rows))
        hours = hours_of(rows, told, use_rust)
    told.finish()
    return (make(hours), told) if report else make(hours)
