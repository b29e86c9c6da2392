"""The datasets that the data layer knows: the only list of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.generation_files import GENERATION_FILES
from energy_data_layer.datasets.koen_wind import KOEN_WIND
from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR

if TYPE_CHECKING:
    from energy_data_layer.datasets.dataset import Dataset

DATASETS: dict[str, Dataset] = {dataset.name: dataset for dataset in (ASOS, GENERATION_FILES, KOEN_WIND, KOSPO_SOLAR)}
"""The datasets by name."""


def fetched_datasets() -> dict[str, Dataset]:
    """Return the datasets that come from services, by name."""
    return {name: dataset for name, dataset in DATASETS.items() if dataset.own_service is not None}


def dataset_of_table(table: str) -> Dataset | None:
    """Return the dataset that a table holds, None where it is no table of hours."""
    return next((dataset for dataset in DATASETS.values() if dataset.table.name == table), None)
