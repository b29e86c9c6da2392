"""Hourly generation of KOEN's (남동발전) wind farms, all of them at once, by calendar month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.datasets import chunks as cut
from energy_data_layer.datasets.chunks import Chunk, compact_day
from energy_data_layer.datasets.dataset import ServiceRequest, Source

if TYPE_CHECKING:
    from datetime import date

    from energy_data_layer.datasets.dataset import PageInfo


class NamdongWindSource(Source):
    """The service of wind farms; its pages end where it says so, else with a short page, or with an empty one."""

    name = "namdong_wind"
    stamp_column = "timestamp"
    hour_label = "end"
    rows_per_page = 100
    most_pages = 500

    def request(self, chunk: Chunk, page: int) -> ServiceRequest:
        """Return the request for a page of all farms' days."""
        return ServiceRequest(
            self.name,
            (
                ("startD", f"{chunk.first:%Y%m%d}"),
                ("endD", f"{chunk.last:%Y%m%d}"),
                ("page", str(page)),
                ("size", str(self.rows_per_page)),
            ),
        )

    def chunk_of(self, request: ServiceRequest) -> Chunk:
        """Return the days of all farms."""
        asked = dict(request.parameters)
        return Chunk(self.name, (), compact_day(asked["startD"]), compact_day(asked["endD"]))

    def is_last(self, chunk: Chunk, page: int, info: PageInfo, items_so_far: int) -> bool:  # noqa: ARG002
        """Tell whether the service says so, or the page is short or empty."""
        if info.items == 0 or info.last is not None:
            return info.items == 0 or bool(info.last)
        return info.items < self.rows_per_page


SOURCE = NamdongWindSource()
"""The service."""


def chunks(since: date, until: date) -> list[Chunk]:
    """Return what to ask for the days of all farms: one chunk a calendar month.

    Parameters
    ----------
    since, until : date
        The days, both included.

    Raises
    ------
    OptionError
        If the range ends before it begins.

    Examples
    --------
    >>> from datetime import date
    >>> [chunk.label for chunk in chunks(date(2024, 1, 1), date(2024, 2, 29))]
    ['namdong_wind 2024-01-01..2024-01-31', 'namdong_wind 2024-02-01..2024-02-29']
    """
    return cut.chunks_of_range(SOURCE.name, [()], since, until, cut.months)
