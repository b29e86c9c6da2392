"""Days whose stored hours can be held against a stored total."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.tables import NAMBU_GENERATION

if TYPE_CHECKING:
    import pyarrow as pa

    from energy_data_layer.storage.database import Database

    from .scope import Scope


def days_with_total(database: Database, scope: Scope) -> pa.Table:
    """Return the days of ``nambu_generation`` with 24 values and a total.

    Returns
    -------
    pyarrow.Table
        ``plant``, ``day``, ``hours`` (the sum of the hours), ``total``, and ``allowed``: by how much the two may
        differ because the hours are rounded.
    """
    where, parameters = scope.where(NAMBU_GENERATION)
    value, stamp, total = quoted("generation"), quoted("datetime"), quoted("daily_total")
    rounding = " ".join(
        f"WHEN max(abs({value} * {10**digits} - round({value} * {10**digits}))) < 1e-6 THEN {12.5 / 10**digits}"
        for digits in range(4)
    )
    return database.query(
        f"SELECT max({quoted('plant_name')}) AS plant, CAST({stamp} AS DATE) AS day, sum({value}) AS hours, "  # noqa: S608
        f"max({total}) AS total, CAST(CASE {rounding} ELSE 0.001 END AS DOUBLE PRECISION) AS allowed "
        f"FROM {NAMBU_GENERATION}{where} GROUP BY {quoted('gencd')}, {quoted('hogi')}, CAST({stamp} AS DATE) "
        f"HAVING count({value}) = 24 AND max({total}) IS NOT NULL",
        parameters,
    )
