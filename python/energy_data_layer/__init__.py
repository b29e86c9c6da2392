"""Hourly weather and power-generation data: complete the hours, fill the gaps, know what was filled.

Importing this package loads nothing heavy; pandas, pyarrow and the engines load when a function needs them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from energy_data_layer._moved import MovedModules
from energy_data_layer._version import __version__

if TYPE_CHECKING:
    from energy_data_layer.core.provenance import Provenance as Provenance
    from energy_data_layer.datasets.layout import WideLayout as WideLayout
    from energy_data_layer.engine.choice import build_info as build_info
    from energy_data_layer.errors import ApiError as ApiError
    from energy_data_layer.errors import DataLayerError as DataLayerError
    from energy_data_layer.errors import EngineUnavailable as EngineUnavailable
    from energy_data_layer.errors import PayloadError as PayloadError
    from energy_data_layer.jobs.generation.from_files import run_generation as run_generation
    from energy_data_layer.jobs.generation.read import read_generation as read_generation
    from energy_data_layer.jobs.solar import run_solar as run_solar
    from energy_data_layer.jobs.weather.from_files import run_weather as run_weather
    from energy_data_layer.jobs.weather.from_service import collect_weather as collect_weather
    from energy_data_layer.jobs.weather.read import read_asos as read_asos
    from energy_data_layer.jobs.wind import run_wind as run_wind
    from energy_data_layer.scale.local import impute_dataset as impute_dataset
    from energy_data_layer.transforms.complete_hours.api import complete_hours as complete_hours
    from energy_data_layer.transforms.impute.api import impute_missing_values as impute_missing_values
    from energy_data_layer.transforms.impute.model import GapModel as GapModel
    from energy_data_layer.transforms.impute.report import ImputationReport as ImputationReport
    from energy_data_layer.transforms.impute.result import ImputeResult as ImputeResult
    from energy_data_layer.transforms.impute.result import impute as impute
    from energy_data_layer.transforms.impute.score import Scorecard as Scorecard
    from energy_data_layer.transforms.impute.score import score_imputation as score_imputation
    from energy_data_layer.transforms.payload_rows.api import rows_from_api_payload as rows_from_api_payload
    from energy_data_layer.transforms.payload_rows.report import PayloadReport as PayloadReport
    from energy_data_layer.transforms.wide_to_long.api import transform_wide_to_long as transform_wide_to_long
    from energy_data_layer.transforms.wide_to_long.recognise import recognise_layout as recognise_layout
    from energy_data_layer.transforms.wide_to_long.report import WideReport as WideReport

sys.meta_path.insert(0, MovedModules)

_HOME_OF = {
    "ApiError": "errors",
    "DataLayerError": "errors",
    "EngineUnavailable": "errors",
    "GapModel": "transforms.impute.model",
    "ImputationReport": "transforms.impute.report",
    "ImputeResult": "transforms.impute.result",
    "PayloadError": "errors",
    "PayloadReport": "transforms.payload_rows.report",
    "Provenance": "core.provenance",
    "Scorecard": "transforms.impute.score",
    "WideLayout": "datasets.layout",
    "WideReport": "transforms.wide_to_long.report",
    "build_info": "engine.choice",
    "collect_weather": "jobs.weather.from_service",
    "complete_hours": "transforms.complete_hours.api",
    "impute": "transforms.impute.result",
    "impute_dataset": "scale.local",
    "impute_missing_values": "transforms.impute.api",
    "read_asos": "jobs.weather.read",
    "read_generation": "jobs.generation.read",
    "recognise_layout": "transforms.wide_to_long.recognise",
    "transform_wide_to_long": "transforms.wide_to_long.api",
    "rows_from_api_payload": "transforms.payload_rows.api",
    "run_generation": "jobs.generation.from_files",
    "run_solar": "jobs.solar",
    "run_weather": "jobs.weather.from_files",
    "run_wind": "jobs.wind",
    "score_imputation": "transforms.impute.score",
}

__all__ = [
    "ApiError",
    "DataLayerError",
    "EngineUnavailable",
    "GapModel",
    "ImputationReport",
    "ImputeResult",
    "PayloadError",
    "PayloadReport",
    "Provenance",
    "Scorecard",
    "WideLayout",
    "WideReport",
    "__version__",
    "build_info",
    "collect_weather",
    "complete_hours",
    "impute",
    "impute_dataset",
    "impute_missing_values",
    "read_asos",
    "read_generation",
    "recognise_layout",
    "rows_from_api_payload",
    "run_generation",
    "run_solar",
    "run_weather",
    "run_wind",
    "score_imputation",
    "transform_wide_to_long",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
