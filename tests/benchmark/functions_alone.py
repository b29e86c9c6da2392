"""Functions of the reference against the naive ones of the same role, on what the whole call gives them."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import naive
import numpy as np
import pandas as pd
from data import COLUMNS
from timing import time_in_turns

from energy_data_layer import impute_missing_values
from energy_data_layer.core.columns import read_columns
from energy_data_layer.core.frames import wrap
from energy_data_layer.core.keys import read_keys
from energy_data_layer.core.provenance import Provenance, provenance_column
from energy_data_layer.engine.equality import tolerance
from energy_data_layer.transforms.impute import reference as reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    Calls = dict[str, Callable[[], Any]]

COLUMN = COLUMNS[0]
LONG = (Provenance.CLIMATOLOGY, Provenance.STATION_MEAN)


def measure(df: pd.DataFrame, repeats: int, *, with_naive: bool) -> dict[str, dict[str, Any]]:
    """Time each function on one column of a frame that stands station by station in time order.

    The reference's climatology numbers the hours anew in each call; in the whole call both columns share the numbers.
    """
    answer = impute_missing_values(df, [COLUMN], provenance=True, use_rust=False)
    codes = answer[provenance_column(COLUMN)]
    table = _table(df)
    of_reference = _reference_calls(df[COLUMN].to_numpy(), table, codes)
    of_naive = _naive_calls(df, codes) if with_naive else {}
    results = {}
    for role, call in of_reference.items():
        calls = {"reference": call} | ({"naive": of_naive[role]} if with_naive else {})
        medians = {name: timing.median for name, timing in time_in_turns(calls, repeats).items()}
        result = {"reference_ms": medians["reference"] * 1e3, "naive_ms": None, "factor": None, "agree": None}
        if with_naive:
            result["naive_ms"] = medians["naive"] * 1e3
            result["factor"] = medians["naive"] / medians["reference"]
            result["agree"] = _equal(*_as_numbers(role, table, call(), of_naive[role]()), tolerance(COLUMN, [df]))
        results[role] = result
    return results


def _table(df: pd.DataFrame) -> reference.Table:
    keys = read_keys(read_columns(wrap(df), naive.STAMP, naive.STATION, ()))
    no_past = np.array([], dtype=np.intp)
    return reference.Table(keys.station, keys.wall_clock, len(keys.names), no_past, pd.DatetimeIndex([]))


def _reference_calls(values: np.ndarray, table: reference.Table, codes: pd.Series) -> Calls:
    missing = np.isnan(values)
    by_spline = np.flatnonzero(codes == Provenance.SPLINE)
    long = np.flatnonzero(codes.isin(LONG))
    no_past = np.array([])
    return {
        "gap_finding": lambda: reference.find_gaps(missing, table.station),
        "spline": lambda: reference.spline_values(values, missing, table, by_spline),
        "climatology": lambda: reference.climatology(values, replace(table), no_past, long),
    }


def _naive_calls(df: pd.DataFrame, codes: pd.Series) -> Calls:
    series = [naive.station_rows(df, station)[COLUMN] for station in df[naive.STATION].unique()]
    by_spline = [
        (of_station, start, stop)
        for of_station in series
        for start, stop in naive.find_gaps(of_station)
        if codes[of_station.index[start]] == Provenance.SPLINE
    ]
    long = df.loc[codes.isin(LONG), [naive.STATION, naive.STAMP]]
    hours = list(long.itertuples(index=False, name=None))
    return {
        "gap_finding": lambda: [naive.find_gaps(of_station) for of_station in series],
        "spline": lambda: [naive.spline_values(*gap) for gap in by_spline],
        "climatology": lambda: [naive.climatology(df, COLUMN, *hour) for hour in hours],
    }


def _as_numbers(role: str, table: reference.Table, of_reference: Any, of_naive: Any) -> tuple[ArrayLike, ArrayLike]:
    """Bring the answers of both to one form."""
    if role == "gap_finding":
        within = np.stack([of_reference.start, of_reference.stop]) - table.first_row[of_reference.station]
        return within.T.ravel(), list(chain.from_iterable(chain.from_iterable(of_naive)))
    return of_reference, list(chain.from_iterable(of_naive)) if role == "spline" else of_naive


def _equal(expected: ArrayLike, actual: ArrayLike, allowed: float) -> bool:
    return len(expected) == len(actual) and np.allclose(actual, expected, rtol=0, atol=allowed, equal_nan=True)
