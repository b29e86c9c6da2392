"""What headings of generation files tell that no wide frame needs: the layout with a row per hour, and the fuel."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from energy_data_layer.datasets.layout import LongLayout
from energy_data_layer.datasets.layouts import LONG_LAYOUTS
from energy_data_layer.transforms.wide_to_long.recognise import (
    DAY,
    PLANT,
    RECOGNISED,
    UNIT_OF_PLANT,
    are_headings,
    is_one_of,
    only,
    unit_in,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from energy_data_layer.datasets.layout import HourLabel

_FUEL = words_of(
    "발전원, 에너지원, 연료, 연료원, 연료구분, 신재생원, 신재생구분, 발전형식, fuel, fueltype, energysource"
)
_HOUR_OF_DAY = words_of("시간, 시각, 시, 거래시간, 시간대, hour, hr, he")
_STAMP = words_of("일시, 측정일시, 발전일시, 거래일시, datetime, timestamp, time, hourending, hourbeginning")
_VALUE = re.compile("발전량|전력량|generation|output", re.IGNORECASE)
_NO_VALUE = re.compile("총|합계|누적|용량|평균|최대|최소|total|sum|capacity|mean|max|min", re.IGNORECASE)


@lru_cache
def told_long_layout(headings: tuple[str, ...]) -> LongLayout | None:
    """Return the layout of a table with a row per hour, None where the headings tell none.

    Examples
    --------
    >>> told_long_layout(("일자", "발전소명", "시간", "발전량(kWh)")).values
    ('발전량(kWh)',)
    """
    known = [layout for layout in LONG_LAYOUTS.values() if {*layout.required} <= {*headings}]
    if known or are_headings(headings):
        return known[0] if known else None
    values = [heading for heading in headings if not _NO_VALUE.search(heading)]
    values = [heading for heading in values if unit_in(heading) or _VALUE.search(heading)]
    units = {unit_in(heading) for heading in values}
    if len(units) != 1:
        return None
    stamp, date, hour, plant = (
        only(headings, words, role, headings)
        for words, role in (
            (_STAMP, "the stamp"),
            (DAY, "the day"),
            (_HOUR_OF_DAY, "the hour"),
            (PLANT, "the plant"),
        )
    )
    label = _label_of(stamp or "")
    is_one_time = (stamp is None or label is None) != (date is None or hour is None)
    if not is_one_time or (len(values) > 1 and plant is not None):
        return None
    return LongLayout(
        RECOGNISED,
        date=date if hour else None,
        hour=hour if date else None,
        stamp=stamp if label else None,
        plant=plant,
        unit=only(headings, UNIT_OF_PLANT, "the unit", headings),
        values=values,
        hour_label=label,
        energy_unit=units.pop(),
    )


def _label_of(stamp: str) -> HourLabel | None:
    """Return what of its hour a stamp is, where its heading says it."""
    if re.search("ending|종료", stamp, re.IGNORECASE):
        return "end"
    return "start" if re.search("beginning|시작", stamp, re.IGNORECASE) else None


def fuel_column(headings: Iterable[str]) -> str | None:
    """Return the first heading under which the fuel of each row stands, None where there is none.

    Examples
    --------
    >>> fuel_column(["날짜", "발전기명", "에너지원"])
    '에너지원'
    """
    return next((heading for heading in headings if is_one_of(heading, _FUEL)), None)
