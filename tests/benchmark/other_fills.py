"""Other ways to fill gaps, for `accuracy.py`; those of other libraries run in the environment of `make peers`.

Run as a script, ``FILE WAY COLUMN``, it fills the column of an Arrow file in place, and prints the processor's seconds.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Values = NDArray[np.float64]

HALF_WINDOW_DAYS = 15
HARMONICS = 4
HOURS_LEARNT = 15_000
HOURS_SMOOTHED = 30 * 24
"""The parameters of a state-space model come from so many hours: likelihoods of a whole record take minutes."""
LONGEST = 168
NEAREST_HOURS = 10


def main(file: Path, way: str, column: str) -> None:
    """Fill the column of a file."""
    masked = pd.read_feather(file)
    # The first call loads the library.
    WAYS[way](masked.groupby("stnNm", sort=False).head(500).reset_index(drop=True), column=column)
    begin = process_time()
    filled = WAYS[way](masked, column=column)
    print(process_time() - begin)
    filled.to_feather(file)


def _interpolated(kind: str) -> Callable[..., pd.DataFrame]:
    def fill(df: pd.DataFrame, *, column: str) -> pd.DataFrame:
        def of_station(values: pd.Series) -> pd.Series:
            return values.reset_index(drop=True).interpolate(kind).ffill().bfill().set_axis(values.index)

        return df.assign(**{column: df.groupby("stnNm", sort=False)[column].transform(of_station)})

    return fill


def _by_climatology_and_anomaly(df: pd.DataFrame, *, column: str) -> pd.DataFrame:
    """Take the mean of the hour over 31 days of all years, and a straight line of the deviation from it."""
    slot = ((df["tm"].dt.dayofyear - 1) * 24 + df["tm"].dt.hour).to_numpy()

    def of_station(values: pd.Series) -> pd.Series:
        at, seen = slot[values.index], values.notna().to_numpy()
        sums, counts = (
            np.bincount(at[seen], weights, minlength=366 * 24).reshape(366, 24)
            for weights in (values.to_numpy()[seen], None)
        )
        days = np.arange(-HALF_WINDOW_DAYS, 366 + HALF_WINDOW_DAYS) % 366
        window = np.ones(2 * HALF_WINDOW_DAYS + 1)
        sums, counts = (
            np.stack([np.convolve(each[days, hour], window, "valid") for hour in range(24)], axis=1)
            for each in (sums, counts.astype(float))
        )
        mean = np.divide(sums, counts, out=np.full_like(sums, values.mean()), where=counts > 0).ravel()[at]
        return (values - mean).interpolate().ffill().bfill() + mean

    return df.assign(**{column: df.groupby("stnNm", sort=False)[column].transform(of_station)})


def _by_knn_imputer(df: pd.DataFrame, *, column: str) -> pd.DataFrame:
    """Take the mean of the hours that other stations, time of day and season resemble most."""
    from sklearn.impute import KNNImputer

    return _in_matrix(df, column, KNNImputer(n_neighbors=NEAREST_HOURS, weights="distance", keep_empty_features=True))


def _by_iterative_imputer(df: pd.DataFrame, *, column: str) -> pd.DataFrame:
    """Predict each station from the others, time of day and season, in rounds."""
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    return _in_matrix(df, column, IterativeImputer(tol=0.01, random_state=0, keep_empty_features=True))


def _by_kalman_smoother(df: pd.DataFrame, *, column: str) -> pd.DataFrame:
    """Smooth the sum of a random walk, a daily cycle that may change, and an autoregression."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    cycle = {"period": 24, "harmonics": HARMONICS}

    def fill(place: _Place) -> Values:
        mean, deviation = np.nanmean(place.own), np.nanstd(place.own)
        own = (place.own - mean) / deviation
        observed = np.convolve(np.isfinite(own), np.ones(min(HOURS_SMOOTHED, len(own))), "valid")
        first = int(observed.argmax())
        short, whole = (
            UnobservedComponents(hours, "random walk", freq_seasonal=[cycle], autoregressive=1)
            for hours in (own[first : first + HOURS_SMOOTHED], own)
        )
        parameters = short.fit(disp=False, warn_convergence=False, cov_type="none").params
        smoothed = whole.smooth(parameters, cov_type="none").smoother_results.smoothed_state
        return mean + deviation * (whole.ssm["design"] @ smoothed)[0, place.missing]

    return _station_by_station(df, column, fill)


def _by_gradient_boosting(df: pd.DataFrame, *, column: str) -> pd.DataFrame:
    """Predict what to add to a straight line over the gap from its edges, other stations, time of day and season."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    def fill(place: _Place) -> Values:
        chance = np.random.default_rng(0)
        learnt = place.chosen(HOURS_LEARNT)
        # Gaps as they may be: as long on either side, in hours, as chance has it on a logarithmic scale.
        before, after = np.exp(chance.uniform(0, np.log(LONGEST), (2, len(learnt)))).astype(int)
        line, features = place.described(learnt, learnt - before, learnt + after)
        model = HistGradientBoostingRegressor(max_iter=200, learning_rate=0.08, early_stopping=False, random_state=0)
        known = np.isfinite(line)
        model.fit(features[known], (place.own[learnt] - line)[known])
        seen = np.flatnonzero(np.isfinite(place.own))
        next_seen = np.searchsorted(seen, place.missing)
        line, features = place.described(
            place.missing, seen[np.maximum(next_seen - 1, 0)], seen[np.minimum(next_seen, len(seen) - 1)]
        )
        return np.where(np.isfinite(line), line, np.nanmean(place.own)) + model.predict(features)

    return _station_by_station(df, column, fill)


class _Place:
    """A station's values on the hours of all stations, with those of the others."""

    def __init__(self, cells: Values, station: int, clock: Values) -> None:
        self.own = cells[:, station]
        self.others = np.delete(cells, station, axis=1)
        self.clock = clock
        seen = np.flatnonzero(np.isfinite(self.own))
        within = np.zeros(len(self.own), bool)
        within[seen[0] : seen[-1] + 1] = True
        self.missing = np.flatnonzero(within & ~np.isfinite(self.own))

    def chosen(self, most: int) -> NDArray[np.intp]:
        """Return observed hours, drawn by chance where there are more than `most`."""
        seen = np.flatnonzero(np.isfinite(self.own))
        return np.sort(np.random.default_rng(0).choice(seen, min(most, len(seen)), replace=False))

    def described(self, t: Any, left: Any, right: Any) -> tuple[Values, Values]:
        """Return the straight line over a gap at an hour of it, and what a model may know of the hour."""
        left, right = np.clip(left, 0, len(self.own) - 1), np.clip(right, 0, len(self.own) - 1)
        share = (t - left) / np.maximum(right - left, 1)
        line = self.own[left] * (1 - share) + self.own[right] * share
        others = self.others[left] * (1 - share)[:, None] + self.others[right] * share[:, None]
        edges = [self.own[left] - line, self.own[right] - line, t - left, right - t, line]
        return line, np.column_stack([self.others[t] - others, self.others[t] - line[:, None], *edges, self.clock[t]])


def _station_by_station(df: pd.DataFrame, column: str, fill: Callable[[_Place], Values]) -> pd.DataFrame:
    cells, clock = _matrix(df, column)
    filled = cells.to_numpy(copy=True)
    for station in range(filled.shape[1]):
        place = _Place(cells.to_numpy(), station, clock)
        if len(place.missing):
            filled[place.missing, station] = fill(place)
    return _with_fills(df, column, cells, filled)


def _in_matrix(df: pd.DataFrame, column: str, imputer: Any) -> pd.DataFrame:
    cells, clock = _matrix(df, column)
    mean, deviation = cells.mean(), cells.std()
    filled = imputer.fit_transform(np.column_stack([(cells - mean) / deviation, clock]))[:, : cells.shape[1]]
    return _with_fills(df, column, cells, filled * deviation.to_numpy() + mean.to_numpy())


def _matrix(df: pd.DataFrame, column: str) -> tuple[pd.DataFrame, Values]:
    """Return the values as hour × station, and what tells the time of day and the season of an hour."""
    cells = df.pivot(index="tm", columns="stnNm", values=column)
    hour, day = cells.index.hour * 2 * np.pi / 24, cells.index.dayofyear * 2 * np.pi / 366
    return cells, np.column_stack([np.sin(hour), np.cos(hour), np.sin(day), np.cos(day)])


def _with_fills(df: pd.DataFrame, column: str, cells: pd.DataFrame, filled: Values) -> pd.DataFrame:
    at = cells.index.get_indexer(df["tm"]), cells.columns.get_indexer(df["stnNm"])
    return df.assign(**{column: np.where(df[column].notna(), df[column], filled[at])})


OF_OTHER_LIBRARIES = {
    "KNNImputer": _by_knn_imputer,
    "IterativeImputer": _by_iterative_imputer,
    "Kalman smoother": _by_kalman_smoother,
    "gradient boosting": _by_gradient_boosting,
}
WAYS = {
    "linear": _interpolated("linear"),
    "pchip": _interpolated("pchip"),
    "cubic": _interpolated("cubic"),
    "climatology + anomaly": _by_climatology_and_anomaly,
    **OF_OTHER_LIBRARIES,
}


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
