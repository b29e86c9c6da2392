"""Models as a table: what both engines read and write, one row per column and station."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.transforms.impute.model_schema import MODEL_SCHEMA
from energy_data_layer.transforms.impute.reference.gap_model import MOST_CANDIDATES, NeighbourSet, StationModel
from energy_data_layer.transforms.impute.reference.optimal_interpolation import PROBABILITIES, WITHOUT_EDGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

QUANTILES = (WITHOUT_EDGES + 1, len(PROBABILITIES))
BLANK = NeighbourSet(np.zeros(0), np.zeros((2, 1)), np.zeros((2, 2)))


def as_table(models: Mapping[str, Mapping[str, StationModel]]) -> pa.Table:
    """Return the models of each column, all sets fitted, as a table of `MODEL_SCHEMA`."""
    rows = []
    for column, stations in models.items():
        names = list(stations)
        for name, model in stations.items():
            sets = [model.sets.get(index, BLANK) for index in range(len(model.members))]
            quantiles = [model.quantiles.get(index, np.zeros(QUANTILES)) for index in range(len(model.members))]
            rows.append(
                {
                    "column": column,
                    "station": name,
                    "windows": model.windows,
                    "climatology": model.climatology,
                    "spread": model.spread,
                    "borrowed": model.borrowed,
                    "candidates": [names[candidate] for candidate in model.candidates],
                    "members": model.members,
                    "merits": model.merits,
                    "beta": np.concatenate(
                        [_scattered(one.beta, bits) for one, bits in zip(sets, model.members, strict=True)]
                    ),
                    "transition": np.concatenate([_padded(one.transition, 8) for one in sets]),
                    "covariance": np.concatenate([_padded(one.covariance, 16) for one in sets]),
                    "quantiles": np.concatenate([one.ravel() for one in quantiles]),
                }
            )
    return pa.Table.from_pylist(rows, schema=MODEL_SCHEMA)


def read_models(table: pa.Table, column: str) -> dict[str, StationModel]:
    """Return the models of one column by station."""
    rows = table.filter(pc.equal(table["column"], column))
    position = {name: index for index, name in enumerate(rows["station"].to_pylist())}
    return {row["station"]: _station_model(row, position) for row in rows.to_pylist()}


def _station_model(row: Mapping[str, Any], position: Mapping[str, int]) -> StationModel:
    members = row["members"]
    beta = np.array(row["beta"]).reshape(-1, MOST_CANDIDATES)
    transition = np.array(row["transition"]).reshape(-1, 8)
    covariance = np.array(row["covariance"]).reshape(-1, 16)
    quantiles = np.array(row["quantiles"]).reshape(-1, *QUANTILES)
    sets = {}
    for index, bits in enumerate(members):
        m = 2 if bits else 1
        chosen = [member for member in range(MOST_CANDIDATES) if bits >> member & 1]
        sets[index] = NeighbourSet(
            beta[index, chosen],
            transition[index, : 2 * m * m].reshape(2 * m, m),
            covariance[index, : 4 * m * m].reshape(2 * m, 2 * m),
        )
    return StationModel(
        windows=row["windows"],
        climatology=np.array(row["climatology"]),
        spread=np.array(row["spread"]),
        borrowed=np.array(row["borrowed"]),
        candidates=[position[name] for name in row["candidates"]],
        members=members,
        merits=row["merits"],
        sets=sets,
        quantiles=dict(enumerate(quantiles)),
    )


def _scattered(beta: NDArray[np.float64], bits: int) -> NDArray[np.float64]:
    """Return the weights with a place for every candidate."""
    weights = np.zeros(MOST_CANDIDATES)
    weights[[member for member in range(MOST_CANDIDATES) if bits >> member & 1][: len(beta)]] = beta
    return weights


def _padded(matrix: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    return np.pad(matrix.ravel(), (0, size - matrix.size))
