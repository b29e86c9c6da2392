"""Hourly observations of the ASOS stations, by station and up to 41 days."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from energy_data_layer.errors import OptionError
from energy_data_layer.sources import chunks as cut
from energy_data_layer.sources.asos_stations import STATIONS as STATIONS
from energy_data_layer.sources.chunks import Chunk, compact_day
from energy_data_layer.sources.service_request import ServiceRequest
from energy_data_layer.sources.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from energy_data_layer.transforms.payload_report import PageInfo

LONGEST_CHUNK = 41
"""Days whose hours fit into one page."""


class AsosSource(Source):
    """The service of hourly observations; its pages end by the announced total."""

    name = "asos"
    stamp_column = "tm"
    hour_label = "start"
    rows_per_page = 999
    most_pages = 100

    def request(self, chunk: Chunk, page: int) -> ServiceRequest:
        """Return the request for a page of a station's days."""
        (station,) = chunk.key
        return ServiceRequest(
            self.name,
            (
                ("pageNo", str(page)),
                ("numOfRows", str(self.rows_per_page)),
                ("dataType", "JSON"),
                ("dataCd", "ASOS"),
                ("dateCd", "HR"),
                ("startDt", f"{chunk.first:%Y%m%d}"),
                ("startHh", "00"),
                ("endDt", f"{chunk.last:%Y%m%d}"),
                ("endHh", "23"),
                ("stnIds", station),
            ),
        )

    def chunk_of(self, request: ServiceRequest) -> Chunk:
        """Return a station's days."""
        asked = dict(request.parameters)
        return Chunk(self.name, (asked["stnIds"],), compact_day(asked["startDt"]), compact_day(asked["endDt"]))

    def is_last(self, chunk: Chunk, page: int, info: PageInfo, items_so_far: int) -> bool:  # noqa: ARG002
        """Tell whether the total is reached."""
        return self.ends_by_total(info, items_so_far)


SOURCE = AsosSource()
"""The service."""

_split = partial(cut.days_apart, most=LONGEST_CHUNK)


def chunks(stations: Iterable[int], since: date, until: date, *, today: date | None = None) -> list[Chunk]:
    """Return what to ask for the days of stations.

    Parameters
    ----------
    stations : iterable of int
        Numbers of stations, such as those of `STATIONS`.
    since, until : date
        The days, both included.
    today : date, optional
        The day that the service does not have yet; by default the one that it is in Korea.

    Raises
    ------
    OptionError
        If the range ends before it begins, or reaches today or beyond: the observations reach up to yesterday.

    Examples
    --------
    >>> from datetime import date
    >>> [chunk.label for chunk in chunks([108], date(2024, 1, 1), date(2024, 2, 29))]
    ['asos 108 2024-01-01..2024-02-10', 'asos 108 2024-02-11..2024-02-29']
    """
    found = cut.chunks_of_range(SOURCE.name, [(str(int(station)),) for station in stations], since, until, _split)
    _refuse_today(until, today)
    return found


def chunks_of_days(
    keys_and_days: Iterable[tuple[tuple[int | str, ...], date]], *, today: date | None = None
) -> list[Chunk]:
    """Return what to ask for single days of stations; days with at most three others between them share a chunk.

    Parameters
    ----------
    keys_and_days : iterable of ((station,), date)
        The days.
    today : date, optional
        As for `chunks`.

    Raises
    ------
    OptionError
        If one of the days is today or later.
    """
    found = cut.chunks_of_days(SOURCE.name, ((tuple(map(str, key)), day) for key, day in keys_and_days), _split)
    for chunk in found:
        _refuse_today(chunk.last, today)
    return found


def _refuse_today(until: date, today: date | None) -> None:
    today = today or cut.today_in_korea()
    if until >= today:
        raise OptionError(
            f"the observations reach up to yesterday, and {until} is asked for while it is {today} in Korea; "
            "ask for an earlier day"
        )
