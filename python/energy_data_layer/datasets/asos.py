"""Hourly observations of the ASOS stations, by station and up to 41 days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.datasets import chunks as cut
from energy_data_layer.datasets.chunks import Chunk, compact_day
from energy_data_layer.datasets.dataset import ServiceRequest, Source
from energy_data_layer.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from energy_data_layer.datasets.dataset import PageInfo

LONGEST_CHUNK = 41
"""Days whose hours fit into one page."""


class AsosSource(Source):
    """The service of hourly observations; its pages end by the announced total."""

    name = "asos"
    stamp_column = "tm"
    hour_label = "start"
    rows_per_page = 999
    most_pages = 100

    def request(self, chunk: Chunk, page: int) -> ServiceRequest:
        """Return the request for a page of a station's days."""
        (station,) = chunk.key
        return ServiceRequest(
            self.name,
            (
                ("pageNo", str(page)),
                ("numOfRows", str(self.rows_per_page)),
                ("dataType", "JSON"),
                ("dataCd", "ASOS"),
                ("dateCd", "HR"),
                ("startDt", f"{chunk.first:%Y%m%d}"),
                ("startHh", "00"),
                ("endDt", f"{chunk.last:%Y%m%d}"),
                ("endHh", "23"),
                ("stnIds", station),
            ),
        )

    def chunk_of(self, request: ServiceRequest) -> Chunk:
        """Return a station's days."""
        asked = dict(request.parameters)
        return Chunk(self.name, (asked["stnIds"],), compact_day(asked["startDt"]), compact_day(asked["endDt"]))

    def is_last(self, chunk: Chunk, page: int, info: PageInfo, items_so_far: int) -> bool:  # noqa: ARG002
        """Tell whether the total is reached."""
        return self.ends_by_total(info, items_so_far)


SOURCE = AsosSource()
"""The service."""

_split = partial(cut.days_apart, most=LONGEST_CHUNK)


def chunks(stations: Iterable[int], since: date, until: date, *, today: date | None = None) -> list[Chunk]:
    """Return what to ask for the days of stations.

    Parameters
    ----------
    stations : iterable of int
        Numbers of stations, such as those of `STATIONS`.
    since, until : date
        The days, both included.
    today : date, optional
        The day that the service does not have yet; by default the one that it is in Korea.

    Raises
    ------
    OptionError
        If the range ends before it begins, or reaches today or beyond: the observations reach up to yesterday.

    Examples
    --------
    >>> from datetime import date
    >>> [chunk.label for chunk in chunks([108], date(2024, 1, 1), date(2024, 2, 29))]
    ['asos 108 2024-01-01..2024-02-10', 'asos 108 2024-02-11..2024-02-29']
    """
    found = cut.chunks_of_range(SOURCE.name, [(str(int(station)),) for station in stations], since, until, _split)
    _refuse_today(until, today)
    return found


def chunks_of_days(
    keys_and_days: Iterable[tuple[tuple[int | str, ...], date]], *, today: date | None = None
) -> list[Chunk]:
    """Return what to ask for single days of stations; days with at most three others between them share a chunk.

    Parameters
    ----------
    keys_and_days : iterable of ((station,), date)
        The days.
    today : date, optional
        As for `chunks`.

    Raises
    ------
    OptionError
        If one of the days is today or later.
    """
    found = cut.chunks_of_days(SOURCE.name, ((tuple(map(str, key)), day) for key, day in keys_and_days), _split)
    for chunk in found:
        _refuse_today(chunk.last, today)
    return found


def _refuse_today(until: date, today: date | None) -> None:
    today = today or cut.today_in_korea()
    if until >= today:
        raise OptionError(
            f"the observations reach up to yesterday, and {until} is asked for while it is {today} in Korea; "
            "ask for an earlier day"
        )


@dataclass(frozen=True, slots=True)
class AsosColumn:
    """One column of the observations.

    Attributes
    ----------
    field : str
        The API's field name, which is the column's name in every table.
    heading : str
        The heading of the portal's CSV export.
    arrow_type : pyarrow.DataType
        The type in a table.
    unit : str
        The unit, empty where there is none.
    meaning : str
        What is observed.
    blank_means : str
        What a blank says where it is an observation and not a failure, else empty.
    """

    field: str
    heading: str
    arrow_type: pa.DataType
    unit: str
    meaning: str
    blank_means: str = ""


def _number(field: str, heading: str, unit: str, meaning: str, blank_means: str = "") -> AsosColumn:
    return AsosColumn(field, heading, pa.float64(), unit, meaning, blank_means)


def _code(field: str, heading: str, meaning: str) -> AsosColumn:
    return AsosColumn(field, heading, pa.string(), "", meaning)


def _flag(field: str, heading: str) -> AsosColumn:
    meaning = f"quality of {field}: 9 missing, 1 suspect, blank normal"
    return AsosColumn(f"{field}Qcflg", f"{heading} QC플래그", pa.int8(), "", meaning, "normal")


ASOS_COLUMNS = (
    AsosColumn("stnId", "지점", pa.int64(), "", "number of the station"),
    AsosColumn("stnNm", "지점명", pa.string(), "", "name of the station"),
    AsosColumn("tm", "일시", pa.timestamp("s"), "", "time of the observation, KST"),
    _number("ta", "기온(°C)", "°C", "air temperature"),
    _flag("ta", "기온"),
    _number("rn", "강수량(mm)", "mm", "precipitation", blank_means="no precipitation"),
    _flag("rn", "강수량"),
    _number("ws", "풍속(m/s)", "m/s", "wind speed"),
    _flag("ws", "풍속"),
    _number("wd", "풍향(16방위)", "degrees", "wind direction on 16 points, 0 is calm, 360 is north"),
    _flag("wd", "풍향"),
    _number("hm", "습도(%)", "%", "relative humidity"),
    _flag("hm", "습도"),
    _number("pv", "증기압(hPa)", "hPa", "vapour pressure"),
    _number("td", "이슬점온도(°C)", "°C", "dew point temperature"),
    _number("pa", "현지기압(hPa)", "hPa", "air pressure at the station"),
    _flag("pa", "현지기압"),
    _number("ps", "해면기압(hPa)", "hPa", "air pressure at sea level"),
    _flag("ps", "해면기압"),
    _number("ss", "일조(hr)", "h", "sunshine duration", blank_means="night"),
    _flag("ss", "일조"),
    _number("icsr", "일사(MJ/m2)", "MJ/m²", "solar radiation", blank_means="night"),
    _flag("icsr", "일사"),
    _number("dsnw", "적설(cm)", "cm", "snow depth", blank_means="no snow"),
    _number("hr3Fhsc", "3시간신적설(cm)", "cm", "new snow of three hours"),
    _number("dc10Tca", "전운량(10분위)", "tenths", "total cloud cover"),
    _number("dc10LmcsCa", "중하층운량(10분위)", "tenths", "cloud cover of the middle and low levels"),
    _code("clfmAbbrCd", "운형(운형약어)", "cloud types, abbreviated"),
    _number("lcsCh", "최저운고(100m )", "100 m", "height of the lowest cloud base"),
    _number("vs", "시정(10m)", "10 m", "visibility"),
    _code("gndSttCd", "지면상태(지면상태코드)", "state of the ground"),
    _code("dmstMtphNo", "현상번호(국내식)", "weather phenomena, national numbers"),
    _number("ts", "지면온도(°C)", "°C", "ground surface temperature"),
    _flag("ts", "지면온도"),
    _number("m005Te", "5cm 지중온도(°C)", "°C", "soil temperature at 5 cm"),
    _number("m01Te", "10cm 지중온도(°C)", "°C", "soil temperature at 10 cm"),
    _number("m02Te", "20cm 지중온도(°C)", "°C", "soil temperature at 20 cm"),
    _number("m03Te", "30cm 지중온도(°C)", "°C", "soil temperature at 30 cm"),
)
"""Every column, in the order of the portal's export.

The API sends them all but ``icsrQcflg``; its ``rnum`` counts the rows of an answer and is not stored.
"""

ASOS_BY_FIELD = {column.field: column for column in ASOS_COLUMNS}
"""The columns by field name."""

ASOS_KEYS = ("stnId", "stnNm", "tm")
"""The fields that every row needs."""

_UNIT_OR_BLANK = re.compile(r"\([^)]*\)?|\s")


def _bare(heading: str) -> str:
    """Return the heading without its unit and blanks, which exports spell in several ways."""
    return _UNIT_OR_BLANK.sub("", heading)


_BY_BARE_HEADING = {
    **{column.field: column for column in ASOS_COLUMNS},
    **{_bare(column.heading): column for column in ASOS_COLUMNS},
}


def column_of_heading(heading: str) -> AsosColumn | None:
    """Return the column that a heading names, or None where the heading is unknown.

    Parameters
    ----------
    heading : str
        A heading of the portal's export, with its unit in any spelling or without, or a field name.

    Returns
    -------
    AsosColumn or None
        The column.

    Examples
    --------
    >>> column_of_heading(" 일사(MJ/m^2)").field
    'icsr'
    >>> column_of_heading("기온 QC플래그").field
    'taQcflg'
    >>> column_of_heading("비고") is None
    True
    """
    return _BY_BARE_HEADING.get(_bare(heading))


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
