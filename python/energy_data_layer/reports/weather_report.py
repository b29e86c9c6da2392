"""What one run of the weather job did."""

from __future__ import annotations

from dataclasses import dataclass, field

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.reports.collection_report import CollectingReport
from energy_data_layer.reports.model_report import ModelReport


@dataclass
class OutOfBounds:
    """The observations of a column outside its physical bounds.

    Attributes
    ----------
    low, high : float or None
        The bounds.
    count : int
        How many there are.
    first : list of str
        The first five: station, hour and value.
    """

    low: float | None
    high: float | None
    count: int = 0
    first: list[str] = field(default_factory=list)

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        if self.low is None or self.high is None:
            return f"below {self.low:g}" if self.high is None else f"above {self.high:g}"
        return f"outside {self.low:g} to {self.high:g}"


@dataclass
class WeatherReport(CollectingReport, ModelReport):
    """What one run of the weather job did, beside what all jobs report.

    Attributes
    ----------
    files : list of str
        The files read.
    duplicates_collapsed : int
        Rows that were joined with an earlier one of the same hour, the border hours of yearly files for example.
    rows_outside_period : int
        Rows left out because they lie before `since` or after `until`.
    marked_missing : dict of str to int
        Per column, how many values were missing-value markers: those that were named, and those of the source.
    columns_absent : list of str
        Columns that are filled by default and that no file has.
    columns_not_stored : list of str
        Columns of the files that are of unknown meaning and are not stored.
    stations : int
        Stations with at least one new row.
    hours_completed : int
        Hours that no row had and that were inserted.
    context_rows : int
        Stored rows around the new hours that supported the imputation.
    context_rows_recomputed : int
        Those of them whose fills changed and were written again.
    gap_lengths : dict of str to dict of int to int
        Per column, how many gaps of each length (hours) touch the new and completed hours.
    filled : dict of str to dict of str to int
        Per column, how many of the new and completed hours were filled by each method.
    fills_changed : int
        Stored fills that were replaced by an observation or by another fill; table ``fill_changes`` has both.
    fills_clipped : int
        Fills of the hours and their context that lay outside the physical bounds and were set to the bound.
    out_of_bounds : dict of str to OutOfBounds
        New observations outside the physical bounds of their column; kept, unless they were to be taken for missing.
    values_unfilled : int
        Missing values of the new and completed hours that stay missing.
    gaps_unfilled : list of str
        The gaps that they are of, the first 50.
    absences : list of str
        Stretches that are too long without rows to get some, the first 50.
    much_filled : list of str
        Stations of whose new and completed hours more than 20 % are fills, the first 50.
    """

    files: list[str] = field(default_factory=list)
    duplicates_collapsed: int = 0
    rows_outside_period: int = 0
    marked_missing: dict[str, int] = field(default_factory=dict)
    columns_absent: list[str] = field(default_factory=list)
    columns_not_stored: list[str] = field(default_factory=list)
    stations: int = 0
    hours_completed: int = 0
    context_rows: int = 0
    context_rows_recomputed: int = 0
    gap_lengths: dict[str, dict[int, int]] = field(default_factory=dict)
    filled: dict[str, dict[str, int]] = field(default_factory=dict)
    fills_changed: int = 0
    fills_clipped: int = 0
    out_of_bounds: dict[str, OutOfBounds] = field(default_factory=dict)
    values_unfilled: int = 0
    gaps_unfilled: list[str] = field(default_factory=list)
    absences: list[str] = field(default_factory=list)
    much_filled: list[str] = field(default_factory=list)

    def counters(self) -> dict[str, int | float | None]:
        """Return what table ``runs`` has a column for."""
        unfilled = Provenance.UNFILLED.label
        filled = sum(
            count for methods in self.filled.values() for method, count in methods.items() if method != unfilled
        )
        return super().counters() | {"hours_completed": self.hours_completed, "values_filled": filled}
