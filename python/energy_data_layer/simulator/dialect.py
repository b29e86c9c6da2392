"""What the dialects of the services have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from energy_data_layer.simulator.messages import Parameters, Refusal, Response
    from energy_data_layer.simulator.options import SimulatorOptions

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """The items of a page and its place among the others."""

    items: Sequence[Item]
    number: int
    size: int
    total: int

    @property
    def is_last(self) -> bool:
        """Whether there is no further page."""
        return self.number * self.size >= self.total


NO_PAGE = Page([], 1, 10, 0)
"""What an answer without items says of itself."""


class Dialect(ABC):
    """How a service is asked and how it answers one request.

    Parameters
    ----------
    asked : Parameters
        The request.
    options : SimulatorOptions
        The options of the simulator.
    """

    service: ClassVar[str]
    path: ClassVar[str]
    vanishing: ClassVar[str]
    """The field that items lack where one has vanished."""

    def __init__(self, asked: Parameters, options: SimulatorOptions) -> None:
        self.asked = asked
        self.options = options

    @abstractmethod
    def page(self) -> Page:
        """Return the items that are asked for, or raise `Refusal`."""

    @abstractmethod
    def good(self, page: Page) -> Response:
        """Return the answer with these items, of which there is at least one."""

    @abstractmethod
    def no_data(self) -> Response:
        """Return the answer where there are no items."""

    @abstractmethod
    def refused(self, refusal: Refusal) -> Response:
        """Return the answer to a request that is refused."""

    @abstractmethod
    def retype(self, item: Item) -> None:
        """Make a value of an item another kind than documented."""

    def drifted(self, page: Page, kinds: frozenset[str]) -> Page:
        """Return the page with items that are not as documented."""
        items = [dict(item) for item in page.items]
        for item in items:
            if "unknown_field" in kinds:
                item["newField"] = "x"
            if "vanished_field" in kinds:
                del item[self.vanishing]
            if "retyped_field" in kinds:
                self.retype(item)
        return replace(page, items=items)


def counters(page: Page, options: SimulatorOptions, total_name: str) -> dict[str, Any]:
    """Return what a page says of itself."""
    numbers = {"pageNo": page.number, "numOfRows": page.size, total_name: page.total}
    return {name: str(number) for name, number in numbers.items()} if options.numbers_as_text else dict(numbers)


def listed(items: Sequence[Item], options: SimulatorOptions) -> Any:
    """Return items as JSON has them: a list, or the one item alone where that is the service's way."""
    return items[0] if options.single_item_as_object and len(items) == 1 else list(items)


NO_ITEMS: dict[str, Any] = {"empty": {}, "null": None, "blank": ""}
"""The items of an answer without any, by `SimulatorOptions.no_data_as`."""
