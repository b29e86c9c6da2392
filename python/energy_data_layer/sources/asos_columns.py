"""The columns of the ASOS hourly observations: one table for the portal's export and for the API."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa


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
