"""The verdict of the page: whether a database is up to date and complete, and whether something needs a look."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from energy_data_layer.jobs.health import Health

    from .coverage import SeriesCoverage, TableCoverage
    from .records import Drift, Rejects

LACKING = 0.01
"""A station or plant that lacks this part of its hours or more needs a look."""


class Light(IntEnum):
    """What a check says; the worst one is the verdict."""

    GREEN = 0
    """In order."""
    AMBER = 1
    """Something needs a look, or is not known."""
    RED = 2
    """``edl check`` finds a problem."""

    @property
    def label(self) -> str:
        """The light's name in facts and on the page."""
        return self.name.lower()


def checks(health: Health, coverage: list[TableCoverage], drift: Drift, rejects: Rejects) -> dict[str, Light]:
    """Return what each check says; one is red where ``edl check`` exits with 1, and else none is.

    Returns
    -------
    dict of str to Light
        ``fresh`` and ``runs``, as ``edl check`` judges them; ``complete``, the hours of the period;
        ``drift`` and ``rejects``, what the last runs noticed of the sources and did not store.
    """
    return {
        "fresh": _light(is_wrong=health.stale_tables),
        "runs": _light(is_wrong=health.failed_runs, needs_a_look=not health.runs),
        "complete": _light(needs_a_look=not coverage or lacking(coverage)),
        "drift": _light(needs_a_look=not drift.recorded or health.drift),
        "rejects": _light(needs_a_look=not rejects.recorded or health.rejected),
    }


def _light(*, is_wrong: object = False, needs_a_look: object = False) -> Light:
    if is_wrong:
        return Light.RED
    return Light.AMBER if needs_a_look else Light.GREEN


def lacking(coverage: list[TableCoverage]) -> list[SeriesCoverage]:
    """Return the stations and plants that lack a hundredth of their hours or more."""
    return [one for table in coverage for one in table.series if one.missing >= LACKING * one.hours]
