"""A table or view of a database into files that others read: Parquet, CSV or Arrow."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal, Self

from energy_data_layer.core.atomic_file import written_atomically
from energy_data_layer.core.clock import KST
from energy_data_layer.core.file_systems import file_system
from energy_data_layer.core.interruption import files_written, uninterrupted
from energy_data_layer.errors import OptionError, StorageError
from energy_data_layer.jobs.periods import day_of
from energy_data_layer.storage.migrations import database_to_read
from energy_data_layer.storage.queries.export import (
    YEAR,
    Hours,
    Piece,
    hours_of,
    names_of_series,
    pieces,
    rows_of,
    snapshot,
)
from energy_data_layer.storage.urls import redacted_url
from energy_data_layer.storage.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    import pyarrow as pa
    from pyarrow import fs

    from energy_data_layer.storage.database import Database

Format = Literal["parquet", "csv", "arrow"]

FORMATS: dict[str, Format] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
"""What is written, by the ending of the target's name."""

ROWS_AT_ONCE = 1 << 17
"""Rows that are written at once: a row group of Parquet."""

_NOT_IN_A_FOLDER = re.compile("[\x00-\x1f\x7f\"#%'*/:=?\\\\{}\\[\\]^]")
"""What the names of Hive's folders spell as in a URL."""


@dataclass(frozen=True)
class Export:
    """What was written.

    Attributes
    ----------
    rows : int
        Rows; without any, nothing was written.
    columns : int
        Columns of the files.
    files : int
        Files.
    without_rows : list of str
        Stations and plants that were asked for and have no hour in the period.
    """

    rows: int
    columns: int
    files: int
    without_rows: list[str]


def export_table(
    database_url: str,
    table: str,
    target: str,
    *,
    since: str | date | None = None,
    until: str | date | None = None,
    stations: Sequence[str | int] = (),
    columns: Sequence[str] = (),
    file_format: Format | None = None,
    partition_by: Sequence[str] = (),
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Export:
    """Write a table or view of a database to a file, or to a folder of Parquet files.

    The database is only read, all of it as at one moment. Rows stand station after station, or plant after plant, in
    the order of their hours, and pass through memory one station at a time. The target is there in full or not at all.

    Parameters
    ----------
    database_url : str
        See `Database.connect`.
    table : str
        The table or view.
    target : str
        The file or folder; or a URL of one, of Arrow's file systems (``s3://``, ``gs://``) or, where fsspec is
        installed, of its.
    since, until : str or date, optional
        First and last day of the hours (KST), both included. The hour that ends at midnight is the day's last one.
    stations : sequence of str or int, default ()
        Stations or plants, by number, code or name; all of them by default.
    columns : sequence of str, default ()
        The columns to write, in this order; all of them by default.
    file_format : {"parquet", "csv", "arrow"}, optional
        What is written; the ending of the target's name tells by default.
    partition_by : sequence of str, default ()
        Columns that name a series, or ``"year"`` (of the hour's beginning, KST): the target is a folder with one below
        it for each value, as Hive has it (``year=2024/stnId=108/part-0.parquet``). These columns are in the names of
        the folders only.
    force : bool, default False
        Replace a file that exists.
    progress : callable, optional
        Called with the rows that are written and all that are to be.

    Returns
    -------
    Export
        What was written. Without any row that is nothing.

    Raises
    ------
    OptionError
        If an option is impossible, or names a table, column or station that is not there; nothing is written.
    StorageError
        If the database cannot be read or the target not be written.

    Notes
    -----
    In CSV, a stamp of a view has its offset (``2024-03-01 00:00:00+09:00``), one of a table none, and a number the
    digits that it is read back from with the same bits. In Parquet and Arrow, a stamp of a view has the zone
    ``Etc/GMT-9``, which is KST.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.jobs.generation.from_files import run_generation
    >>> from energy_data_layer.simulator.sample_generation import write_generation_sample
    >>> with TemporaryDirectory() as folder:
    ...     _ = run_generation(write_generation_sample(folder), f"duckdb:///{folder}/energy.duckdb")
    ...     export_table(
    ...         f"duckdb:///{folder}/energy.duckdb", "generation", f"{folder}/day.csv", until="2024-01-01",
    ...         stations=["KOEN"], columns=["plant_name", "hour_start", "energy_kwh"],
    ...     )
    Export(rows=48, columns=3, files=1, without_rows=[])
    """
    first = None if since is None else day_of("since", since)
    last = None if until is None else day_of("until", until)
    if first is not None and last is not None and first > last:
        raise OptionError(f"since ({first}) is after until ({last})")
    kind = _kind(target, file_format, partition_by)
    try:
        system, path = file_system(target.rstrip("/") or target)
    except OptionError as error:
        place = target.rstrip("/")
        raise OptionError(str(error).replace(place, redacted_url(place))) from None
    _require_free(system, path, target, is_folder=bool(partition_by), force=force)
    wanted = [str(station) for station in stations]
    with database_to_read(database_url) as database:
        chosen = _columns(database, table, columns)
        # A table of somebody else may have a view's name.
        is_view = table in VIEWS and database.columns(table) == list(VIEWS[table].columns)
        hours = hours_of(table) if is_view or table not in VIEWS else None
        given = {"since": first, "until": last, "stations": wanted, "partition_by": partition_by}
        if hours is None and any(given.values()):
            option = next(name for name, value in given.items() if value)
            raise OptionError(f"{option} is for hours of stations or plants, and {table} has none")
        for name in partition_by:
            if hours is not None and name not in (YEAR, *hours.series):
                raise OptionError(f'partition_by is "{name}"; it can be {", ".join((YEAR, *hours.series))}')
        with snapshot(database):
            names = _series_named(database, table, hours, wanted) if hours is not None and wanted else None
            found = pieces(database, table, hours, first, last, by_year=YEAR in partition_by)
            # Different values may have one folder; its rows go into one file.
            found.sort(key=lambda piece: [_folder(name, piece) for name in partition_by])
            if names is not None:
                found = [piece for piece in found if tuple(piece.series.values()) in names]
            with_rows = {name for piece in found for name in (names or {}).get(tuple(piece.series.values()), ())}
            without = [name for name in wanted if name not in with_rows]
            if not found:
                return Export(0, 0, 0, without)
            in_file = [name for name in chosen if name not in partition_by]
            if not in_file:
                raise OptionError("partition_by takes all columns, which leaves none to write; name more in columns")
            total, written = sum(piece.rows for piece in found), 0
            with (
                _target(system, path, target, is_folder=bool(partition_by)) as place,
                _Output(system, place, kind) as output,
            ):
                for piece in found:
                    if partition_by:
                        output.turn_to("/".join(_folder(name, piece) for name in partition_by))
                    for batch in rows_of(database, table, hours, piece, in_file):
                        output.write(batch)
                        written += batch.num_rows
                        if progress is not None:
                            progress(written, total)
            return Export(written, len(in_file), output.files, without)


def _kind(target: str, file_format: Format | None, partition_by: Sequence[str]) -> Format:
    """Return what is to be written."""
    kind = file_format or FORMATS.get(PurePosixPath(target).suffix.lower()) or ("parquet" if partition_by else None)
    if kind is None:
        raise OptionError(
            f"{redacted_url(target)}: the name must end in one of {', '.join(FORMATS)}, or file_format say what it is: "
            f"{', '.join(dict.fromkeys(FORMATS.values()))}"
        )
    if kind not in FORMATS.values():
        raise OptionError(f'file_format is "{kind}"; it can be {", ".join(dict.fromkeys(FORMATS.values()))}')
    if partition_by and kind != "parquet":
        raise OptionError(f"partition_by makes a folder of Parquet files, not of {kind}")
    return kind


def _require_free(system: fs.FileSystem, path: str, target: str, *, is_folder: bool, force: bool) -> None:
    """Raise `OptionError` where something is in the target's place that is to stay."""
    from pyarrow.fs import FileType

    there = system.get_file_info(path).type
    if there == FileType.Directory or (there != FileType.NotFound and is_folder):
        raise OptionError(f"{redacted_url(target)} exists already; name another target, or remove it")
    if there == FileType.File and not force:
        raise OptionError(f"{redacted_url(target)} exists already; pass force to replace it")


def _columns(database: Database, table: str, wanted: Sequence[str]) -> list[str]:
    """Return the columns to write, or raise an error about those that are not there."""
    present = database.columns(table) if table else []
    if not present:
        if table in VIEWS:
            raise StorageError(f"{redacted_url(database.url)}: view {table} is not there; make it with: edl migrate")
        there = dict.fromkeys([*(view for view in VIEWS if database.columns(view)), *sorted(database.tables())])
        raise OptionError(f'there is no table or view "{table}"; there are: {", ".join(there)}')
    absent = [name for name in wanted if name not in present]
    if absent:
        raise OptionError(f"{table} has no column {', '.join(absent)}; its columns are: {', '.join(present)}")
    return list(dict.fromkeys(wanted)) or present


def _series_named(
    database: Database, table: str, hours: Hours, wanted: Sequence[str]
) -> dict[tuple[Any, ...], set[str]]:
    """Return the series that are asked for, each with the names by which it is."""
    known = names_of_series(database, table, hours)
    every = set().union(*known.values())
    unknown = [name for name in wanted if name not in every]
    if unknown:
        near = get_close_matches(unknown[0], every, n=5) or sorted(every, key=lambda name: (len(name), name))
        told = ", ".join(near[:20]) + (", …" if len(near) > 20 else "") or "no rows at all"
        raise OptionError(f"stations names {', '.join(unknown)}, and {table} has none of this name; it has {told}")
    return {key: names.intersection(wanted) for key, names in known.items() if not names.isdisjoint(wanted)}


def _folder(name: str, piece: Piece) -> str:
    """Return the name of a folder as Hive spells it."""
    value = piece.year if name == YEAR else piece.series[name]
    if value in (None, ""):
        return f"{name}=__HIVE_DEFAULT_PARTITION__"
    return f"{name}={_NOT_IN_A_FOLDER.sub(lambda sign: f'%{ord(sign[0]):02X}', str(value))}"


@contextmanager
def _target(system: fs.FileSystem, path: str, target: str, *, is_folder: bool) -> Iterator[str]:
    """Give a place to write to, which becomes the target once all went well."""
    from pyarrow import fs

    is_local = isinstance(system, fs.LocalFileSystem)
    if is_local and not is_folder:
        with written_atomically(path) as temporary:
            yield temporary.as_posix()
        return
    parent, _, name = path.rpartition("/")
    stage = f"{parent}/.{name}.{token_hex(4)}".removeprefix("/" if not parent and not is_local else "")
    try:
        yield stage
        with uninterrupted():
            if is_folder and not is_local:
                # Where there are no folders, each file is moved.
                for info in system.get_file_info(fs.FileSelector(stage, recursive=True)):
                    if info.is_file:
                        place = path + info.path.removeprefix(stage)
                        system.create_dir(place.rpartition("/")[0], recursive=True)
                        system.move(info.path, place)
                system.delete_dir(stage)
            else:
                system.move(stage, path)
            files_written.append(redacted_url(target))
    except BaseException as error:
        with suppress(OSError):
            (system.delete_dir if is_folder else system.delete_file)(stage)
        if isinstance(error, OSError) and not isinstance(error, StorageError):
            why = error.strerror or error
            raise StorageError(f"{redacted_url(target)}: cannot be written: {why}") from error
        raise


class _Output:
    """One file after the other, each written a row group at a time."""

    def __init__(self, system: fs.FileSystem, place: str, kind: Format) -> None:
        self.files = 0
        self._system, self._place, self._kind = system, place, kind
        self._file = place
        self._waiting: list[pa.RecordBatch] = []
        self._open: ExitStack | None = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._close()
        elif self._open is not None:
            with suppress(Exception):
                self._open.close()

    def turn_to(self, folder: str) -> None:
        """Write what follows into another folder, where it is not this one."""
        file = f"{self._place}/{folder}/part-0.parquet"
        if file != self._file:
            self._close()
            self._file = file

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a batch, now or with those that follow."""
        self._waiting.append(batch)
        if sum(one.num_rows for one in self._waiting) >= ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._waiting:
            return
        table = _as_written(pa.Table.from_batches(self._waiting), self._kind)
        self._waiting.clear()
        if self._writer is None:
            self._begin(table.schema)
        self._writer.write_table(table)

    def _begin(self, schema: pa.Schema) -> None:
        if self._file != self._place:
            self._system.create_dir(self._file.rpartition("/")[0], recursive=True)
        self._open = ExitStack()
        stream = self._open.enter_context(self._system.open_output_stream(self._file))
        self._writer = self._open.enter_context(_writer(self._kind, stream, schema))
        self.files += 1

    def _close(self) -> None:
        self._flush()
        if self._open is not None:
            self._open.close()
        self._open = self._writer = None


def _writer(kind: Format, stream: Any, schema: pa.Schema) -> Any:
    if kind == "parquet":
        from pyarrow.parquet import ParquetWriter

        return ParquetWriter(stream, schema)
    if kind == "csv":
        from pyarrow import csv

        return csv.CSVWriter(stream, schema, write_options=csv.WriteOptions(quoting_style="needed"))
    from pyarrow import ipc

    return ipc.new_file(stream, schema, options=ipc.IpcWriteOptions(compression="lz4"))


def _as_written(table: pa.Table, kind: Format) -> pa.Table:
    """Return rows with stamps as a kind of file has them."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as pt

    for position, field in enumerate(table.schema):
        column = table.column(position)
        if kind == "csv" and (pt.is_binary(field.type) or pt.is_nested(field.type)):
            raise OptionError(
                f"column {field.name} is of type {field.type}, which CSV cannot hold; choose Parquet or other columns"
            )
        if not pt.is_timestamp(field.type):
            continue
        has_zone = field.type.tz is not None
        if kind == "csv":
            if has_zone:
                ahead = pa.scalar(KST.utcoffset(None), pa.duration("us"))
                column = pc.add(column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us")), ahead)
            with suppress(pa.ArrowInvalid):  # a fraction of a second stays one
                column = column.cast(pa.timestamp("s"))
            column = column.cast(pa.string())
            if has_zone:
                column = pc.binary_join_element_wise(column, "+09:00", "")
        elif has_zone:
            column = column.cast(pa.timestamp(field.type.unit, "Etc/GMT-9"))
        table = table.set_column(position, field.name, column)
    return table
