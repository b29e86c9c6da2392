"""Made-up answers of the three services as they are when all goes well, the same for the same seed."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

STATIONS = {90: "속초", 108: "서울", 119: "수원", 133: "대전", 159: "부산", 184: "제주"}
PLANTS = {"1001": "한빛 풍력", "1002": "바람언덕", "2001": "해오름 태양광"}
FORMS = {"asos": ("json", "xml"), "namdong_wind": ("json",), "nambu_solar": ("json", "xml")}

FLAGGED = {"ta", "rn", "ws", "wd", "hm", "pa", "ps", "ss", "ts"}
QUANTITIES = {
    "ta": (12, 9, 1), "rn": (1, 2, 1), "ws": (2.5, 1.5, 1), "wd": (180, 90, 0), "hm": (60, 20, 0), "pv": (9, 5, 1),
    "td": (4, 8, 1), "pa": (1003, 7, 1), "ps": (1014, 7, 1), "ss": (0.5, 0.4, 1), "icsr": (1.1, 0.9, 2),
    "dsnw": (2, 3, 1), "hr3Fhsc": (1, 1, 1), "dc10Tca": (5, 3, 0), "dc10LmcsCa": (4, 3, 0), "clfmAbbrCd": None,
    "lcsCh": (10, 5, 0), "vs": (1500, 600, 0), "gndSttCd": (3, 1, 0), "dmstMtphNo": (20, 9, 0), "ts": (13, 11, 1),
    "m005Te": (13, 8, 1), "m01Te": (13, 7, 1), "m02Te": (13, 6, 1), "m03Te": (13, 5, 1),
}  # fmt: skip
"""Mean, spread and decimals; None is a text."""

MOSTLY_BLANK = {"rn": 0.9, "ss": 0.5, "icsr": 0.5, "dsnw": 0.97, "hr3Fhsc": 0.98, "gndSttCd": 0.95, "dmstMtphNo": 0.9}
SIGNED = {"ta", "td", "ts", "m005Te", "m01Te", "m02Te", "m03Te"}
CLOUDS = ["", "Sc", "ScAs", "CiCc", "Cu"]


def asos_items(count: int, seed: int = 0) -> list[dict[str, str]]:
    """Return hourly observations of a few stations, station by station."""
    random = np.random.default_rng(seed)
    columns: dict[str, list[str]] = {
        "tm": _stamps(count),
        "rnum": [str(row + 1) for row in range(count)],
        "stnId": [str(list(STATIONS)[row * len(STATIONS) // count]) for row in range(count)],
        "stnNm": [list(STATIONS.values())[row * len(STATIONS) // count] for row in range(count)],
    }
    for name, quantity in QUANTITIES.items():
        if quantity is None:
            columns[name] = random.choice(CLOUDS, count).tolist()
            continue
        mean, spread, decimals = quantity
        numbers = np.round(random.normal(mean, spread, count), decimals)
        numbers = numbers if name in SIGNED else np.abs(numbers)
        blank = random.random(count) < MOSTLY_BLANK.get(name, 0.01)
        columns[name] = ["" if gone else f"{number:.{decimals}f}" for number, gone in zip(numbers, blank, strict=True)]
        if name in FLAGGED:
            columns[f"{name}Qcflg"] = random.choice(["", "9", "1"], count, p=[0.96, 0.03, 0.01]).tolist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def wind_items(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Return days of wind farms, whose numbers come as numbers or as texts."""
    random = np.random.default_rng(seed)
    items = []
    for row in range(count):
        hours = np.round(np.abs(random.normal(900, 500, 24)), 2)
        as_sent = str if random.random() < 0.3 else float
        code = list(PLANTS)[int(random.integers(len(PLANTS)))]
        day = str(np.datetime64("2023-11-20") + row)
        items.append(
            {
                "dgenYmd": day.replace("-", "") if seed % 2 else day,
                "ippt": int(code) if as_sent is float else code,
                "hogi": str(int(random.integers(1, 9))),
                "ipptNam": PLANTS[code],
                **{f"qhorGen{hour + 1:02}": as_sent(value) for hour, value in enumerate(hours)},
                "qsum": as_sent(round(float(hours.sum()), 2)),
                "qavg": as_sent(round(float(hours.mean()), 2)),
                "qvodMax": as_sent(hours.max()),
                "qvodMin": as_sent(hours.min()),
            }
        )
    return items


def solar_items(count: int, seed: int = 0) -> list[dict[str, str]]:
    """Return days of solar plants; at night some hours are blank and some zero."""
    random = np.random.default_rng(seed)
    items = []
    for row in range(count):
        hours = np.round(np.clip(random.normal(200, 150, 24) * np.sin(np.linspace(-1.5, 4.6, 24)), 0, None), 3)
        code = list(PLANTS)[int(random.integers(len(PLANTS)))]
        daily = {"gen": hours.sum(), "avg": hours.mean(), "max": hours.max(), "min": hours.min()}
        items.append(
            {
                "ymd": str(np.datetime64("2022-08-21") + row),
                "gencd": code,
                **({"ipptnm": PLANTS[code]} if seed % 3 else {}),
                "hogi": str(int(random.integers(1, 5))),
                **{f"qvod{name}": f"{value:.3f}" for name, value in daily.items()},
                **{
                    f"qhorgen{hour + 1:02}": "" if value == 0 and random.random() < 0.2 else f"{value:g}"
                    for hour, value in enumerate(hours)
                },
            }
        )
    return items


ITEMS = {"asos": asos_items, "namdong_wind": wind_items, "nambu_solar": solar_items}


def body(source: str, items: list[dict[str, Any]], form: str = "json", page_no: int = 1) -> bytes:
    """Return the body of a page with these items."""
    header = {"resultCode": "00", "resultMsg": "NORMAL_SERVICE"}
    numbers = {"pageNo": page_no, "numOfRows": 999, "totalCount": len(items)}
    if form == "xml":
        return _xml_body(header, items, numbers | ({"totalCnt": len(items)} if source == "nambu_solar" else {}))
    if source == "namdong_wind":
        document: dict[str, Any] = {"reponse": {"body": {"content": items, "last": True}}}
    else:
        content = {"dataType": "JSON", "items": {"item": items}, **numbers}
        document = {"response": {"header": header, "body": content}}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def page(source: str, form: str = "json", items: int = 24, seed: int = 0) -> bytes:
    """Return the body of a page with made-up items."""
    return body(source, ITEMS[source](items, seed), form)


ODD_NUMBERS = [".6", "-.8", "+5.", "1e-3", "-0", "\u3000", " 7 ", "-", "nan", "1,000", "9007199254740993", "4.9e-324"]


def odd_page(source: str, form: str = "json") -> bytes:
    """Return the body of a page whose numbers come in every spelling, with unknown fields and without known ones."""
    items: list[dict[str, Any]] = ITEMS[source](len(ODD_NUMBERS), 1)
    numbers = [name for name in ("ta", "taQcflg", "qhorGen03", "qsum", "qhorgen03", "qvodmax") if name in items[0]]
    for row, item in enumerate(items):
        item.update(dict.fromkeys(numbers, ODD_NUMBERS[row]))
        if row % 3 == 0:
            item["newField"] = "x"
        if row % 4 == 1:
            del item[list(item)[5]]
        if row % 4 == 2 and form == "json":
            item[list(item)[6]] = None
    return body(source, items, form, page_no=7)


def asos_body(size: int, form: str = "json", seed: int = 0) -> bytes:
    """Return a body of hourly observations of about `size` bytes."""
    few = 50
    empty = len(body("asos", [], form))
    bytes_per_item = (len(page("asos", form, few, seed)) - empty) / few
    return page("asos", form, max(1, round((size - empty) / bytes_per_item)), seed)


def _stamps(count: int) -> list[str]:
    hours = np.datetime64("2024-01-01T00:00", "m") + np.arange(count) * np.timedelta64(60, "m")
    return [text.replace("T", " ") for text in np.datetime_as_string(hours).tolist()]


def _xml_body(header: dict[str, str], items: list[dict[str, Any]], numbers: dict[str, int]) -> bytes:
    rows = "".join(f"<item>{_elements(item)}</item>" for item in items)
    text = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f"<response><header>{_elements(header)}</header>"
        f"<body><items>{rows}</items>{_elements(numbers)}</body></response>"
    )
    return text.encode()


def _elements(members: dict[str, Any]) -> str:
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in members.items())
