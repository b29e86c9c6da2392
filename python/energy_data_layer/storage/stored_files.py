"""The files whose rows a table has: noted with the rows, and known again while nobody has changed these."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from energy_data_layer.core.clock import utc_now
from energy_data_layer.core.provenance import is_fill_sql, provenance_column
from energy_data_layer.datasets.registry import dataset_of_table
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.records import store_rows
from energy_data_layer.storage.tables import STORED_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from energy_data_layer.storage.database import Database


class Period(NamedTuple):
    """The hours of a station or plant in a file.

    Attributes
    ----------
    member : tuple
        The key of the table without its stamp.
    first, last : datetime
        Its first and its last hour.
    """

    member: tuple[int | str, ...]
    first: datetime
    last: datetime

    def overlaps(self, other: Period) -> bool:
        """Tell whether both are of one station or plant, and have hours between the same limits."""
        return self.member == other.member and self.first <= other.last and other.first <= self.last


class StoredFile(NamedTuple):
    """A file whose rows are stored.

    Attributes
    ----------
    sha256, reading : str
        The hash of its content, and that of all that decided what became of it.
    headings : dict
        Its headings, by source or layout.
    periods : list of Period
        The hours that it is about.
    """

    sha256: str
    reading: str
    headings: Mapping[str, Mapping[str, str]]
    periods: Sequence[Period]


def note_stored_files(database: Database, table: str, files: Sequence[StoredFile], run_id: str) -> None:
    """Note that rows of files are stored, in the transaction that stores them."""
    now = utc_now()
    rows = [
        {
            "table_name": table,
            "sha256": file.sha256,
            "reading": file.reading,
            "headings": json.dumps(file.headings, ensure_ascii=False),
            "periods": json.dumps(file.periods, ensure_ascii=False, default=str),
            "digest": digest,
            "run_id": run_id,
            "stored": now,
        }
        for file, digest in zip(files, _digests(database, table, [file.periods for file in files]), strict=True)
    ]
    store_rows(database, STORED_FILES, list({(row["sha256"], row["reading"]): row for row in rows}.values()))


def unchanged_files(database: Database, table: str, sha256: Iterable[str], reading: Iterable[str]) -> list[StoredFile]:
    """Return those of some files that are noted, and whose hours have the observations that they had then."""
    rows = database.read(
        STORED_FILES,
        ["sha256", "reading", "headings", "periods", "digest"],
        [("table_name", "=", table), ("sha256", "in", [*sha256]), ("reading", "in", [*reading])],
    ).to_pylist()
    files = [
        StoredFile(
            row["sha256"],
            row["reading"],
            json.loads(row["headings"]),
            [
                Period(tuple(member), datetime.fromisoformat(first), datetime.fromisoformat(last))
                for member, first, last in json.loads(row["periods"])
            ],
        )
        for row in rows
    ]
    digests = _digests(database, table, [file.periods for file in files])
    return [file for file, row, digest in zip(files, rows, digests, strict=True) if row["digest"] == digest]


def forget_stored_files(database: Database, table: str) -> None:
    """Let all files of a table be read again."""
    database.execute(f"DELETE FROM {STORED_FILES} WHERE table_name = $1", [table])  # noqa: S608


def _digests(database: Database, table: str, files: Sequence[Sequence[Period]]) -> list[str]:
    """Return for each file what its hours have in the table; fills are left out, which later hours may change."""
    dataset = dataset_of_table(table)
    if dataset is None or not files:
        return [""] * len(files)
    kinds = dataset.table.types
    present = database.columns(table)
    values = [
        f"CASE WHEN NOT {is_fill_sql(f'w.{quoted(provenance_column(name))}')} THEN w.{quoted(name)} END"
        if provenance_column(name) in present
        else f"w.{quoted(name)}"
        for name in kinds
        if name in present
    ]
    series, stamp = dataset.table.series, dataset.table.stamp
    same_member = " AND ".join(f"w.{quoted(name)} = period.{quoted(name)}" for name in series)
    schema = pa.schema(
        {"file": pa.int64(), **{name: kinds[name] for name in series}, "first": kinds[stamp], "last": kinds[stamp]}
    )
    rows = [
        dict(zip(schema.names, (file, *period.member, period.first, period.last), strict=True))
        for file, periods in enumerate(files)
        for period in periods
    ]
    found = database.query(
        f"SELECT period.file, CAST(sum({database.hash_sql(values)}) AS VARCHAR) AS digest "  # noqa: S608
        f"FROM {quoted(table)} AS w JOIN period ON {same_member} "
        f"AND w.{quoted(stamp)} BETWEEN period.first AND period.last GROUP BY period.file",
        tables={"period": pa.Table.from_pylist(rows, schema)},
    )
    digests = dict(zip(found["file"].to_pylist(), found["digest"].to_pylist(), strict=True))
    return [digests.get(file, "") for file in range(len(files))]
