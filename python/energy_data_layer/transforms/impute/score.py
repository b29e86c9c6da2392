"""How well each method fills a frame: observed values are hidden, filled, and compared with what was there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from energy_data_layer.core.coercion import checked_markers, require_measurements, with_markers_missing
from energy_data_layer.core.frames import in_memory, wrap
from energy_data_layer.core.inputs import read_columns
from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX
from energy_data_layer.core.whole_numbers import checked_whole
from energy_data_layer.errors import OptionError
from energy_data_layer.transforms.impute.api import impute_missing_values
from energy_data_layer.transforms.impute.masks import LIKE_MINE, generator, masked_gaps
from energy_data_layer.transforms.impute.quantities import bounds_of
from energy_data_layer.transforms.impute.rule import MOST_NEIGHBOURS, checked_rule
from energy_data_layer.transforms.keys import COLUMNS, DATE_COL, STATION_COL, keyed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Literal

    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import Markers, MissingValues
    from energy_data_layer.core.gaps import Gaps
    from energy_data_layer.core.inputs import InputColumns
    from energy_data_layer.transforms.impute.reference.table import Table
    from energy_data_layer.transforms.impute.rule import Bounds, Method

    Filler = Callable[[Any], Any]
    Values = NDArray[np.float64]

SIMPLEST_FIRST = ("linear", "spline_climatology", "optimal_interpolation")
SCORES = ("rmse", "mae", "bias", "crps", "coverage", "width")
RESAMPLES = 200

_SCHEMA = pa.schema(
    [
        ("column", pa.string()),
        ("length", pa.int64()),
        ("method", pa.string()),
        ("station", pa.string()),
        ("gaps", pa.int64()),
        ("hours", pa.int64()),
        ("filled", pa.int64()),
        *((name + suffix, pa.float64()) for name in SCORES for suffix in ("", "_se")),
    ]
)


@dataclass(frozen=True)
class Scorecard:
    """How far the fills of each method are from the values that were hidden from it; made by `score_imputation`.

    Attributes
    ----------
    table : pyarrow.Table
        A row per column, gap length, method and station: `gaps` and `hours` hidden, `hours` that the method
        `filled`, and ``rmse``, ``mae``, ``bias`` (fill − truth), ``crps``, ``coverage`` and ``width`` of the
        intervals, each with its standard error ``<score>_se``. `station` is null in the rows over all stations,
        `length` where lengths are those of the frame's own gaps; a score is null where there is nothing to compute
        it from.
    methods : tuple of str
        The names of the methods, the simplest first.
    interval : float
        The probability with which intervals are meant to cover the truth.
    seed : int
        What the hidden hours were chosen by.
    """

    table: pa.Table
    methods: tuple[str, ...]
    interval: float
    seed: int

    @property
    def recommended(self) -> dict[str, str]:
        """Return, per column, the method with the lowest RMSE, averaged over the gap lengths.

        Among methods that lie within one standard error of the lowest, the simplest is taken. A method that leaves
        hidden hours missing is taken only if every method does.
        """
        chosen = {}
        for column, rows in self.overall().items():
            by_method = {name: [row for row in rows if row["method"] == name] for name in self.methods}
            whole = {
                name: some for name, some in by_method.items() if all(row["filled"] == row["hours"] for row in some)
            }
            means = {
                name: (
                    sum(row["rmse"] for row in some) / len(some),
                    math.hypot(*(row["rmse_se"] or 0.0 for row in some)) / len(some),
                )
                for name, some in (whole or by_method).items()
                if all(row["rmse"] is not None for row in some)
            }
            if means:
                limit = sum(min(means.values()))
                chosen[column] = next(name for name, (mean, _) in means.items() if mean <= limit)
        return chosen

    def text(self) -> str:
        """Return the RMSE by method and gap length, a table a column; a star marks the recommended method."""
        recommended, tables = self.recommended, []
        for column, rows in self.overall().items():
            lengths = list(dict.fromkeys(row["length"] for row in rows))
            lines = [[column, *(LIKE_MINE if length is None else str(length) for length in lengths)]]
            for method in self.methods:
                star = " *" if recommended.get(column) == method else ""
                cells = [row["rmse"] for row in rows if row["method"] == method]
                lines.append([method + star, *("-" if cell is None else f"{cell:#.3g}" for cell in cells)])
            widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
            tables.append(
                "\n".join(
                    "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines
                )
            )
        return "RMSE by length of the gap in rows; * is recommended\n" + "\n\n".join(tables)

    def to_dict(self) -> dict[str, Any]:
        """Return the scorecard as plain types, for JSON."""
        return {
            "interval": self.interval,
            "seed": self.seed,
            "methods": list(self.methods),
            "recommended": self.recommended,
            "scores": self.table.to_pylist(),
        }

    def overall(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows over all stations by column, without lengths that found no place."""
        by_column: dict[str, list[dict[str, Any]]] = {}
        for row in self.table.to_pylist():
            if row["station"] is None and row["gaps"]:
                by_column.setdefault(row["column"], []).append(row)
        return by_column


@keyed
def score_imputation(
    frame: Any,
    columns: Sequence[str] = COLUMNS,
    date_col: str | list[str] = DATE_COL,
    station_col: str | None = STATION_COL,
    *,
    methods: Sequence[Method | Filler] | Mapping[str, Method | Filler] = (
        "spline_climatology",
        "linear",
        "optimal_interpolation",
    ),
    gap_lengths: Sequence[int] | Literal["like mine"] = (1, 3, 6, 12, 24, 72, 168),
    gaps: int = 50,
    interval: float = 0.9,
    bounds: Mapping[str, Bounds] | None = None,
    missing_values: MissingValues | None = None,
    neighbours: int = MOST_NEIGHBOURS,
    seed: int = 0,
    use_rust: bool | None = None,
) -> Scorecard:
    """Hide observed values, fill them by each method, and tell how far the fills are from the truth.

    For each gap length, gaps are laid over fully observed stretches of each station, at least 6 observed rows apart
    from each other and from the frame's own gaps. They hide at most some 5 % of a station's values at once. Every
    method gets the same frame, in which the hidden values are missing: climatology, models and neighbours do not
    see them either.

    Parameters
    ----------
    frame, columns, date_col, station_col, bounds, missing_values, neighbours, use_rust
        As in `impute_missing_values`. Insert absent hours first, by `complete_hours`.
    methods : sequence or mapping of str to method
        What to compare: methods of `impute_missing_values`, and functions that take a frame and return it filled,
        with the same rows in the same order; keys that stand in the index of pandas are columns there. Such a function
        may add columns ``<column>_low`` and ``<column>_high``, its interval. A mapping gives the methods names of your
        own.
    gap_lengths : sequence of int or "like mine"
        The lengths of the gaps, in rows; "like mine" draws lengths from the gaps that each column of the frame has.
    gaps : int, default 50
        The most gaps per station and length.
    interval : float, default 0.9
        The probability with which intervals are meant to cover the truth.
    seed : int, default 0
        Chooses the hidden hours and the resamples. The same seed hides the same hours of a column, whatever other
        columns, lengths and methods are scored.

    Returns
    -------
    Scorecard
        Scores per column, length, method and station, and the method that they recommend.

    Raises
    ------
    OptionError
        If an option has a value that it cannot take, if a function does not return the frame that it was given, or
        if a column has too few observed values to hide any.
    DataLayerError
        As in `impute_missing_values`.

    Notes
    -----
    RMSE, MAE and bias are over all hidden hours that a method filled. Coverage, mean width and the continuous ranked
    probability score (CRPS) are over those that have an interval.

    The CRPS of a fill is twice the integral of the quantile loss over all levels. Of the predicted distribution
    three quantiles are known, and the integral is taken by the trapezoidal rule over them: the interval's ends at
    the levels (1 − p)/2 and (1 + p)/2, and the fill itself, as median, at 1/2; at the levels 0 and 1 the loss is
    taken as 0. For an exact normal distribution and p = 0.9 this comes out 18 % below the CRPS, for each method
    alike. It is in the unit of the column, and smaller is better.

    Standard errors are those of 200 bootstrap samples of the gaps. Hours of one gap resemble each other, so whole
    gaps are drawn.

    References
    ----------
    T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", *J. Am. Stat. Assoc.* 102
    (2007), 359-378.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> hours = pd.date_range("2024-01-01", periods=2000, freq="h")
    >>> chance = np.random.default_rng(0)
    >>> weather = 5 - 4 * np.cos(2 * np.pi * hours.hour / 24) + chance.standard_normal(2000).cumsum() / 5
    >>> df = pd.concat(
    ...     pd.DataFrame({"stnNm": name, "tm": hours, "ta": weather + chance.normal(0, 0.3, 2000)})
    ...     for name in ("Seoul", "Incheon")
    ... )
    >>> card = score_imputation(df, ["ta"], gap_lengths=(3, 12), gaps=20)
    >>> card.recommended
    {'ta': 'optimal_interpolation'}
    """
    names = (columns,) if isinstance(columns, str) else tuple(columns)
    named = _named(methods)
    for method in named.values():
        checked_rule(
            names,
            method="linear" if callable(method) else method,
            max_spline_gap=3,
            max_gap=None,
            bounds=bounds,
            interval=interval,
            neighbours=neighbours,
        )
    checked_lengths = _checked_lengths(gap_lengths)
    gaps = checked_whole(gaps, "gaps", smallest=1)
    seed = checked_whole(seed, "seed")

    def filler(method: Method | Filler) -> Filler:
        if callable(method):
            return method
        return lambda masked: impute_missing_values(
            masked,
            names,
            date_col,
            station_col,
            method=method,
            bounds=bounds,
            missing_values=(),  # the values are those that the trial has read
            neighbours=neighbours,
            interval=interval,
            use_rust=use_rust,
        )

    markers = checked_markers(missing_values, names)
    limits = bounds_of(names, date_col, station_col) | dict(bounds or {})
    trial = _Trial(frame, names, date_col, station_col, gaps, interval, seed, markers, limits)
    rows = [
        row
        for length in checked_lengths
        for row in trial.rows(length, {name: filler(method) for name, method in named.items()})
    ]
    hidden = {row["column"] for row in rows if row["gaps"]}
    for name in names:
        if name not in hidden:
            raise OptionError(
                f'column "{name}" has no place for gaps of {_in_words(gap_lengths)}: it has too few observed values in '
                "a row, or no gaps to imitate; choose shorter gap_lengths, or give more rows"
            )
    rows.sort(key=lambda row: names.index(row["column"]))
    simplest_first = sorted(
        named, key=lambda name: len(SIMPLEST_FIRST) if callable(named[name]) else SIMPLEST_FIRST.index(named[name])
    )
    return Scorecard(pa.Table.from_pylist(rows, _SCHEMA), tuple(simplest_first), interval, seed)


def _named(methods: Sequence[Any] | Mapping[str, Any]) -> dict[str, Any]:
    """Return the methods by their names."""
    if isinstance(methods, Mapping):
        named = list(methods.items())
    else:
        several = [methods] if isinstance(methods, str) else list(methods)
        named = [(getattr(one, "__name__", repr(one)) if callable(one) else one, one) for one in several]
    if not named:
        raise OptionError("methods is empty; name at least one method")
    if len(dict(named)) < len(named):
        raise OptionError("methods has two of one name; a dict gives each a name of its own")
    return dict(named)


def _checked_lengths(lengths: Sequence[int] | str) -> list[int | None]:
    """Return the lengths, None for those of the frame's own gaps."""
    if isinstance(lengths, str):
        if lengths != LIKE_MINE:
            raise OptionError(f'gap_lengths is {lengths!r}; it must be a sequence of integers, or "{LIKE_MINE}"')
        return [None]
    checked = [checked_whole(length, "gap_lengths", smallest=1) for length in lengths]
    if not checked or len(set(checked)) < len(checked):
        raise OptionError(f"gap_lengths is {lengths!r}; it must have at least one length, and none twice")
    return list(checked)


def _in_words(lengths: Sequence[int] | str) -> str:
    return "the frame's own lengths" if isinstance(lengths, str) else f"{', '.join(map(str, lengths))} rows"


class _Trial:
    """A frame whose observed values are hidden and filled."""

    def __init__(
        self,
        frame: Any,
        names: tuple[str, ...],
        date_col: str | list[str],
        station_col: str | None,
        gaps: int,
        interval: float,
        seed: int,
        markers: Markers,
        bounds: Mapping[str, Bounds],
    ) -> None:
        from energy_data_layer.core.keys import read_keys
        from energy_data_layer.transforms.impute.reference.table import read_table

        self._frame = wrap(frame)
        self._keys = (date_col, station_col)
        self._names = names
        self._gaps, self._interval, self._seed = gaps, interval, seed
        given, _ = with_markers_missing(self._read(frame, "the frame", names), markers)
        require_measurements(given, markers, bounds)
        self._table: Table
        self._table, numbers, _ = read_table(given, None)
        self._own_keys = read_keys(given)
        self._truth: dict[str, Values] = {name: values for name, (values, _) in numbers.items()}

    def rows(self, length: int | None, fillers: Mapping[str, Filler]) -> Iterator[dict[str, Any]]:
        """Hide gaps of one length in all columns, and give the scores of each method."""
        hidden = {
            name: masked_gaps(
                values,
                self._table,
                LIKE_MINE if length is None else [length],
                self._gaps,
                generator(self._seed, name, length or 0),
            )
            for name, values in self._truth.items()
        }
        for method, fill in fillers.items():
            filled = self._filled(method, fill, hidden)
            for name, gaps in hidden.items():
                sums = _sums(self._truth[name], *filled[name], gaps, self._interval)
                station = self._table.station[gaps.start]
                groups: list[tuple[str | None, NDArray[np.bool_]]] = [(None, np.full(len(station), True))]
                groups += [(str(self._table.names[one]), station == one) for one in np.unique(station)]
                for place, chosen in groups:
                    some = sums[chosen]
                    yield {
                        "column": name,
                        "length": length,
                        "method": method,
                        "station": place,
                        "gaps": len(some),
                        "hours": int(gaps.length[chosen].sum()),
                        "filled": int(some[:, 0].sum()),
                        **_scores(some, generator(self._seed, f"{name} {place}", length or 0)),
                    }

    def _filled(
        self, method: str, fill: Filler, hidden: Mapping[str, Gaps]
    ) -> dict[str, tuple[Values, Values, Values]]:
        """Return fills and ends of intervals of each column by one method, in the table's order."""
        masked = {}
        for name, values in self._truth.items():
            left = values.copy()
            left[hidden[name].rows(np.full(len(hidden[name].start), True))] = np.nan
            column = self._table.in_frame_order(left)
            masked[name] = pa.array(column, from_pandas=True) if self._frame.has_nulls else column
        label = f'what the method "{method}" returned'
        result = in_memory(fill(self._frame.filled(masked, {})), label)
        there = wrap(result, label).names
        ends = [name + suffix for name in self._names for suffix in (LOW_SUFFIX, HIGH_SUFFIX)]
        answer = self._read(result, label, (*self._names, *(name for name in ends if name in there)))
        self._require_same_rows(answer, label)
        return {
            name: tuple(self._values(answer, name + suffix) for suffix in ("", LOW_SUFFIX, HIGH_SUFFIX))  # type: ignore[misc]
            for name in self._names
        }

    def _read(self, frame: Any, label: str, names: tuple[str, ...]) -> InputColumns:
        return read_columns(wrap(frame, label), *self._keys, names, label).in_arrow()

    def _require_same_rows(self, answer: InputColumns, label: str) -> None:
        from energy_data_layer.core.keys import read_keys

        mine, other = self._own_keys, read_keys(answer)
        if not (
            np.array_equal(mine.stamps, other.stamps)
            and np.array_equal(mine.station, other.station)
            and np.array_equal(mine.names.astype(str), other.names.astype(str))
        ):
            raise OptionError(f"{label} has other rows than the frame, or another order; methods must keep both")

    def _values(self, answer: InputColumns, name: str) -> Values:
        from energy_data_layer.core.parse import parse_numbers

        if name not in answer.values:
            return np.full(len(self._table.order), np.nan)
        values, _ = parse_numbers(answer.values[name])
        return np.where(np.isfinite(values), values, np.nan)[self._table.order]


def _sums(truth: Values, fill: Values, low: Values, high: Values, gaps: Gaps, interval: float) -> Values:
    """Return a row per gap: how many hours are filled, have an interval, and the sums that scores are made of."""
    rows = gaps.rows(np.full(len(gaps.start), True))
    truth, fill, low, high = truth[rows], fill[rows], low[rows], high[rows]
    error = fill - truth
    tail = (1 - interval) / 2
    # The quantile losses at the interval's ends; how the CRPS follows stands in the notes of `score_imputation`.
    loss = sum(np.maximum(p * (truth - end), (p - 1) * (truth - end)) for p, end in ((tail, low), (1 - tail, high)))
    crps = (loss + interval * np.abs(error)) / 2
    # Comparisons with NaN are false, so what has no interval is marked apart.
    covered = np.where(np.isnan(loss), np.nan, (low <= truth) & (truth <= high))
    terms = np.stack(
        [np.isfinite(error), np.isfinite(loss), error**2, np.abs(error), error, crps, covered, high - low], axis=1
    )
    starts = np.cumsum(gaps.length) - gaps.length
    return np.add.reduceat(np.nan_to_num(terms), starts) if len(starts) else np.zeros((0, terms.shape[1]))


def _scores(sums: Values, chance: np.random.Generator) -> dict[str, float | None]:
    """Return the scores of some gaps with their standard errors; None where there is nothing to compute one from."""
    gaps = len(sums)
    if not gaps:
        return {}
    scores = _ratios(sums.sum(axis=0)[None])[0]
    drawn = chance.multinomial(gaps, np.full(gaps, 1 / gaps), RESAMPLES)
    resampled = np.ma.masked_invalid(_ratios(drawn @ sums))
    spread = resampled.std(axis=0).filled(np.nan) if gaps > 1 else np.full(len(SCORES), np.nan)
    pairs = zip(SCORES, scores.tolist(), spread.tolist(), strict=True)
    numbers = {key: number for name, score, error in pairs for key, number in ((name, score), (f"{name}_se", error))}
    return {name: None if math.isnan(number) else number for name, number in numbers.items()}


def _ratios(sums: Values) -> Values:
    """Return the scores that sums over hours make, a row each."""
    filled, with_interval = (np.where(sums[:, [place]] > 0, sums[:, [place]], np.nan) for place in (0, 1))
    ratios = np.hstack([sums[:, 2:5] / filled, sums[:, 5:] / with_interval])
    ratios[:, 0] = np.sqrt(ratios[:, 0])
    return ratios
