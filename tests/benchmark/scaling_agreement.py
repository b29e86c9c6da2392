"""How far an answer agrees with the reference's: in full, or in so many of the values that were filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from data import COLUMNS

from energy_data_layer.engine.equality import differences, tolerance

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Agreement:
    """Whether an answer is the reference's.

    Attributes
    ----------
    correct : bool
        Whether it is equal in every value.
    text : str
        The same for readers.
    equal_share : float or None
        The share of the filled values, or of all, that are equal; None where the answers have no common rows.
    largest_difference : float or None
        Between two numbers of the same place.
    """

    correct: bool
    text: str
    equal_share: float | None
    largest_difference: float | None


def agreement(expected: Any, actual: Any, observed: Sequence[Any]) -> Agreement:
    """Compare answers to the same task; one of another kind of frame is compared by its values."""
    if type(actual) is not type(expected):
        expected = _as_arrow(expected)
        actual = _as_arrow(actual).select(expected.column_names).cast(expected.schema)
    found = differences(expected, actual, observed)
    if found:
        return Agreement(False, "; ".join(found), None, None)
    apart = _largest_difference(_as_arrow(expected), _as_arrow(actual))
    return Agreement(True, f"equal within {apart:.0e}" if apart else "equal", 1.0, apart)


def agreement_of_fills(df: pd.DataFrame, expected: pd.DataFrame, actual: Any, says: str) -> Agreement:
    """Compare only the values that are missing in `df`; `says` is what the other way does differently."""
    table = _as_arrow(actual)
    fills = equal = left = 0
    apart = [0.0]
    for name in COLUMNS:
        missing = df[name].isna().to_numpy()
        filled = table.column(name).to_numpy()[missing]
        distance = np.abs(filled - expected[name].to_numpy()[missing])
        fills += len(filled)
        left += int(np.isnan(filled).sum())
        equal += int((distance <= tolerance(name, [df])).sum())
        apart.append(float(np.nanmax(distance, initial=0.0)))
    share = equal / fills if fills else 1.0
    still_missing = f", {left:,} of {fills:,} left missing" if left else ""
    return Agreement(equal == fills, f"{says}: {share:.0%} of fills equal{still_missing}", share, max(apart))


def _as_arrow(frame: Any) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False) if isinstance(frame, pd.DataFrame) else pa.table(frame)


def _largest_difference(expected: pa.Table, actual: pa.Table) -> float:
    numbers = [field.name for field in expected.schema if pa.types.is_floating(field.type)]
    pairs = ((expected.column(name).to_numpy(), actual.column(name).to_numpy()) for name in numbers)
    return max((float(np.nanmax(np.abs(a - b), initial=0.0)) for a, b in pairs), default=0.0)
