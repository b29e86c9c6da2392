"""One change in what a source sends, as run reports and table ``drift`` have it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DriftFinding:
    """One change, reported once.

    Attributes
    ----------
    table_name : str
        The table that the source fills.
    kind : str
        ``"field_new"``, ``"field_vanished"``, ``"field_retyped"``, ``"member_new"``, ``"member_vanished"``,
        ``"distribution"`` or ``"unit_jump"``.
    subject : str
        The source of a field; the station or plant, for values with the month.
    field : str
        The field; empty for a station or plant.
    detail : str
        What it was and what it is.

    Examples
    --------
    >>> str(DriftFinding("wind_namdong", "field_new", "namdong_wind", "windy"))
    'field_new namdong_wind windy'
    """

    table_name: str
    kind: str
    subject: str
    field: str = ""
    detail: str = ""

    def __str__(self) -> str:
        said = " ".join(part for part in (self.kind, self.subject, self.field) if part)
        return f"{said} ({self.detail})" if self.detail else said
