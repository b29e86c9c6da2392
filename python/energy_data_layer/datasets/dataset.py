"""What is peculiar to a dataset, in one record: its service, the payload, the table, and what its columns mean."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import pyarrow as pa

from energy_data_layer.datasets.envelope import Envelope
from energy_data_layer.datasets.layout import TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date, timedelta

    from energy_data_layer.datasets.layout import HourLabel, WideLayout
    from energy_data_layer.datasets.payload_fields import PayloadField

KEY_PARAMETER = "serviceKey"
"""The parameter that carries the key, in every service."""

LONGEST_BODY = 64 * 1024 * 1024
"""Bytes of an answer's body, decompressed, beyond which it is refused."""


class Label(NamedTuple):
    """What a reader sees, in both languages."""

    en: str
    ko: str


@dataclass(frozen=True)
class DailyValue:
    """How the hours of a day become the value that drift watches.

    Attributes
    ----------
    aggregate : str
        ``"avg"`` or ``"sum"``.
    least_hours : int
        Hours with an observation that a day needs.
    zero_counts : bool
        Whether a day of zero takes part; a plant that rests tells nothing of its unit.
    """

    aggregate: Literal["avg", "sum"] = "avg"
    least_hours: int = 18
    zero_counts: bool = True

    @property
    def is_amount(self) -> bool:
        """Whether the value is an amount of a day, which is not below zero."""
        return self.aggregate == "sum"


class FilledThrough(NamedTuple):
    """A quantity that is easier to predict: a column is converted to it, filled, and converted back.

    Attributes
    ----------
    quantity : str
        ``"reduced_humidity"``, relative humidity at 0 °C, or ``"wind_vector"``.
    partner : str
        The column that the conversion needs besides: the temperature, or the wind speed.
    """

    quantity: Literal["reduced_humidity", "wind_vector"]
    partner: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a dataset's table.

    Attributes
    ----------
    name : str
        Its name in the table, which is that of the service's field.
    arrow_type : pyarrow.DataType
        The type as the source is read; stamps are stored in microseconds.
    unit : str
        The unit, empty where there is none.
    meaning : str
        What is observed or counted.
    heading : str
        The heading of published files, empty where there are none.
    blank_means : str
        What a blank says where it is an observation and not a failure, else empty.
    low, high : float or None
        The least and the greatest value that is physically possible.
    can_be_imputed : bool
        Whether missing values of it can be filled by themselves.
    filled_through : FilledThrough or None
        What it is better, or only, filled through where its partner is there.
    daily : DailyValue or None
        How drift watches it, None where it does not.
    """

    name: str
    arrow_type: pa.DataType
    unit: str = ""
    meaning: str = ""
    _: KW_ONLY
    heading: str = ""
    blank_means: str = ""
    low: float | None = None
    high: float | None = None
    can_be_imputed: bool = False
    filled_through: FilledThrough | None = None
    daily: DailyValue | None = None

    @property
    def stored_type(self) -> pa.DataType:
        """The type in a database."""
        return pa.timestamp("us") if pa.types.is_timestamp(self.arrow_type) else self.arrow_type


def energy_column(name: str) -> Column:
    """Return the column of the energy that is generated in an hour."""
    daily = DailyValue("sum", zero_counts=False)
    return Column(name, pa.float64(), "kWh", "energy generated in the hour", daily=daily)


@dataclass(frozen=True, kw_only=True)
class Table:
    """The table of hours in which a dataset is stored.

    Attributes
    ----------
    name : str
        Its name.
    columns : tuple of Column
        Its columns, in their order.
    series : tuple of str
        The columns that name a series, such as a station, or a plant and its unit.
    stamp : str
        The column of the hours.
    stamp_is : str
        ``"start"`` or ``"end"`` of the hour; where it is the end, a day's last one is midnight of the next.
    value : str or None
        The column whose values count as an hour that is there; None where every row does.
    names : tuple of str
        The columns that name a series for a reader.
    """

    name: str
    columns: tuple[Column, ...]
    series: tuple[str, ...]
    stamp: str
    stamp_is: HourLabel = "start"
    value: str | None = None
    names: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell rows apart."""
        return (*self.series, self.stamp)

    @property
    def types(self) -> dict[str, pa.DataType]:
        """The types of the columns in a database, by name."""
        return {column.name: column.stored_type for column in self.columns}


@dataclass(frozen=True)
class Chunk:
    """Days that are asked for together.

    Attributes
    ----------
    service : str
        The service.
    key : tuple of str
        Whose days: a station, a plant and its unit, or nothing where the service answers for all at once.
    first, last : date
        The days, both included.

    Examples
    --------
    >>> from datetime import date
    >>> Chunk("nambu_solar", ("997D", "1"), date(2024, 1, 1), date(2024, 1, 31)).label
    'nambu_solar 997D 1 2024-01-01..2024-01-31'
    """

    service: str
    key: tuple[str, ...]
    first: date
    last: date

    @property
    def label(self) -> str:
        """The chunk as messages and reports name it."""
        return " ".join((self.service, *self.key, f"{self.first}..{self.last}"))

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


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


def ends_by_total(page: PageInfo, items_so_far: int, rows_per_page: int) -> bool:
    """Tell whether the pages end by the total that the service announces; by a short page where it does not."""
    if page.items == 0:
        return True
    is_short = page.items < min(page.rows_per_page or rows_per_page, rows_per_page)
    if page.total_count is None:
        return is_short
    # A total below what is there is no use; the next page tells.
    return items_so_far == page.total_count or (items_so_far > page.total_count and is_short)


def ends_by_flag(page: PageInfo, items_so_far: int, rows_per_page: int) -> bool:  # noqa: ARG001
    """Tell whether the page says that it is the last one; where it does not say, whether it is short or empty."""
    if page.items == 0 or page.last is not None:
        return page.items == 0 or bool(page.last)
    return page.items < rows_per_page


@dataclass(frozen=True, kw_only=True)
class Service:
    """How a service is asked, and what it answers.

    Attributes
    ----------
    path : str
        Its path below the services' address.
    asks_for_series : bool
        Whether a request is for one series; else it is answered for all at once.
    pieces : callable
        Cuts a range of days into what is answered in one go.
    parameters : callable
        Returns names and values of the request for a page, from 1, of a chunk.
    chunk_of : callable
        Returns key, first and last day of a request's parameters: the inverse of `parameters`.
    rows_per_page : int
        Items that are asked for in one request.
    most_pages : int
        Pages of a chunk beyond which something must be wrong.
    is_last : callable
        Tells from a page, the items so far and `rows_per_page` whether no further page has to be asked for.
    fields : tuple of PayloadField
        The fields of an item, in the order of the item table's columns.
    envelope : Envelope
        What stands around the items.
    layout : WideLayout or None
        The layout of items that are days of plants, None where each item is an hour.
    renamed : mapping of str to str
        Columns that a layout keeps and that the result names otherwise.
    plant_fallback : str or None
        The field that stands in for a plant's name where that is absent.
    series_setting : str
        The setting of the services that names the series to ask for, empty where there is none.
    without_series : str
        What to tell where no series is known.
    probe : str
        A small answer, which doctor lets both engines read; empty where there is none.
    """

    path: str
    asks_for_series: bool
    pieces: Callable[[date, date], Iterator[tuple[date, date]]]
    parameters: Callable[[Chunk, int], tuple[tuple[str, str], ...]]
    chunk_of: Callable[[Mapping[str, str]], tuple[tuple[str, ...], date, date]]
    rows_per_page: int
    most_pages: int
    is_last: Callable[[PageInfo, int, int], bool]
    fields: tuple[PayloadField, ...]
    envelope: Envelope = field(default_factory=Envelope)
    layout: WideLayout | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    plant_fallback: str | None = None
    series_setting: str = ""
    without_series: str = "no series is known: name what to ask for"
    probe: str = ""

    @property
    def item_schema(self) -> pa.Schema:
        """The columns of the item table."""
        return pa.schema([(field.name, field.arrow_type) for field in self.fields if field.stored])


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset: where it comes from, where it is stored, and what it means.

    Attributes
    ----------
    name : str
        The name by which callers choose it, such as the ``source`` of `rows_from_api_payload`.
    job : str
        The job that collects it.
    label : Label
        What a reader sees.
    table : Table
        Where it is stored.
    own_service : Service or None
        How it is fetched, None where it comes in files.
    max_age : timedelta or None
        How old its newest hour gets where its job runs as often as it should, None where it comes in files.
    """

    name: str
    job: str
    label: Label
    table: Table
    own_service: Service | None = None
    max_age: timedelta | None = None

    @property
    def service(self) -> Service:
        """How it is fetched."""
        assert self.own_service is not None, f"{self.name} has no service"  # noqa: S101
        return self.own_service

    @property
    def fetched_stamp(self) -> str:
        """The column of the hours in what `rows_from_api_payload` returns."""
        return self.table.stamp if self.service.layout is None else TIMESTAMP

    def request(self, chunk: Chunk, page: int) -> ServiceRequest:
        """Return the request for a page, from 1, of a chunk."""
        return ServiceRequest(self.name, self.service.parameters(chunk, page))

    def days_of(self, rows: pa.Table) -> pa.ChunkedArray:
        """Return the day that the hour of each row of `rows_from_api_payload` is of."""
        import pyarrow.compute as pc

        stamps = rows.column(self.fetched_stamp)
        if self.table.stamp_is == "end":
            stamps = pc.subtract(stamps, pa.scalar(3600, pa.duration("s")))
        return stamps.cast(pa.date32(), safe=False)

    def within_asked_days(self, chunk: Chunk, rows: pa.Table) -> pa.Table:
        """Return the rows whose hour is of an asked day."""
        import pyarrow.compute as pc

        days = self.days_of(rows)
        asked = pc.and_(
            pc.greater_equal(days, pa.scalar(chunk.first, pa.date32())),
            pc.less_equal(days, pa.scalar(chunk.last, pa.date32())),
        )
        return rows if pc.all(asked).as_py() is not False else rows.filter(asked)

    def to_store(self, rows: pa.Table) -> pa.Table:
        """Return rows of the service with the stamp of the table, and further columns that tell plants apart."""
        stamp = rows.column_names.index(self.fetched_stamp)
        stamps = rows.column(stamp).cast(pa.timestamp("us"))
        return rows.set_column(stamp, self.table.stamp, stamps)


@dataclass(frozen=True)
class ServiceRequest:
    """A request to a service, without the key; fit for messages and as a dictionary's key.

    Attributes
    ----------
    service : str
        The dataset that the service is of.
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
