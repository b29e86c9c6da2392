"""The transforms under their own names, on Spark's frames: ``from energy_data_layer.spark import complete_hours``."""

from energy_data_layer.scale.spark import (
    complete_hours,
    impute_missing_values,
    rows_from_api_payload,
    transform_wide_to_long,
)

__all__ = ["complete_hours", "impute_missing_values", "rows_from_api_payload", "transform_wide_to_long"]
