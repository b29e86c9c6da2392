"""What an engine hands back to the public functions, the same for both engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from energy_data_layer.transforms.report import ColumnReport


@dataclass(frozen=True)
class FilledColumn:
    """A filled column in frame order: its values, their provenance codes and its report."""

    values: NDArray[np.float64]
    codes: NDArray[np.uint8]
    report: ColumnReport


@dataclass(frozen=True)
class Imputed:
    """The filled columns of a frame."""

    columns: dict[str, FilledColumn]
    stations: int
