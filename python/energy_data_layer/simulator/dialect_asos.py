"""The dialect of the hourly observations: JSON, or XML on request; every value is a text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.simulator.dialect import NO_ITEMS, NO_PAGE, Dialect, Item, Page, counters, listed
from energy_data_layer.simulator.messages import (
    JSON_TYPE,
    OTHER_ERROR,
    WRONG_PARAMETER,
    XML_TYPE,
    Parameters,
    Refusal,
    Response,
    elements,
    json_bytes,
    xml_bytes,
)
from energy_data_layer.simulator.observations import hours_between, observations

MOST_ROWS = 999
UP_TO_YESTERDAY = "전날 자료까지 제공됩니다."
_NORMAL = {"resultCode": "00", "resultMsg": "NORMAL_SERVICE"}
_LAST_HOUR = 23


class AsosDialect(Dialect):
    """How the service of the hourly observations is asked and how it answers."""

    service = "asos"
    path = "/1360000/AsosHourlyInfoService/getWthrDataList"
    vanishing = "vs"

    def page(self) -> Page:
        """Return the rows of a station from one hour to another."""
        number, size = self.asked.number("pageNo", 1), self.asked.number("numOfRows", 10, most=MOST_ROWS)
        if (self.asked.text("dataCd"), self.asked.text("dateCd")) != ("ASOS", "HR"):
            raise Refusal(WRONG_PARAMETER)
        if self.asked.text("dataType", "XML") not in {"JSON", "XML"}:
            raise Refusal(WRONG_PARAMETER)
        first, last = self.asked.days("startDt", "endDt")
        hours = [self.asked.number(name, least=0, most=_LAST_HOUR) for name in ("startHh", "endHh")]
        station = self.asked.number("stnIds")
        if last >= self.options.day_in_korea():
            raise Refusal(OTHER_ERROR, UP_TO_YESTERDAY)
        start, end = (
            np.datetime64(day, "s") + np.timedelta64(hour, "h") for day, hour in zip((first, last), hours, strict=True)
        )
        rows = hours_between(observations(station, first, last, self.options), start, end)
        offset = (number - 1) * size
        return Page(_items(rows.slice(offset, size), offset + 1), number, size, rows.num_rows)

    def good(self, page: Page) -> Response:
        """Return the answer in the format that is asked for."""
        numbers = counters(page, self.options, "totalCount")
        if _wants_json(self.asked):
            body = {"dataType": "JSON", "items": {"item": listed(page.items, self.options)}, **numbers}
            return _json({"header": _NORMAL, "body": body}, "00")
        rows = "".join(f"<item>{elements(item)}</item>" for item in page.items)
        return _xml(_NORMAL, f"<body><dataType>XML</dataType><items>{rows}</items>{elements(numbers)}</body>")

    def no_data(self) -> Response:
        """Return code 03 without a body, or a body without items."""
        if self.options.no_data_as == "code":
            return self.refused(Refusal("03", "NO_DATA"))
        numbers = counters(NO_PAGE, self.options, "totalCount")
        if _wants_json(self.asked):
            body = {"dataType": "JSON", "items": NO_ITEMS[self.options.no_data_as], **numbers}
            return _json({"header": _NORMAL, "body": body}, "00")
        return _xml(_NORMAL, f"<body><dataType>XML</dataType><items/>{elements(numbers)}</body>")

    def refused(self, refusal: Refusal) -> Response:
        """Return a header alone."""
        header = {"resultCode": refusal.code, "resultMsg": refusal.text}
        return _json({"header": header}, refusal.code) if _wants_json(self.asked) else _xml(header, "")

    def retype(self, item: Item) -> None:
        """Make the temperature a number, which XML cannot tell from a text, or null where it is blank."""
        item["ta"] = float(item["ta"]) if item["ta"] else None


def _wants_json(asked: Parameters) -> bool:
    return asked.texts.get("dataType", "").strip() == "JSON"


def _json(response: dict[str, Any], code: str) -> Response:
    return Response(json_bytes({"response": response}), JSON_TYPE, code=code)


def _xml(header: dict[str, str], body: str) -> Response:
    content = f"<header>{elements(header)}</header>{body}"
    return Response(xml_bytes("response", content), XML_TYPE, code=header["resultCode"])


def _items(rows: pa.Table, first_number: int) -> list[Item]:
    """Return rows as the service writes them: texts, blank for missing."""
    columns = {name: _as_texts(rows[name]) for name in rows.column_names}
    numbers = map(str, range(first_number, first_number + rows.num_rows))
    ordered = {"tm": columns.pop("tm"), "rnum": list(numbers), **columns}
    return [dict(zip(ordered, row, strict=True)) for row in zip(*ordered.values(), strict=True)]


def _as_texts(values: pa.ChunkedArray) -> list[str]:
    texts = values.cast(pa.string())
    if pa.types.is_timestamp(values.type):
        texts = pc.utf8_slice_codeunits(texts, 0, len("YYYY-MM-DD HH:MM"))
    filled: list[str] = pc.fill_null(texts, "").to_pylist()
    return filled
