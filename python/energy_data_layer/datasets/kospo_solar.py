"""Hourly generation of KOSPO's (남부발전) solar plants, by plant, unit and calendar year."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from energy_data_layer.datasets import chunks as cut
from energy_data_layer.datasets.chunks import Chunk, compact_day
from energy_data_layer.datasets.dataset import ServiceRequest, Source

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from energy_data_layer.datasets.dataset import PageInfo


class NambuSolarSource(Source):
    """The service of solar plants; its pages end by the announced total.

    Some days are answered only when the request ends with the day after them, so every request does. Rows of days that
    were not asked for are dropped by the collection.
    """

    name = "nambu_solar"
    stamp_column = "timestamp"
    hour_label = "start"
    rows_per_page = 400
    most_pages = 100

    def request(self, chunk: Chunk, page: int) -> ServiceRequest:
        """Return the request for a page of a unit's days."""
        gencd, hogi = chunk.key
        return ServiceRequest(
            self.name,
            (
                ("pageNo", str(page)),
                ("numOfRows", str(self.rows_per_page)),
                ("strSdate", f"{chunk.first:%Y%m%d}"),
                ("strEdate", f"{chunk.last + timedelta(days=1):%Y%m%d}"),
                ("strOrgCd", gencd),
                ("strHoki", hogi),
            ),
        )

    def chunk_of(self, request: ServiceRequest) -> Chunk:
        """Return a unit's days, without the one that is asked beyond them."""
        asked = dict(request.parameters)
        last = compact_day(asked["strEdate"]) - timedelta(days=1)
        return Chunk(self.name, (asked["strOrgCd"], asked["strHoki"]), compact_day(asked["strSdate"]), last)

    def is_last(self, chunk: Chunk, page: int, info: PageInfo, items_so_far: int) -> bool:  # noqa: ARG002
        """Tell whether the total is reached."""
        return self.ends_by_total(info, items_so_far)


SOURCE = NambuSolarSource()
"""The service."""


def chunks(plants: Iterable[tuple[str, str]], since: date, until: date) -> list[Chunk]:
    """Return what to ask for the days of plants: one chunk per plant, unit and calendar year.

    Parameters
    ----------
    plants : iterable of (str, str)
        Code of the plant (``gencd``) and its unit (``hogi``).
    since, until : date
        The days, both included.

    Raises
    ------
    OptionError
        If the range ends before it begins.

    Examples
    --------
    >>> from datetime import date
    >>> [chunk.label for chunk in chunks([("997D", "1")], date(2023, 12, 1), date(2024, 2, 29))]
    ['nambu_solar 997D 1 2023-12-01..2023-12-31', 'nambu_solar 997D 1 2024-01-01..2024-02-29']
    """
    keys = [(str(gencd), str(hogi)) for gencd, hogi in plants]
    return cut.chunks_of_range(SOURCE.name, keys, since, until, cut.years)


def chunks_of_days(keys_and_days: Iterable[tuple[tuple[str, ...], date]]) -> list[Chunk]:
    """Return what to ask for single days of plants; days with at most three others between them share a chunk.

    Parameters
    ----------
    keys_and_days : iterable of ((gencd, hogi), date)
        The days.
    """
    return cut.chunks_of_days(SOURCE.name, ((tuple(map(str, key)), day) for key, day in keys_and_days), cut.years)
