"""The dialect of KOSPO's solar plants: XML, one row without ``<item>``, days that want a later end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.simulator.chance import chance
from energy_data_layer.simulator.dialect import NO_PAGE, Dialect, Item, Page, counters
from energy_data_layer.simulator.generation import PlantDay, plant_day, published_days
from energy_data_layer.simulator.messages import XML_TYPE, Refusal, Response, elements, xml_bytes

if TYPE_CHECKING:
    from datetime import date

    from energy_data_layer.simulator.options import SimulatorOptions
    from energy_data_layer.simulator.plants import Plant


class NambuSolarDialect(Dialect):
    """How the service of the solar plants is asked and how it answers."""

    service = "nambu_solar"
    path = "/B552520/PwrSunLightInfo/getDataService"
    vanishing = "qvodmin"

    def page(self) -> Page:
        """Return the days of a plant in a period, but for days that are answered only within a longer one."""
        number, size = self.asked.number("pageNo", 1), self.asked.number("numOfRows", 10)
        first, last = self.asked.days("strSdate", "strEdate")
        code, unit = self.asked.text("strOrgCd"), self.asked.text("strHoki")
        days = [
            (day, plant)
            for plant in self.options.solar_plants
            if (plant.code, plant.unit) == (code, unit)
            for day in published_days(plant, first, last, self.options)
            if day < last or not _wants_later_end(plant, day, self.options)
        ]
        offset = (number - 1) * size
        items = [_item(plant_day("solar", plant, day, self.options)) for day, plant in days[offset : offset + size]]
        return Page(items, number, size, len(days))

    def good(self, page: Page) -> Response:
        """Return the items, or the fields of the only one without ``<item>``."""
        rows = [elements(item) for item in page.items]
        content = rows[0] if len(rows) == 1 else "".join(f"<item>{row}</item>" for row in rows)
        header = {"resultCode": self.options.solar_result_code, "resultMsg": "NORMAL SERVICE"}
        return _answer(header, f"<items>{content}</items>{elements(counters(page, self.options, 'totalCnt'))}")

    def no_data(self) -> Response:
        """Return code 03 without a body, or a body without items."""
        if self.options.no_data_as == "code":
            return self.refused(Refusal("03"))
        numbers = counters(NO_PAGE, self.options, "totalCnt")
        header = {"resultCode": self.options.solar_result_code, "resultMsg": "NORMAL SERVICE"}
        return _answer(header, f"<items/>{elements(numbers)}")

    def refused(self, refusal: Refusal) -> Response:
        """Return a header alone."""
        return _answer({"resultCode": refusal.code, "resultMsg": refusal.text}, None)

    def retype(self, item: Item) -> None:
        """Make the mean a text that is no number: all values of XML are texts."""
        item["qvodavg"] = "점검중"


def _answer(header: dict[str, str], body: str | None) -> Response:
    content = f"<header>{elements(header)}</header>" + ("" if body is None else f"<body>{body}</body>")
    return Response(xml_bytes("response", content), XML_TYPE, code=header["resultCode"])


def _wants_later_end(plant: Plant, day: date, options: SimulatorOptions) -> bool:
    share = options.solar_next_day
    return share > 0 and chance(options.seed, "next day", plant.code, plant.unit, day) < share


def _item(day: PlantDay) -> Item:
    daily = {"gen": day.total, "avg": day.mean, "max": day.most, "min": day.least}
    return {
        "ymd": str(day.day),
        "gencd": day.plant.code,
        **({} if day.name is None else {"ipptnm": day.name}),
        "hogi": day.plant.unit,
        **{f"qvod{name}": _shown(value) for name, value in daily.items()},
        **{f"qhorgen{hour:02}": _shown(value) for hour, value in enumerate(day.hours, start=1)},
    }


def _shown(value: float | None) -> str:
    return "" if value is None else str(value)
