"""All transforms."""

from __future__ import annotations

from energy_data_layer.transforms.complete_hours.api import complete_hours
from energy_data_layer.transforms.impute.api import impute_missing_values
from energy_data_layer.transforms.payload_rows.api import rows_from_api_payload
from energy_data_layer.transforms.wide_to_long.api import transform_wide_to_long

TRANSFORMS = {
    function.__name__: function
    for function in (rows_from_api_payload, complete_hours, impute_missing_values, transform_wide_to_long)
}
"""The public functions by name, in the order in which data pass through them."""
