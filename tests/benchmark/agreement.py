"""Whether both engines give the same answer, by the one comparison of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from data import COLUMNS

from energy_data_layer import impute_missing_values
from energy_data_layer.engine.equality import differences

if TYPE_CHECKING:
    import pandas as pd


def compare_engines(df: pd.DataFrame) -> dict[str, Any]:
    """Run both engines with provenance; say whether they agree and how far their numbers are apart."""
    expected, actual = (
        impute_missing_values(df, COLUMNS, provenance=True, use_rust=use_rust) for use_rust in (False, True)
    )
    found = differences(expected, actual, [df])
    if found:
        return {"agree": False, "difference": "; ".join(found)}
    return {"agree": True, "largest_difference": _largest_difference(expected, actual)}


def _largest_difference(expected: pd.DataFrame, actual: pd.DataFrame) -> float:
    apart = expected[list(COLUMNS)].to_numpy() - actual[list(COLUMNS)].to_numpy()
    return float(np.nanmax(np.abs(apart), initial=0.0))
