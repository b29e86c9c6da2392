"""The layouts of published hourly generation, as data: who publishes what under which headings."""

from __future__ import annotations

import re

from energy_data_layer.datasets.layout import HOURS, LongLayout, WideLayout
from energy_data_layer.errors import OptionError

CAPACITY_DECIDES = "energy_unit"
"""The column that `sources.energy_units` adds to tables which mix units."""

KOEN_WIND_API = WideLayout(
    "koen_wind_api",
    date="dgenYmd",
    plant="ipptNam",
    unit="hogi",
    hours="qhorGen{:02d}",
    hour_label="end",
    energy_unit="kWh",
    daily_total="qsum",
    keep=("ippt", "hogi"),
    publisher="KOEN",
    fuel="wind",
)

KOSPO_SOLAR_API = WideLayout(
    "kospo_solar_api",
    date="ymd",
    plant="ipptnm",
    unit="hogi",
    hours="qhorgen{:02d}",
    hour_label="start",
    energy_unit="kWh",
    daily_total="qvodgen",
    keep=("gencd", "hogi", "qvodgen", "qvodavg", "qvodmax", "qvodmin"),
    publisher="KOSPO",
    fuel="solar",
)

KOEN_WIND_FILE = WideLayout(
    "koen_wind_file",
    date="일자",
    plant="발전구분",
    unit="호기",
    hours="{}시 발전량(MWh)",  # kWh in spite of the heading: they add up to the total, and to the plants' capacity
    energy_unit="kWh",
    daily_total="총량(KW)",
    keep=("호기",),
    publisher="KOEN",
    fuel="wind",
)

KOSPO_SOLAR_FILE = WideLayout(
    "kospo_solar_file",
    date="년월일",
    unit="호기",
    hours="{}",
    energy_unit="kWh",
    daily_total="총량(kw)",
    keep=("호기",),
    publisher="KOSPO",
    fuel="solar",
    recognised_by=("호기", "총량(kw)"),
)

KOSPO_WIND_FILE = WideLayout(
    "kospo_wind_file",
    date="년월일",
    unit="단계",
    hours="{}",
    energy_unit="kWh",
    daily_total="총량",
    keep=("단계",),
    publisher="KOSPO",
    fuel="wind",
    recognised_by=("단계", "총량"),
)

KOSPO_INTERVAL_FILE = WideLayout(
    "kospo_interval_file",
    date="년월일",
    plant="호기",
    hours=[f"{hour - 1}-{hour}시 발전량(kWh)" for hour in range(1, HOURS + 1)],
    energy_unit="Wh",  # in spite of the heading: the plant of 893 kW would make 800,000 kW
    daily_total="총량(kWh)",
    daily_total_unit="kWh",
    keep=("설비용량(kW)",),
    publisher="KOSPO",
    fuel="solar",
    recognised_by=("설비용량(kW)", "총량(kWh)"),
)

EWP_SITES_FILE = WideLayout(
    "ewp_sites_file",
    date="날짜",
    plant="발전기명",
    hours="{:02d}시",
    energy_unit="Wh",
    daily_total="합계",
    keep=("설비용량(MW)", "경도", "위도"),
    publisher="EWP",
    fuel="solar",
    recognised_by=("설비용량(MW)", "경도", "위도", "합계"),
)

EWP_ROOF_FILE = WideLayout(
    "ewp_roof_file",
    date="날짜",
    plant="발전기명",
    hours="{:02d}시",
    energy_unit="Wh",
    daily_total="합계",
    publisher="EWP",
    fuel="solar",
    recognised_by=("합계",),
    told_by_headings=False,
)

KRC_FILE = WideLayout(
    "krc_file",
    date="날짜",
    plant="발전기명",
    hours="{:02d}시",
    energy_unit="Wh",
    daily_total="합계",
    keep=("발전기코드", "충전_방전"),
    publisher="KRC",
    fuel="solar",
    recognised_by=("발전기코드", "충전_방전", "합계"),
)

WP_RENEWABLES_FILE = WideLayout(
    "wp_renewables_file",
    date="날짜",
    plant="발전기명",
    hours="{:02d}시",
    energy_unit="kWh",
    daily_total="합계",
    keep=("용량_메가와트",),
    publisher="WP",
    recognised_by=("용량_메가와트", "주소지", "합계"),
)

WP_SOLAR_FILE = WideLayout(
    "wp_solar_file",
    date="년월일",
    plant="발전기명",
    hours="{:02d}시",
    energy_unit_column=CAPACITY_DECIDES,
    keep=("설비용량(MW)",),
    publisher="WP",
    fuel="solar",
    recognised_by=("설비용량(MW)",),
)

KOMIPO_FILE = WideLayout(
    "komipo_file",
    date="기준일",
    unit="호기",
    hours="{}시",
    energy_unit="Wh",  # a plant of 21 MW has hours of up to 20,000,000
    keep=("호기",),
    publisher="KOMIPO",
    told_by_headings=False,
)

KPX_SYSTEM_FILE = WideLayout(
    "kpx_system_file",
    date="거래일",
    plant_name="전국",
    hours="{}시",
    energy_unit="MWh",
    publisher="KPX",
    told_by_headings=False,
)

KNOWN_LAYOUTS = {
    layout.name: layout
    for layout in (
        KOEN_WIND_API,
        KOSPO_SOLAR_API,
        KOEN_WIND_FILE,
        KOSPO_SOLAR_FILE,
        KOSPO_WIND_FILE,
        KOSPO_INTERVAL_FILE,
        EWP_SITES_FILE,
        EWP_ROOF_FILE,
        KRC_FILE,
        WP_RENEWABLES_FILE,
        WP_SOLAR_FILE,
        KOMIPO_FILE,
        KPX_SYSTEM_FILE,
    )
}
"""The layouts by name; `docs/layouts.md` describes the traps of each."""


LONG_LAYOUTS = {
    layout.name: layout
    for layout in (
        LongLayout(
            "wp_hourly_file",
            date="날짜",
            hour="시간",
            plant="발전기명",
            values="해당 시간 발전량(kWh)",
            hour_label="end",
            energy_unit="kWh",
            publisher="WP",
        ),
    )
}
"""The layouts of files with a row per hour, by name; the file job alone reads them."""


def known_layout(name: str) -> WideLayout:
    """Return a layout by its name.

    Raises
    ------
    OptionError
        If no layout has the name.

    Examples
    --------
    >>> known_layout("krc_file").energy_unit
    'Wh'
    """
    if name not in KNOWN_LAYOUTS:
        raise OptionError(f'layout "{name}" is not known; known are: {", ".join(KNOWN_LAYOUTS)}')
    return KNOWN_LAYOUTS[name]


def layout_of_files(name: str) -> WideLayout | LongLayout:
    """Return a layout by its name, also of files with a row per hour; raises as `known_layout` does."""
    return LONG_LAYOUTS.get(name) or known_layout(name)


PUBLISHERS = {
    "남동발전": "KOEN",
    "남부발전": "KOSPO",
    "동서발전": "EWP",
    "서부발전": "WP",
    "중부발전": "KOMIPO",
    "전력거래소": "KPX",
    "농어촌공사": "KRC",
    "수력원자력": "KHNP",
}
"""The publishers whose name stands at the beginning of the files of the public data portal."""

_FUEL = re.compile("(?P<solar>태양광|solar)|(?P<wind>풍력|(?<![a-z])wind(?![a-z]))", re.IGNORECASE)


def fuel_in(text: str) -> str | None:
    """Return the fuel that a text names, None where it names none or several.

    Examples
    --------
    >>> fuel_in("성산풍력"), fuel_in("풍력단지 태양광")
    ('wind', None)
    """
    fuels = {match.lastgroup for match in _FUEL.finditer(text)}
    return fuels.pop() if len(fuels) == 1 else None
