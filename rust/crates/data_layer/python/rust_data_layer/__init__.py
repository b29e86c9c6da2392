"""The compiled engine of energy-data-layer; its public functions are in that package."""

import warnings

from rust_data_layer._native import (
    ApiError,
    CompletedTable,
    EngineError,
    GapModelTable,
    ImputedTable,
    LongTable,
    PayloadError,
    PayloadTable,
    RowError,
    TooManyRowsError,
    __version__,
    build_info,
    complete_hours,
    fit_gap_model,
    impute_missing_values,
    rows_from_api_payload,
    transform_wide_to_long,
)

__all__ = [
    "ApiError",
    "CompletedTable",
    "EngineError",
    "GapModelTable",
    "ImputedTable",
    "LongTable",
    "PayloadError",
    "PayloadTable",
    "RowError",
    "TooManyRowsError",
    "__version__",
    "build_info",
    "complete_hours",
    "fit_gap_model",
    "impute_missing_values",
    "rows_from_api_payload",
    "transform_wide_to_long",
]

if build_info()["debug"]:
    warnings.warn(
        "rust_data_layer is a debug build and slow; build it with: maturin develop --release",
        RuntimeWarning,
        stacklevel=2,
    )
