"""How each service is asked and how it answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.koen_wind import KOEN_WIND
from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR
from energy_data_layer.simulator.generation import plant_days
from energy_data_layer.simulator.messages import (
    OTHER_ERROR,
    WRONG_PARAMETER,
    Parameters,
    Refusal,
    Response,
    gateway_xml,
    json_response,
    xml_response,
)
from energy_data_layer.simulator.observations import observations
from energy_data_layer.simulator.sample_weather import hours_between
from energy_data_layer.simulator.signals import chance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from energy_data_layer.datasets.dataset import Dataset
    from energy_data_layer.simulator.options import SimulatorOptions

Item = dict[str, Any]

UP_TO_YESTERDAY = "전날 자료까지 제공됩니다."
NO_ITEMS: dict[str, Any] = {"code": [], "empty": {}, "null": None, "blank": ""}
"""What stands for items where there are none, by `SimulatorOptions.no_data_as`."""


@dataclass(frozen=True, slots=True)
class Page:
    """The items of a page and its place among the others."""

    items: Sequence[Item] = ()
    number: int = 1
    size: int = 10
    total: int = 0


class Dialect(ABC):
    """How a service is asked and how it answers one request: a header and a body in XML, if it does nothing else.

    Parameters
    ----------
    asked : Parameters
        The request.
    options : SimulatorOptions
        The options of the simulator.
    """

    dataset: ClassVar[Dataset]
    format = "XML"
    page_number, page_size = "pageNo", "numOfRows"
    days: ClassVar[tuple[str, str]]
    """The parameters of the first and the last day."""
    most_rows: ClassVar[int | None] = None
    no_data_text = ""
    vanishing: ClassVar[str]
    """The field that items lack where one has vanished."""

    def __init__(self, asked: Parameters, options: SimulatorOptions) -> None:
        self.asked = asked
        self.options = options

    @abstractmethod
    def items(self, first: date, last: date) -> list[Item]:
        """Return all items of a period, or raise `Refusal`."""

    @abstractmethod
    def good(self, items: Any, page: Page) -> Response:
        """Return the answer with the items of a page, or what stands for them where there are none."""

    @abstractmethod
    def retype(self, item: Item) -> None:
        """Make a value of an item another kind than documented."""

    def page(self) -> Page:
        """Return the items that are asked for, or raise `Refusal`."""
        number = self.asked.number(self.page_number, 1)
        size = self.asked.number(self.page_size, 10, most=self.most_rows)
        first, last = map(self.asked.day, self.days)
        if first > last:
            raise Refusal(WRONG_PARAMETER)
        items = self.items(first, last)
        return Page(items[(number - 1) * size : number * size], number, size, len(items))

    def answer(self, page: Page) -> Response:
        """Return the answer with the items of a page; where there are none, code 03, or a body without items."""
        if page.items:
            return self.good(page.items, page)
        if self.options.no_data_as == "code":
            return self.refused(Refusal("03", self.no_data_text))
        return self.good(NO_ITEMS[self.options.no_data_as], Page())

    def refused(self, refusal: Refusal) -> Response:
        """Return the answer to a request that is refused: a header alone."""
        return self.respond(refusal.code, refusal.text)

    def respond(self, code: str, text: str, **body: Any) -> Response:
        """Return a header, and a body if there is one."""
        response: dict[str, Any] = {"header": {"resultCode": code, "resultMsg": text}}
        if body:
            response["body"] = body
        write = json_response if self.format == "JSON" else xml_response
        return write({"response": response}, code)

    def counters(self, page: Page, total: str) -> dict[str, Any]:
        """Return what a page says of itself."""
        number = str if self.options.numbers_as_text else int
        return {"pageNo": number(page.number), "numOfRows": number(page.size), total: number(page.total)}

    def listed(self, items: Sequence[Item]) -> Any:
        """Return items as JSON has them: a list, or the one item alone where that is the service's way."""
        return items[0] if self.options.single_item_as_object and len(items) == 1 else items

    def drift(self, items: Sequence[Item], kind: str) -> None:
        """Make items other than documented, if the kind of fault does that."""
        for item in items:
            if kind in {"unknown_field", "drift"}:
                item["newField"] = "x"
            if kind in {"vanished_field", "drift"}:
                del item[self.vanishing]
            if kind in {"retyped_field", "drift"}:
                self.retype(item)


class AsosDialect(Dialect):
    """The hourly observations: JSON, or XML on request; every value is a text."""

    dataset = ASOS
    most_rows = 999
    days = ("startDt", "endDt")
    no_data_text = "NO_DATA"
    vanishing = "vs"

    def __init__(self, asked: Parameters, options: SimulatorOptions) -> None:
        super().__init__(asked, options)
        self.format = asked.text("dataType", "XML")

    def items(self, first: date, last: date) -> list[Item]:
        """Return the rows of a station from one hour to another, as texts that are blank for missing values."""
        asked = self.asked
        if (asked.text("dataCd"), asked.text("dateCd")) != ("ASOS", "HR") or self.format not in {"JSON", "XML"}:
            raise Refusal(WRONG_PARAMETER)
        start = np.datetime64(first, "h") + asked.number("startHh", least=0, most=23)
        end = np.datetime64(last, "h") + asked.number("endHh", least=0, most=23)
        station = asked.number("stnIds")
        if last >= self.options.day_in_korea():
            raise Refusal(OTHER_ERROR, UP_TO_YESTERDAY)
        rows = hours_between(observations(station, first, last, self.options), start, end)
        texts = {name: pc.fill_null(rows[name].cast(pa.string()), "").to_pylist() for name in rows.column_names}
        stamps = [stamp[: len("YYYY-MM-DD HH:MM")] for stamp in texts.pop("tm")]
        columns = {"tm": stamps, "rnum": map(str, range(1, rows.num_rows + 1)), **texts}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def good(self, items: Any, page: Page) -> Response:
        """Return the answer in the format that is asked for."""
        content = {"item": self.listed(items)} if page.items else items
        return self.respond(
            "00", "NORMAL_SERVICE", dataType=self.format, items=content, **self.counters(page, "totalCount")
        )

    def retype(self, item: Item) -> None:
        """Make the temperature a number, which XML cannot tell from a text, or null where it is blank."""
        item["ta"] = float(item["ta"]) if item["ta"] else None


class NamdongWindDialect(Dialect):
    """KOEN's wind farms: JSON whose root is misspelt, pages that say whether they are the last."""

    dataset = KOEN_WIND
    page_number, page_size = "page", "size"
    days = ("startD", "endD")
    vanishing = "qvodMin"

    def items(self, first: date, last: date) -> list[Item]:
        """Return the days of all farms in a period, day by day."""
        shown = str if self.options.numbers_as_text else float
        day_format = "%Y%m%d" if self.options.compact_days else "%Y-%m-%d"
        names = [field.name for field in self.dataset.service.fields]
        items = []
        days = plant_days(self.dataset, self.options.wind_plants, first, last, self.options)
        for day in sorted(days, key=lambda day: day.day):
            numbers = ["" if value is None else shown(value) for value in (*day.hours, *day.daily)]
            values = (f"{day.day:{day_format}}", day.plant.code, day.plant.unit, day.name, *numbers)
            items.append(dict(zip(names, values, strict=True)))
        return items

    def answer(self, page: Page) -> Response:
        """Return the items of a page; this service has no code for their absence."""
        return self.good(page.items or NO_ITEMS[self.options.no_data_as], page)

    def good(self, items: Any, page: Page) -> Response:
        """Return the answer with the items of a page, or what stands for them where there are none."""
        last = {"last": page.number * page.size >= page.total} if self.options.wind_says_last else {}
        content = self.listed(items) if page.items else items
        return json_response({"reponse": {"body": {"content": content, **last}}})

    def refused(self, refusal: Refusal) -> Response:
        """Return an error of the gateway: the service has no header to say it in."""
        return gateway_xml(refusal.code)

    def retype(self, item: Item) -> None:
        """Make the mean null: numbers and texts are both documented."""
        item["qavg"] = None


class NambuSolarDialect(Dialect):
    """KOSPO's solar plants: XML, one row without ``<item>``, days that want a later end."""

    dataset = KOSPO_SOLAR
    days = ("strSdate", "strEdate")
    vanishing = "qvodmin"

    def items(self, first: date, last: date) -> list[Item]:
        """Return the days of a plant in a period, but for days that are answered only within a longer one."""
        asked = (self.asked.text("strOrgCd"), self.asked.text("strHoki"))
        plants = [plant for plant in self.options.solar_plants if (plant.code, plant.unit) == asked]
        names = [field.name for field in self.dataset.service.fields]
        items = []
        for day in plant_days(self.dataset, plants, first, last, self.options):
            if day.day == last and chance(self.options.seed, "next day", *asked, last) < self.options.solar_next_day:
                continue
            values = (day.day, day.plant.code, day.name, day.plant.unit, *day.daily, *day.hours)
            item = {name: "" if value is None else str(value) for name, value in zip(names, values, strict=True)}
            if day.name is None:
                del item["ipptnm"]
            items.append(item)
        return items

    def good(self, items: Any, page: Page) -> Response:
        """Return the items, or the fields of the only one without ``<item>``."""
        content = items[0] if len(page.items) == 1 else {"item": items} if page.items else items
        counters = self.counters(page, "totalCnt")
        return self.respond(self.options.solar_result_code, "NORMAL SERVICE", items=content, **counters)

    def retype(self, item: Item) -> None:
        """Make the mean a text that is no number: all values of XML are texts."""
        item["qvodavg"] = "점검중"


DIALECTS = {
    f"/{dialect.dataset.service.path}": dialect for dialect in (AsosDialect, NamdongWindDialect, NambuSolarDialect)
}
"""The services by their path."""
