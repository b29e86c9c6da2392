"""`impute_missing_values` in Rust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from energy_data_layer.engine import choice
from energy_data_layer.engine.boundary import (
    defects_as_engine_errors,
    key_names,
    key_table,
    own_names,
    require_array,
    translated,
)
from energy_data_layer.transforms.impute.report import ColumnReport, Imputed

if TYPE_CHECKING:
    from energy_data_layer.core.columns import InputColumns


@defects_as_engine_errors()
def imputed_in_rust(given: InputColumns, past: InputColumns | None, max_spline_gap: int) -> Imputed:
    """Run `impute_missing_values` in Rust."""
    rust = choice.rust()
    positions = {name: str(position) for position, name in enumerate(given.values)}
    try:
        result = rust.impute_missing_values(
            key_table(given, list(given.values.values())),
            columns=list(positions.values()),
            max_spline_gap=max_spline_gap,
            history=None if past is None else key_table(past, list(past.values.values())),
            **key_names(given),
        )
    except (rust.RowError, rust.EngineError) as error:
        raise translated(error, own_names(given)) from error
    arrays = result.take_numpy()
    for position in positions.values():
        values, codes = arrays[position]
        require_array(values, len(given.stamp), np.float64)
        require_array(codes, len(given.stamp), np.uint8)
    return Imputed(
        values={name: arrays[position][0] for name, position in positions.items()},
        codes={name: arrays[position][1] for name, position in positions.items()},
        stations=result.stations,
        reports=lambda: {name: _report(result.report[position]) for name, position in positions.items()},
    )


def _report(counts: dict[str, Any]) -> ColumnReport:
    return ColumnReport.from_counts(counts["codes"], counts["coerced"], counts["gap_lengths"])
