"""A table of many Parquet files as parts of whole stations, whatever order its rows have."""

from __future__ import annotations

import fnmatch
import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from os import SEEK_END
from tempfile import TemporaryFile, gettempdir
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import fs
from pyarrow.parquet import ParquetFile

from energy_data_layer.core.columns import is_text
from energy_data_layer.core.file_systems import file_system
from energy_data_layer.errors import ColumnNotFoundError, ColumnTypeError, SourceFileError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyarrow.parquet import FileMetaData

ROWS_AT_ONCE = 1 << 18
"""Rows that are read at once."""

MOST_READ_TWICE = 1.5
"""How often a row may be read, on average, before rows are rather put in order on disk once."""


class Part(NamedTuple):
    """Some whole stations.

    Attributes
    ----------
    number : int
        Which part it is, from 0.
    rows : int
        How many rows it has, about.
    first, end : Any
        Its first station, and the first that is no longer in it; None for no bound.
    """

    number: int
    rows: int
    first: Any = None
    end: Any = None


class Parts(Protocol):
    """A table in parts of whole stations."""

    parts: list[Part]
    schema: pa.Schema

    def read(self, part: Part, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows of a part."""

    def read_stations(self, stations: Iterable[Any], columns: Sequence[str]) -> pa.Table:
        """Return the rows of some stations."""


# Files


@dataclass(frozen=True)
class SourceFile:
    """A Parquet file.

    Attributes
    ----------
    path : str
        Its path on the file system.
    size : int
        Its bytes.
    changed : int
        When it was last written, in nanoseconds since 1970; 0 where the file system does not know.
    """

    path: str
    size: int
    changed: int


def find_files(source: str) -> tuple[fs.FileSystem, list[SourceFile]]:
    """Return the Parquet files of a folder, or those that a pattern such as ``store/**/*.parquet`` names, in order.

    Names that begin with ``_`` or ``.`` are no data, as everywhere.

    Raises
    ------
    SourceFileError
        If there are none.
    """
    wild = re.search(r"[*?\[]", source)
    folder = source[: source.rfind("/", 0, wild.start()) + 1] or "." if wild else source
    system, base = file_system(folder)
    found = system.get_file_info(base)
    if found.type == fs.FileType.File:
        infos = [found]
    else:
        infos = system.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
        base = base.rstrip("/") + "/"
        wanted = _pattern(source[len(folder) if source.startswith(folder) else 0 :] if wild else "**/*.parquet")
        infos = [info for info in infos if info.is_file and wanted.fullmatch(info.path.removeprefix(base))]
        infos = [info for info in infos if not re.search(r"(^|/)[_.]", info.path.removeprefix(base))]
    if not infos:
        raise SourceFileError(source, None, "no Parquet file is there")
    files = [SourceFile(info.path, info.size or 0, info.mtime_ns or 0) for info in infos]
    return system, sorted(files, key=lambda file: file.path)


def _pattern(glob: str) -> re.Pattern[str]:
    """Return a pattern of paths, in which ``**/`` is any folders and ``*`` ends at a folder."""
    parts = []
    for part in re.split(r"(\*\*/|\*)", glob):
        literal = fnmatch.translate(part).removeprefix("(?s:").removesuffix(r")\Z")
        parts.append({"**/": "(?:.*/)?", "*": "[^/]*"}.get(part, literal))
    return re.compile("".join(parts))


class ParquetTable:
    """Parquet files of one schema."""

    def __init__(self, system: fs.FileSystem, files: Sequence[SourceFile]) -> None:
        self.system = system
        self.files = files
        self.metadata: list[FileMetaData] = []
        for file in files:
            with self.open(file) as opened:
                schema = opened.schema_arrow.remove_metadata()
                if not self.metadata:
                    self.schema = schema
                elif not schema.equals(self.schema):
                    raise SourceFileError(file.path, None, _difference(schema, self.schema, files[0].path))
                self.metadata.append(opened.metadata)
        self.rows: int = sum(metadata.num_rows for metadata in self.metadata)

    def open(self, file: SourceFile) -> ParquetFile:
        """Open a file.

        Raises
        ------
        SourceFileError
            If it is none that can be read.
        """
        try:
            return ParquetFile(file.path, filesystem=self.system, pre_buffer=False, page_checksum_verification=True)
        except FileNotFoundError:
            raise SourceFileError(file.path, None, "no such file") from None
        except (pa.ArrowException, OSError) as error:
            raise SourceFileError(file.path, None, f"cannot be read as .parquet: {error}") from error

    def batches(
        self, number: int, groups: list[int] | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Read some row groups of a file, a few rows at a time."""
        with self.open(self.files[number]) as file:
            try:
                yield from file.iter_batches(ROWS_AT_ONCE, row_groups=groups, columns=columns)
            except (pa.ArrowException, OSError) as error:
                raise SourceFileError(self.files[number].path, None, f"cannot be read as .parquet: {error}") from error

    def require(self, station_col: str, columns: Iterable[str]) -> None:
        """Raise where a column is absent, or cannot be filled as long as not all of it is read."""
        for name in (station_col, *columns):
            if name not in self.schema.names:
                raise ColumnNotFoundError(name, self.schema.names)
        for name in columns:
            type_ = self.schema.field(name).type
            if is_text(type_) or pa.types.is_dictionary(type_):
                raise ColumnTypeError(
                    f'column "{name}" of the files is of type {type_}; what its commas mean shows only in the whole '
                    "column, so convert it to numbers"
                )


def _difference(schema: pa.Schema, other: pa.Schema, path: str) -> str:
    """Tell how a file's schema differs from another's."""
    for name in dict.fromkeys([*schema.names, *other.names]):
        ours, theirs = (one.field(name).type if name in one.names else "absent" for one in (schema, other))
        if ours != theirs:
            return f'column "{name}" is {ours} here and {theirs} in {path}; all files must have the same columns'
    return f"its columns come in another order than those of {path}; all files must have the same columns"


# Files that are sorted by station, more or less


class _Group(NamedTuple):
    """A row group, with its first and last station."""

    first: Any
    last: Any
    file: int
    number: int
    rows: int


class SortedParts:
    """Parts cut from files whose statistics tell where each station is."""

    def __init__(self, table: ParquetTable, station_col: str, rows_per_part: int) -> None:
        self.table, self.schema, self.station_col = table, table.schema, station_col
        self._groups = _groups_of(table, station_col) or []
        self.parts = _cut(self._groups, rows_per_part)

    @property
    def reads(self) -> float:
        """How often a row is read, on average; infinite where the files do not tell their stations."""
        if not self._groups:
            return float("inf")
        read: list[int] = [group.rows for part in self.parts for group in self._groups if _overlaps(group, part)]
        return sum(read) / max(self.table.rows, 1)

    def read(self, part: Part, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows of a part, file by file, in the order of the file."""
        groups = [group for group in self._groups if _overlaps(group, part)]
        return self._read(groups, columns, lambda group, stations: _within(group, stations, part))

    def read_stations(self, stations: Iterable[Any], columns: Sequence[str]) -> pa.Table:
        """Return the rows of some stations."""
        wanted = sorted(stations)
        chosen = pa.array(wanted, self.schema.field(self.station_col).type)

        def may_have(group: _Group) -> bool:
            place = bisect_right(wanted, group.last)
            return place > 0 and wanted[place - 1] >= group.first

        groups = [group for group in self._groups if may_have(group)]
        return self._read(groups, columns, lambda _, column: pc.is_in(column, chosen))

    def _read(self, groups: list[_Group], columns: Sequence[str] | None, choose: Any) -> pa.Table:
        names = list(self.schema.names if columns is None else columns)
        # The files' columns come in the files' order, whatever is asked for.
        read = [name for name in self.schema.names if name in names or name == self.station_col]
        batches = []
        for group in sorted(groups, key=lambda group: (group.file, group.number)):
            for batch in self.table.batches(group.file, [group.number], read):
                chosen = choose(group, batch.column(self.station_col))
                batches.append(batch if chosen is None else batch.filter(chosen))
        schema = pa.schema([self.schema.field(name) for name in read])
        return pa.Table.from_batches(batches, schema).select(names)


def _groups_of(table: ParquetTable, station_col: str) -> list[_Group] | None:
    """Return all row groups by their first stations; None where one does not tell its stations."""
    groups = []
    for file, metadata in enumerate(table.metadata):
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            if not group.num_rows:
                continue
            columns = map(group.column, range(group.num_columns))
            statistics = next((one.statistics for one in columns if one.path_in_schema == station_col), None)
            if statistics is None or not statistics.has_min_max or statistics.null_count != 0:
                return None
            groups.append(_Group(statistics.min, statistics.max, file, number, group.num_rows))
    return sorted(groups, key=lambda group: (group.first, group.file, group.number))


def _cut(groups: Sequence[_Group], rows_per_part: int) -> list[Part]:
    """Cut the stations where a row group begins, into parts of about so many rows."""
    cuts: list[Any] = []
    rows = 0
    for group in groups:
        if rows and rows + group.rows > rows_per_part and (not cuts or group.first > cuts[-1]):
            cuts.append(group.first)
            rows = 0
        rows += group.rows
    bounds = [None, *cuts, None]
    parts = [Part(number, 0, first, end) for number, (first, end) in enumerate(pairwise(bounds))]
    return [part._replace(rows=sum(group.rows for group in groups if _overlaps(group, part))) for part in parts]


def _overlaps(group: _Group, part: Part) -> bool:
    return (part.end is None or group.first < part.end) and (part.first is None or group.last >= part.first)


def _within(group: _Group, stations: pa.Array, part: Part) -> pa.Array | None:
    """Tell which rows of a row group are in a part; None where all are."""
    chosen = []
    if part.first is not None and group.first < part.first:
        chosen.append(pc.greater_equal(stations, pa.scalar(part.first, stations.type)))
    if part.end is not None and group.last >= part.end:
        chosen.append(pc.less(stations, pa.scalar(part.end, stations.type)))
    return None if not chosen else chosen[0] if len(chosen) == 1 else pc.and_(*chosen)


# Files in any other order


class SpooledParts:
    """Parts of rows that come in any order: put in order on disk, once, in a temporary file.

    The file has no name where the system allows that: it is gone when the process ends, however it ends.
    """

    def __init__(self, table: ParquetTable, station_col: str, rows_per_part: int) -> None:
        self.schema, self.station_col = table.schema, station_col
        # Stations are dealt out one by one: more parts than needed, as some get more rows than others.
        self._count = max(1, round(1.25 * table.rows / rows_per_part))
        self._spool = TemporaryFile(prefix="energy-data-layer-")  # noqa: SIM115 - closed where the context ends
        self._slices: list[list[int]] = [[] for _ in range(self._count)]
        self._rows = [0] * self._count
        self._codes: dict[Any, int] = {}
        self._kept = self.schema.set(
            self.schema.get_field_index(station_col), pa.field(station_col, pa.int32(), nullable=False)
        )
        try:
            for number in range(len(table.files)):
                for batch in table.batches(number):
                    self._keep(batch, table.files[number])
            self._spool.flush()
        except BaseException:
            self.close()
            raise
        self.parts = [Part(number, rows) for number, rows in enumerate(self._rows) if rows]

    def close(self) -> None:
        """Give the temporary file back; what could not be written of it is lost with it."""
        with suppress(OSError):
            self._spool.close()

    def read(self, part: Part, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows of a part, in the order of the files."""
        return self._read([part.number], columns)

    def read_stations(self, stations: Iterable[Any], columns: Sequence[str]) -> pa.Table:
        """Return the rows of some stations."""
        codes = [self._codes[station] for station in stations if station in self._codes]
        return self._read(sorted({code % self._count for code in codes}), columns, pa.array(codes, pa.int32()))

    def _keep(self, batch: pa.RecordBatch, file: SourceFile) -> None:
        """Write the rows of each part as one piece."""
        place = batch.schema.get_field_index(self.station_col)
        stations = batch.column(place)
        if stations.null_count:
            raise SourceFileError(file.path, None, f'column "{self.station_col}" has {stations.null_count:,} nulls')
        encoded = stations if pa.types.is_dictionary(stations.type) else stations.dictionary_encode()
        known = [self._codes.setdefault(name, len(self._codes)) for name in encoded.dictionary.to_pylist()]
        codes = np.array(known, np.int32)[encoded.indices.to_numpy(zero_copy_only=False)]
        part = (codes % self._count).astype(np.uint16 if self._count < 1 << 16 else np.int64)
        order = np.argsort(part, kind="stable")
        rows = np.bincount(part, minlength=self._count)
        batch = batch.set_column(place, self._kept.field(place), pa.array(codes)).take(pa.array(order))
        begin = 0
        for number in np.flatnonzero(rows).tolist():
            count = int(rows[number])
            self._slices[number].append(self._spool.seek(0, SEEK_END))
            self._rows[number] += count
            try:
                self._spool.write(batch.slice(begin, count).serialize())
            except OSError as error:
                raise StorageError(
                    f"the rows of {file.path} cannot be kept in {gettempdir()}: {error.strerror}; "
                    "make room there, or name another folder in TMPDIR"
                ) from error
            begin += count

    def _read(self, numbers: Sequence[int], columns: Sequence[str] | None, codes: pa.Array | None = None) -> pa.Table:
        batches = []
        for number in numbers:
            for offset in self._slices[number]:
                self._spool.seek(offset)
                batch = pa.ipc.read_record_batch(pa.ipc.read_message(self._spool), self._kept)
                if columns is not None:
                    batch = batch.select(list(columns))
                batches.append(batch if codes is None else batch.filter(pc.is_in(batch[self.station_col], codes)))
        kept = self._kept if columns is None else pa.schema([self._kept.field(name) for name in columns])
        table = pa.Table.from_batches(batches, kept)
        place = table.schema.get_field_index(self.station_col)
        if place < 0:
            return table
        field = self.schema.field(self.station_col)
        names = pa.array(list(self._codes), getattr(field.type, "value_type", field.type))
        coded = [pa.DictionaryArray.from_arrays(chunk, names) for chunk in table.column(place).chunks]
        stations = pa.chunked_array(coded, pa.dictionary(pa.int32(), names.type)).cast(field.type)
        return table.set_column(place, field, stations)


def in_parts(table: ParquetTable, station_col: str, rows_per_part: int) -> SortedParts | SpooledParts:
    """Return a table in parts: cut where the files allow it, else put in order on disk."""
    cut = SortedParts(table, station_col, rows_per_part)
    if table.rows == 0 or (cut.reads <= MOST_READ_TWICE and max(part.rows for part in cut.parts) <= 2 * rows_per_part):
        return cut
    return SpooledParts(table, station_col, rows_per_part)
