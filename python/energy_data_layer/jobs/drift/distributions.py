"""Months that are unlike their history: values far off, values that stand still, another unit."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import date  # noqa: TC003 - NamedTuple reads it
from math import log, sqrt
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from energy_data_layer.reports.run_report import DriftFinding
from energy_data_layer.storage.monthly_statistics import MAD_TO_DEVIATION, refresh_statistics, watched_fields
from energy_data_layer.storage.records import store_findings
from energy_data_layer.storage.tables import DRIFT, MONTHLY_STATISTICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from energy_data_layer.reports.run_report import RunReport
    from energy_data_layer.storage.database import Database

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
    if one.days_observed < LEAST_DAYS:
        return None
    history = [other for other in others if other.days >= LEAST_DAYS]
    years = [other for other in history if _same_season(one, other)]
    return _unit_jump(one, history) or _far_off(one, years, is_amount)


def _unit_jump(one: Month, history: Sequence[Month]) -> tuple[str, str] | None:
    magnitudes = [other.magnitude for other in history if other.magnitude]
    if not one.magnitude or len(magnitudes) < LEAST_MONTHS:
        return None
    ratio = one.magnitude / median(magnitudes)
    low, high = UNIT_JUMP
    if low <= ratio <= high:
        return UNIT, f"{ratio:.4g} times what it was"
    if low <= 1 / ratio <= high:
        return UNIT, f"1/{1 / ratio:.4g} of what it was"
    return None


def _far_off(one: Month, years: Sequence[Month], is_amount: bool) -> tuple[str, str] | None:
    known = [(year.median, year.spread) for year in years if year.median is not None and year.spread is not None]
    medians, spreads = [value for value, _ in known], [spread for _, spread in known]
    if len(medians) < LEAST_YEARS:
        return None
    if one.days == 0:
        return DISTRIBUTION, f"zero on all of {one.days_observed} days"
    if one.days < LEAST_DAYS or one.median is None:
        return None
    if one.spread == 0 and min(spreads) > 0:
        return DISTRIBUTION, f"the same value, {one.median:.6g}, on most of {one.days} days"
    z, of_what = _robust_z(one.median, one.days, medians, spreads), ""
    if is_amount and 0 < one.median < median(medians) and min(medians) > 0:
        relative_spreads = [spread / value for value, spread in known]
        z_of_logarithms = _robust_z(log(one.median), one.days, list(map(log, medians)), relative_spreads)
        if z_of_logarithms < z:
            z, of_what = z_of_logarithms, " of logarithms"
    if abs(z) <= FAR_OFF:
        return None
    return (
        DISTRIBUTION,
        f"median of {one.days} days {one.median:.6g}, in {len(medians)} other years {median(medians):.6g}, "
        f"robust z{of_what} {z:.1f}",
    )


def _robust_z(value: float, days: int, medians: Sequence[float], spreads: Sequence[float]) -> float:
    """Return how far the median of some days is from the medians of years, in units of what it varies by."""
    location, within = median(medians), median(spreads)
    between = MAD_TO_DEVIATION * median(abs(other - location) for other in medians)
    scale = sqrt(max(between, within * sqrt(DAYS_ALIKE / 30)) ** 2 + within**2 * min(1.0, DAYS_ALIKE / days))
    return (value - location) / scale if scale else 0.0


def _same_season(one: Month, other: Month) -> bool:
    return one.month.month == other.month.month


def _findings(database: Database, table: str, first: date, last: date) -> list[DriftFinding]:
    """Return what is unlike its history in the months of a run."""
    series: dict[tuple[str, str], list[Month]] = defaultdict(list)
    columns = ["subject", "field", *Month._fields]
    for row in database.read(MONTHLY_STATISTICS, columns, [("table_name", "=", table)]).sort_by("month").to_pylist():
        series[row["subject"], row["field"]].append(
            Month(row["month"].date(), *(row[name] for name in Month._fields[1:]))
        )
    found = []
    for (subject, field), months in sorted(series.items()):
        for one in months:
            if first <= one.month <= last:
                others = (other for other in months if other is not one)
                judged = judge(one, others, is_amount=watched_fields(table)[field].is_amount)
                if judged is not None:
                    kind, detail = judged
                    found.append(DriftFinding(table, kind, f"{subject} {one.month:%Y-%m}", field, detail))
    return found


def _told(database: Database, table: str) -> set[tuple[str, str]]:
    """Return the months of series, and their fields, for which something was reported."""
    rows = database.read(
        DRIFT, ["subject", "field"], [("table_name", "=", table), ("kind", "in", [DISTRIBUTION, UNIT])]
    )
    return {(row["subject"], row["field"]) for row in rows.to_pylist()}
