"""What a collection has to know of a service: how to ask for a page, when the pages end, which day a row is of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import pyarrow as pa

if TYPE_CHECKING:
    from energy_data_layer.datasets.chunks import Chunk


@dataclass(frozen=True)
class PageInfo:
    """What a page says of itself; None where it does not.

    Attributes
    ----------
    items : int
        Items of the page.
    page_no : int or None
        Number of the page, from 1.
    rows_per_page : int or None
        The most items that a page of this request has.
    total_count : int or None
        Items of all pages of this request.
    last : bool or None
        Whether there is no further page.
    """

    items: int
    page_no: int | None = None
    rows_per_page: int | None = None
    total_count: int | None = None
    last: bool | None = None


class Source(ABC):
    """A service, as a collection sees it.

    Attributes
    ----------
    name : str
        The service.
    stamp_column : str
        The column of the time stamps.
    hour_label : str
        What the stamps are: ``"start"`` or ``"end"`` of their hour.
    rows_per_page : int
        Items that are asked for in one request.
    most_pages : int
        Pages of a chunk beyond which something must be wrong.
    """

    name: ClassVar[str]
    stamp_column: ClassVar[str]
    hour_label: ClassVar[Literal["start", "end"]]
    rows_per_page: ClassVar[int]
    most_pages: ClassVar[int]

    @abstractmethod
    def request(self, chunk: Chunk, page: int) -> ServiceRequest:
        """Return the request for a page, from 1, of a chunk."""

    @abstractmethod
    def chunk_of(self, request: ServiceRequest) -> Chunk:
        """Return the chunk that a request is a page of."""

    @abstractmethod
    def is_last(self, chunk: Chunk, page: int, info: PageInfo, items_so_far: int) -> bool:
        """Tell whether no further page has to be asked for.

        Parameters
        ----------
        chunk : Chunk
            The chunk.
        page : int
            The page that came, from 1.
        info : PageInfo
            What it says of itself.
        items_so_far : int
            Items of the pages up to this one.
        """

    def within_asked_days(self, chunk: Chunk, table: pa.Table) -> pa.Table:
        """Return the rows whose hour is of an asked day."""
        import pyarrow.compute as pc

        stamps = table.column(self.stamp_column)
        if self.hour_label == "end":
            stamps = pc.subtract(stamps, pa.scalar(3600, pa.duration("s")))
        days = stamps.cast(pa.date32(), safe=False)
        asked = pc.and_(
            pc.greater_equal(days, pa.scalar(chunk.first, pa.date32())),
            pc.less_equal(days, pa.scalar(chunk.last, pa.date32())),
        )
        return table if pc.all(asked).as_py() is not False else table.filter(asked)

    def ends_by_total(self, info: PageInfo, items_so_far: int) -> bool:
        """Tell whether the pages end by the total that the service announces; by a short page where it does not."""
        if info.items == 0:
            return True
        is_short = info.items < min(info.rows_per_page or self.rows_per_page, self.rows_per_page)
        if info.total_count is None:
            return is_short
        # A total below what is there is no use; the next page tells.
        return items_so_far == info.total_count or (items_so_far > info.total_count and is_short)


SERVICE_PATHS = {
    "asos": "1360000/AsosHourlyInfoService/getWthrDataList",
    "namdong_wind": "B551893/wind-power-by-hour/list",
    "nambu_solar": "B552520/PwrSunLightInfo/getDataService",
}
"""The path of each service below the services' address."""

KEY_PARAMETER = "serviceKey"
"""The parameter that carries the key, in every service."""

LONGEST_BODY = 64 * 1024 * 1024
"""Bytes of an answer's body, decompressed, beyond which it is refused."""


@dataclass(frozen=True)
class ServiceRequest:
    """A request to a service, without the key; fit for messages and as a dictionary's key.

    Attributes
    ----------
    service : str
        ``"asos"``, ``"namdong_wind"`` or ``"nambu_solar"``.
    parameters : tuple of (str, str)
        Names and values, not encoded, in the order in which they are sent.

    Examples
    --------
    >>> ServiceRequest("namdong_wind", (("startD", "20240101"), ("page", "1"))).label
    'namdong_wind startD=20240101 page=1'
    """

    service: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        """The request as messages and reports name it."""
        return " ".join((self.service, *(f"{name}={value}" for name, value in self.parameters)))
