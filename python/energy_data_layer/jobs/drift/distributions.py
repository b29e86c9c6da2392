"""Months that are unlike their history: values far off, values that stand still, another unit."""

from __future__ import annotations

import logging
from datetime import date  # noqa: TC003 - NamedTuple reads it
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from energy_data_layer.reports.run_report import DriftFinding
from energy_data_layer.storage.monthly_statistics import MAD_TO_DEVIATION, refresh_statistics, watched_fields
from energy_data_layer.storage.records import store_findings
from energy_data_layer.storage.tables import DRIFT, MONTHLY_STATISTICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from energy_data_layer.reports.run_report import RunReport
    from energy_data_layer.storage.database import Database, Filter

logger = logging.getLogger(__name__)

LEAST_DAYS = 5
"""Days that a month needs to be judged, and to count as history."""

LEAST_YEARS = 3
"""Other years of the same month that make a history."""

LEAST_MONTHS = 3
"""Other months that tell in which unit a series is."""

FAR_OFF = 4.5
"""The robust z-score from which values are far off: `tests/benchmark/drift_alarms.py` counts what it finds."""

DAYS_ALIKE = 5
"""Weather keeps for about so many days: a month of 30 has some six that are independent."""

UNIT_JUMP = (300.0, 3000.0)
"""Between these a ratio is taken for a change of unit by 1000, up or down."""

JUDGED_AT_ONCE = 4096
"""Months that are judged together: beside each stand all of its series."""

DISTRIBUTION, UNIT = "distribution", "unit_jump"


class Month(NamedTuple):
    """What a series was like in a month, see table ``monthly_statistics``.

    Attributes
    ----------
    month : date
        Its first day.
    days_observed, days : int
        Days with a value, and those of them that the other figures are about.
    median, spread : float or None
        Of the days' values; the spread is the median absolute deviation as a standard deviation.
    magnitude : float or None
        The median of the absolute values that are not zero.
    """

    month: date
    days_observed: int
    days: int
    median: float | None
    spread: float | None
    magnitude: float | None


def check_distributions(database: Database, report: RunReport, table: str, first: date, last: date) -> None:
    """Judge the months of a run against their history; note, log and store what is unlike it, each month once.

    Parameters
    ----------
    database, report
        Where the state is, and where the findings go.
    table : str
        The table that the run filled.
    first, last : date
        The days that the run is about.
    """
    with database.transaction():
        # Of two runs at once the later one sees what the earlier one recorded.
        database.lock(MONTHLY_STATISTICS)
        refresh_statistics(database, table, first, last)
        told = _told(database, table)
        found = [
            finding
            for finding in _findings(database, table, first.replace(day=1), last)
            if (finding.subject, finding.field) not in told
        ]
        store_findings(database, [*map(vars, found)], report.run_id)
    report.drift += found
    for finding in found:
        logger.warning("drift in %s: %s", table, finding)


def judge(one: Month, others: Iterable[Month], *, is_amount: bool = False) -> tuple[str, str] | None:
    """Return kind and detail of what is unlike the history in a month, None where nothing is or none is known.

    An amount, such as the energy of a day, is never below zero: of a fall the logarithms are compared too.

    With the medians ``m`` of the same month in other years and the spreads ``s`` within them, the month's median is
    compared with ``median(m)``; the scale is that of a median of ``n`` days which are alike for some five days, and of
    the years. Median and median absolute deviation as in Iglewicz and Hoaglin 1993, How to detect and handle outliers.

    Examples
    --------
    >>> years = [Month(date(year, 3, 1), 31, 31, 6.0 + year % 2, 3.0, 6.0) for year in range(2019, 2024)]
    >>> judge(Month(date(2024, 3, 1), 31, 31, 8.0, 3.0, 8.0), years)
    >>> judge(Month(date(2024, 3, 1), 31, 31, 27.0, 3.0, 27.0), years)
    ('distribution', 'median of 31 days 27, in 5 other years 7, robust z 11.6')
    >>> judge(Month(date(2024, 3, 1), 31, 31, 7000.0, 3000.0, 6000.0), years)
    ('unit_jump', '1000 times what it was')
    >>> judge(Month(date(2024, 3, 1), 31, 31, 0.5, 0.2, 0.5), years, is_amount=True)
    ('distribution', 'median of 31 days 0.5, in 5 other years 7, robust z of logarithms -10.8')
    """
    kinds = ("M8[M]", "i8", "i8", "f8", "f8", "f8")
    columns = [np.array(column, kind) for column, kind in zip(zip(*[one, *others], strict=True), kinds, strict=True)]
    series = np.zeros(columns[0].size, np.int64)
    return _judged(_Months(series, np.full(series.size, is_amount), *columns), series[:1]).get(0)


class _Months(NamedTuple):
    """Months of several series, as columns; a figure that there is not is NaN."""

    series: NDArray[np.int64]
    is_amount: NDArray[np.bool_]
    month: NDArray[np.datetime64]
    days_observed: NDArray[np.int64]
    days: NDArray[np.int64]
    median: NDArray[np.float64]
    spread: NDArray[np.float64]
    magnitude: NDArray[np.float64]


def _judged(months: _Months, rows: NDArray[np.int64]) -> dict[int, tuple[str, str]]:
    """Return kind and detail of what is unlike its history, by the row of the month; only `rows` are judged."""
    rows = rows[months.days_observed[rows] >= LEAST_DAYS]
    found: dict[int, tuple[str, str]] = {}
    with np.errstate(over="ignore"):
        for at in range(0, rows.size, JUDGED_AT_ONCE):
            some = rows[at : at + JUDGED_AT_ONCE]
            found |= _far_off(months, some) | _unit_jumps(months, some)
    return found


def _unit_jumps(months: _Months, rows: NDArray[np.int64]) -> dict[int, tuple[str, str]]:
    magnitude = np.where(months.magnitude == 0, np.nan, months.magnitude)
    history = _others(np.where(months.days >= LEAST_DAYS, magnitude, np.nan), months.series, rows)
    ratio = np.where(_known(history) >= LEAST_MONTHS, magnitude[rows] / _medians(history), np.nan)
    low, high = UNIT_JUMP
    found = {}
    for row, times in zip(rows.tolist(), ratio.tolist(), strict=True):
        if low <= times <= high:
            found[row] = UNIT, f"{times:.4g} times what it was"
        elif times and low <= 1 / times <= high:
            found[row] = UNIT, f"1/{1 / times:.4g} of what it was"
    return found


def _far_off(months: _Months, rows: NDArray[np.int64]) -> dict[int, tuple[str, str]]:
    is_known = (months.days >= LEAST_DAYS) & ~np.isnan(months.median) & ~np.isnan(months.spread)
    season = 12 * months.series + months.month.astype(np.int64) % 12
    medians, spreads = (
        _others(np.where(is_known, values, np.nan), season, rows) for values in (months.median, months.spread)
    )
    has_history = _known(medians) >= LEAST_YEARS
    rows, medians, spreads = rows[has_history], medians[has_history], spreads[has_history]
    median, spread, days = months.median[rows], months.spread[rows], months.days[rows]
    usual = _medians(medians)
    z = _robust_z(median, days, medians, spreads)
    is_fall = months.is_amount[rows] & (median > 0) & (median < usual) & (np.nanmin(medians, axis=1) > 0)
    z_of_logarithms = z.copy()
    z_of_logarithms[is_fall] = _robust_z(
        np.log(median[is_fall]), days[is_fall], np.log(medians[is_fall]), spreads[is_fall] / medians[is_fall]
    )
    stands_still = (spread == 0) & (np.nanmin(spreads, axis=1) > 0)
    is_judged = (days >= LEAST_DAYS) & ~np.isnan(median)
    lowest = np.minimum(z, z_of_logarithms)
    found = {}
    for at in np.flatnonzero((days == 0) | (is_judged & (stands_still | (np.abs(lowest) > FAR_OFF)))).tolist():
        if days[at] == 0:
            detail = f"zero on all of {months.days_observed[rows[at]]} days"
        elif stands_still[at]:
            detail = f"the same value, {median[at]:.6g}, on most of {days[at]} days"
        else:
            of_what = " of logarithms" if lowest[at] < z[at] else ""
            detail = (
                f"median of {days[at]} days {median[at]:.6g}, in {_known(medians[at])} other years {usual[at]:.6g}, "
                f"robust z{of_what} {lowest[at]:.1f}"
            )
        found[int(rows[at])] = DISTRIBUTION, detail
    return found


def _others(values: NDArray[np.float64], group: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return for each of some rows the values of all others of its group, NaN beside those."""
    sizes = np.bincount(group)
    place = np.empty_like(group)
    place[np.argsort(group, kind="stable")] = np.arange(group.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    grid = np.full((sizes.size, sizes.max(initial=0)), np.nan)
    grid[group, place] = values
    others = grid[group[rows]]
    others[np.arange(rows.size), place[rows]] = np.nan
    return others


def _known(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.count_nonzero(~np.isnan(values), axis=-1))


def _medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of each row without its NaN, for which `numpy.nanmedian` takes much longer."""
    counts = _known(values)[:, None]
    middle = np.take_along_axis(np.sort(values, axis=1), np.hstack(((counts - 1) // 2, counts // 2)), axis=1)
    return np.asarray(middle.mean(axis=1))


def _robust_z(
    value: NDArray[np.float64], days: NDArray[np.int64], medians: NDArray[np.float64], spreads: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how far medians of some days are from the medians of years, in units of what they vary by."""
    location, within = _medians(medians), _medians(spreads)
    between = MAD_TO_DEVIATION * _medians(np.abs(medians - location[:, None]))
    alike = np.minimum(1.0, DAYS_ALIKE / np.maximum(days, 1))
    scale = np.sqrt(np.maximum(between, within * sqrt(DAYS_ALIKE / 30)) ** 2 + within**2 * alike)
    return np.divide(value - location, scale, out=np.zeros_like(scale), where=scale != 0)


def _findings(database: Database, table: str, first: date, last: date) -> list[DriftFinding]:
    """Return what is unlike its history in the months of a run."""
    fields = watched_fields(table)
    of_table: list[Filter] = [("table_name", "=", table), ("field", "in", [*fields])]
    rows = database.read(MONTHLY_STATISTICS, ["subject", "field", *Month._fields], of_table)
    rows = rows.sort_by([(name, "ascending") for name in ("subject", "field", "month")]).combine_chunks()
    subject, field = (rows[name].to_numpy() for name in ("subject", "field"))
    is_next = (subject[1:] != subject[:-1]) | (field[1:] != field[:-1])
    month = rows["month"].to_numpy().astype("datetime64[M]")
    figures = (rows[name].to_numpy() for name in Month._fields[1:])
    series, is_amount = (
        np.cumsum([0, *is_next]),
        np.isin(field, [name for name, one in fields.items() if one.is_amount]),
    )
    months = _Months(series[: len(rows)], is_amount, month, *figures)
    of_run = (np.datetime64(first, "M") <= month) & (month <= np.datetime64(last, "M"))
    return [
        DriftFinding(table, kind, f"{subject[row]} {month[row]}", field[row], detail)
        for row, (kind, detail) in sorted(_judged(months, np.flatnonzero(of_run)).items())
    ]


def _told(database: Database, table: str) -> set[tuple[str, str]]:
    """Return the months of series, and their fields, for which something was reported."""
    rows = database.read(
        DRIFT, ["subject", "field"], [("table_name", "=", table), ("kind", "in", [DISTRIBUTION, UNIT])]
    )
    return {(row["subject"], row["field"]) for row in rows.to_pylist()}
