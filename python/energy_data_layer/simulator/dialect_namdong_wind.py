"""The dialect of KOEN's wind farms: JSON whose root is misspelt, pages that say whether they are the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from energy_data_layer.simulator.dialect import NO_ITEMS, Dialect, Item, Page, listed
from energy_data_layer.simulator.generation import PlantDay, plant_day, published_days
from energy_data_layer.simulator.messages import JSON_TYPE, Refusal, Response, gateway_xml, json_bytes

if TYPE_CHECKING:
    from energy_data_layer.simulator.options import SimulatorOptions


class NamdongWindDialect(Dialect):
    """How the service of the wind farms is asked and how it answers."""

    service = "namdong_wind"
    path = "/B551893/wind-power-by-hour/list"
    vanishing = "qvodMin"

    def page(self) -> Page:
        """Return the days of all farms in a period, day by day."""
        number, size = self.asked.number("page", 1), self.asked.number("size", 10)
        first, last = self.asked.days("startD", "endD")
        days = sorted(
            (day, position)
            for position, plant in enumerate(self.options.wind_plants)
            for day in published_days(plant, first, last, self.options)
        )
        offset = (number - 1) * size
        items = [
            _item(plant_day("wind", self.options.wind_plants[position], day, self.options), self.options)
            for day, position in days[offset : offset + size]
        ]
        return Page(items, number, size, len(days))

    def good(self, page: Page) -> Response:
        """Return the items."""
        return _answer(listed(page.items, self.options), page.is_last, self.options)

    def no_data(self) -> Response:
        """Return a list without items; this service has no code for it."""
        content = [] if self.options.no_data_as == "code" else NO_ITEMS[self.options.no_data_as]
        return _answer(content, True, self.options)

    def refused(self, refusal: Refusal) -> Response:
        """Return an error of the gateway: the service has no header to say it in."""
        return gateway_xml(refusal.code)

    def retype(self, item: Item) -> None:
        """Make the mean null: numbers and texts are both documented."""
        item["qavg"] = None


def _answer(content: Any, is_last: bool, options: SimulatorOptions) -> Response:
    body = {"content": content, **({"last": is_last} if options.wind_says_last else {})}
    return Response(json_bytes({"reponse": {"body": body}}), JSON_TYPE)


def _item(day: PlantDay, options: SimulatorOptions) -> Item:
    numbers = {
        **{f"qhorGen{hour:02}": value for hour, value in enumerate(day.hours, start=1)},
        "qsum": day.total,
        "qavg": day.mean,
        "qvodMax": day.most,
        "qvodMin": day.least,
    }
    return {
        "dgenYmd": day.day.strftime("%Y%m%d") if options.compact_days else str(day.day),
        "ippt": day.plant.code,
        "hogi": day.plant.unit,
        "ipptNam": day.name,
        **{name: _shown(value, options) for name, value in numbers.items()},
    }


def _shown(value: float | None, options: SimulatorOptions) -> float | str:
    if value is None:
        return ""
    return str(value) if options.numbers_as_text else value
