"""The capacity of a plant, where a table has it in a column of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from energy_data_layer.reference.parse import parse_cells

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa
    from numpy.typing import NDArray

_CAPACITY = re.compile(r"((설비)?용량|capacity)[\s_]*[(\[]?(?P<unit>MW|kW|메가와트|킬로와트)[)\]]?", re.IGNORECASE)
_KW_PER_UNIT = {"mw": 1000.0, "메가와트": 1000.0, "kw": 1.0, "킬로와트": 1.0}


def capacity_column(headings: Iterable[str]) -> tuple[str | None, float]:
    """Return the heading under which the plants' capacities stand, and what makes them kW; None and 0 if absent.

    Examples
    --------
    >>> capacity_column(["발전기명", "년월일", "설비용량(MW)"])
    ('설비용량(MW)', 1000.0)
    """
    for heading in headings:
        if match := _CAPACITY.fullmatch(heading):
            return heading, _KW_PER_UNIT[match["unit"].lower()]
    return None, 0.0


def capacities_kw(table: pa.Table) -> NDArray[np.float64]:
    """Return the capacity of each row's plant in kW, NaN where it is not known.

    Examples
    --------
    >>> import pyarrow as pa
    >>> capacities_kw(pa.table({"용량_메가와트": ["1.5", None, "0"]})).tolist()
    [1500.0, nan, nan]
    """
    heading, kw_per_unit = capacity_column(table.column_names)
    if heading is None:
        return np.full(table.num_rows, np.nan)
    values = parse_cells(table.column(heading))[0] * kw_per_unit
    return np.where(values > 0, values, np.nan)
