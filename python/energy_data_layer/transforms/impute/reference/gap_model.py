"""What optimal interpolation learns from a column: climatology, spread, neighbours and their covariances.

The rules are those of the contract; the mathematics is on the page ``docs/transforms/impute.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from energy_data_layer.transforms.impute.reference.grid import HOURS, SLOTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from energy_data_layer.transforms.impute.reference.grid import Grid

    Values = NDArray[np.float64]

FEWEST_COMMON = 240
"""Fewest hours from which a relation is learnt."""

DAYS_AROUND, DAYS_AROUND_SPREAD = 15, 30
HARMONICS = 5
"""Of the climatology's daily cycle: what varies faster is chance, and differs where a value is missing."""
PRIOR_HOURS = 10
SMALLEST_VARIANCE = 1e-12
LARGE_VALUES = 1e100
"""From here on values are scaled down, so that their squares can be summed."""

MOST_CANDIDATES, MOST_SETS = 10, 16
WEAKEST_CORRELATION = 0.1
OPINION_RIDGE, COVARIANCE_RIDGE = 0.02, 1e-9
LARGEST_LAG = 344
"""Predictors lie up to 168 steps on each side of a missing value."""


@dataclass(frozen=True)
class NeighbourSet:
    """How one set of neighbours and the station's own past tell a value.

    Attributes
    ----------
    beta : ndarray
        Weights of the neighbours' anomalies in the opinion.
    transition : ndarray, shape (2m, m)
        Coefficients of the second-order autoregression of u = (anomaly, opinion), m = 2; of the anomaly alone, m = 1.
    covariance : ndarray, shape (2m, 2m)
        Stationary covariance of (u(t), u(t - 1)).
    """

    beta: Values
    transition: Values
    covariance: Values

    @cached_property
    def lagged(self) -> Values:
        """Return E u(t + h) u(t)' by the lag h, from 0."""
        m = self.transition.shape[1]
        step = companion(self.transition)
        lagged = np.empty((LARGEST_LAG + 1, m, m))
        product = self.covariance
        for lag in range(LARGEST_LAG + 1):
            lagged[lag] = product[:m, :m]
            product = step @ product
        return lagged


@dataclass(frozen=True)
class StationModel:
    """What is known of one station and column.

    Attributes
    ----------
    windows : int
        How often three observed values follow one another; with too few, nothing but a borrowed climatology is used.
    climatology, spread : ndarray
        Mean and standard deviation of the values by hour of the year.
    borrowed : ndarray
        By hour of the year, the standard deviation of the daily mean difference from the station whose climatology
        this is; NaN where it is the station's own.
    candidates : list of int
        The stations that may take part, best first.
    members : list of int
        The sets of neighbours that are used, as bits of `candidates`; the first is empty.
    merits : list of int
        How much of the variance each set explains, in millionths.
    sets : dict of int to NeighbourSet
        Those of the sets that are fitted, by their position in `members`.
    quantiles : dict of int to ndarray
        The quantiles of their standardised errors, where they are calibrated.
    """

    windows: int
    climatology: Values
    spread: Values
    borrowed: Values
    candidates: list[int]
    members: list[int]
    merits: list[int]
    sets: dict[int, NeighbourSet] = field(default_factory=dict)
    quantiles: dict[int, Values] = field(default_factory=dict)

    @property
    def is_sufficient(self) -> bool:
        """Whether the station's own values suffice for optimal interpolation."""
        return self.windows >= FEWEST_COMMON


def anomalies(cells: Values, models: Sequence[StationModel], grid: Grid) -> Values:
    """Return the standardised anomalies of all stations."""
    climatology = np.column_stack([model.climatology[grid.slot] for model in models])
    spread = np.column_stack([model.spread[grid.slot] for model in models])
    standardised: Values = (cells - climatology) / spread
    return standardised


def fit_stations(cells: Values, grid: Grid, neighbours: int) -> list[StationModel]:
    """Fit all stations of a column, whose values stand in `cells`, a column per station."""
    scale = 2.0 ** -np.frexp(largest)[1] if (largest := np.nanmax(np.abs(cells))) > LARGE_VALUES else 1.0
    cells = cells * scale
    own = [_climatology(values, grid.slot) for values in cells.T]
    borrowed = [_borrow(station, cells, own, grid) for station in range(cells.shape[1])]
    climatologies = [mean for mean, _ in borrowed]
    spreads = [_spread(values, mean, grid.slot) for values, mean in zip(cells.T, climatologies, strict=True)]
    standardised = (cells - np.column_stack([mean[grid.slot] for mean in climatologies])) / np.column_stack(
        [spread[grid.slot] for spread in spreads]
    )
    correlation, common = correlations(standardised)
    between = np.where(common >= FEWEST_COMMON, correlation, 0.0)
    models = []
    for station, ((mean, difference), spread) in enumerate(zip(borrowed, spreads, strict=True)):
        chosen = _candidates(correlation[station], common[station], station) if neighbours else []
        windows, members, merits = _choose_sets(
            standardised[:, station],
            standardised[:, chosen],
            correlation[station, chosen],
            between[np.ix_(chosen, chosen)],
            neighbours,
        )
        models.append(StationModel(windows, mean / scale, spread / scale, difference / scale, chosen, members, merits))
    return models


def _climatology(values: Values, slot: NDArray[np.intp]) -> tuple[Values, Values]:
    """Return mean and number of the values by hour of the year, each over the days around, the daily cycle smoothed."""
    seen = ~np.isnan(values)
    mean = values[seen].mean()
    total, count = _sums_around(values[seen] - mean, slot[seen], DAYS_AROUND)
    hour = slot[seen] % HOURS
    hours = np.maximum(np.bincount(hour, minlength=HOURS), 1)
    by_hour = np.tile(np.bincount(hour, values[seen] - mean, minlength=HOURS) / hours, SLOTS // HOURS)
    departure = np.where(count > 0, total / np.maximum(count, 1), by_hour).reshape(-1, HOURS)
    whole = (count.reshape(-1, HOURS) > 0).all(axis=1)
    departure[whole] = departure[whole] @ _SMOOTHING
    return mean + departure.ravel(), count


def _smoothing() -> Values:
    """Return the matrix that leaves the mean and the first harmonics of a day's hours."""
    hours = np.arange(HOURS)
    harmonics = 2 * np.pi / HOURS * np.arange(1, HARMONICS + 1)
    distance = hours[:, None] - hours[None, :]
    matrix: Values = (1 + 2 * np.cos(harmonics[:, None, None] * distance).sum(axis=0)) / HOURS
    return matrix


_SMOOTHING = _smoothing()


def _spread(values: Values, climatology: Values, slot: NDArray[np.intp]) -> Values:
    """Return the standard deviation of the values from their climatology, by hour of the year."""
    seen = ~np.isnan(values)
    squares = (values[seen] - climatology[slot[seen]]) ** 2
    prior = max(squares.mean(), SMALLEST_VARIANCE)
    total, count = _sums_around(squares, slot[seen], DAYS_AROUND_SPREAD)
    spread: Values = np.sqrt((np.maximum(total, 0) + PRIOR_HOURS * prior) / (count + PRIOR_HOURS))
    return spread


def _sums_around(values: Values, slot: NDArray[np.intp], days: int) -> tuple[Values, Values]:
    """Return sum and number of the values of each hour of the year and the same hour of so many days around."""
    total = np.bincount(slot, values, minlength=SLOTS).astype(np.float64)
    count = np.bincount(slot, minlength=SLOTS).astype(np.float64)
    return _around(total, days), _around(count, days)


def _around(table: Values, days: int) -> Values:
    by_day = table.reshape(-1, HOURS)
    running = np.cumsum(np.concatenate([np.zeros((1, HOURS)), by_day[-days:], by_day, by_day[:days]]), axis=0)
    around: Values = (running[2 * days + 1 :] - running[: -2 * days - 1]).ravel()
    return around


def _borrow(station: int, cells: Values, own: list[tuple[Values, Values]], grid: Grid) -> tuple[Values, Values]:
    """Return a station's climatology, completed from the closest stations, and where it is borrowed."""
    mean, count = own[station]
    mean, borrowed = mean.copy(), np.full(SLOTS, np.nan)
    windows = _windows(~np.isnan(cells[:, station])).sum()
    empty = np.ones(SLOTS, dtype=bool) if windows < FEWEST_COMMON else count == 0
    if not empty.any():
        return mean, borrowed
    closest = []
    for other in range(cells.shape[1]):
        difference = cells[:, station] - cells[:, other]
        both = ~np.isnan(difference)
        if other != station and both.sum() >= FEWEST_COMMON:
            _, day = np.unique(grid.day[both], return_inverse=True)
            daily = np.bincount(day, difference[both]) / np.bincount(day)
            closest.append((difference[both].std(), other, difference[both].mean(), daily.std()))
    for _, other, offset, deviation in sorted(closest):
        lent = empty & (own[other][1] > 0)
        mean[lent] = own[other][0][lent] + offset
        borrowed[lent] = deviation
        empty &= ~lent
    return mean, borrowed


def correlations(standardised: Values) -> tuple[Values, Values]:
    """Return the correlation of each pair of stations, over their common hours, and how many these are."""
    seen = ~np.isnan(standardised)
    values, weights = np.where(seen, standardised, 0.0), seen.astype(np.float64)
    squares = (values * values).T @ weights
    scale = np.sqrt(squares * squares.T)
    products = values.T @ values
    return np.divide(products, scale, out=np.zeros_like(scale), where=scale > 0), weights.T @ weights


def _candidates(correlation: Values, common: Values, station: int) -> list[int]:
    strength = np.abs(correlation)
    usable = (common >= FEWEST_COMMON) & (strength >= WEAKEST_CORRELATION)
    usable[station] = False
    # Stations stand in the order of their names: that settles ties.
    ranked = sorted(np.flatnonzero(usable).tolist(), key=lambda other: -np.rint(strength[other] * 1e9))
    return ranked[:MOST_CANDIDATES]


def _choose_sets(
    own: Values, others: Values, correlation: Values, between: Values, neighbours: int
) -> tuple[int, list[int], list[int]]:
    """Choose the sets of neighbours that explain most over all hours, by what is observed in each.

    Returns
    -------
    int
        How often three values of the station follow one another.
    list of int, list of int
        The sets, as bits of the candidates, and their merits.
    """
    count = others.shape[1]
    every = np.arange(1 << count)
    window = _windows(~np.isnan(own))
    observed = observed_members(others)
    throughout = observed[2:] & observed[1:-1] & observed[:-2]
    support = _sums_over_supersets(np.bincount(throughout[window], minlength=1 << count))
    absent = count - sum(every >> bit & 1 for bit in range(count)) if count else np.zeros(1, np.int64)
    hours = np.bincount(observed, minlength=1 << count) + len(own) // 10 ** (absent + 1)

    pool = []
    for size in range(1, neighbours + 1):
        for some in map(list, combinations(range(count), size)):
            bits = sum(1 << member for member in some)
            if support[bits] >= FEWEST_COMMON:
                beta = np.linalg.solve(_ridged(between[np.ix_(some, some)], OPINION_RIDGE), correlation[some])
                pool.append((bits, int(np.rint(1e6 * (beta @ correlation[some])))))
    members, merits = [0], [0]
    best = np.zeros(1 << count, np.int64)
    while pool and len(members) < MOST_SETS:
        gains = [int((hours * np.maximum(merit - best, 0))[every & bits == bits].sum()) for bits, merit in pool]
        chosen = int(np.argmax(gains))
        if gains[chosen] <= 0:
            break
        bits, merit = pool.pop(chosen)
        members.append(bits)
        merits.append(merit)
        best = np.where(every & bits == bits, np.maximum(best, merit), best)
    return int(window.sum()), members, merits


def observed_members(others: Values) -> NDArray[np.int64]:
    """Return for each step the candidates that are observed then, as bits."""
    observed: NDArray[np.int64] = ~np.isnan(others) @ (1 << np.arange(others.shape[1]))
    return observed.astype(np.int64)


def _windows(observed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return for each step from the third on whether it and the two before are observed."""
    windows: NDArray[np.bool_] = observed[2:] & observed[1:-1] & observed[:-2]
    return windows


def _sums_over_supersets(count: NDArray[np.int64]) -> NDArray[np.int64]:
    total, bit = count.copy(), 1
    while bit < len(total):
        pairs = total.reshape(-1, 2, bit)
        pairs[:, 0] += pairs[:, 1]
        bit *= 2
    return total


def fit_set(own: Values, others: Values) -> NeighbourSet:
    """Fit the opinion of a set of neighbours, and the autoregression of anomaly and opinion."""
    supported = ~np.isnan(own) & ~np.isnan(others).any(axis=1)
    beta: Values = np.zeros(0)
    state: Values = own[:, None]
    if others.shape[1]:
        design = others[supported]
        normal = _ridged(design.T @ design / len(design), OPINION_RIDGE)
        beta = np.linalg.solve(normal, design.T @ own[supported] / len(design)).astype(np.float64)
        state = np.column_stack([own, others @ beta])
    m = state.shape[1]
    t = np.flatnonzero(_windows(supported)) + 2
    window = np.concatenate([state[t], state[t - 1], state[t - 2]], axis=1)
    moments = window.T @ window / len(t)
    if not (np.diag(moments) > 0).all():
        return NeighbourSet(beta, np.zeros((2 * m, m)), np.zeros((2 * m, 2 * m)))
    transition = np.linalg.solve(_ridged(moments[m:, m:], COVARIANCE_RIDGE), moments[m:, :m])
    innovation = moments[:m, :m] - transition.T @ moments[m:, :m]
    return NeighbourSet(beta, *_stationary(transition, (innovation + innovation.T) / 2))


def _ridged(matrix: Values, ridge: float) -> Values:
    return matrix + np.diag(ridge * np.diag(matrix))


def _stationary(transition: Values, innovation: Values) -> tuple[Values, Values]:
    """Return the coefficients, shrunk until the process is stable, and its stationary covariance."""
    size, m = transition.shape
    while True:
        step = companion(transition)
        covariance = np.zeros((size, size))
        covariance[:m, :m] = innovation
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(18):
                covariance = covariance + step @ covariance @ step.T
                step = step @ step
        if np.abs(step).max() < 1e-9:
            return transition, covariance
        transition = (transition * np.repeat([0.999, 0.999**2], m)[:, None]).astype(np.float64)


def companion(transition: Values) -> Values:
    """Return the matrix that takes (u(t), u(t - 1)) one step on."""
    size, m = transition.shape
    step = np.zeros((size, size))
    step[:m] = transition.T
    step[m:, : size - m] = np.eye(size - m)
    return step
