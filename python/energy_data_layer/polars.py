"""The transforms as methods of polars frames: ``df.edl.complete_hours()``, once this module is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from energy_data_layer.errors import ExtraUnavailable
from energy_data_layer.transforms.complete_hours.api import complete_hours
from energy_data_layer.transforms.impute.api import impute_missing_values
from energy_data_layer.transforms.impute.result import impute

try:
    import polars as pl
except ImportError as error:
    raise ExtraUnavailable("polars", "polars") from error

if TYPE_CHECKING:
    from energy_data_layer.transforms.impute.result import ImputeResult

__all__ = ["Edl"]


@pl.api.register_dataframe_namespace("edl")
class Edl:
    """The namespace ``edl`` of polars frames: each method is the function of its name, called with the frame.

    Examples
    --------
    >>> import polars as pl
    >>> import energy_data_layer.polars
    >>> hours = ["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 03:00"]
    >>> df = pl.DataFrame({"stnNm": "Seoul", "tm": hours, "ta": [0.0, 1.0, 3.0]})
    >>> df.edl.complete_hours().edl.impute_missing_values(["ta"], method="linear")["ta"].to_list()
    [0.0, 1.0, 2.0, 3.0]
    """

    def __init__(self, df: pl.DataFrame) -> None:
        self._df = df

    def complete_hours(self, *arguments: Any, **options: Any) -> pl.DataFrame:
        """Insert the hours that have no row, see `complete_hours`."""
        return cast("pl.DataFrame", complete_hours(self._df, *arguments, **options))

    def impute(self, *arguments: Any, **options: Any) -> ImputeResult:
        """Fill gaps by the most accurate method, see `impute`; the frame is the result's `frame`."""
        return impute(self._df, *arguments, **options)

    def impute_missing_values(self, *arguments: Any, **options: Any) -> Any:
        """Fill gaps, see `impute_missing_values`."""
        return impute_missing_values(self._df, *arguments, **options)
