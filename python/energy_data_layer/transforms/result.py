"""What an engine hands back to the public functions, the same for both engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from energy_data_layer.transforms.payload_report import PageInfo, PayloadDrift
    from energy_data_layer.transforms.report import ColumnReport


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


@dataclass(frozen=True)
class PayloadRows:
    """The items of all pages.

    Attributes
    ----------
    table : pyarrow.Table
        One row per item.
    pages : tuple of PageInfo
        What each page says of itself.
    coerced : dict of str to int
        Texts per field that could not be read.
    drift : PayloadDrift
        Where the items differ from what the service documents.
    """

    table: pa.Table
    pages: tuple[PageInfo, ...]
    coerced: dict[str, int]
    drift: PayloadDrift
