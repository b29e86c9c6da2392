"""`impute_missing_values` in Rust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from energy_data_layer.engine import choice
from energy_data_layer.engine.boundary import (
    defects_as_engine_errors,
    key_names,
    key_table,
    own_names,
    require_array,
    translated,
)
from energy_data_layer.errors import ModelError
from energy_data_layer.transforms.impute.model_schema import MODEL_SCHEMA, NOTHING_TO_FIT
from energy_data_layer.transforms.impute.report import ColumnReport, Filled, Imputed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from energy_data_layer.core.inputs import InputColumns
    from energy_data_layer.transforms.impute.rule import Rule


@defects_as_engine_errors()
def imputed_in_rust(
    given: InputColumns,
    past: InputColumns | None,
    rule: Rule,
    model: pa.Table | None,
    step: int | None,
    threads: int | None,
) -> Imputed:
    """Run `impute_missing_values` in Rust."""
    positions = _positions(given)
    result = _called(
        "impute_missing_values",
        given,
        past,
        method=rule.method,
        max_spline_gap=rule.max_spline_gap,
        max_gap=rule.max_gap,
        bounds={positions[name]: bounds for name, bounds in rule.bounds.items()},
        interval=rule.interval,
        neighbours=rule.neighbours,
        model=None if model is None else _renamed(model, positions),
        step=step,
        column_means={positions[name]: mean for name, mean in rule.column_means.items()},
        threads=threads,
    )
    arrays = result.take_numpy()
    columns = {}
    for name, position in positions.items():
        values, codes, *ends = arrays[position]
        for array in (values, *ends):
            require_array(array, len(given.stamp), np.float64)
        require_array(codes, len(given.stamp), np.uint8)
        columns[name] = Filled(values, codes, *ends)
    return Imputed(
        columns,
        stations=result.stations,
        reports=lambda: {
            name: ColumnReport.from_counts(**result.report[position]) for name, position in positions.items()
        },
    )


@defects_as_engine_errors()
def fitted_in_rust(
    given: InputColumns, past: InputColumns | None, neighbours: int, threads: int | None
) -> tuple[pa.Table, dict[str, Any]]:
    """Fit the models of all value columns; return them, and what they were fitted on."""
    fitted = _called("fit_gap_model", given, past, neighbours=neighbours, threads=threads)
    if fitted is None:
        raise ModelError(NOTHING_TO_FIT)
    table, facts = fitted
    names = {position: name for name, position in _positions(given).items()}
    return _renamed(pa.table(table), names).cast(MODEL_SCHEMA), facts


def _called(function: str, given: InputColumns, past: InputColumns | None, **options: Any) -> Any:
    """Call a function of the engine on frame and history."""
    rust = choice.rust()
    try:
        return getattr(rust, function)(
            _table(given),
            columns=list(_positions(given).values()),
            history=None if past is None else _table(past),
            **options,
            **key_names(given),
        )
    except (rust.RowError, rust.TooManyRowsError, rust.EngineError) as error:
        raise translated(error, own_names(given)) from error


def _table(columns: InputColumns) -> pa.Table | dict[str, Any]:
    return key_table(columns, list(columns.values.values()))


def _positions(given: InputColumns) -> dict[str, str]:
    return {name: str(position) for position, name in enumerate(given.values)}


def _renamed(model: pa.Table, names: Mapping[str, str]) -> pa.Table:
    """Return the rows of a model that belong to the named columns, under their new names."""
    columns = model["column"].to_pylist()
    rows = [row for row, column in enumerate(columns) if column in names]
    renamed = pa.array([names[columns[row]] for row in rows], pa.string())
    return model.take(pa.array(rows, pa.int64())).set_column(0, "column", renamed)
