"""Gap filling in pandas, NumPy and SciPy.

The rules and their order are those of the contract; the mathematics is on the page ``docs/transforms/impute.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from energy_data_layer.core.gaps import find_gaps
from energy_data_layer.core.provenance import Provenance
from energy_data_layer.errors import ModelError
from energy_data_layer.transforms.impute.model_schema import NOTHING_TO_FIT
from energy_data_layer.transforms.impute.quantities import within_bounds
from energy_data_layer.transforms.impute.reference import linear, optimal_interpolation, spline_climatology
from energy_data_layer.transforms.impute.reference.grid import read_grid
from energy_data_layer.transforms.impute.reference.stored_model import as_table, read_models
from energy_data_layer.transforms.impute.reference.table import read_table
from energy_data_layer.transforms.impute.report import ColumnReport, Filled, Imputed

if TYPE_CHECKING:
    import pyarrow as pa

    from energy_data_layer.core.gaps import Gaps
    from energy_data_layer.core.inputs import InputColumns
    from energy_data_layer.transforms.impute.reference.table import Table
    from energy_data_layer.transforms.impute.rule import Rule


def impute(
    columns: InputColumns,
    history: InputColumns | None,
    rule: Rule,
    model: pa.Table | None = None,
    step: int | None = None,
) -> Imputed:
    """Fill the gaps of all value columns; the public function has the full description.

    A model's `step` is in nanoseconds; without a model, one is fitted on frame and history.
    """
    table, numbers, past_values = read_table(columns, history)
    grid = None
    if rule.method == "optimal_interpolation":
        grid = read_grid(table, step, columns, history)
    filled, gaps_of = {}, {}
    for name, (values, _) in numbers.items():
        gaps = gaps_of[name] = find_gaps(np.isnan(values), table.station)
        past = past_values[name]
        if rule.method == "linear":
            result = Filled(*linear.fill_column(values, gaps, table))
        else:
            result = Filled(values.copy(), np.zeros(len(values), np.uint8))
            if grid is not None and len(gaps.start):
                models = (
                    optimal_interpolation.fit_column(table, grid, values, past, rule.neighbours)
                    if model is None
                    else read_models(model, name)
                )
                result = optimal_interpolation.fill_column(values, gaps, table, past, grid, models, rule.interval)
            left = np.isnan(values) & (result.codes == Provenance.OBSERVED)
            if left.any():
                by_spline, codes = spline_climatology.fill_column(
                    values, gaps, table, past, rule.max_spline_gap, rule.column_means.get(name)
                )
                result.values[left], result.codes[left] = by_spline[left], codes[left]
        filled[name] = _limited(result, gaps, rule, name, table)
    return Imputed(
        filled,
        stations=table.stations,
        reports=lambda: {name: ColumnReport.of(one, gaps_of[name], numbers[name][1]) for name, one in filled.items()},
    )


def fit(columns: InputColumns, history: InputColumns | None, neighbours: int) -> tuple[pa.Table, dict[str, Any]]:
    """Fit and calibrate the models of all value columns; return them, and what they were fitted on."""
    table, numbers, past_values = read_table(columns, history)
    grid = read_grid(table, None, columns, history)
    if grid is None:
        raise ModelError(NOTHING_TO_FIT)
    models = {}
    for name, (values, _) in numbers.items():
        models[name] = optimal_interpolation.fit_column(table, grid, values, past_values[name], neighbours)
        optimal_interpolation.fit_all_sets(models[name], table, grid, values, past_values[name])
    period = [calendar for calendar in (table.calendar, table.past_calendar) if len(calendar)]
    facts = {
        "step": int(np.timedelta64(grid.step, table.stamps.unit) / np.timedelta64(1, "ns")),
        "since": str(min(calendar.min() for calendar in period)),
        "until": str(max(calendar.max() for calendar in period)),
        "rows": len(grid.at) + len(grid.past_at),
    }
    return as_table(models), facts


def _limited(result: Filled, gaps: Gaps, rule: Rule, name: str, table: Table) -> Filled:
    """Apply `max_gap` and the bounds, and put the rows into the frame's order."""
    too_long = gaps.rows(gaps.length > rule.max_gap)
    for values in (result.values, result.low, result.high):
        if values is not None:
            values[too_long] = np.nan
    result.codes[too_long] = Provenance.UNFILLED
    bounds = rule.bounds.get(name, (-np.inf, np.inf))
    within, clipped = within_bounds(result.values, result.codes != Provenance.OBSERVED, bounds)
    ends = [None if end is None else table.in_frame_order(np.clip(end, *bounds)) for end in (result.low, result.high)]
    return Filled(
        table.in_frame_order(within), table.in_frame_order(result.codes), low=ends[0], high=ends[1], clipped=clipped
    )
