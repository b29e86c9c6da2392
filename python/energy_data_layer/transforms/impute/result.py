"""`impute`: fill a table by the most accurate method, and get frame, report and model in one result."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

from energy_data_layer.core.coercion import checked_markers
from energy_data_layer.core.frames import wrap
from energy_data_layer.core.provenance import Provenance
from energy_data_layer.errors import OptionError
from energy_data_layer.transforms.impute.derived import (
    columns_to_fill,
    derived_columns,
    impute_with_derived,
    measured_with_auxiliaries,
    with_partners,
)
from energy_data_layer.transforms.impute.model import GapModel
from energy_data_layer.transforms.impute.quantities import bounds_of, fillable, known_columns
from energy_data_layer.transforms.impute.report import METHODS
from energy_data_layer.transforms.impute.rule import MOST_NEIGHBOURS
from energy_data_layer.transforms.keys import DATE_COL, STATION_COL, Field, keyed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.figure import Figure

    from energy_data_layer.core.coercion import Coerced, MissingValues
    from energy_data_layer.transforms.impute.derived import Derived
    from energy_data_layer.transforms.impute.report import ImputationReport
    from energy_data_layer.transforms.impute.rule import Bounds, Method

UNFILLED = Provenance.UNFILLED.label


@dataclass(frozen=True)
class ImputeResult:
    """What `impute` gives back.

    Attributes
    ----------
    frame : frame
        The filled frame, of the kind that was given, with a column ``<column>_provenance`` behind each filled one
        and, with an interval, ``<column>_low`` and ``<column>_high``.
    report : ImputationReport
        What was done.
    model : GapModel
        The model that was given; else one fitted, when it is first asked for, on what was filled, with the auxiliary
        columns of humidity and wind direction.
    """

    frame: Any
    report: ImputationReport
    _fit: Callable[[], GapModel] = field(repr=False)
    _drawn_as: Mapping[str, Any] = field(repr=False)

    @cached_property
    def model(self) -> GapModel:
        """Return the model, which fills by the same bits as this call did."""
        return self._fit()

    def plot(
        self,
        columns: Sequence[str] | None = None,
        *,
        truth: Any | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Figure:
        """Draw a few gaps before and after they were filled, see `energy_data_layer.plots.plot_fills`.

        Parameters
        ----------
        columns : sequence of str, optional
            The filled columns to choose gaps from; by default all.
        truth, labels
            As in `plot_fills`.

        Raises
        ------
        ExtraUnavailable
            If matplotlib is not installed.
        """
        names = list(self.report.columns) if columns is None else columns
        # By name: pictures are drawn from databases too, which know what is filled here.
        plots = import_module("energy_data_layer.plots")
        figure: Figure = plots.plot_fills(self.frame, names, truth=truth, labels=labels, **self._drawn_as)
        return figure

    def _repr_html_(self) -> str:
        """Return what was filled by which method, for notebooks."""
        report = self.report
        used = {name for one in report.columns.values() for name, count in one.filled.items() if count}
        methods = [name for name in METHODS if name in used and name != UNFILLED]
        heading = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in ("column", "missing", *methods, UNFILLED))
        rows = "".join(
            f"<tr><th>{escape(str(name))}</th>"
            + "".join(
                f"<td>{count:,}</td>"
                for count in (one.missing_before, *(one.filled[method] for method in methods), one.missing_after)
            )
            + "</tr>"
            for name, one in report.columns.items()
        )
        return (
            f"<table><caption>{report.rows:,} rows, {report.stations:,} stations: {report.method.replace('_', ' ')}, "
            f"engine {report.engine}</caption><thead><tr>{heading}</tr></thead><tbody>{rows}</tbody></table>"
        )


@keyed
def impute(
    df: Any,
    columns: Sequence[str] | None = None,
    date_col: str | list[str] = DATE_COL,
    station_col: str | None = STATION_COL,
    *,
    method: Method = "optimal_interpolation",
    max_spline_gap: int = 3,
    max_gap: int | None = None,
    bounds: Mapping[str, Bounds] | None = None,
    missing_values: MissingValues | None = None,
    coerced: Coerced = "warn",
    history: Any | None = None,
    model: GapModel | None = None,
    neighbours: int = MOST_NEIGHBOURS,
    interval: float | None = None,
    use_rust: bool | None = None,
    threads: int | None = None,
) -> ImputeResult:
    """Fill the gaps of a station by hour table by optimal interpolation.

    Of the ASOS fields, humidity `hm` is filled with the help of the hour's temperature `ta`, and the wind direction
    `wd` through the wind's vector with the speed `ws`, where frame and history have both.

    Parameters
    ----------
    df, date_col, station_col, method, max_spline_gap, max_gap, missing_values, coerced, history, model, neighbours, \
    interval, use_rust, threads
        As in `impute_missing_values`.
    columns : sequence of str, optional
        The columns to fill. By default all that can be filled: of the fields of the ASOS weather those whose record
        says so (no precipitation, sunshine or snow; the wind direction beside `ws`), of others the floating-point ones.
    bounds : dict of str to (float or None, float or None), optional
        The smallest and the largest possible value of some columns. By default the physical bounds of the ASOS
        fields; ``{}`` for none.

    Returns
    -------
    ImputeResult
        Frame, report and model.

    Raises
    ------
    OptionError
        If `columns` is not given and no column can be filled.
    DataLayerError
        As in `impute_missing_values`.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> hours = pd.date_range("2024-01-01", periods=1000, freq="h")
    >>> hm = 60 + 20 * np.sin(2 * np.pi * np.arange(1000) / 24)
    >>> df = pd.DataFrame({"stnNm": "Seoul", "tm": hours, "hm": hm.round(1)})
    >>> df.loc[500:505, "hm"] = np.nan
    >>> result = impute(df, interval=0.9)
    >>> result.report.columns["hm"].filled["optimal_interpolation"]
    6
    >>> bool((result.frame["hm"][500:506] - hm[500:506]).abs().max() < 0.5)
    True
    >>> figure = result.plot()
    """
    frame = wrap(df)
    names = (columns,) if isinstance(columns, str) else tuple(frame.names if columns is None else columns)
    derived = {}
    if method == "optimal_interpolation":
        frames = [df] if history is None else [df, history]
        derived = derived_columns(names, date_col, station_col, frames, model)
    if columns is None:
        names = fillable(frame, date_col, station_col, derived)
        if not names:
            raise OptionError("no column of the frame can be filled; name them with columns")
    result, report = impute_with_derived(
        df,
        names,
        date_col,
        station_col,
        derived,
        method=method,
        max_spline_gap=max_spline_gap,
        max_gap=max_gap,
        bounds=bounds_of(names, date_col, station_col) if bounds is None else bounds,
        missing_values=missing_values,
        coerced=coerced,
        history=history,
        model=model,
        neighbours=neighbours,
        interval=interval,
        use_rust=use_rust,
        threads=threads,
    )

    def fit() -> GapModel:
        if model is not None:
            return model
        return fitted_model(
            df,
            names,
            date_col,
            station_col,
            derived,
            missing_values=missing_values,
            history=history,
            neighbours=neighbours,
            use_rust=report.engine == "rust",
            threads=threads,
        )

    # Where the keys stood in an index, they are there again in the result.
    drawn_as = {
        "date_col": date_col if isinstance(date_col, list) else Field(date_col),
        "station_col": None if station_col is None else Field(station_col),
        "interval": interval,
    }
    return ImputeResult(result, report, fit, drawn_as)


def fitted_model(
    df: Any,
    columns: Sequence[str],
    date_col: str | list[str],
    station_col: str | None,
    derived: Mapping[str, Derived],
    *,
    missing_values: MissingValues | None = None,
    history: Any | None = None,
    **options: Any,
) -> GapModel:
    """Return a model of columns and the auxiliary columns of derived ones; with the options of `GapModel.fit`."""
    used = with_partners(columns, derived)
    known = known_columns(used, date_col, station_col)
    markers = checked_markers(missing_values, used)
    frames = [
        measured_with_auxiliaries(one, derived, markers, known, "missing", label)[1]
        for one, label in ((df, "the frame"), (history, "the history"))
        if one is not None
    ]
    to_fill = columns_to_fill(columns, derived)
    return GapModel.fit(
        frames[0],
        to_fill,
        date_col,
        station_col,
        missing_values={name: markers.get(name, ()) for name in to_fill},
        history=frames[1] if history is not None else None,
        **options,
    )
