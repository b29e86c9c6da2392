"""Rows of a service under one key: alike they become one, different ones are set aside, all of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.storage.tables import REJECT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

DIFFERENT_ROWS = "different rows for one key"
NO_KEY = "key missing"

_POSITION, _COUNT = "position", "count_all"


class Settled(NamedTuple):
    """Rows with each key once, and what became of the others."""

    kept: pa.Table
    repeats: int
    rejected: dict[str, pa.Table]


def settle_repeated_rows(rows: pa.Table, key: Sequence[str]) -> Settled:
    """Let each key be there once.

    Parameters
    ----------
    rows : pyarrow.Table
        The rows; all columns take part in the comparison.
    key : sequence of str
        The columns that tell rows apart.

    Returns
    -------
    Settled
        The rows to keep, in their order; how many say again what a kept or rejected one says; and by reason
        those to set aside: rows without a complete key, and all rows that differ under one key.

    Examples
    --------
    >>> rows = pa.table({"plant": ["a", "a", "b", "b", None], "kwh": [1.0, 1.0, 2.0, 3.0, 4.0]})
    >>> settled = settle_repeated_rows(rows, ["plant"])
    >>> settled.kept.to_pylist(), settled.repeats
    ([{'plant': 'a', 'kwh': 1.0}], 1)
    >>> {reason: table.num_rows for reason, table in settled.rejected.items()}
    {'key missing': 1, 'different rows for one key': 2}
    """
    names = rows.column_names
    has_key = _all_valid(rows, key)
    keyless = rows.filter(pc.invert(has_key))
    rows = rows.filter(has_key)
    numbered = rows.append_column(_POSITION, pa.array(range(rows.num_rows), pa.int64()))
    unlike = numbered.group_by(names).aggregate([(_POSITION, "min")]).rename_columns([*names, _POSITION])
    counted = unlike.group_by(list(key)).aggregate([([], "count_all"), (_POSITION, "min")])
    alone = counted.filter(pc.equal(counted.column(_COUNT), 1)).column(f"{_POSITION}_min")
    is_alone = pc.is_in(unlike.column(_POSITION), value_set=alone)
    kept = rows.take(unlike.filter(is_alone).column(_POSITION).sort())
    different = rows.take(unlike.filter(pc.invert(is_alone)).column(_POSITION).sort())
    rejected = {NO_KEY: keyless, DIFFERENT_ROWS: different}
    return Settled(
        kept,
        rows.num_rows - unlike.num_rows,
        {reason: table for reason, table in rejected.items() if table.num_rows},
    )


def as_rejects(rejected: pa.Table, *, origin: str, source: str, reason: str) -> pa.Table:
    """Return rows that were set aside as rows of table ``rejects``, each with its whole content.

    Parameters
    ----------
    rejected : pyarrow.Table
        The rows.
    origin : str
        Where they come from: the label of the request.
    source : str
        The service.
    reason : str
        Why they are not stored.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    return pa.Table.from_pylist(
        [
            {
                "file": origin,
                "line": line,
                "publisher": source,
                "reason": reason,
                "content": json.dumps(row, ensure_ascii=False, default=str),
                "first_seen": now,
            }
            for line, row in enumerate(rejected.to_pylist(), start=1)
        ],
        schema=pa.schema(list(REJECT_COLUMNS.items())),
    )


def _all_valid(rows: pa.Table, key: Sequence[str]) -> pa.ChunkedArray:
    valid = pc.is_valid(rows.column(key[0]))
    for name in key[1:]:
        valid = pc.and_(valid, pc.is_valid(rows.column(name)))
    return valid
