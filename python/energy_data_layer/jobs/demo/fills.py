"""The part of the demonstration that shows how good fills are: observed hours are hidden, filled, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from energy_data_layer.core.frames import wrap
from energy_data_layer.core.inputs import read_columns
from energy_data_layer.jobs.options import DEFAULT_COLUMNS
from energy_data_layer.plots.figure import save_figure
from energy_data_layer.plots.fills import SHOWN_WELL, plot_fills
from energy_data_layer.transforms.impute.masks import generator, masked_gaps
from energy_data_layer.transforms.impute.quantities import bounds_of
from energy_data_layer.transforms.impute.reference.table import read_table
from energy_data_layer.transforms.impute.result import impute
from energy_data_layer.transforms.impute.score import score_imputation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from energy_data_layer.transforms.impute.score import Scorecard

KEYS = ("tm", "stnId")
GAPS = 20
"""The most hidden gaps of a station and length."""
INTERVAL = 0.9
SEED = 0


def draw_fills_and_truth(
    frame: pa.Table, picture: str | PathLike[str], columns: Sequence[str] = DEFAULT_COLUMNS
) -> None:
    """Hide observed hours, fill them by optimal interpolation, and draw some with what was observed."""
    filled = impute(with_hidden_hours(frame, columns), columns, *KEYS, interval=INTERVAL).frame
    save_figure(plot_fills(filled, columns, *KEYS, truth=frame, interval=INTERVAL), picture)


def with_hidden_hours(frame: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Return the frame without some observed values, in gaps of a few hours, a day and a week."""
    table, numbers, _ = read_table(read_columns(wrap(frame), *KEYS, tuple(columns)).in_arrow(), None)
    for name, (values, _) in numbers.items():
        gaps = masked_gaps(values, table, SHOWN_WELL, GAPS, generator(SEED, name, 0))
        left = values.copy()
        left[gaps.rows(np.full(len(gaps.start), True))] = np.nan
        column = pa.array(table.in_frame_order(left), from_pandas=True)
        frame = frame.set_column(frame.column_names.index(name), name, column)
    return frame


def score_methods(frame: pa.Table) -> Scorecard:
    """Return how far each method is from what was observed, for gaps of a few hours, a day and a week."""
    return score_imputation(
        frame,
        DEFAULT_COLUMNS,
        *KEYS,
        gap_lengths=SHOWN_WELL,
        gaps=GAPS,
        interval=INTERVAL,
        bounds=bounds_of(DEFAULT_COLUMNS, *KEYS),
        seed=SEED,
    )
