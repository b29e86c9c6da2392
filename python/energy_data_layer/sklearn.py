"""A transformer of scikit-learn that fills gaps: ``from energy_data_layer.sklearn import GapFiller``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from energy_data_layer.core.frames import in_memory, wrap
from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX, provenance_column
from energy_data_layer.errors import ExtraUnavailable, FrameTypeError, OptionError
from energy_data_layer.transforms.impute.derived import derived_columns
from energy_data_layer.transforms.impute.quantities import fillable
from energy_data_layer.transforms.impute.result import fitted_model, impute
from energy_data_layer.transforms.impute.rule import MOST_NEIGHBOURS

try:
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise ExtraUnavailable("scikit-learn", "sklearn") from error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import Coerced, MissingValues
    from energy_data_layer.transforms.impute.rule import Bounds

__all__ = ["GapFiller"]


class GapFiller(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fill the gaps of a station by hour table by optimal interpolation, as a step of a pipeline.

    `fit` learns each station's climatology, which neighbours resemble it, and how errors grow within gaps.
    `transform` fills with what was learnt, and with the observations of the frame that it is given: those beside a gap,
    and those of the neighbours meanwhile. Nothing of that frame is learnt, so nothing leaks from a test set.

    Parameters
    ----------
    columns : sequence of str, optional
        The columns to fill. By default those that `impute` would fill in the frame that is fitted on.
    date_col, station_col, max_gap, bounds, missing_values, coerced, neighbours, interval, use_rust, threads
        As in `impute`.
    provenance : bool, default False
        Add ``<column>_provenance`` behind each filled column.

    Attributes
    ----------
    model_ : GapModel
        What was learnt.
    columns_ : tuple of str
        The columns that are filled.
    n_features_in_ : int
        How many columns the fitted frame had.
    feature_names_in_ : ndarray of str
        Their names.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> hours = pd.date_range("2024-01-01", periods=1000, freq="h")
    >>> wave = 5 + 4 * np.sin(2 * np.pi * np.arange(1000) / 24)
    >>> df = pd.DataFrame({"stnNm": "Seoul", "tm": hours, "ta": wave})
    >>> gaps = df.iloc[700:].assign(ta=df["ta"].where(df["tm"].dt.day % 3 > 0))
    >>> filler = GapFiller().fit(df.iloc[:700])
    >>> bool((filler.transform(gaps)["ta"] - wave[700:]).abs().max() < 0.5)
    True
    """

    def __init__(
        self,
        columns: Sequence[str] | None = None,
        date_col: str | list[str] = "tm",
        station_col: str = "stnNm",
        *,
        max_gap: int | None = None,
        bounds: Mapping[str, Bounds] | None = None,
        missing_values: MissingValues | None = None,
        coerced: Coerced = "warn",
        neighbours: int = MOST_NEIGHBOURS,
        interval: float | None = None,
        provenance: bool = False,
        use_rust: bool | None = None,
        threads: int | None = None,
    ) -> None:
        self.columns = columns
        self.date_col = date_col
        self.station_col = station_col
        self.max_gap = max_gap
        self.bounds = bounds
        self.missing_values = missing_values
        self.coerced = coerced
        self.neighbours = neighbours
        self.interval = interval
        self.provenance = provenance
        self.use_rust = use_rust
        self.threads = threads

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002, N803
        """Learn from the observed values of a frame.

        Parameters
        ----------
        X : pandas.DataFrame, polars.DataFrame or pyarrow.Table
            One row per station and time stamp, with the key columns and those to fill; some 240 values of a station at
            least, and better a year.
        y : ignored
            There for pipelines.

        Returns
        -------
        GapFiller
            The transformer itself.

        Raises
        ------
        FrameTypeError
            If `X` is an array, which names no station and no stamp.
        DataLayerError
            As in `GapModel.fit`.
        """
        X = _in_memory(X)  # noqa: N806
        frame = wrap(X, "X")
        if self.columns is None:
            derived = derived_columns(frame.names, self.date_col, self.station_col, [X])
            columns = fillable(frame, self.date_col, self.station_col, derived)
        else:
            columns = (self.columns,) if isinstance(self.columns, str) else tuple(self.columns)
        if not columns:
            raise OptionError("no column of the frame can be filled; name them with columns")
        self.model_ = fitted_model(
            X,
            columns,
            self.date_col,
            self.station_col,
            derived_columns(columns, self.date_col, self.station_col, [X]),
            missing_values=self.missing_values,
            neighbours=self.neighbours,
            use_rust=self.use_rust,
            threads=self.threads,
        )
        self.columns_ = columns
        # By hand: scikit-learn reads the names of polars frames and Arrow tables in some of its releases alone.
        self.feature_names_in_ = np.array(frame.names, dtype=object)
        self.n_features_in_ = len(frame.names)
        return self

    def transform(self, X: Any) -> Any:  # noqa: N803
        """Fill the gaps of a frame by what was learnt.

        Parameters
        ----------
        X : pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Rows with the columns that were fitted on, in their order: of the same times, or of others. A station that
            the model does not know, or knows too little of, is filled by the rules of `spline_climatology`.

        Returns
        -------
        frame
            The same rows, index and columns, filled, with intervals and provenance as the parameters say; of the same
            kind, or of the kind that `set_output` names.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        OptionError
            If the columns are not those that were fitted on (a `ValueError`).
        DataLayerError
            As in `impute`.
        """
        check_is_fitted(self)
        X = _in_memory(X)  # noqa: N806
        names, fitted = list(wrap(X, "X").names), self.feature_names_in_.tolist()
        if names != fitted:
            raise OptionError(
                f"X has the columns {', '.join(map(str, names))}; it was fitted on {', '.join(map(str, fitted))}: "
                "give it these, in this order"
            )
        filled = impute(
            X,
            self.columns_,
            self.date_col,
            self.station_col,
            max_gap=self.max_gap,
            bounds=self.bounds,
            missing_values=self.missing_values,
            coerced=self.coerced,
            model=self.model_,
            neighbours=self.neighbours,
            interval=self.interval,
            use_rust=self.use_rust,
            threads=self.threads,
        ).frame
        chosen = self.get_feature_names_out().tolist()
        return filled.select(chosen) if hasattr(filled, "select") else filled[chosen]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002
        """Return the names of the columns that `transform` gives, in order.

        Parameters
        ----------
        input_features : ignored
            There for pipelines; the names are those of the frame that was fitted on.
        """
        check_is_fitted(self)
        names: list[str] = []
        for name in self.feature_names_in_:
            names.append(name)
            if name in self.columns_:
                names += [provenance_column(name)] * self.provenance
                names += [f"{name}{LOW_SUFFIX}", f"{name}{HIGH_SUFFIX}"] * (self.interval is not None)
        return np.array(names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def _in_memory(data: Any) -> Any:
    """Return a frame; say of anything else what scikit-learn's users need instead."""
    try:
        return in_memory(data, "X")
    except FrameTypeError as error:
        raise FrameTypeError(f"{error}; stations and stamps are columns, so an array will not do") from None
