"""Made-up files of hourly generation: seeded, plausible, in the dialects of publishers and with their faults."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from energy_data_layer.datasets.layout import HOURS
from energy_data_layer.simulator.signals import Hours, Values, solar_kwh, wind_kwh

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

DAYS = np.arange("2024-01-01", "2024-04-01", dtype="datetime64[D]")
"""The days of the files."""

TWO_DIGIT_HOURS = [f"{hour:02d}시" for hour in range(1, HOURS + 1)]


def write_generation_sample(folder: str | PathLike[str], *, seed: int = 0) -> list[Path]:
    """Write four made-up files of three months, a row per plant and day, as publishers write them.

    =========  ============  ============================================================================
    publisher  layout        faults
    =========  ============  ============================================================================
    KOEN       wind file     leading blanks, newest day first, a comma at each line's end, MWh in the
                             headings over kWh, a row that is there twice
    KOSPO      solar file    no name of the plant, unit both ``1`` and ``1 ``, a blank hour, a ``-``, a
                             daily total that its hours do not add up to, a line that breaks off
    EWP        sites file    UTF-8 with a byte order mark, CRLF, quoted thousands, Wh, a 30th of February,
                             an empty last line
    WP         solar file    Wh in January and February, kWh in March, without a word; a day so dull that
                             its unit stays open; two different rows for one plant and day
    =========  ============  ============================================================================

    Parameters
    ----------
    folder : path
        Where the files go; it is made where it is absent, and files of the same names are replaced.
    seed : int
        Another seed makes other weather.

    Returns
    -------
    list of pathlib.Path
        The files.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [path.name for path in write_generation_sample(folder)][0]
    '한국남동발전_가상_풍력_발전실적.csv'
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    makers = {
        "한국남동발전_가상_풍력_발전실적.csv": _koen_wind_file,
        "한국남부발전(주)_가상소내 태양광발전실적_20240331.csv": _kospo_solar_file,
        "한국동서발전(주)_가상 태양광 발전량_20240331.csv": _ewp_sites_file,
        "한국서부발전(주)_가상 태양광 현황_20240331.csv": _wp_solar_file,
    }
    for number, (name, made) in enumerate(makers.items(), start=1):
        (target / name).write_bytes(made(np.random.default_rng([seed, number])))
    return [target / name for name in makers]


def _koen_wind_file(rng: np.random.Generator) -> bytes:
    hours = [f"{' ' * (hour <= 2)}{hour}시 발전량(MWh)" for hour in range(1, HOURS + 1)]
    rows = []
    for unit, capacity in (("1", 2000.0), ("2", 3000.0)):
        for day, kwh in zip(DAYS, _days(wind_kwh, capacity, rng), strict=True):
            numbers = map(_number, (*kwh, kwh.sum(), kwh.mean()))
            rows.append(["바람골풍력", unit, f" {day} 00:00:00", *numbers, " "])
    rows.sort(key=lambda row: row[2], reverse=True)
    rows.insert(40, rows[40])
    return _csv([["발전구분", " 호기", " 일자", *hours, "총량(KW)", " 평균(KW)", " "], *rows])


def _kospo_solar_file(rng: np.random.Generator) -> bytes:
    rows = []
    for number, (day, kwh) in enumerate(zip(DAYS, _days(solar_kwh, 120.0, rng), strict=True)):
        cells = [_number(kwh.sum()), _number(kwh.mean()), _number(kwh.max()), *map(_number, kwh)]
        rows.append([str(day), "1" if number < 60 else "1 ", *cells])
    rows[10][5 + 1] = ""
    rows[11][5 + 2] = "-"
    rows[20][2] = _number(float(rows[20][2]) + 5)
    rows[30] = rows[30][:20]
    headings = ["년월일", "호기", "총량(kw)", "평균(kw)", "최대(kw)", *map(str, range(1, HOURS + 1))]
    return _csv([headings, *rows])


def _ewp_sites_file(rng: np.random.Generator) -> bytes:
    rows = []
    for plant, megawatts in (("볕마을태양광", 0.7), ("물가수상태양광#1", 1.0)):
        for day, wh in zip(DAYS, np.round(_days(solar_kwh, 1000 * megawatts, rng) * 1000), strict=True):
            site = [str(day), str(megawatts), "127.10", "36.20", plant]
            rows.append([*site, *(f"{value:,.0f}" for value in wh), f"{wh.sum():,.0f} "])
    rows.insert(60, ["2024-02-30", *rows[59][1:]])
    headings = ["날짜", "설비용량(MW)", "경도", "위도", "발전기명", *TWO_DIGIT_HOURS, "합계"]
    return _csv([headings, *rows, [""] * len(headings)], "utf-8-sig", line_end="\r\n")


def _wp_solar_file(rng: np.random.Generator) -> bytes:
    rows: list[list[str]] = []
    for plant, megawatts in (("들녘태양광", 1.5), ("언덕태양광", 2.0)):
        kwh = _days(solar_kwh, 1000 * megawatts, rng)
        if not rows:
            kwh[15] = np.round(kwh[15] / 1000, 3)
        for day, hours in zip(DAYS, kwh, strict=True):
            in_kwh = day >= np.datetime64("2024-03-01")
            shown: Callable[[float], str] = _number if in_kwh else lambda value: f"{1000 * value:.0f}"
            rows.append([plant, str(day), str(megawatts), *map(shown, hours)])
    rows.append([*rows[100][:12], "123456", *rows[100][13:]])
    return _csv([["발전기명", "년월일", "설비용량(MW)", *TWO_DIGIT_HOURS], *rows])


def _days(
    kwh_of: Callable[[float, Hours, np.random.Generator], Values], capacity: float, rng: np.random.Generator
) -> Values:
    """Return the kWh of a plant, days by hours."""
    first = DAYS[0].astype("datetime64[h]")
    ends = np.arange(first + 1, first + HOURS * len(DAYS) + 1)
    return np.asarray(np.round(kwh_of(capacity, ends, rng), 3).reshape(-1, HOURS))


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _csv(rows: Sequence[Sequence[str]], encoding: str = "cp949", line_end: str = "\n") -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=line_end).writerows(rows)
    return text.getvalue().encode(encoding)
