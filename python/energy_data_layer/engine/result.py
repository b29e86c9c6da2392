"""What an engine hands back to the public functions, the same for both engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from energy_data_layer.core.frames import ArrowColumn
    from energy_data_layer.transforms.impute.report import ColumnReport
    from energy_data_layer.transforms.payload_rows.report import PageInfo, PayloadDrift


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
class Long:
    """A long table, hour after hour of each row of the wide one.

    Attributes
    ----------
    timestamp : arrow array or ndarray
        The stamps, naive.
    plant_name : arrow array
        The plants.
    generation : arrow array or ndarray
        Float64, kWh; null (in NumPy NaN) where a value is missing.
    keep : list of arrow array
        The repeated columns.
    rows_skipped : list of int
        Positions of the rows of the wide table that are empty.
    coerced, missing : int
        Texts in hour columns that are no numbers, and hours without a value.
    totals_checked : int
        Rows whose hours could be compared to a total.
    total_mismatches : list of (int, float, float)
        Position, sum of the hours and total of those that differ, in kWh.
    """

    timestamp: ArrowColumn | NDArray[np.datetime64]
    plant_name: ArrowColumn
    generation: ArrowColumn | NDArray[np.float64]
    keep: list[ArrowColumn]
    rows_skipped: list[int]
    coerced: int
    missing: int
    totals_checked: int
    total_mismatches: list[tuple[int, float, float]]


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
