"""The observations of more files than memory holds: kept on disk once read, given back some stations at a time."""

from __future__ import annotations

from collections import defaultdict
from os import SEEK_END
from tempfile import TemporaryFile, gettempdir
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.errors import StorageError
from energy_data_layer.files.csv_text import matching_files
from energy_data_layer.files.weather import AsosFile, column_order, read_asos_file, without_repeated_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from os import PathLike

    from energy_data_layer.core.coercion import Markers

ROWS_AT_ONCE = 500_000
"""How many rows a part has at most; a station with more rows than that is a part of its own."""


class _Slice(NamedTuple):
    """The rows of a station in one file, where in the spool they begin, and their first and last stamp."""

    file: int
    rows: int
    offset: int
    first: datetime
    last: datetime


class AsosSpool:
    """The observations of CSV exports, read once and kept in a temporary file; a context manager.

    The file has no name where the system allows that: it is gone when the process ends, however it ends. It lies
    where `tempfile` puts its files (``TMPDIR`` names another folder).

    Attributes
    ----------
    files : list of AsosFile
        The files in the order in which they were read.
    schemas : list of pyarrow.Schema
        The columns of each.
    further_columns : pyarrow.Schema
        Columns that the parts have, whether a file has them or not.
    rows_read : int
        The rows of all files.

    Examples
    --------
    >>> from datetime import date
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.simulator.sample_weather import write_asos_sample
    >>> with TemporaryDirectory() as folder, AsosSpool() as spool:
    ...     spool.read(write_asos_sample(folder, since=date(2023, 1, 1), until=date(2023, 1, 3)))
    ...     parts = [part.num_rows for part in spool.parts(rows_at_once=100)]
    >>> len(spool.files), spool.rows_read, parts
    (5, 245, [98, 98, 49])
    """

    def __init__(self) -> None:
        self._spool = TemporaryFile(prefix="energy-data-layer-")  # noqa: SIM115 - closed where the context ends
        self.schemas: list[pa.Schema] = []
        self._slices: defaultdict[int, list[_Slice]] = defaultdict(list)
        self.files: list[AsosFile] = []
        self.further_columns = pa.schema([])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    @property
    def rows_read(self) -> int:
        """The rows of all files."""
        return sum(file.rows for file in self.files)

    @property
    def column_names(self) -> list[str]:
        """The columns that occur, in the order that every part has them."""
        schemas = (*self.schemas, self.further_columns)
        return column_order(list(dict.fromkeys(name for schema in schemas for name in schema.names)))

    @property
    def headings(self) -> dict[str, list[str]]:
        """The columns by the source of their files."""
        found: dict[str, list[str]] = {}
        for file, schema in zip(self.files, self.schemas, strict=True):
            found[file.source] = list(dict.fromkeys([*found.get(file.source, []), *schema.names]))
        return found

    def hours_of_files(self) -> list[list[tuple[int, datetime, datetime]]]:
        """Return for each file its stations, with the first and the last stamp of each."""
        found: list[list[tuple[int, datetime, datetime]]] = [[] for _ in self.files]
        for station, slices in self._slices.items():
            for piece in slices:
                found[piece.file].append((station, piece.first, piece.last))
        return found

    def read(self, paths: str | PathLike[str] | Iterable[str | PathLike[str]], markers: Markers | None = None) -> None:
        """Read the files, one after the other, in the order of their names; markers by column.

        Raises
        ------
        SourceFileError, OptionError
            As in `read_asos_files`, but for rows that differ from an earlier file's: `parts` finds those.
        StorageError
            If there is no room for the temporary file.
        """
        for path in matching_files(paths):
            file, table = read_asos_file(path, markers or {})
            try:
                self._keep(table)
            except OSError as error:
                raise StorageError(
                    f"the rows of {path} cannot be kept in {gettempdir()}: {error.strerror}; "
                    "make room there, or name another folder in TMPDIR"
                ) from error
            self.files.append(file)

    def parts(self, rows_at_once: int | None = None) -> Iterator[pa.Table]:
        """Give all rows, each station and hour once; the rows of a station are in one part.

        Parameters
        ----------
        rows_at_once : int, optional
            The most rows of a part, by default `ROWS_AT_ONCE`; a station with more of them is a part of its own.

        Yields
        ------
        pyarrow.Table
            Rows of some stations, in the columns of all files; at least one part, without rows where there are none.

        Raises
        ------
        SourceFileError
            If two rows give different values for one station and hour.
        """
        empty = pa.unify_schemas([*self.schemas, self.further_columns]).empty_table()
        for stations in self._groups(rows_at_once or ROWS_AT_ONCE):
            # Files one after the other, so that of rows that differ the later one is reported to differ.
            pieces = (piece for station in stations for piece in self._slices[station])
            tables = [self._table(piece) for piece in sorted(pieces, key=lambda piece: piece.offset)]
            part = pa.concat_tables([empty, *tables], promote_options="default").select(self.column_names)
            yield without_repeated_rows(part, self.files)

    def _keep(self, table: pa.Table) -> None:
        """Write the rows of each station as one batch."""
        station = table["stnId"].to_numpy()
        order = np.argsort(station, kind="stable")
        table = table.take(order)
        numbers, starts, counts = np.unique(station[order], return_index=True, return_counts=True)
        self._spool.seek(0, SEEK_END)
        for number, start, rows in zip(numbers.tolist(), starts, counts.tolist(), strict=True):
            (batch,) = table.slice(start, rows).combine_chunks().to_batches()
            limits = pc.min_max(batch["tm"])
            first, last = limits["min"].as_py(), limits["max"].as_py()
            self._slices[number].append(_Slice(len(self.schemas), rows, self._spool.tell(), first, last))
            self._spool.write(batch.serialize())
        self._spool.flush()
        self.schemas.append(table.schema)

    def _table(self, piece: _Slice) -> pa.Table:
        self._spool.seek(piece.offset)
        message = pa.ipc.read_message(self._spool)
        return pa.Table.from_batches([pa.ipc.read_record_batch(message, self.schemas[piece.file])])

    def _groups(self, rows_at_once: int) -> Iterator[list[int]]:
        """Cut the stations, in order, into those whose rows come together."""
        group: list[int] = []
        rows_of_group = 0
        for station in sorted(self._slices):
            rows = sum(piece.rows for piece in self._slices[station])
            if group and rows_of_group + rows > rows_at_once:
                yield group
                group, rows_of_group = [], 0
            group.append(station)
            rows_of_group += rows
        yield group
