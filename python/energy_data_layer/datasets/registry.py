"""The datasets that the data layer knows: the only list of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.generation_files import GENERATION_FILES
from energy_data_layer.datasets.koen_wind import KOEN_WIND
from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from energy_data_layer.datasets.dataset import Column, Dataset

DATASETS: dict[str, Dataset] = {dataset.name: dataset for dataset in (ASOS, GENERATION_FILES, KOEN_WIND, KOSPO_SOLAR)}
"""The datasets by name."""


def fetched_datasets() -> dict[str, Dataset]:
    """Return the datasets that come from services, by name."""
    return {name: dataset for name, dataset in DATASETS.items() if dataset.own_service is not None}


def dataset_of_table(table: str) -> Dataset | None:
    """Return the dataset that a table holds, None where it is no table of hours."""
    return next((dataset for dataset in DATASETS.values() if dataset.table.name == table), None)


_ELSEWHERE = {
    "station_col": ("station_name", "station_id", "station", "site", "plant", "발전소", "발전기명", "name"),
    "date_col": ("hour_start", "시각", "time", "date", "일자", "날짜"),
}
"""What key columns are called in frames that are of no dataset, the likeliest first."""


def likely_keys(names: Iterable[object]) -> dict[str, str]:
    """Return which of a frame's columns may be its keys, by the arguments that name them.

    Examples
    --------
    >>> likely_keys(["지점", "지점명", "일시", "기온(°C)"])
    {'station_col': '지점명', 'date_col': '일시'}
    """
    known = {str(name).strip().lower(): name for name in names}
    keys: dict[str, list[Column]] = {"station_col": [], "date_col": []}
    for table in (dataset.table for dataset in DATASETS.values()):
        columns = {column.name: column for column in table.columns}
        keys["date_col"].append(columns[table.stamp])
        if len(table.series) == 1:
            keys["station_col"] += [columns[name] for name in (*table.names, *table.series)]
    found: dict[str, str] = {}
    for option, columns_of_key in keys.items():
        words = [word for column in columns_of_key for word in (column.name.lower(), column.heading)]
        word = next((word for word in (*filter(None, words), *_ELSEWHERE[option]) if word in known), None)
        if word is not None:
            found[option] = str(known[word])
    return found
