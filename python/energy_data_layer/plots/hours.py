"""What pictures are drawn from: the rows of a frame or of a database, station by station in time order."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from energy_data_layer.core.coercion import checked_markers, require_measurements, with_markers_missing
from energy_data_layer.core.columns import as_arrow
from energy_data_layer.core.frames import in_memory, wrap
from energy_data_layer.core.inputs import read_columns
from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX, Provenance, provenance_column
from energy_data_layer.datasets.registry import DATASETS
from energy_data_layer.errors import OptionError
from energy_data_layer.plots.figure import require_matplotlib
from energy_data_layer.storage.connect import connect
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.queries.quality import Scope, hours_of_series
from energy_data_layer.storage.tables import WEATHER_ASOS
from energy_data_layer.transforms.impute.quantities import bounds_of, fillable, known_columns
from energy_data_layer.transforms.keys import Keyed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import MissingValues
    from energy_data_layer.core.frames import Frame
    from energy_data_layer.core.inputs import InputColumns

HOUR = 3_600_000_000_000
"""In nanoseconds."""


@dataclass(frozen=True)
class Hours:
    """The rows of a frame, station by station in time order.

    Attributes
    ----------
    keys, names : list of str
        What tells the stations apart, and what they are called; in order of first appearance.
    station : ndarray of int
        For each row, the position of its station in these.
    instants : ndarray of int
        For each row, its instant in nanoseconds.
    stamps : ndarray of datetime64
        For each row, the stamp on the frame's own clock.
    columns : tuple of str
        The columns that are looked at.
    values : dict of str to ndarray
        The values of these, and of what stands beside them: provenance, and the ends of intervals.
    """

    keys: list[str]
    names: list[str]
    station: NDArray[np.intp]
    instants: NDArray[np.int64]
    stamps: NDArray[np.datetime64]
    columns: tuple[str, ...]
    values: Mapping[str, NDArray[np.float64]]

    def codes(self, column: str) -> NDArray[np.uint8]:
        """Return how each value of a column was obtained, by its provenance; without one what is there is observed."""
        told = self.values.get(provenance_column(column))
        if told is not None:
            return np.nan_to_num(told).astype(np.uint8)
        missing = np.isnan(self.values[column])
        return np.where(missing, Provenance.UNFILLED, Provenance.OBSERVED).astype(np.uint8)

    def observed(self, column: str) -> NDArray[np.bool_]:
        """Return which values of a column are observed."""
        observed: NDArray[np.bool_] = (self.codes(column) == Provenance.OBSERVED) & ~np.isnan(self.values[column])
        return observed

    @property
    def step(self) -> int:
        """Return the commonest time from one row to the next of a station, in nanoseconds; an hour where none is."""
        steps = np.diff(self.instants)[self.station[1:] == self.station[:-1]]
        if not len(steps):
            return HOUR
        each, counts = np.unique(steps, return_counts=True)
        return int(each[counts.argmax()])


def stored_hours(
    database: str | Database,
    columns: Sequence[str] | None = None,
    *,
    table: str = WEATHER_ASOS,
    since: date | None = None,
    until: date | None = None,
    stations: Sequence[int] = (),
) -> pa.Table:
    """Read stored hours, as the pictures take them.

    Parameters
    ----------
    database : str or Database
        A URL, whose database is opened for reading alone, or an open database.
    columns : sequence of str, optional
        The columns to read, with their provenance and intervals; by default all that were ever imputed, or the
        generation.
    table : str, default "weather_asos"
        A table of hours: ``weather_asos``, ``generation_hourly``, ``wind_namdong`` or ``nambu_generation``.
    since, until : date, optional
        The first and the last day, both included.
    stations : sequence of int, optional
        The weather stations; by default all.

    Returns
    -------
    pyarrow.Table
        ``stnNm``, what the station or plant is called, with its number in parentheses where it has one; ``tm``, the
        beginning of the hour; and the columns. In no particular order.

    Raises
    ------
    OptionError
        If the table is none of hours, is not there, or has no column that was imputed.
    ColumnNotFoundError
        If the table has not one of the columns.
    StorageError
        If the database cannot be read.

    Examples
    --------
    >>> from datetime import datetime
    >>> from energy_data_layer.storage.connect import connect
    >>> from energy_data_layer.storage.migrations import migrate
    >>> with connect("duckdb:///:memory:") as database:
    ...     migrate(database)
    ...     rows = pa.table({"stnId": [108], "stnNm": ["서울"], "tm": [datetime(2024, 1, 1)], "ta": [-1.5]})
    ...     _ = database.upsert("weather_asos", rows, ["stnId", "tm"])
    ...     stored_hours(database, ["ta"]).to_pylist()
    [{'stnNm': '서울 (108)', 'tm': datetime.datetime(2024, 1, 1, 0, 0), 'ta': -1.5}]
    """
    columns = (columns,) if isinstance(columns, str) else columns
    scope = Scope(since, until, tuple(stations))
    with connect(database, read_only=True) if isinstance(database, str) else nullcontext(database) as opened:
        return hours_of_series(opened, table, columns, scope)


def read_hours(
    data: Any,
    columns: Sequence[str] | None,
    date_col: str | list[str],
    station_col: str | None,
    missing_values: MissingValues | None = None,
    label: str = "the frame",
) -> Hours:
    """Read what is to be drawn, by the rules of the transforms, or raise their errors."""
    from energy_data_layer.core.keys import read_keys, require_unique
    from energy_data_layer.core.parse import parse_numbers, require_finite, require_one_meaning

    require_matplotlib()  # before a database is read in vain
    if isinstance(data, str | Database):
        data, date_col, station_col = stored_hours(data, columns), "tm", "stnNm"
    keyed = Keyed.of(in_memory(data, label), date_col, station_col, label=label)
    frame, date_col, station_col = wrap(keyed.frame, label), keyed.date_col, keyed.station_col
    names = _columns(frame, columns, date_col, station_col)
    beside = [
        name
        for column in names
        for name in (provenance_column(column), f"{column}{LOW_SUFFIX}", f"{column}{HIGH_SUFFIX}")
        if name in frame.names
    ]
    markers = checked_markers(missing_values, names)
    given, _ = with_markers_missing(read_columns(frame, date_col, station_col, (*names, *beside), label), markers)
    keys = read_keys(given)
    require_unique(keys, given)
    require_measurements(given, markers, bounds_of(names, date_col, station_col))
    values = {}
    for name, column in as_arrow(given.values).items():
        require_one_meaning(column, name, label)
        values[name], _ = parse_numbers(column)
        require_finite(values[name], name, label)
    rows = keys.time_order
    stations = list(map(str, keys.names))
    return Hours(
        keys=stations,
        names=_names(frame, given, stations, keys.station),
        station=keys.station[rows],
        instants=keys.stamps.as_unit("ns").asi8[rows],
        stamps=keys.wall_clock.as_unit("ns").to_numpy()[rows],
        columns=names,
        values={name: numbers[rows] for name, numbers in values.items()},
    )


def axis_label(
    column: str, labels: Mapping[str, str] | None, date_col: str | list[str], station_col: str | None
) -> str:
    """Return the text for a column's axis: the given one, else meaning and unit of a dataset's, else its name."""
    known = known_columns([column], date_col, station_col).get(column)
    default = str(column) if known is None else f"{known.meaning}\n({known.unit})"
    return (labels or {}).get(column, default)


def _columns(
    frame: Frame, columns: Sequence[str] | None, date_col: str | list[str], station_col: str | None
) -> tuple[str, ...]:
    """Return the columns to look at: the named ones, else those with a provenance, else those that can be filled."""
    if columns is not None:
        names = (columns,) if isinstance(columns, str) else tuple(columns)
    else:
        names = tuple(name for name in frame.names if provenance_column(name) in frame.names)
        names = names or fillable(frame, date_col, station_col)
    if not names:
        raise OptionError("no column to draw: the frame has none of floating-point numbers; name them with columns")
    return names


def _names(frame: Frame, given: InputColumns, keys: list[str], station: NDArray[np.intp]) -> list[str]:
    """Return what stations are called; where a dataset numbers and names them, by name and number."""
    tables = (dataset.table for dataset in DATASETS.values())
    name = next((one.names[0] for one in tables if one.series == (given.station_col,) != one.names), None)
    if name not in frame.names or not len(station):
        return keys
    _, first = np.unique(station, return_index=True)
    called = frame.column(name).take(pa.array(first)).to_pylist()
    return [f"{' '.join(text.split())} ({key})" if text else key for key, text in zip(keys, called, strict=True)]
