"""Hourly observations of the ASOS stations, by station and up to 41 days, from the service or the portal's files."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import pyarrow as pa

from energy_data_layer.datasets.chunks import compact_day, days_apart
from energy_data_layer.datasets.dataset import (
    Chunk,
    Column,
    DailyValue,
    Dataset,
    FilledThrough,
    Label,
    Service,
    Table,
    ends_by_total,
)
from energy_data_layer.datasets.payload_fields import PayloadField

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from energy_data_layer.datasets.payload_fields import FieldKind

KEYS = ("stnId", "stnNm", "tm")
"""The fields that every observation needs."""

LONGEST_CHUNK = 41
"""Days whose hours fit into one page."""

ROWS_PER_PAGE = 999


def _number(name: str, heading: str, unit: str, meaning: str, **more: Any) -> Column:
    # Where a blank says that there was nothing, nothing is missing.
    more = {"can_be_imputed": "blank_means" not in more} | more
    return Column(name, pa.float64(), unit, meaning, heading=heading, **more)


def _code(name: str, heading: str, meaning: str) -> Column:
    return Column(name, pa.string(), meaning=meaning, heading=heading)


FLAG = "Qcflg"
"""The end of the names of quality flags."""


def value_of_flag(name: str) -> str:
    """Return the column whose quality a flag tells; of other columns an empty text."""
    return name.removesuffix(FLAG) if name.endswith(FLAG) else ""


def _flag(name: str, heading: str) -> Column:
    meaning = f"quality of {name}: 9 missing, 1 suspect, blank normal"
    return Column(f"{name}{FLAG}", pa.int8(), meaning=meaning, heading=f"{heading} QC플래그", blank_means="normal")


COLUMNS = (
    Column("stnId", pa.int64(), meaning="number of the station", heading="지점"),
    Column("stnNm", pa.string(), meaning="name of the station", heading="지점명"),
    Column("tm", pa.timestamp("s"), meaning="time of the observation, KST", heading="일시"),
    _number("ta", "기온(°C)", "°C", "air temperature", low=-90, high=60, daily=DailyValue()),
    _flag("ta", "기온"),
    _number("rn", "강수량(mm)", "mm", "precipitation", blank_means="no precipitation", low=0),
    _flag("rn", "강수량"),
    _number("ws", "풍속(m/s)", "m/s", "wind speed", low=0, daily=DailyValue()),
    _flag("ws", "풍속"),
    # The mean of 350 and 10 degrees is not 180.
    _number(
        "wd",
        "풍향(16방위)",
        "degrees",
        "wind direction on 16 points, 0 is calm, 360 is north",
        low=0,
        high=360,
        can_be_imputed=False,
        filled_through=FilledThrough("wind_vector", "ws"),
    ),
    _flag("wd", "풍향"),
    _number(
        "hm",
        "습도(%)",
        "%",
        "relative humidity",
        low=0,
        high=100,
        filled_through=FilledThrough("reduced_humidity", "ta"),
        daily=DailyValue(),
    ),
    _flag("hm", "습도"),
    _number("pv", "증기압(hPa)", "hPa", "vapour pressure", low=0),
    _number("td", "이슬점온도(°C)", "°C", "dew point temperature", low=-100, high=60),
    _number("pa", "현지기압(hPa)", "hPa", "air pressure at the station", low=500, high=1100, daily=DailyValue()),
    _flag("pa", "현지기압"),
    _number("ps", "해면기압(hPa)", "hPa", "air pressure at sea level", low=850, high=1100),
    _flag("ps", "해면기압"),
    _number("ss", "일조(hr)", "h", "sunshine duration", blank_means="night", low=0, high=1),
    _flag("ss", "일조"),
    _number(
        "icsr",
        "일사(MJ/m2)",
        "MJ/m²",
        "solar radiation",
        blank_means="night",
        low=0,
        daily=DailyValue("sum", least_hours=6),
    ),
    _flag("icsr", "일사"),
    _number("dsnw", "적설(cm)", "cm", "snow depth", blank_means="no snow", low=0),
    _number("hr3Fhsc", "3시간신적설(cm)", "cm", "new snow of three hours", low=0),
    _number("dc10Tca", "전운량(10분위)", "tenths", "total cloud cover", low=0, high=10),
    _number("dc10LmcsCa", "중하층운량(10분위)", "tenths", "cloud cover of the middle and low levels", low=0, high=10),
    _code("clfmAbbrCd", "운형(운형약어)", "cloud types, abbreviated"),
    _number("lcsCh", "최저운고(100m )", "100 m", "height of the lowest cloud base", low=0),
    _number("vs", "시정(10m)", "10 m", "visibility", low=0),
    _code("gndSttCd", "지면상태(지면상태코드)", "state of the ground"),
    _code("dmstMtphNo", "현상번호(국내식)", "weather phenomena, national numbers"),
    _number("ts", "지면온도(°C)", "°C", "ground surface temperature", low=-90, high=90),
    _flag("ts", "지면온도"),
    _number("m005Te", "5cm 지중온도(°C)", "°C", "soil temperature at 5 cm", low=-60, high=70),
    _number("m01Te", "10cm 지중온도(°C)", "°C", "soil temperature at 10 cm", low=-60, high=70),
    _number("m02Te", "20cm 지중온도(°C)", "°C", "soil temperature at 20 cm", low=-60, high=70),
    _number("m03Te", "30cm 지중온도(°C)", "°C", "soil temperature at 30 cm", low=-60, high=70),
)
"""Every column, in the order of the portal's export.

The service sends them all but ``icsrQcflg``; its ``rnum`` counts the rows of an answer and is not stored.
"""

_KIND_OF_TYPE: dict[pa.DataType, FieldKind] = {
    pa.timestamp("s"): "stamp",
    pa.string(): "text",
    pa.int64(): "integer",
    pa.int8(): "integer",
    pa.float64(): "number",
}


def _parameters(chunk: Chunk, page: int) -> tuple[tuple[str, str], ...]:
    (station,) = chunk.key
    return (
        ("pageNo", str(page)),
        ("numOfRows", str(ROWS_PER_PAGE)),
        ("dataType", "JSON"),
        ("dataCd", "ASOS"),
        ("dateCd", "HR"),
        ("startDt", f"{chunk.first:%Y%m%d}"),
        ("startHh", "00"),
        ("endDt", f"{chunk.last:%Y%m%d}"),
        ("endHh", "23"),
        ("stnIds", station),
    )


def _chunk_of(asked: Mapping[str, str]) -> tuple[tuple[str, ...], date, date]:
    return (asked["stnIds"],), compact_day(asked["startDt"]), compact_day(asked["endDt"])


ASOS = Dataset(
    name="asos",
    job="weather",
    max_age=timedelta(hours=36),
    label=Label("Weather", "기상 관측"),
    table=Table(
        name="weather_asos",
        columns=COLUMNS,
        series=("stnId",),
        stamp="tm",
        names=("stnNm",),
    ),
    own_service=Service(
        path="1360000/AsosHourlyInfoService/getWthrDataList",
        asks_for_series=True,
        pieces=partial(days_apart, most=LONGEST_CHUNK),
        parameters=_parameters,
        chunk_of=_chunk_of,
        rows_per_page=ROWS_PER_PAGE,
        most_pages=100,
        is_last=ends_by_total,
        series_setting="asos_stations",
        fields=(
            *(
                PayloadField(
                    column.name, _KIND_OF_TYPE[column.arrow_type], column.arrow_type, required=column.name in KEYS
                )
                for column in COLUMNS
                if column.name != "icsrQcflg"
            ),
            PayloadField("rnum", "ignored", pa.null()),
        ),
    ),
)
"""The dataset; a column ``<field>_provenance`` stands in its table beside each field ever imputed."""

_UNIT_OR_BLANK = re.compile(r"\([^)]*\)?|\s")


def _bare(heading: str) -> str:
    """Return the heading without its unit and blanks, which exports spell in several ways."""
    return _UNIT_OR_BLANK.sub("", heading)


ASOS_COLUMNS = {column.name: column for column in COLUMNS}
"""The columns by name."""

_BY_BARE_HEADING = {
    **{column.name: column for column in COLUMNS},
    **{_bare(column.heading): column for column in COLUMNS},
}


def column_of_heading(heading: str) -> Column | None:
    """Return the column that a heading names, or None where the heading is unknown.

    Parameters
    ----------
    heading : str
        A heading of the portal's export, with its unit in any spelling or without, or a field name.

    Returns
    -------
    Column or None
        The column.

    Examples
    --------
    >>> column_of_heading(" 일사(MJ/m^2)").name
    'icsr'
    >>> column_of_heading("기온 QC플래그").name
    'taQcflg'
    >>> column_of_heading("비고") is None
    True
    """
    return _BY_BARE_HEADING.get(_bare(heading))


@lru_cache
def column_of_frame(name: object) -> Column | None:
    """Return the column that a frame names so: by the name of its field, or by a heading of the portal's export.

    Headings are taken as `column_of_heading` does, but not with another unit than the field's. A field's name with a
    unit behind it is another column's.

    Examples
    --------
    >>> column_of_frame("기온(°C)").name, column_of_frame("ta").name
    ('ta', 'ta')
    >>> column_of_frame("ta(K)"), column_of_frame("기온(K)")
    (None, None)
    """
    if not isinstance(name, str):
        return None
    if name in ASOS_COLUMNS or _bare(name) in ASOS_COLUMNS:
        return ASOS_COLUMNS.get(name)
    column = column_of_heading(name)
    return column if column is not None and _unit(name) in ("", _unit(column.heading)) else None


def _unit(heading: str) -> str:
    """Return what stands in parentheses, in one spelling: ``c`` for ``(°C)`` and ``( ℃ )``."""
    return re.sub(r"[^\w%/]", "", normalize("NFKC", heading.partition("(")[2].replace("º", "")).lower())


STATIONS = {
    90: "속초", 93: "북춘천", 95: "철원", 98: "동두천", 99: "파주", 100: "대관령", 101: "춘천", 102: "백령도",
    104: "북강릉", 105: "강릉", 106: "동해", 108: "서울", 112: "인천", 114: "원주", 115: "울릉도", 119: "수원",
    121: "영월", 127: "충주", 129: "서산", 130: "울진", 131: "청주", 133: "대전", 135: "추풍령", 136: "안동",
    137: "상주", 138: "포항", 140: "군산", 143: "대구", 146: "전주", 152: "울산", 155: "창원", 156: "광주",
    159: "부산", 162: "통영", 165: "목포", 168: "여수", 169: "흑산도", 170: "완도", 172: "고창", 174: "순천",
    177: "홍성", 184: "제주", 185: "고산", 188: "성산", 189: "서귀포", 192: "진주", 201: "강화", 202: "양평",
    203: "이천", 211: "인제", 212: "홍천", 216: "태백", 217: "정선군", 221: "제천", 226: "보은", 232: "천안",
    235: "보령", 236: "부여", 238: "금산", 239: "세종", 243: "부안", 244: "임실", 245: "정읍", 247: "남원",
    248: "장수", 251: "고창군", 252: "영광군", 253: "김해시", 254: "순창군", 255: "북창원", 257: "양산시",
    258: "보성군", 259: "강진군", 260: "장흥", 261: "해남", 262: "고흥", 263: "의령군", 264: "함양군",
    266: "광양시", 268: "진도군", 271: "봉화", 272: "영주", 273: "문경", 276: "청송군", 277: "영덕",
    278: "의성", 279: "구미", 281: "영천", 283: "경주시", 284: "거창", 285: "합천", 288: "밀양", 289: "산청",
    294: "거제", 295: "남해",
}  # fmt: skip
"""Numbers and names of the 95 stations."""
