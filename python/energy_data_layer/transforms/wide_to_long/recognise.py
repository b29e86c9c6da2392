"""Tell the layout of a wide table by its headings, or say what would have to be told."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from energy_data_layer.datasets.layout import HOURS, EnergyUnit, WideLayout, heading_text
from energy_data_layer.datasets.layouts import KNOWN_LAYOUTS
from energy_data_layer.errors import LayoutError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

RECOGNISED = "recognised"
"""The name of a layout that was put together from the headings."""

LISTED = 5

OR_STEP = 'or take a layout with step, such as "15min", which does it'
"""The other way out where a table is of less than hours."""

DAMAGED = "\ufffd"
"""What stands in place of letters that were read in the wrong encoding."""

_INTERVAL = re.compile(
    r"(?P<before>\D*)(?P<begin>\d{1,2})(:00|시)?[-~\u223c\u301c\u2013](?P<hour>\d{1,2})(?P<after>(:00)?\D*)"
)
_HOUR = re.compile(r"(?P<before>\D*)(?P<hour>\d{1,2})(?P<after>(:00)?\D*)")
_TIME = re.compile(
    r"\d:\d\d|\d시(?!간)|\d분(?![기류할석야포])|(?<![a-z])(hour|hr|he|시간|시각)_?\d{1,2}(?!\d)|\d[ap]m(?![a-z])"
    r"|^\d{1,2}([a-z*'′]|dst)?$",
    re.IGNORECASE,
)
"""What makes a heading look like an hour or a time of day: a word for it at a digit, or an hour's number alone."""

_MINUTES = re.compile(r"\d(:|시)(?!00)\d\d|\d분")
_UNIT = re.compile(r"(?<![a-z])([kmg]?)wh?(?![a-z])", re.IGNORECASE)
_UNIT_OF_PREFIX: dict[str, EnergyUnit] = {"": "Wh", "k": "kWh", "m": "MWh"}
_BRACKETED = re.compile(r"\([^)]*\)|[\s_]")


def words_of(text: str) -> frozenset[str]:
    """Return the words that a heading can be, from a text with commas between them."""
    return frozenset(text.split(", "))


DAY = words_of(
    "날짜, 일자, 년월일, 연월일, 거래일, 거래일자, 발전일, 발전일자, 기준일, 기준일자, 측정일, 측정일자, "
    "date, day, ymd, yyyymmdd, dgenymd"
)
PLANT = words_of(
    "발전기명, 발전소명, 발전소, 발전구분, 발전단지, 발전단지명, 사업소, 사업소명, 지점명, 시설명, 설비명, "
    "plant, plantname, site, ipptnam, ipptnm"
)
UNIT_OF_PLANT = words_of("호기, 호기명, 단계, 발전기번호, hogi, unit")
_TOTAL = words_of(
    "합계, 총량, 총계, 일합계, 일계, 계, 총발전량, 일발전량, 일총발전량, 발전량합계, "
    "total, dailytotal, sum, qsum, qvodgen"
)


def recognise_layout(
    names: Iterable[object],
    *,
    publisher: str | None = None,
    energy_unit: EnergyUnit | None = None,
) -> WideLayout:
    """Return the layout that a table's headings tell.

    A known layout is taken where the headings single it out. Else one is put together from the headings of
    day, plant, unit, daily total and 24 hours in any order (``1`` to ``24``, ``01시`` to ``24시``, ``0-1시``
    to ``23-24시``, ``h01`` to ``h24``, …), if they leave no doubt. Every heading that looks like an hour or a
    time of day has to be one of the 24.

    Parameters
    ----------
    names : iterable of str
        The names of the table's columns.
    publisher : str, optional
        The publisher, such as ``"KOEN"``: its layouts alone are looked at.
    energy_unit : {"Wh", "kWh", "MWh"}, optional
        The unit of the hours, where the headings do not say it.

    Raises
    ------
    LayoutError
        If no layout fits, or if more than one does, if nothing says the unit of energy, or if a further
        heading looks like an hour.

    Examples
    --------
    >>> hours = [f"{hour:02d}시(kWh)" for hour in range(1, 25)]
    >>> layout = recognise_layout(["발전소명", "일자", *hours])
    >>> layout.plant, layout.hours[23], layout.energy_unit
    ('발전소명', '24시(kWh)', 'kWh')
    """
    headings = tuple(map(heading_text, names))
    layout = told_layout(headings, publisher, energy_unit)
    require_all_hours(hours_left_out(headings, layout))
    return layout


def damaged_headings(damaged: Sequence[str]) -> str:
    """Return what is wrong with headings that were read in the wrong encoding."""
    return (
        f'the headings hold U+FFFD ("{damaged[0]}"): the file was saved in the wrong encoding; save the original '
        "again in UTF-8 or cp949"
    )


def are_headings(cells: Iterable[str]) -> bool:
    """Tell whether a row of a file is that of its headings, by its hours; bare numbers need a word for the day.

    Examples
    --------
    >>> are_headings(["날짜", *map(str, range(1, 25))]), are_headings(["2024-01-01", *map(str, range(1, 25))])
    (True, False)
    """
    bare = {_bare(heading_text(cell)) for cell in cells}
    numbers = sum(cell.isdecimal() and len(cell) <= 2 for cell in bare)
    spelled = sum((_TIME.search(cell) or _HOUR.fullmatch(cell)) is not None for cell in bare) - numbers
    has_day = any(is_one_of(cell, DAY) for cell in bare)
    return spelled >= HOURS // 2 or (has_day and numbers >= HOURS // 2)


@lru_cache
def told_layout(headings: tuple[str, ...], publisher: str | None, energy_unit: EnergyUnit | None) -> WideLayout:
    """Return what `recognise_layout` does, also where further headings look like hours: their cells may be blank."""
    if damaged := [heading for heading in headings if DAMAGED in heading]:
        raise LayoutError(damaged_headings(damaged))
    layout = _known_layout(headings, publisher)
    return layout if layout is not None else _layout_from_headings(headings, energy_unit)


def hours_left_out(headings: Iterable[str], layout: WideLayout) -> list[str]:
    """Return the headings that look like an hour or a time of day and that the layout does not read.

    Of a layout of the caller's own these are the ones spelled like its hours: it may choose one of two sets.

    Examples
    --------
    >>> hours_left_out([*map(str, range(1, 25)), "3B", "총량", "0시 15분"], KNOWN_LAYOUTS["kospo_wind_file"])
    ['3B', '0시 15분']
    """
    others = [heading for heading in headings if heading not in layout.headings]
    is_own = layout.name != RECOGNISED and layout.name not in KNOWN_LAYOUTS
    spelled_alike = _spelled_like(layout.hours)
    return [
        heading
        for heading, bare in zip(others, map(_bare, others), strict=True)
        if spelled_alike.fullmatch(bare) or (not is_own and _TIME.search(bare))
    ]


@lru_cache
def _spelled_like(hours: tuple[str, ...]) -> re.Pattern[str]:
    """Return what matches the headings of hours and others like them, also those of an hour that comes twice."""
    spellings = {"\\d{1,2}([a-z*'′]|dst)?".join(map(re.escape, re.split(r"\d{1,2}", _bare(hour)))) for hour in hours}
    return re.compile("|".join(spellings), re.IGNORECASE)


def _bare(heading: str) -> str:
    return unicodedata.normalize("NFKC", heading).replace(" ", "")


def require_all_hours(left_out: Sequence[str]) -> None:
    """Raise where a table has hours beside those that its layout reads."""
    if not left_out:
        return
    listed = ", ".join(f'"{heading}"' for heading in left_out[:LISTED])
    if any(_MINUTES.search(_bare(heading)) for heading in left_out):
        advice = f"first add up (energy) or average (power) the columns of each hour, so that there are 24, {OR_STEP}"
    else:
        advice = "a day has 24 hours, for Korea has no daylight-saving time: drop or rename them"
    raise LayoutError(
        f"columns look like hours and are none of the 24 that are read: {listed}{', …' * (len(left_out) > LISTED)} "
        f"({len(left_out)}); {advice}, or describe the table by a WideLayout that names them in keep"
    )


def _known_layout(headings: Collection[str], publisher: str | None) -> WideLayout | None:
    present = set(headings)
    candidates = [
        layout
        for layout in KNOWN_LAYOUTS.values()
        if (layout.is_told_by(present) if publisher is None else _is_of(layout, publisher, present))
    ]
    # A layout with more identifying headings is the more particular one.
    return max(candidates, key=lambda layout: len(layout.recognised_by), default=None)


def _is_of(layout: WideLayout, publisher: str, headings: set[str]) -> bool:
    return layout.publisher == publisher and {*layout.required, *layout.recognised_by} <= headings


def _layout_from_headings(headings: Sequence[str], energy_unit: EnergyUnit | None) -> WideLayout:
    hours = _hours(headings)
    others = [heading for heading in headings if heading not in hours]
    date = only(others, DAY, "the day", headings)
    if date is None:
        raise LayoutError(f"no column is known to hold the day; {_advice(headings)}")
    daily_total = only(others, _TOTAL, "the daily total", headings)
    of_hours, of_total = _common_unit(hours, headings), unit_in(daily_total or "")
    if energy_unit is None and of_hours is None and of_total is None:
        raise LayoutError(
            f'nothing says whether "{hours[0]}" to "{hours[-1]}" hold Wh, kWh or MWh; '
            f'pass energy_unit="kWh", or a layout; {_advice(headings)}'
        )
    return WideLayout(
        RECOGNISED,
        date=date,
        plant=only(others, PLANT, "the plant", headings),
        unit=only(others, UNIT_OF_PLANT, "the unit", headings),
        hours=hours,
        energy_unit=energy_unit or of_hours or of_total,
        daily_total=daily_total,
        daily_total_unit=of_total,
    )


def _hours(headings: Iterable[str]) -> list[str]:
    """Return the headings of the hours 1 to 24 in order."""
    rows: dict[tuple[str, str], dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for heading in headings:
        bare = _bare(heading)
        if match := _INTERVAL.fullmatch(bare):
            begin, end = int(match["begin"]), int(match["hour"]) or HOURS
            if end == begin + 1:
                rows[f"{match['before']} to", match["after"]][end].append(heading)
        elif match := _HOUR.fullmatch(bare):
            rows[match["before"], match["after"]][int(match["hour"])].append(heading)
    # A day of 25 hours is no month of 31 days.
    whole = [row for row in rows.values() if set(range(1, HOURS + 1)) <= set(row) <= set(range(HOURS + 3))]
    if len(whole) == 1:
        return [_single(whole[0][hour], f"the hour {hour}", headings) for hour in range(1, HOURS + 1)]
    if whole:
        firsts = ", ".join(f'"{row[1][0]}"' for row in whole)
        raise LayoutError(f"several columns could be the first hour ({firsts}); {_advice(headings)}")
    if sum(_MINUTES.search(_bare(heading)) is not None for heading in headings) >= HOURS:
        raise LayoutError(
            "the columns are of less than an hour; first add up (energy) or average (power) those of each hour, so "
            f"that there are 24, {OR_STEP}; {_advice(headings)}"
        )
    if any(set(row) == set(range(HOURS)) for row in rows.values()):
        raise LayoutError(
            "the hours are counted from 0 to 23, which does not tell whether an hour begins or ends at its number; "
            f"{_advice(headings)}"
        )
    raise LayoutError(f"there are no columns for the hours 1 to 24; {_advice(headings)}")


def is_one_of(heading: str, words: frozenset[str]) -> bool:
    """Tell whether a heading is one of these words, whatever its brackets, blanks and case."""
    return _BRACKETED.sub("", heading).lower() in words


def only(headings: Iterable[str], words: frozenset[str], role: str, all_headings: Iterable[str]) -> str | None:
    """Return the heading that is one of these words, None where there is none."""
    found = [heading for heading in headings if is_one_of(heading, words)]
    return _single(found, role, all_headings) if found else None


def _single(found: Sequence[str], role: str, all_headings: Iterable[str]) -> str:
    if len(found) > 1:
        names = ", ".join(f'"{heading}"' for heading in found)
        raise LayoutError(f"several columns could be {role} ({names}); {_advice(all_headings)}")
    return found[0]


def _common_unit(hours: Sequence[str], headings: Iterable[str]) -> EnergyUnit | None:
    units = {unit_in(heading) for heading in hours}
    if len(units) > 1:
        raise LayoutError(f"the hours' headings name different units of energy; {_advice(headings)}")
    return units.pop()


def unit_in(heading: str) -> EnergyUnit | None:
    """Return the unit of energy that a heading names, None where it names none or several.

    Examples
    --------
    >>> unit_in("1시 발전량(MWh)"), unit_in("1시")
    ('MWh', None)
    """
    found = {_UNIT_OF_PREFIX.get(prefix.lower()) for prefix in _UNIT.findall(heading)}
    return found.pop() if len(found) == 1 else None


def _advice(headings: Iterable[str]) -> str:
    seen = ", ".join(headings)
    return (
        "describe the table by a WideLayout, or a file of hours by a LongLayout (edl run generation --layout-file), "
        f"or name one of {', '.join(KNOWN_LAYOUTS)}; "
        f"its columns are: {seen[:600]}{'…' if len(seen) > 600 else ''}"
    )
