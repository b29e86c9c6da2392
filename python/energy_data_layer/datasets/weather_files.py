"""Files of observations: what KMA's API hub calls and writes otherwise, and files that are known not to fit."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column of a file that is one of the table's.

    Attributes
    ----------
    name : str
        Its name in the table.
    factor : float
        What brings its values to the unit of the table.
    missing_values : tuple of str
        What stands for a missing value.
    """

    name: str
    factor: float = 1.0
    missing_values: tuple[str, ...] = ("-9", "-99", "-99.9", "-999", "-9999", "-")


def _temperature(name: str) -> FileColumn:
    # -9 °C is a temperature; deep in the soil of Korea it is not.
    return FileColumn(name, missing_values=("-99", "-99.9", "-999", "-9999"))


HUB_COLUMNS = {
    "TM": FileColumn("tm", missing_values=()),
    "STN": FileColumn("stnId", missing_values=()),
    "TA": _temperature("ta"),
    "RN": FileColumn("rn"),
    "WS": FileColumn("ws"),
    "WD": FileColumn("wd", 10.0),
    "HM": FileColumn("hm"),
    "PV": FileColumn("pv"),
    "TD": _temperature("td"),
    "PA": FileColumn("pa"),
    "PS": FileColumn("ps"),
    "SS": FileColumn("ss"),
    "SI": FileColumn("icsr"),
    "SD_TOT": FileColumn("dsnw"),
    "SD_HR3": FileColumn("hr3Fhsc"),
    "CA_TOT": FileColumn("dc10Tca"),
    "CA_MID": FileColumn("dc10LmcsCa"),
    "CT": FileColumn("clfmAbbrCd"),
    "CH_MIN": FileColumn("lcsCh"),
    "VS": FileColumn("vs"),
    "ST_GD": FileColumn("gndSttCd"),
    "TS": _temperature("ts"),
    "TE_005": _temperature("m005Te"),
    "TE_01": _temperature("m01Te"),
    "TE_02": FileColumn("m02Te"),
    "TE_03": FileColumn("m03Te"),
}
"""The columns of the hub by their headings; the others (gusts, tendencies, sums of days) have no place in the table."""

HUB_HEADING = (
    "TM,STN,WD,WS,GST_WD,GST_WS,GST_TM,PA,PS,PT,PR,TA,TD,HM,PV,RN,RN_DAY,RN_JUN,RN_INT,SD_HR3,SD_DAY,SD_TOT,WC,WP,WW,"
    "CA_TOT,CA_MID,CH_MIN,CT,CT_TOP,CT_MID,CT_LOW,VS,SS,SI,ST_GD,TS,TE_005,TE_01,TE_02,TE_03,ST_SEA,WH,BF,IR,IX"
)
"""The columns of the text answer in their order; its own headings, behind ``#``, stand in two lines."""

RECIPES = "docs/weather_files.md shows how to read and fill other files"
"""Where a file leads that has no place in the table."""

_OTHER_FILES = {
    r"MESS_DATUM.*\b(TMK|SDK|RSK|TXK)\b": (
        "a daily file of DWD, a row per day: nothing in it tells the hours; take the hourly files of the station "
        "(produkt_tu_stunde and the like)"
    ),
    r"MESS_DATUM": f"a file of DWD, whose stations and hours (UTC) are not KMA's; {RECIPES}",
    r'^"?STATION"?,"?DATE"?,': f"a file of NOAA (ISD or LCD), whose stations and hours are not KMA's; {RECIPES}",
    r"^ *\d{5} +\d{8} +\d{4} +\d{8} +\d{4} ": f"a file of NOAA's CRN, of every five minutes or hour; {RECIPES}",
    r"^(date,hour|time|),?temp,.*\bdwpt\b": f"a file of Meteostat, whose stations and hours are not KMA's; {RECIPES}",
    r"Date \(MM/DD/YYYY\),Time \(HH:MM\)": f"a typical year (TMY3), made of months of several years; {RECIPES}",
    r"^[^,]*,?Year,Month,Day,Hour,Minute": f"a file of NSRDB, with a column for each part of the stamp; {RECIPES}",
    r"^variable_name,.*\nheight,": f"a weather file of windpowerlib, of one place in two lines of headings; {RECIPES}",
    r"(평균|최고|최저) ?기온": "a daily export of the portal; take the hourly one (시간 자료)",
}


def other_file(text: str) -> str | None:
    """Return what a file is, by its first lines, where it is known and has no place in the table.

    Examples
    --------
    >>> other_file("STATIONS_ID;MESS_DATUM;TT_TU;RF_TU;eor")[:14]
    'a file of DWD,'
    """
    return next((what for form, what in _OTHER_FILES.items() if re.search(form, text, re.MULTILINE)), None)
