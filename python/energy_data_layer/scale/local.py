"""Fill a table that is larger than memory, part by part, on one machine."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from pyarrow import fs
from pyarrow.parquet import ParquetFile, ParquetWriter

from energy_data_layer._version import __version__
from energy_data_layer.core.file_systems import file_system
from energy_data_layer.core.provenance import provenance_column
from energy_data_layer.engine import choice
from energy_data_layer.errors import DataLayerError, ModelError, OptionError, StorageError
from energy_data_layer.scale.parts import ParquetTable, Part, Parts, SpooledParts, find_files, in_parts
from energy_data_layer.transforms.impute.derived import (
    Derived,
    columns_to_fill,
    derived_columns,
    impute_with_derived,
    with_auxiliaries,
    with_partners,
)
from energy_data_layer.transforms.impute.exact_total import ExactTotal
from energy_data_layer.transforms.impute.inputs import checked_columns
from energy_data_layer.transforms.impute.model import GapModel
from energy_data_layer.transforms.impute.quantities import bounds_of
from energy_data_layer.transforms.impute.report import ColumnReport, ImputationReport
from energy_data_layer.transforms.impute.rule import OPTIMAL_INTERPOLATION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from energy_data_layer.core.coercion import MissingValues
    from energy_data_layer.transforms.impute.rule import Bounds, Method

FACTS = b"energy_data_layer"
"""Under what a part's file keeps its report and the run that it belongs to."""

PLAN, MODEL = "_plan.json", "_model.parquet"
INCOMPLETE = ".incomplete"

LEAST_MEMORY = 256 << 20
OWN_MEMORY = 160 << 20
"""What the process takes without any rows."""

COPIES = 6
"""How often a part's bytes lie in memory at once: read, as columns of the engine, filled, and being written."""

BYTES_OF_A_TEXT = 24
"""What a cell takes that has no width of its own."""

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30}


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes
    ----------
    rows, rows_in_all : int
        Rows that are done, and all.
    parts, parts_in_all : int
        Parts that are done, and all.
    """

    rows: int
    rows_in_all: int
    parts: int
    parts_in_all: int


def impute_dataset(
    source: str,
    target: str,
    columns: Sequence[str] = ("ta", "hm"),
    date_col: str = "tm",
    station_col: str = "stnNm",
    *,
    memory: str | int = "1GB",
    method: Method = "spline_climatology",
    max_spline_gap: int = 3,
    max_gap: int | None = None,
    bounds: Mapping[str, Bounds] | None = None,
    missing_values: MissingValues | None = None,
    model: GapModel | None = None,
    neighbours: int = 4,
    interval: float | None = None,
    provenance: bool = True,
    progress: Callable[[Progress], None] | None = None,
    use_rust: bool | None = None,
    threads: int | None = None,
) -> ImputationReport:
    """Fill the gaps of a table in Parquet files that need not fit into memory.

    The table is read, filled and written in parts of whole stations; the fills have the bits of one call on the whole
    table: of `impute_missing_values`, and for `optimal_interpolation` of `impute` with the same model. Files that are
    sorted by station are cut where their statistics allow it; rows in any other order are put in order in a temporary
    file first (``TMPDIR``).

    Parts are written to ``<target>.incomplete``, each in full or not at all, which becomes the target once all are
    there. The same call again after an interruption keeps the parts that are whole. On file systems without folders
    of their own, such as S3, parts are moved one by one and ``_plan.json`` comes last.

    Parameters
    ----------
    source : str
        A folder of Parquet files, or a pattern such as ``store/**/*.parquet``; also on what `pyarrow.fs` or fsspec has
        a URL for, such as ``s3://bucket/store``. All files have the same columns.
    target : str
        The folder to make: files ``part-00000.parquet`` and so on. Stations are whole in one of them; rows stand in
        the order of the source's files.
    columns, date_col, station_col, method, max_spline_gap, max_gap, bounds, missing_values, neighbours, interval, \
    use_rust, threads
        As in `impute_missing_values`; the columns must be numbers.
    memory : str or int, default "1GB"
        The memory that the process may take, about; a station's rows have to fit.
    model : GapModel, optional
        What `optimal_interpolation` is to use; by default one is fitted on as many of the newest hours as memory
        holds, and stands in the target as ``_model.parquet``.
    provenance : bool, default True
        Add ``<column>_provenance`` behind each filled column.
    progress : callable, optional
        Called with a `Progress` after each part.

    Returns
    -------
    ImputationReport
        What was done, over all parts.

    Raises
    ------
    SourceFileError
        If there are no files, or one cannot be read or has other columns (a `ValueError`).
    OptionError
        If the target exists, or was begun with other options or files (a `ValueError`).
    StorageError
        If something cannot be written (an `OSError`).
    DataLayerError
        As in `impute_missing_values`, with the part in which it was found.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from pyarrow import parquet
    >>> hours = np.datetime64("2024-01-01", "s") + np.arange(6) * np.timedelta64(3600, "s")
    >>> folder = tempfile.mkdtemp()
    >>> table = pa.table({"stnNm": ["Seoul"] * 6, "tm": hours, "ta": [0.0, 1.0, None, 9.0, 16.0, 25.0]})
    >>> parquet.write_table(table, f"{folder}/2024.parquet")
    >>> report = impute_dataset(folder, f"{folder}/filled", ["ta"])
    >>> report.columns["ta"].filled["spline"]
    1
    >>> parquet.read_table(f"{folder}/filled")["ta"].to_pylist()
    [0.0, 1.0, 4.0, 9.0, 16.0, 25.0]
    """
    names = checked_columns(columns, date_col, station_col)
    system, files = find_files(source)
    table = ParquetTable(system, files)
    derived: dict[str, Derived] = {}
    if method == OPTIMAL_INTERPOLATION:
        derived = derived_columns(names, date_col, station_col, [table.schema.empty_table()], model)
        bounds = bounds_of(names, date_col, station_col) if bounds is None else bounds
    needed = list(dict.fromkeys([*with_partners(names, derived), date_col, station_col]))
    table.require(station_col, [name for name in needed if name not in (date_col, station_col)])
    threads = choice.choose(use_rust, threads).threads
    options = {
        "method": method,
        "max_spline_gap": max_spline_gap,
        "max_gap": max_gap,
        "bounds": dict(bounds or {}),
        "missing_values": missing_values,
        "neighbours": neighbours,
        "interval": interval,
        "use_rust": use_rust,
    }
    plan = {
        "version": __version__,
        "options": {
            "columns": names,
            "date_col": date_col,
            "station_col": station_col,
            "provenance": provenance,
            **options,
            "model": None if model is None else model.id,
            "memory": _bytes_of(memory),
        },
        "files": [asdict(file) for file in files],
    }
    with ExitStack() as stack:
        place = _Target(target, plan)
        if (done := place.report_of_all()) is not None:
            return done
        rows_per_part = _rows_per_part(table, memory)
        parts = in_parts(table, station_col, rows_per_part)
        if isinstance(parts, SpooledParts):
            stack.callback(parts.close)
        place.begin()
        fill = _Fill(parts, names, date_col, station_col, derived, options, provenance, threads)
        if method == OPTIMAL_INTERPOLATION:
            fill.model = model or place.model() or fill.fitted(rows_per_part, table.rows)
            place.keep_model(fill.model)
        reports = []
        for part in parts.parts:
            report = place.report_of(part)
            if report is None:
                try:
                    filled, report = fill(part)
                except DataLayerError as error:
                    error.args = (f"{error} (rows counted in part {part.number + 1} of {len(parts.parts)})",)
                    raise
                place.keep(part, filled, report)
            reports.append(report)
            if progress is not None:
                rows = sum(one.rows for one in reports)
                progress(Progress(rows, table.rows, len(reports), len(parts.parts)))
        merged = ImputationReport.merged(reports)
        place.finish(merged)
    return merged


class _Fill:
    """Fills one part after the other."""

    model: GapModel | None = None

    def __init__(
        self,
        parts: Parts,
        names: Sequence[str],
        date_col: str,
        station_col: str,
        derived: Mapping[str, Derived],
        options: Mapping[str, Any],
        provenance: bool,
        threads: int | None,
    ) -> None:
        self.parts, self.names, self.keys, self.derived = parts, names, (date_col, station_col), derived
        self.options = {**options, "threads": threads}
        self.provenance = provenance
        self.to_fill = columns_to_fill(names, derived)
        self.read = list(dict.fromkeys([*with_partners(names, derived), date_col, station_col]))
        self._means: dict[str, float | None] | None = None

    def __call__(self, part: Part) -> tuple[pa.Table, ImputationReport]:
        """Return a part's rows, filled, and what was done."""
        table = self.parts.read(part)
        filled, report = self._filled(table)
        # Only the rows of a station without any value depend on the other parts.
        if self._means is None and self._has_station_without_values(table, report):
            self._means = self._column_means()
            filled, report = self._filled(table)
        if not self.provenance:
            filled = filled.drop_columns([provenance_column(name) for name in self.names])
        return filled, report

    def _filled(self, table: pa.Table) -> tuple[pa.Table, ImputationReport]:
        history = None if self.model is None else self._neighbours(table, self.model)
        return impute_with_derived(
            table,
            self.names,
            *self.keys,
            self.derived,
            history=history,
            model=self.model,
            column_means=self._means,
            **self.options,
        )

    def _neighbours(self, table: pa.Table, model: GapModel) -> pa.Table | None:
        """Return the rows of the stations that the model may ask for some of the table's; None for no such station."""
        own = {str(station) for station in table[self.keys[1]].unique().to_pylist()}
        wanted = set().union(*(model.candidates.get(station, ()) for station in own)) - own
        if not wanted:
            return None
        type_ = self.parts.schema.field(self.keys[1]).type
        stations = pa.array(sorted(wanted)).cast(getattr(type_, "value_type", type_)).to_pylist()
        return self.parts.read_stations(stations, self.read)

    def _has_station_without_values(self, table: pa.Table, report: ImputationReport) -> bool:
        counts = [column.filled for column in report.columns.values()]
        if any(one["global_mean"] for one in counts):
            return True
        if not any(one["unfilled"] for one in counts):
            return False
        widened = with_auxiliaries(table, self.derived)
        stations = widened[self.keys[1]]
        observed = [pc.is_finite(widened[name].cast(pa.float64())) for name in self.to_fill]
        found = pa.table([stations, *observed], ["station", *self.to_fill])
        most = found.group_by("station").aggregate([(name, "any") for name in self.to_fill])
        return any(not pc.all(pc.fill_null(most[f"{name}_any"], False)).as_py() for name in self.to_fill)

    def _column_means(self) -> dict[str, float | None]:
        """Return the means of whole columns."""
        totals = dict.fromkeys(self.to_fill, ExactTotal())
        for part in self.parts.parts:
            widened = with_auxiliaries(self.parts.read(part, self.read), self.derived)
            for name in self.to_fill:
                totals[name] += ExactTotal.of(widened[name].cast(pa.float64()).to_numpy())
        return {name: total.mean for name, total in totals.items()}

    def fitted(self, most_rows: int, rows: int) -> GapModel:
        """Return a model of the newest hours, as many as there is memory for."""
        date_col = self.keys[0]
        if not pa.types.is_temporal(self.parts.schema.field(date_col).type):
            raise OptionError(
                f'a model is fitted on the newest hours, and column "{date_col}" holds no time stamps; '
                "convert it, or give a model"
            )
        since = None
        if rows > most_rows:
            bounds = [pc.min_max(self.parts.read(part, [date_col])[date_col]).as_py() for part in self.parts.parts]
            first, last = min(one["min"] for one in bounds), max(one["max"] for one in bounds)
            since = last - (last - first) * (most_rows / rows)
        newest = []
        for part in self.parts.parts:
            table = self.parts.read(part, self.read)
            if since is not None:
                table = table.filter(pc.greater_equal(table[date_col], pa.scalar(since, table[date_col].type)))
            newest.append(table)
        table = with_auxiliaries(pa.concat_tables(newest), self.derived)
        del newest
        return GapModel.fit(
            table,
            self.to_fill,
            *self.keys,
            missing_values=self.options["missing_values"],
            neighbours=self.options["neighbours"],
            use_rust=self.options["use_rust"],
            threads=self.options["threads"],
        )


class _Target:
    """The folder that a run makes, and what is there of it."""

    def __init__(self, target: str, plan: dict[str, Any]) -> None:
        self.url = target
        self.system, self.path = file_system(target.rstrip("/"))
        self.stage = self.path + INCOMPLETE
        self.plan = json.loads(json.dumps(plan, default=str))
        self.run = hashlib.sha256(json.dumps(self.plan, sort_keys=True).encode()).hexdigest()

    def report_of_all(self) -> ImputationReport | None:
        """Return the report of a run that is done; raise `OptionError` where something else is in its place."""
        if self.system.get_file_info(self.path).type == fs.FileType.NotFound:
            return None
        plan = self._json(f"{self.path}/{PLAN}")
        if plan is None or plan["plan"] != self.plan:
            raise OptionError(f"{self.url} exists already; name another folder, or remove it")
        return _report_of(plan["report"])

    def begin(self) -> None:
        """Make the folder for the parts; raise `OptionError` where it was begun with other options or files."""
        begun = self._json(f"{self.stage}/{PLAN}")
        if begun is not None and begun["plan"] != self.plan:
            there, here = begun["plan"], self.plan
            told = [
                f"{name} was {there['options'].get(name)}"
                for name in here["options"]
                if here["options"][name] != there["options"].get(name)
            ]
            told += ["the version was " + there["version"]] * (here["version"] != there["version"])
            told += ["the files have changed"] * (here["files"] != there["files"])
            raise OptionError(
                f"{self.url}{INCOMPLETE} was begun otherwise ({', '.join(told)}); remove it to begin anew, "
                "or go on with what it was begun with"
            )
        if begun is None:
            self._write(PLAN, json.dumps({"plan": self.plan}).encode())

    def model(self) -> GapModel | None:
        """Return the model that the run was begun with."""
        try:
            with self.system.open_input_stream(f"{self.stage}/{MODEL}") as stream:
                return GapModel.from_bytes(stream.read(), f"{self.stage}/{MODEL}")
        except (FileNotFoundError, ModelError):
            return None

    def keep_model(self, model: GapModel) -> None:
        """Keep the model, so that the run goes on with the same one."""
        self._write(MODEL, model.to_bytes())

    def report_of(self, part: Part) -> ImputationReport | None:
        """Return the report of a part that is there and whole."""
        try:
            with ParquetFile(
                self._part(part), filesystem=self.system, page_checksum_verification=True, pre_buffer=False
            ) as file:
                facts = json.loads((file.schema_arrow.metadata or {})[FACTS])
                if facts["run"] != self.run:
                    return None
                for _ in file.iter_batches():
                    pass
        except (pa.ArrowException, OSError, KeyError, ValueError):
            return None
        return _report_of(facts["report"])

    def keep(self, part: Part, table: pa.Table, report: ImputationReport) -> None:
        """Write a part, in full or not at all."""
        facts = {"run": self.run, "report": report.to_dict()}
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), FACTS: json.dumps(facts)})
        temporary = f"{self.stage}/.{part.number}"
        try:
            with (
                self.system.open_output_stream(temporary) as stream,
                ParquetWriter(stream, table.schema, write_page_checksum=True) as writer,
            ):
                writer.write_table(table)
            self.system.move(temporary, self._part(part))
        except OSError as error:
            with suppress(OSError):
                self.system.delete_file(temporary)
            raise StorageError(f"{self._part(part)}: cannot be written: {error}") from error

    def finish(self, report: ImputationReport) -> None:
        """Give the parts their place."""
        whole = json.dumps({"plan": self.plan, "report": report.to_dict()}).encode()
        if isinstance(self.system, fs.LocalFileSystem):
            self._write(PLAN, whole)
            self.system.move(self.stage, self.path)
            return
        infos = self.system.get_file_info(fs.FileSelector(self.stage))
        for info in sorted(infos, key=lambda info: info.base_name):
            if info.base_name != PLAN:
                self.system.move(info.path, f"{self.path}/{info.base_name}")
        with self.system.open_output_stream(f"{self.path}/{PLAN}") as stream:
            stream.write(whole)
        self.system.delete_dir(self.stage)

    def _part(self, part: Part) -> str:
        return f"{self.stage}/part-{part.number:05}.parquet"

    def _json(self, path: str) -> Any:
        try:
            with self.system.open_input_stream(path) as stream:
                return json.loads(stream.read())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None

    def _write(self, name: str, content: bytes) -> None:
        try:
            self.system.create_dir(self.stage, recursive=True)
            with self.system.open_output_stream(f"{self.stage}/.{name}") as stream:
                stream.write(content)
            self.system.move(f"{self.stage}/.{name}", f"{self.stage}/{name}")
        except OSError as error:
            raise StorageError(f"{self.stage}/{name}: cannot be written: {error}") from error


def _report_of(report: dict[str, Any]) -> ImputationReport:
    """Return a report that was written as JSON, whose gap lengths are texts there."""
    columns = {
        name: ColumnReport(**one | {"gap_lengths": {int(length): n for length, n in one["gap_lengths"].items()}})
        for name, one in report["columns"].items()
    }
    return ImputationReport(**report | {"columns": columns})


def _bytes_of(memory: str | int) -> int:
    """Return a size such as ``"1GB"`` or ``"512 MiB"`` in bytes, or raise `OptionError`."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]?i?)b?\s*", str(memory), re.IGNORECASE)
    size = int(float(found[1]) * _UNITS.get(found[2].lower(), 0)) if found else 0
    if size < LEAST_MEMORY:
        raise OptionError(f"memory is {memory!r}; it must be a size such as 1GB, at least {LEAST_MEMORY >> 20} MiB")
    return size


def _rows_per_part(table: ParquetTable, memory: str | int) -> int:
    """Return how many rows a part may have."""
    width = sum(type_.bit_width / 8 if pt.is_primitive(type_) else BYTES_OF_A_TEXT for type_ in table.schema.types)
    return max(1, int((_bytes_of(memory) - OWN_MEMORY) / (COPIES * (width + 9))))
