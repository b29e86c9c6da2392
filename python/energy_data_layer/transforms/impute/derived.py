"""Fills through another quantity: humidity through that at 0 °C, wind direction through the wind's vector.

The mathematics is on the page ``docs/transforms/impute.md``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from energy_data_layer.core.coercion import checked_markers, require_measured, settle_coerced, without_markers
from energy_data_layer.core.columns import as_arrow, value_column
from energy_data_layer.core.frames import wrap
from energy_data_layer.core.gaps import find_gaps
from energy_data_layer.core.inputs import read_columns
from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX, Provenance, provenance_column
from energy_data_layer.errors import OptionError
from energy_data_layer.transforms.impute.api import filled_frame, impute_missing_values, require_free
from energy_data_layer.transforms.impute.quantities import known_columns, within_bounds
from energy_data_layer.transforms.impute.report import ColumnReport, Filled
from energy_data_layer.transforms.impute.rule import checked_bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import Coerced, Markers, MissingValues
    from energy_data_layer.core.frames import Frame
    from energy_data_layer.core.inputs import InputColumns
    from energy_data_layer.datasets.dataset import Column
    from energy_data_layer.transforms.impute.model import GapModel
    from energy_data_layer.transforms.impute.report import ImputationReport
    from energy_data_layer.transforms.impute.rule import Bounds

    Numbers = NDArray[np.float64]

PER_DEGREE = 4.0
"""How many % of relative humidity a degree Celsius takes away from the same air."""

CALM = 0.5
"""Wind below it, in m/s, has no direction: 0 is what the stations give."""

PREDICTED = (
    Provenance.OPTIMAL_INTERPOLATION,
    Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS,
    Provenance.BORROWED_CLIMATOLOGY,
)


def reduced_humidity(hm: Numbers, ta: Numbers) -> tuple[Numbers]:
    """Return relative humidity in %, reduced to 0 °C, as pressure is to sea level; it may lie far above 100."""
    return (hm + PER_DEGREE * ta,)


def relative_humidity(reduced: Numbers, ta: Numbers) -> Numbers:
    """Return the relative humidity in % at a temperature in °C: the inverse of `reduced_humidity`."""
    return reduced - PER_DEGREE * ta


def wind_vector(wd: Numbers, ws: Numbers) -> tuple[Numbers, Numbers]:
    """Return the eastward and the northward component of the wind that blows from `wd` degrees."""
    speed, angle = np.where(ws < CALM, 0, ws), np.radians(wd)
    return -speed * np.sin(angle), -speed * np.cos(angle)


def wind_direction(u: Numbers, v: Numbers, ws: Numbers) -> Numbers:
    """Return from where the wind blows, in degrees above 0 up to 360, and 0 where it is calm."""
    direction = np.degrees(np.arctan2(-u, -v)) % 360
    # The smallest angles below 0 come out as 360 from the remainder, and 0 itself as 0.
    north = np.where(direction == 0, 360, direction)
    return np.where((ws < CALM) | ((u == 0) & (v == 0)), 0, north)


class _Conversion(NamedTuple):
    """There and back; the way back from a single quantity is rising, so that ends of an interval stay ends."""

    suffixes: tuple[str, ...]
    there: Callable[[Numbers, Numbers], tuple[Numbers, ...]]
    back: Callable[..., Numbers]


_CONVERSIONS = {
    "reduced_humidity": _Conversion(("_reduced",), reduced_humidity, relative_humidity),
    "wind_vector": _Conversion(("_u", "_v"), wind_vector, wind_direction),
}


class Derived(NamedTuple):
    """A column that is filled through others: `auxiliaries`, computed from it and the frame's `partner`."""

    column: Column
    partner: str
    auxiliaries: tuple[str, ...]
    conversion: _Conversion


def derived_columns(
    columns: Iterable[str],
    date_col: str | list[str],
    station_col: str | None,
    frames: Iterable[Any],
    model: GapModel | None = None,
) -> dict[str, Derived]:
    """Return the columns that are filled through others, by name: those whose record says so.

    Parameters
    ----------
    columns : iterable of str
        What is to be filled.
    frames : iterable of frame
        The frame and its history, if any: all need the partner.
    model : GapModel, optional
        What is to fill: it needs the auxiliary columns.
    """
    first, *others = (known_columns(wrap(frame).names, date_col, station_col) for frame in frames)
    derived = {}
    for name, column in known_columns(columns, date_col, station_col).items():
        if (through := column.filled_through) is None:
            continue
        conversion = _CONVERSIONS[through.quantity]
        auxiliaries = tuple(name + suffix for suffix in conversion.suffixes)
        partners = [other for other, meant in first.items() if meant.name == through.partner]
        partner = through.partner if through.partner in partners else partners[0] if len(partners) == 1 else None
        if (
            partner is not None
            and all(partner in there for there in others)
            and (model is None or set(auxiliaries) <= set(model.facts["columns"]))
        ):
            derived[name] = Derived(column, partner, auxiliaries, conversion)
    return derived


def with_auxiliaries(df: Any, derived: Mapping[str, Derived], label: str = "the frame") -> Any:
    """Return a frame with the auxiliary columns behind each derived one; `label` names the frame in errors."""
    if not derived:
        return df
    frame = wrap(df, label)
    behind = {}
    for name, one in derived.items():
        for auxiliary in one.auxiliaries:
            if auxiliary in frame.names:
                raise OptionError(f'{label} has a column "{auxiliary}" already; drop or rename it')
        values = one.conversion.there(_numbers(frame, name, label), _numbers(frame, one.partner, label))
        behind[name] = dict(zip(one.auxiliaries, values, strict=True))
    return frame.filled({}, behind)


def columns_to_fill(columns: Sequence[str], derived: Mapping[str, Derived]) -> tuple[str, ...]:
    """Return the columns, and the auxiliary ones instead of or, where a column can be filled by itself, besides it."""
    directly = [name for name in columns if name not in derived or derived[name].column.can_be_imputed]
    return (*directly, *(auxiliary for one in derived.values() for auxiliary in one.auxiliaries))


def with_derived_fills(
    df: Any,
    filled: Any,
    columns: Sequence[str],
    date_col: str | list[str],
    station_col: str | None,
    derived: Mapping[str, Derived],
    bounds: Mapping[str, tuple[float, float]],
    *,
    interval: bool,
) -> tuple[Any, dict[str, ColumnReport]]:
    """Return the frame with the converted fills and without auxiliary columns, and the derived columns' reports.

    Parameters
    ----------
    df : frame
        The frame before it was filled.
    filled : frame
        What `impute_missing_values` made of it with its auxiliary columns, with provenance.
    bounds : dict of str to (float, float)
        The smallest and largest fill of derived columns, also where the direct fill stays.
    interval : bool
        Whether `filled` has intervals.
    """
    if not derived:
        return filled, {}
    frame, source = wrap(df), wrap(filled)
    given = read_columns(frame, date_col, station_col, tuple(columns))
    made, reports = {}, {}
    for name in columns:
        made[name] = _read_filled(source, name, interval=interval)
        if name in derived:
            auxiliaries = [_read_filled(source, one, interval=interval) for one in derived[name].auxiliaries]
            partner = _numbers(frame, derived[name].partner)
            limits = bounds.get(name, (-np.inf, np.inf))
            made[name] = _converted(made[name], auxiliaries, partner, derived[name].conversion.back, limits)
            reports[name] = _report(made[name], name, given)
    return filled_frame(frame, given, made, provenance=True, interval=interval), reports


def impute_with_derived(
    df: Any,
    columns: Sequence[str],
    date_col: str | list[str],
    station_col: str | None,
    derived: Mapping[str, Derived],
    *,
    bounds: Mapping[str, Bounds],
    history: Any | None,
    interval: float | None,
    missing_values: MissingValues | None = None,
    coerced: Coerced = "warn",
    **options: Any,
) -> tuple[Any, ImputationReport]:
    """Fill as `impute_missing_values` does, and derived columns through others, with provenance and report."""
    used = with_partners(columns, derived)
    known = known_columns(used, date_col, station_col)
    markers = checked_markers(missing_values, used)
    df, widened, counts = measured_with_auxiliaries(df, derived, markers, known, coerced)
    if history is not None:
        _, history, _ = measured_with_auxiliaries(history, derived, markers, known, "missing", "the history")
    to_fill = columns_to_fill(columns, derived)
    limits = {name: checked_bounds(name, pair, columns) for name, pair in bounds.items()}
    require_free(wrap(df), columns, provenance=True, interval=interval is not None)
    filled, report = impute_missing_values(
        widened,
        to_fill,
        date_col,
        station_col,
        # What is limited there is not counted here.
        bounds={name: pair for name, pair in bounds.items() if name not in derived},
        history=history,
        interval=interval,
        # The auxiliary columns are no measurements.
        missing_values={name: markers.get(name, ()) for name in to_fill if name in markers or name not in columns},
        coerced=coerced,
        provenance=True,
        report=True,
        **options,
    )
    frame, reports = with_derived_fills(
        df, filled, columns, date_col, station_col, derived, limits, interval=interval is not None
    )
    reports = report.columns | reports
    for name in counts.keys() & reports.keys():
        marked, no_numbers = counts[name]
        reports[name] = replace(reports[name], marked=marked, coerced=no_numbers)
    return frame, replace(report, columns={name: reports[name] for name in columns})


def with_partners(columns: Iterable[str], derived: Mapping[str, Derived]) -> list[str]:
    """Return the columns to fill, and those that derived ones are computed with."""
    return list(dict.fromkeys([*columns, *(one.partner for one in derived.values())]))


def measured_with_auxiliaries(
    df: Any,
    derived: Mapping[str, Derived],
    markers: Markers,
    known: Mapping[str, Column],
    coerced: Coerced,
    label: str = "the frame",
) -> tuple[Any, Any, dict[str, tuple[int, int]]]:
    """Return a frame whose derived columns and partners hold numbers alone, and that with the auxiliary columns too.

    The third is how many markers and other texts each had, which `impute_missing_values` does not see any more.
    """
    from energy_data_layer.core.parse import parse_numbers

    frame = wrap(df, label)
    measured, counts = {}, {}
    for name in dict.fromkeys(name for pair in derived.items() for name in (pair[0], pair[1].partner)):
        column, marked = without_markers(value_column(frame, name, label), markers.get(name, ()))
        numbers, no_numbers = parse_numbers(pa.array(column) if isinstance(column, np.ndarray) else column)
        if markers.get(name) != ():
            require_measured(numbers, name, (known[name].low, known[name].high), label)
        settle_coerced({name: column}, [np.isnan(numbers)], coerced)
        if marked or not (isinstance(column, np.ndarray) or pt.is_floating(column.type)):
            measured[name] = pa.array(numbers, from_pandas=True) if frame.has_nulls else numbers
        counts[name] = marked, no_numbers
    df = frame.filled(measured, {}) if measured else df
    return df, with_auxiliaries(df, derived, label), counts


def _numbers(frame: Frame, name: str, label: str = "the frame") -> Numbers:
    from energy_data_layer.core.parse import parse_numbers, require_finite

    column = value_column(frame, name, label)
    numbers = column if isinstance(column, np.ndarray) else parse_numbers(column)[0]
    require_finite(numbers, name, label)
    return numbers


def _read_filled(frame: Frame, name: str, *, interval: bool) -> Filled:
    """Return a column as `impute_missing_values` has left it."""
    values = _numbers(frame, name)
    if provenance_column(name) not in frame.names:  # it cannot be filled directly
        codes = np.where(np.isnan(values), Provenance.UNFILLED, Provenance.OBSERVED).astype(np.uint8)
        return Filled(values, codes)
    codes = _numbers(frame, provenance_column(name)).astype(np.uint8)
    low, high = (_numbers(frame, name + suffix) if interval else None for suffix in (LOW_SUFFIX, HIGH_SUFFIX))
    return Filled(values, codes, low, high)


def _converted(
    direct: Filled,
    auxiliaries: Sequence[Filled],
    partner: Numbers,
    back: Callable[..., Numbers],
    bounds: tuple[float, float],
) -> Filled:
    """Return a column's fills through its auxiliaries where these are predicted, else the direct ones, in bounds."""
    converted = back(*(one.values for one in auxiliaries), partner)
    replaced = (direct.codes != Provenance.OBSERVED) & np.isfinite(converted)
    replaced &= np.all([np.isin(one.codes, PREDICTED) for one in auxiliaries], axis=0)
    # A direction that neighbours took part in by one component is one that they took part in.
    codes = np.where(replaced, np.max([one.codes for one in auxiliaries], axis=0), direct.codes)
    values = np.where(replaced, converted, direct.values)

    def end(of_direct: Numbers | None, of_auxiliary: Numbers | None) -> Numbers | None:
        if of_direct is None or of_auxiliary is None:
            return None
        return np.clip(np.where(replaced, back(of_auxiliary, partner), of_direct), *bounds)

    low, high = end(direct.low, auxiliaries[0].low), end(direct.high, auxiliaries[0].high)
    within, clipped = within_bounds(values, codes != Provenance.OBSERVED, bounds)
    return Filled(within, codes, low, high, clipped)


def _report(filled: Filled, name: str, given: InputColumns) -> ColumnReport:
    from energy_data_layer.core.keys import read_keys
    from energy_data_layer.core.parse import parse_numbers

    keys = read_keys(given)
    order = keys.time_order
    gaps = find_gaps((filled.codes != Provenance.OBSERVED)[order], keys.station[order])
    coerced = parse_numbers(as_arrow(given.values)[name])[1]
    return ColumnReport.of(filled, gaps, coerced)
