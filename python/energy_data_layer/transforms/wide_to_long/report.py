"""What turning a wide table into a long one did, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from energy_data_layer.datasets.layout import EnergyUnit, HourLabel


@dataclass(frozen=True)
class TotalMismatch:
    """A row whose hours do not add up to its published daily total, beyond rounding.

    Attributes
    ----------
    row : int
        Its position in the input.
    hours : float
        The sum of its hours, kWh.
    total : float
        The published total, kWh.
    """

    row: int
    hours: float
    total: float


@dataclass(frozen=True)
class WideReport:
    """What `transform_wide_to_long` did.

    Attributes
    ----------
    layout : str
        The name of the layout.
    hour_label : str
        What the time stamps are: ``"start"`` or ``"end"`` of their hour.
    energy_unit : str or None
        What the hours held; None where a column said it row by row.
    rows : int
        Rows of the input.
    rows_skipped : list of int
        Positions of the rows without any content, which have no rows in the result.
    coerced : int
        Texts in hour columns that are no numbers (empty ones included) and were therefore taken as missing.
    missing : int
        Hours without a value.
    totals_checked : int
        Rows that have a daily total and at least one hour.
    total_mismatches : list of TotalMismatch
        Those of them whose hours do not add up to the total, beyond the rounding of the published numbers.
    engine, engine_reason : str
        The engine whose answer this is, and why it ran.
    seconds : float
        Wall time of the engine.
    """

    layout: str
    hour_label: HourLabel
    energy_unit: EnergyUnit | None
    rows: int
    rows_skipped: list[int]
    coerced: int
    missing: int
    totals_checked: int
    total_mismatches: list[TotalMismatch]
    engine: str
    engine_reason: str
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain types, for JSON."""
        return asdict(self)
