"""Two databases compared: what they store has to be the same, fills but for rounding."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc

from energy_data_layer.core.provenance import provenance_column
from energy_data_layer.jobs.weather.stored import SAME_VALUE
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import (
    GENERATION_HOURLY,
    GENERATION_KEY,
    NAMBU_GENERATION,
    NAMBU_KEY,
    REJECT_KEY,
    REJECTS,
    WEATHER_ASOS,
    WEATHER_KEY,
    WIND_KEY,
    WIND_NAMDONG,
)

COMPARED = {
    WEATHER_ASOS: WEATHER_KEY,
    GENERATION_HOURLY: GENERATION_KEY,
    WIND_NAMDONG: WIND_KEY,
    NAMBU_GENERATION: NAMBU_KEY,
    REJECTS: REJECT_KEY,
}
NOT_COMPARED = ("first_seen",)


@dataclass
class Differences:
    """How many fills differ, and which columns differ in anything else."""

    fills: int = 0
    others: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The columns, where there are any."""
        return "".join(f"; {name} differs" for name in self.others)


def compare_tables(url: str, expected_url: str) -> Differences:
    """Compare all tables that hold data."""
    found = Differences()
    with Database.connect(url) as database, Database.connect(expected_url) as expected_database:
        for name, key in COMPARED.items():
            order = [(column, "ascending") for column in key]
            table, expected = (side.read(name).sort_by(order) for side in (database, expected_database))
            if table.num_rows != expected.num_rows:
                found.others.append(f"{name}, {table.num_rows} rows and {expected.num_rows}")
                continue
            for column in set(expected.column_names) - set(NOT_COMPARED):
                one, other = table.column(column), expected.column(column)
                if one.equals(other):
                    continue
                provenance = provenance_column(column)
                if provenance not in table.column_names:
                    found.others.append(f"{name}.{column}")
                    continue
                one, other = (side.to_numpy() for side in (one, other))
                differs = ~((np.abs(one - other) <= SAME_VALUE) | (np.isnan(one) & np.isnan(other)))
                is_fill = pc.fill_null(expected.column(provenance), 0).to_numpy() > 0
                found.fills += int((differs & is_fill).sum())
                if (differs & ~is_fill).any():
                    found.others.append(f"{name}.{column}")
    return found
