"""What an imputation did, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from energy_data_layer.core.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from energy_data_layer.core.gaps import Gaps

METHODS = tuple(code.label for code in Provenance if code is not Provenance.OBSERVED)
"""The labels of all codes but `observed`."""


@dataclass(frozen=True)
class ColumnReport:
    """What was done to one column.

    Attributes
    ----------
    missing_before, missing_after : int
        Missing values in the input and in the result.
    coerced : int
        Texts that are not numbers (empty ones included) and were therefore taken as missing.
    filled : dict of str to int
        Values per method, by the labels of `Provenance`; ``unfilled`` counts what stayed missing.
    gap_lengths : dict of int to int
        How many gaps there are of each length.
    clipped : int
        Fills that lay outside the column's bounds and were set to the bound.
    marked : int
        Cells that held one of `missing_values`.
    """

    missing_before: int
    missing_after: int
    coerced: int
    filled: dict[str, int]
    gap_lengths: dict[int, int]
    clipped: int = 0
    marked: int = 0

    @classmethod
    def from_counts(cls, codes: list[int], coerced: int, gap_lengths: dict[int, int], clipped: int = 0) -> ColumnReport:
        """Build the report from the number of values per provenance code and of gaps per length, rising."""
        return cls(
            missing_before=sum(codes[1:]),
            missing_after=codes[Provenance.UNFILLED],
            coerced=coerced,
            filled=dict(zip(METHODS, codes[1:], strict=True)),
            gap_lengths=gap_lengths,
            clipped=clipped,
        )

    @classmethod
    def of(cls, filled: Filled, gaps: Gaps, coerced: int) -> ColumnReport:
        """Build the report of a filled column."""
        import numpy as np

        by_code = np.bincount(filled.codes, minlength=len(Provenance)).tolist()
        return cls.from_counts(by_code, coerced, gaps.lengths(), filled.clipped)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain types, for JSON."""
        return asdict(self)

    @classmethod
    def merged(cls, reports: Sequence[ColumnReport]) -> ColumnReport:
        """Return the report of a column from those of its parts, each of other stations."""
        filled: Counter[str] = Counter()
        lengths: Counter[int] = Counter()
        for one in reports:
            filled.update(one.filled)
            lengths.update(one.gap_lengths)
        counts = ("missing_before", "missing_after", "coerced", "clipped", "marked")
        return cls(
            filled={method: filled[method] for method in METHODS},
            gap_lengths=dict(sorted(lengths.items())),
            **{name: sum(getattr(one, name) for one in reports) for name in counts},
        )


def with_marked(columns: dict[str, ColumnReport], marked: Mapping[str, int]) -> dict[str, ColumnReport]:
    """Return the reports with how many cells of each column held a marker."""
    return columns | {name: replace(columns[name], marked=count) for name, count in marked.items() if name in columns}


@dataclass(frozen=True)
class ImputationReport:
    """What `impute_missing_values` did.

    Attributes
    ----------
    rows : int
        Rows of the frame.
    stations : int
        Stations in the frame.
    columns : dict of str to ColumnReport
        One entry per filled column.
    engine : str
        ``"rust"`` or ``"reference"``: the engine whose answer this is.
    engine_reason : str
        Why that engine ran.
    seconds : float
        Wall time of the engine.
    method : str
        How gaps were filled.
    model : str or None
        The `id` of the model that was given.
    """

    rows: int
    stations: int
    columns: dict[str, ColumnReport]
    engine: str
    engine_reason: str
    seconds: float
    method: str = "spline_climatology"
    model: str | None = None

    @classmethod
    def merged(cls, reports: Sequence[ImputationReport]) -> ImputationReport:
        """Return the report of a table from those of its parts, each of other stations, filled by the same rule."""
        first = reports[0]
        return replace(
            first,
            rows=sum(one.rows for one in reports),
            stations=sum(one.stations for one in reports),
            columns={name: ColumnReport.merged([one.columns[name] for one in reports]) for name in first.columns},
            seconds=sum(one.seconds for one in reports),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain types, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Filled:
    """One filled column, in frame order.

    Attributes
    ----------
    values : ndarray
        The values.
    codes : ndarray
        Their provenance codes.
    low, high : ndarray or None
        The ends of the fills' intervals; NaN where there is none, None where the method has none at all.
    clipped : int
        Fills that lay outside the bounds.
    """

    values: NDArray[np.float64]
    codes: NDArray[np.uint8]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    clipped: int = 0


@dataclass(frozen=True)
class Imputed:
    """The filled columns of a frame.

    Attributes
    ----------
    columns : dict of str to Filled
        The filled columns.
    stations : int
        How many stations the frame has.
    reports : callable
        Makes the report of each column; for a small frame that is a good part of the work.
    """

    columns: dict[str, Filled]
    stations: int
    reports: Callable[[], dict[str, ColumnReport]]
