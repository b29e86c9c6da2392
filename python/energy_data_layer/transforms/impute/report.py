"""What an imputation did, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from energy_data_layer.core.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

METHODS = tuple(code.label for code in Provenance if code is not Provenance.OBSERVED)
"""The labels of the codes 1 to 7."""


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
    """

    missing_before: int
    missing_after: int
    coerced: int
    filled: dict[str, int]
    gap_lengths: dict[int, int]

    @classmethod
    def from_counts(cls, counts: list[int], coerced: int, gap_lengths: dict[int, int]) -> ColumnReport:
        """Build the report from the number of values per provenance code and of gaps per length, rising."""
        return cls(
            missing_before=sum(counts[1:]),
            missing_after=counts[Provenance.UNFILLED],
            coerced=coerced,
            filled=dict(zip(METHODS, counts[1:], strict=True)),
            gap_lengths=gap_lengths,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain types, for JSON."""
        return asdict(self)


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
    """

    rows: int
    stations: int
    columns: dict[str, ColumnReport]
    engine: str
    engine_reason: str
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain types, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Imputed:
    """The filled columns of a frame, in frame order.

    Attributes
    ----------
    values : dict of str to ndarray
        The values of each filled column.
    codes : dict of str to ndarray
        Their provenance codes.
    stations : int
        How many stations the frame has.
    reports : callable
        Makes the report of each column; for a small frame that is a good part of the work.
    """

    values: dict[str, NDArray[np.float64]]
    codes: dict[str, NDArray[np.uint8]]
    stations: int
    reports: Callable[[], dict[str, ColumnReport]]
