"""The fills of the weather: where they are, by which method, and which of them were replaced later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from energy_data_layer.core.provenance import Provenance, is_fill_sql, provenance_column
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.tables import FILL_CHANGE_COLUMNS, FILL_CHANGES, WEATHER_ASOS, WEATHER_KEY

from .records import newest_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from energy_data_layer.storage.database import Database

    from .scope import Scope

_STATION, _STAMP = map(quoted, WEATHER_KEY)


def gaps_of_field(database: Database, field: str, scope: Scope) -> pa.Table:
    """Return ``stnId``, ``first``, ``last`` and ``hours`` of each gap: hours in a row without an observation.

    Only the hours without an observation are sorted, which are few: those in a row have the same distance to
    their number.
    """
    where, parameters = scope.where(WEATHER_ASOS, is_fill_sql(quoted(provenance_column(field))))
    return database.query(
        f"WITH numbered AS (SELECT {_STATION}, {_STAMP}, {_STAMP} - row_number() OVER "  # noqa: S608
        f"(PARTITION BY {_STATION} ORDER BY {_STAMP}) * INTERVAL '1 hour' AS gap FROM {WEATHER_ASOS}{where}) "
        f"SELECT {_STATION}, min({_STAMP}) AS first, max({_STAMP}) AS last, count(*) AS hours "
        f"FROM numbered GROUP BY {_STATION}, gap",
        parameters,
    )


def hours_by_provenance(database: Database, field: str, scope: Scope) -> pa.Table:
    """Return ``code`` and ``hours``: how many values of a field have each provenance; without a value, unfilled."""
    where, parameters = scope.where(WEATHER_ASOS)
    return database.query(
        f"SELECT CAST(CASE WHEN {quoted(field)} IS NULL THEN {Provenance.UNFILLED:d} "  # noqa: S608
        f"ELSE coalesce({quoted(provenance_column(field))}, {Provenance.OBSERVED:d}) END AS BIGINT) AS code, "
        f"count(*) AS hours FROM {WEATHER_ASOS}{where} GROUP BY 1",
        parameters,
    )


def replaced_by_method(database: Database, scope: Scope) -> pa.Table:
    """Return ``old_code``, ``new_code`` and ``changes`` of the replaced fills, the most frequent first."""
    where, parameters = scope.of_stamps(WEATHER_ASOS, _STAMP)
    return database.query(
        f"SELECT CAST(old_provenance AS BIGINT) AS old_code, CAST(new_provenance AS BIGINT) AS new_code, "  # noqa: S608
        f"count(*) AS changes FROM {FILL_CHANGES}{where} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        parameters,
    )


def newest_replaced(database: Database, scope: Scope, count: int) -> list[dict[str, Any]]:
    """Return the newest replaced fills, with the columns of table ``fill_changes``."""
    where, parameters = scope.of_stamps(WEATHER_ASOS, _STAMP)
    return newest_rows(database, FILL_CHANGES, FILL_CHANGE_COLUMNS, "changed", count, where, parameters)
