"""Optimal interpolation: the best linear prediction of a missing anomaly from the gap's edges and its neighbours.

The rules are those of the contract; the mathematics is on the page ``docs/transforms/impute.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.transforms.impute.reference.gap_model import (
    FEWEST_COMMON,
    NeighbourSet,
    StationModel,
    anomalies,
    fit_set,
    fit_stations,
    observed_members,
)
from energy_data_layer.transforms.impute.report import Filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from energy_data_layer.core.gaps import Gaps
    from energy_data_layer.transforms.impute.reference.grid import Grid
    from energy_data_layer.transforms.impute.reference.table import Table

    Values = NDArray[np.float64]
    Steps = NDArray[np.intp]

HORIZON = 168
"""How many steps away from a missing value a predictor may lie."""
NUGGET, SMALLEST_NUGGET = 1e-6, 1e-12
SMALLEST_VARIANCE = 1e-4
BEYOND = 1 << 40

IS_OPINION = np.array([False] * 4 + [True] * 5)
"""Of the predictors: two observed values on each side, the opinion at t - 1, t, t + 1 and at both edges."""

PROBABILITIES = np.array(
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99, 0.995]
)
SHORTEST_OF_CLASS = np.array([1, 2, 4, 7, 13, 25, 49])
"""Distance to the nearest edge from which on each class of errors counts."""
PROBES = ((1, 1), (2, 2), (4, 6), (8, 10), (16, 18), (30, 34), (60, 70))
"""Distances to the left and the right edge at which the errors of each class are measured."""
WITHOUT_EDGES = 3 * len(PROBES)
PROBE_HOURS = 2_500


@dataclass(frozen=True)
class Places:
    """Some missing values of a station: their steps, the gap around them, and the observed steps next to it.

    Attributes
    ----------
    t : ndarray of int
        The steps.
    edges : ndarray of int, shape (n, 4)
        The nearest and the second observed step on the left, then on the right; `BEYOND` where there is none.
    """

    t: Steps
    edges: Steps

    def __getitem__(self, chosen: NDArray[np.bool_]) -> Places:
        return Places(self.t[chosen], self.edges[chosen])


def fit_column(
    table: Table, grid: Grid, values: Values, past_values: Values, neighbours: int
) -> dict[str, StationModel]:
    """Fit all stations of a column that have enough values, in the order of their names."""
    seen = np.concatenate([table.station[~np.isnan(values)], table.past_station[~np.isnan(past_values)]])
    enough = np.flatnonzero(np.bincount(seen, minlength=len(table.names)) >= FEWEST_COMMON)
    names = [str(name) for name in table.names]
    stations = np.array(sorted(enough.tolist(), key=lambda station: names[station]), np.intp)
    if not len(stations):
        return {}
    cells = grid.dense(table, values, past_values, stations)
    return dict(zip([names[station] for station in stations], fit_stations(cells, grid, neighbours), strict=True))


def fit_all_sets(
    models: Mapping[str, StationModel], table: Table, grid: Grid, values: Values, past_values: Values
) -> None:
    """Fit and calibrate every set of neighbours of every station."""
    standardised = _standardised(models, table, grid, values, past_values)
    for own, model in zip(standardised.T, models.values(), strict=True):
        for index in range(len(model.members)) if model.is_sufficient else ():
            _fitted(model, index, own, standardised[:, model.candidates], calibrated=True)


def fill_column(
    values: Values,
    gaps: Gaps,
    table: Table,
    past_values: Values,
    grid: Grid,
    models: Mapping[str, StationModel],
    interval: float | None,
) -> Filled:
    """Fill what the models suffice for; the code stays 0 where they do not."""
    filled, codes = values.copy(), np.zeros(len(values), np.uint8)
    low, high = np.full((2, len(values)), np.nan)
    standardised = _standardised(models, table, grid, values, past_values)
    position = {name: index for index, name in enumerate(models)}
    missing = gaps.rows(np.ones(len(gaps.start), dtype=bool))
    for station in np.unique(table.station[missing]):
        name = str(table.names[station])
        if name not in models:
            continue
        model = models[name]
        rows = missing[table.station[missing] == station]
        slot = grid.slot[grid.at[rows]]
        borrowed = model.borrowed[slot]
        if not model.is_sufficient:
            lent = ~np.isnan(borrowed)
            filled[rows[lent]] = model.climatology[slot[lent]]
            codes[rows[lent]] = Provenance.BORROWED_CLIMATOLOGY
            continue
        anomaly, variance, quantiles, has_neighbours = _predicted(
            model, standardised[:, position[name]], standardised[:, model.candidates], grid.at[rows], interval
        )
        climatology, spread = model.climatology[slot], model.spread[slot]
        filled[rows] = climatology + spread * anomaly
        by_edges = np.where(
            has_neighbours, Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS, Provenance.OPTIMAL_INTERPOLATION
        )
        codes[rows] = np.where(np.isnan(borrowed), by_edges, Provenance.BORROWED_CLIMATOLOGY)
        if interval is not None:
            deviation = np.sqrt(variance + (np.nan_to_num(borrowed) / spread) ** 2)
            low[rows] = climatology + spread * (anomaly + deviation * quantiles[:, 0])
            high[rows] = climatology + spread * (anomaly + deviation * quantiles[:, 1])
    return Filled(filled, codes, low, high)


def _standardised(
    models: Mapping[str, StationModel], table: Table, grid: Grid, values: Values, past_values: Values
) -> Values:
    """Return the anomalies of the models' stations, a column each; of one that is not in the table all are missing."""
    station_of = {str(name): station for station, name in enumerate(table.names)}
    present = [index for index, name in enumerate(models) if name in station_of]
    stations = np.array([station_of[name] for name in models if name in station_of], np.intp)
    cells = grid.dense(table, values, past_values, stations)
    standardised = np.full((len(cells), len(models)), np.nan)
    if present:
        standardised[:, present] = anomalies(cells, [list(models.values())[index] for index in present], grid)
    return standardised


def _fitted(
    model: StationModel, index: int, own: Values, others: Values, *, calibrated: bool
) -> tuple[NeighbourSet, Values | None]:
    """Return a station's set of neighbours and the opinion of that set; fit what is not fitted yet."""
    bits = model.members[index]
    others = others[:, [member for member in range(others.shape[1]) if bits >> member & 1]]
    if index not in model.sets:
        model.sets[index] = fit_set(own, others)
    neighbours = model.sets[index]
    opinion = others @ neighbours.beta if bits else None
    if calibrated and index not in model.quantiles:
        model.quantiles[index] = _calibrate(neighbours, own, opinion)
    return neighbours, opinion


def _predicted(
    model: StationModel, own: Values, others: Values, t: Steps, interval: float | None
) -> tuple[Values, Values, Values, NDArray[np.bool_]]:
    """Return anomaly, variance and the two quantiles of its error for missing steps, and which have neighbours."""
    places = Places(t, _edges(own, t))
    index = _best_set(model, observed_members(others)[t])
    anomaly, variance, quantiles = np.zeros(len(t)), np.zeros(len(t)), np.zeros((len(t), 2))
    for one in np.unique(index):
        chosen = index == one
        some = places[chosen]
        neighbours, opinion = _fitted(model, one, own, others, calibrated=interval is not None)
        anomaly[chosen], variance[chosen] = predict(neighbours, own, opinion, some)
        if interval is not None:
            ends = (1 - interval) / 2, (1 + interval) / 2
            by_row = np.array([np.interp(ends, PROBABILITIES, row) for row in model.quantiles[one]])
            quantiles[chosen] = by_row[_row_of_quantiles(some)]
    return anomaly, variance, quantiles, np.array(model.members)[index] > 0


def _best_set(model: StationModel, observed: NDArray[np.int64]) -> Steps:
    """Return for each step the set that explains most among those observed then."""
    index, best = np.zeros(len(observed), np.intp), np.full(len(observed), -1)
    for position, (bits, merit) in enumerate(zip(model.members, model.merits, strict=True)):
        better = (observed & bits == bits) & (merit > best)
        index[better], best[better] = position, merit
    return index


def _edges(own: Values, t: Steps) -> Steps:
    seen = np.flatnonzero(~np.isnan(own))
    padded = np.concatenate([[-BEYOND, -BEYOND], seen, [BEYOND, BEYOND]])
    right = np.searchsorted(seen, t) + 2
    return np.column_stack([padded[right - 1], padded[right - 2], padded[right], padded[right + 1]])


def predict(neighbours: NeighbourSet, own: Values, opinion: Values | None, places: Places) -> tuple[Values, Values]:
    """Return the predicted anomalies and the variances of their errors."""
    t, (left, _, right, _) = places.t, places.edges.T
    steps = [places.edges]
    if opinion is not None:
        steps.append(np.column_stack([t - 1, t, t + 1, left, right]))
    at = np.concatenate(steps, axis=1)
    lag = at - t[:, None]
    within = (np.abs(lag) <= HORIZON) & (at >= 0) & (at < len(own))
    at = np.where(within, at, 0)
    kind = IS_OPINION[: at.shape[1]]
    values = np.where(kind, 0.0 if opinion is None else opinion[at], own[at])
    usable = within & ~np.isnan(values)
    if opinion is not None:
        # At the first and last step of a gap an edge is a neighbouring step already.
        usable[:, 7] &= left != t - 1
        usable[:, 8] &= right != t + 1
    # Most places look alike: the distances of the four edges and what is usable tell all that the weights depend on.
    alike = np.where(within[:, :4], lag[:, :4] + HORIZON, 0) @ (2 * HORIZON + 1) ** np.arange(4)
    alike = alike << len(kind) | usable @ (1 << np.arange(len(kind)))
    _, first, which = np.unique(alike, return_index=True, return_inverse=True)
    weights, variances = _weights(neighbours, np.where(usable, lag, 0)[first], usable[first])
    anomaly: Values = (weights[which] * np.where(usable, values, 0.0)).sum(axis=1)
    variance: Values = variances[which]
    return anomaly, variance


def _weights(neighbours: NeighbourSet, lag: Steps, usable: NDArray[np.bool_]) -> tuple[Values, Values]:
    """Return the weights of the predictors and the variance of the prediction's error."""
    kind = IS_OPINION[: lag.shape[1]].astype(np.intp)
    covariance = np.where(usable, _covariance(neighbours, lag, np.zeros_like(kind), kind), 0.0)
    both = usable[:, :, None] & usable[:, None, :]
    between = _covariance(neighbours, lag[:, None, :] - lag[:, :, None], kind[:, None], kind[None, :])
    between = np.where(both, between, 0.0)
    diagonal = np.arange(lag.shape[1])
    between[:, diagonal, diagonal] = np.where(
        usable, between[:, diagonal, diagonal] * (1 + NUGGET) + SMALLEST_NUGGET, 1.0
    )
    weights = np.linalg.solve(between, covariance[:, :, None])[:, :, 0]
    total = neighbours.lagged[0, 0, 0]
    variance = total - (weights * covariance).sum(axis=1)
    variance = np.clip(variance, SMALLEST_VARIANCE * total, total)
    return weights.astype(np.float64), variance


def _covariance(neighbours: NeighbourSet, lag: Steps, first: Steps, second: Steps) -> Values:
    """Return E first(t) second(t + lag)."""
    distance = np.abs(lag)
    return np.where(lag >= 0, neighbours.lagged[distance, second, first], neighbours.lagged[distance, first, second])


def _calibrate(neighbours: NeighbourSet, own: Values, opinion: Values | None) -> Values:
    """Return the quantiles of the standardised errors of gaps laid over observed hours.

    Its rows are the classes of distance with both edges, with the left, with the right, and without any.
    """
    seen = ~np.isnan(own) if opinion is None else ~np.isnan(own + opinion)
    t = np.flatnonzero(seen)
    t = t[:: -(-len(t) // PROBE_HOURS)]
    one_sided = [(left, None) for left, _ in PROBES] + [(None, right) for _, right in PROBES]
    quantiles = []
    for left, right in (*PROBES, *one_sided, (None, None)):
        begin = t - left if left else np.full(len(t), -BEYOND)
        end = t + right if right else np.full(len(t), BEYOND)
        places = Places(t, np.column_stack([begin, begin - 1, end, end + 1]))
        anomaly, variance = predict(neighbours, own, opinion, places)
        error = (own[t] - anomaly) / np.sqrt(np.maximum(variance, np.finfo(np.float64).tiny))
        quantiles.append(np.quantile(error, PROBABILITIES))
    return np.array(quantiles)


def _row_of_quantiles(places: Places) -> Steps:
    """Return the row of `_calibrate` that tells the errors at these places."""
    left, right = places.t - places.edges[:, 0], places.edges[:, 2] - places.t
    nearest = np.minimum(left, right)
    distance = np.searchsorted(SHORTEST_OF_CLASS, nearest, side="right") - 1
    side = np.where(right > HORIZON, 1, np.where(left > HORIZON, 2, 0))
    return np.where(nearest > HORIZON, WITHOUT_EDGES, side * len(PROBES) + distance)
