"""The transforms on Spark's frames: whole stations go to the executors, and come back with the bits of one process."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from energy_data_layer.core.coercion import checked_markers, with_markers_missing
from energy_data_layer.core.frames import wrap
from energy_data_layer.core.inputs import read_columns
from energy_data_layer.core.markers import is_marker_like, suspicious_among
from energy_data_layer.core.parse import parse_numbers, require_finite
from energy_data_layer.core.stamps import date_columns
from energy_data_layer.core.texts import BLANKS
from energy_data_layer.engine import choice
from energy_data_layer.errors import ColumnTypeError, FrameTypeError, MarkerError, OptionError, RowError
from energy_data_layer.transforms.complete_hours import api as hours_api
from energy_data_layer.transforms.impute import api as impute_api
from energy_data_layer.transforms.impute.exact_total import ExactTotal
from energy_data_layer.transforms.impute.inputs import checked_columns
from energy_data_layer.transforms.impute.model import GapModel
from energy_data_layer.transforms.impute.quantities import bounds_of
from energy_data_layer.transforms.impute.rule import MOST_NEIGHBOURS, OPTIMAL_INTERPOLATION
from energy_data_layer.transforms.payload_rows import api as payload_api
from energy_data_layer.transforms.wide_to_long import api as wide_api
from energy_data_layer.transforms.wide_to_long.columns import read_wide_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import StructType

    from energy_data_layer.core.coercion import Coerced, Markers, MissingValues
    from energy_data_layer.datasets.layout import EnergyUnit, HourLabel, WideLayout
    from energy_data_layer.transforms.impute.rule import Bounds, Method

PART = "a part of the frame"

TARGET = "station that asks"
"""The column that says for which station a neighbour's row is read."""

TOTALS = "column string, multiple string, count bigint, ends array<double>, counts array<bigint>"
"""The exact totals of a part, by column, with the values at either end, of which some may stand for a missing one."""

SPARK_TYPES = {
    pa.uint8(): "byte",  # codes of provenance; Spark has no unsigned integers
    pa.int8(): "byte",
    pa.int16(): "short",
    pa.int32(): "integer",
    pa.int64(): "long",
    pa.float64(): "double",
}


def impute_missing_values(
    df: DataFrame,
    columns: Sequence[str] = ("ta", "hm"),
    date_col: str | list[str] = "tm",
    station_col: str = "stnNm",
    *,
    method: Method = "spline_climatology",
    max_spline_gap: int = 3,
    max_gap: int | None = None,
    bounds: Mapping[str, Bounds] | None = None,
    missing_values: MissingValues | None = None,
    model: GapModel | pa.Table | None = None,
    neighbours: int = MOST_NEIGHBOURS,
    interval: float | None = None,
    provenance: bool = False,
    use_rust: bool | None = None,
) -> DataFrame:
    """Fill missing values as `energy_data_layer.impute_missing_values` does, to the bit.

    Spark brings the rows of a station together, and each task fills its stations on one thread. The call itself reads
    the columns once, to find stations without any value and numbers that look as if they stood for a missing one; where
    it finds some, it reads them again, for the exact means. Cache a frame that is expensive to compute.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
        One row per station and time stamp, in any order and any partitions.
    columns : sequence of str
        The columns to fill, of numbers: what the commas of texts mean shows only in the whole column.
    date_col, station_col, method, max_spline_gap, max_gap, bounds, missing_values, neighbours, interval, \
provenance
        As there. Provenance is a tinyint, as Spark has no unsigned integers.
    model : GapModel or its table
        For `optimal_interpolation`, which fits none here.
    use_rust : bool, optional
        As there. The driver decides, and the executors need the same engine.

    Returns
    -------
    pyspark.sql.DataFrame
        The same rows, in no order, with the columns and types of the ordinary function.

    Raises
    ------
    ColumnTypeError
        If a column is of no numbers.
    OptionError
        If an option has a value that it cannot take, or `optimal_interpolation` has no model.
    MarkerError
        If a number looks as if it stood for a missing value.
    DataLayerError
        As there for what columns and options alone tell. Errors of rows are raised where the frame is used, by Spark.
    """
    _require_spark(df)
    from pyspark.sql.types import NumericType

    names = checked_columns(columns, date_col, station_col)
    if method == OPTIMAL_INTERPOLATION and model is None:
        raise OptionError(
            'method="optimal_interpolation" needs model= on Spark: fit it once on what fits into memory, such as the '
            "last years, model = GapModel.fit(df.where(…).toArrow(), columns)"
        )
    markers = checked_markers(missing_values, names)
    options: dict[str, Any] = {
        "columns": names,
        "date_col": date_col,
        "station_col": station_col,
        "method": method,
        "max_spline_gap": max_spline_gap,
        "max_gap": max_gap,
        "bounds": bounds,
        "model": model,
        "neighbours": neighbours,
        "interval": interval,
        "provenance": provenance,
        # What looks like a marker is out of line with the whole column, which a part does not know.
        "missing_values": {name: markers.get(name, ()) for name in names},
        "use_rust": _is_rust(use_rust),
        "threads": 1,
    }
    answer = impute_api.impute_missing_values(_empty(df), **options)
    for name in names:
        if not isinstance(type_ := df.schema[name].dataType, NumericType):
            raise ColumnTypeError(
                f'column "{name}" of the frame is of type {type_.simpleString()}; what its commas mean shows only in '
                "the whole column, so cast it to double"
            )
    limits = bounds_of(names, date_col, station_col) | dict(bounds or {})
    options["column_means"] = _column_means(df, names, date_col, station_col, markers, limits)
    schema, types = _schemas(df, answer, filled=names)
    if method != OPTIMAL_INTERPOLATION:
        fill = partial(impute_api.impute_missing_values, **options)
        return _by_part(df, [station_col], fill, schema, types)
    known = model if isinstance(model, GapModel) else GapModel.from_table(model, "model")
    asked = _neighbours_rows(df, known.candidates, (station_col, *date_columns(date_col), *names), station_col)
    together = df.groupBy(station_col).cogroup(asked.groupBy(TARGET))
    return together.applyInArrow(partial(_filled_beside, options, types), schema)


def complete_hours(
    df: DataFrame,
    date_col: str | list[str] = "tm",
    station_col: str = "stnNm",
    *,
    freq: str | timedelta = "1h",
    max_gap: str | timedelta | None = "90d",
    carry: Sequence[str] | None = None,
    use_rust: bool | None = None,
) -> DataFrame:
    """Give every station one row per step, as `energy_data_layer.complete_hours` does.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
        One row per station and time stamp. Stamps are timestamps, with or without a zone, dates, or columns of
        parts: texts would be written as the first row is, which a divided frame does not have.
    date_col, station_col, freq, max_gap, carry, use_rust
        As there. Absences longer than `max_gap` are named in the logs of the executors.

    Returns
    -------
    pyspark.sql.DataFrame
        The completed rows, in no order, with the same columns and types.

    Raises
    ------
    DataLayerError
        As there for what columns and options alone tell. Errors of rows are raised where the frame is used, by Spark.
    """
    _require_spark(df)
    for name in date_columns(date_col) if isinstance(date_col, str) else ():
        if name in df.columns and not df.schema[name].dataType.typeName().startswith(("timestamp", "date")):
            raise ColumnTypeError(
                f'column "{name}" of the frame is of type {df.schema[name].dataType.simpleString()}; convert it by '
                "to_timestamp_ntz"
            )
    complete = partial(
        hours_api.complete_hours,
        date_col=date_col,
        station_col=station_col,
        freq=freq,
        max_gap=max_gap,
        carry=carry,
        use_rust=_is_rust(use_rust),
        threads=1,
    )
    return _by_part(df, [station_col], complete, *_schemas(df, complete(_empty(df))))


def transform_wide_to_long(
    df_wide: DataFrame,
    layout: WideLayout | str | None = None,
    *,
    energy_unit: EnergyUnit | None = None,
    hour_label: HourLabel | None = None,
    plant_name: str | None = None,
    missing_values: MissingValues | None = None,
    coerced: Coerced = "raise",
    use_rust: bool | None = None,
) -> DataFrame:
    """Turn plants and days with 24 columns into rows per hour, as `energy_data_layer.transform_wide_to_long` does.

    Parameters
    ----------
    df_wide : pyspark.sql.DataFrame
        One row per plant (or unit) and day. Plants are named by texts or whole numbers.
    layout, energy_unit, hour_label, plant_name, missing_values, use_rust
        As there. Totals and numbers that look like missing ones are judged in each task's rows.
    coerced : {"raise", "missing"}
        What to do with texts that are no number.

    Returns
    -------
    pyspark.sql.DataFrame
        ``timestamp`` (timestamp_ntz), ``plant_name``, ``generation``, and the columns that the layout keeps.

    Raises
    ------
    DataLayerError
        As there for what columns and options alone tell. Errors of rows are raised where the frame is used, by Spark.
    """
    from pyspark.sql import functions as F  # noqa: N812
    from pyspark.sql.types import FractionalType

    _require_spark(df_wide)
    if coerced == "warn":
        raise OptionError(
            'coerced is "warn", and nobody sees the warnings of executors; it can be "raise" or "missing"'
        )
    lengthen = partial(
        wide_api.transform_wide_to_long,
        layout=layout,
        energy_unit=energy_unit,
        hour_label=hour_label,
        plant_name=plant_name,
        missing_values=missing_values,
        coerced=coerced,
        use_rust=_is_rust(use_rust),
        threads=1,
    )
    empty = _empty(df_wide)
    schemas = _schemas(df_wide, lengthen(empty))
    frame = wrap(empty)
    columns = read_wide_columns(frame, wide_api.meant_layout(layout, frame, energy_unit, hour_label, plant_name))
    named_by = [*columns.plant, *columns.unit]
    for name in named_by:
        if isinstance(df_wide.schema[name].dataType, FractionalType):
            raise ColumnTypeError(f'column "{name}" of the frame holds fractions, which name no plant; cast it to text')
    # All days of a plant come together, so that one which is there twice is found.
    names = [F.trim(F.col(name).cast("string"), F.lit(BLANKS)) for name in named_by]
    return _by_part(df_wide, [F.concat_ws(" ", *names)], lengthen, *schemas)


def rows_from_api_payload(
    df: DataFrame, source: str, column: str = "body", *, use_rust: bool | None = None
) -> DataFrame:
    """Turn a column of bodies of a service's answers into rows, as `energy_data_layer.rows_from_api_payload` does.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
        One body per row, a text or binary.
    source : str
        As there: ``"asos"``, ``"namdong_wind"`` or ``"nambu_solar"``.
    column : str, default "body"
        The column of the bodies.
    use_rust : bool, optional
        As there.

    Returns
    -------
    pyspark.sql.DataFrame
        The rows of all bodies; stamps are timestamp_ntz.

    Raises
    ------
    OptionError
        If `source` is none of these.
    DataLayerError
        As there; raised where the frame is used, by Spark.
    """
    _require_spark(df)
    rows = partial(payload_api.rows_from_api_payload, source=source, use_rust=_is_rust(use_rust), threads=1)
    schema, types = _schemas(df.select(), rows([]))
    return df.select(column).mapInArrow(partial(_rows_of_bodies, rows, types), schema)


def _require_spark(df: Any) -> None:
    if not type(df).__module__.startswith("pyspark.sql."):
        raise FrameTypeError(
            f"the frame is a {type(df).__module__}.{type(df).__name__}; accepted is pyspark.sql.DataFrame, others by "
            "the functions of energy_data_layer"
        )


def _is_rust(use_rust: bool | None) -> bool:
    """Return the driver's choice: no two executors may answer by different engines."""
    return choice.choose(use_rust).engine == "rust"


def _empty(df: DataFrame) -> pa.Table:
    """Return the frame without its rows: the ordinary function checks columns and options by it."""
    table: pa.Table = df.sparkSession.createDataFrame([], df.schema).toArrow()
    return table


def _schemas(df: DataFrame, answer: pa.Table, filled: Iterable[str] = ()) -> tuple[StructType, pa.Schema]:
    """Return the answer's columns in Spark's types, and in the Arrow types that cross to it."""
    from pyspark.sql.types import StructType

    kept = {field.name: field.dataType for field in df.schema if field.name not in filled}
    schema, types = StructType(), []
    for name, type_ in zip(answer.schema.names, answer.schema.types, strict=True):
        if name in kept:
            schema.add(name, kept[name])
        elif pt.is_timestamp(type_):
            schema.add(name, "timestamp_ntz")
            type_ = pa.timestamp("us")
        else:
            schema.add(name, SPARK_TYPES.get(type_, "string"))
            type_ = pa.int8() if pt.is_uint8(type_) else type_
        types.append(pa.field(name, type_))
    return schema, pa.schema(types)


def _by_part(
    df: DataFrame,
    keys: list[str] | list[Column],
    transform: Callable[[pa.Table], pa.Table],
    schema: StructType,
    types: pa.Schema,
) -> DataFrame:
    """Transform parts of the frame that have all rows of their keys."""
    return df.repartition(*keys).mapInArrow(partial(_transformed, transform, types), schema)


def _transformed(
    transform: Callable[[pa.Table], pa.Table], types: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    some = [batch for batch in batches if batch.num_rows]
    if some:
        yield from _told_of_a_part(transform, pa.Table.from_batches(some)).cast(types).to_batches()


def _told_of_a_part(transform: Callable[[pa.Table], pa.Table], table: pa.Table) -> pa.Table:
    """Transform a part; rows that an error counts are the part's."""
    try:
        return transform(table)
    except RowError as error:
        raise type(error)(error.column, error.rows, error.values, error.count, PART) from None


def _rows_of_bodies(
    rows: Callable[[Any], pa.Table], types: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for body in batch.column(0):
            yield from rows(body.as_py()).cast(types).to_batches()


def _column_means(
    df: DataFrame,
    names: tuple[str, ...],
    date_col: str | list[str],
    station_col: str,
    markers: Markers,
    bounds: Mapping[str, Bounds],
) -> dict[str, float | None]:
    """Return the exact means, none where no station needs them; raise `MarkerError` as for the frame in one piece."""
    doubtful = [name for name in names if markers.get(name) != ()]
    if not _needs_totals(df, names, station_col, markers, doubtful):
        return {}
    parts = df.select(station_col, *date_columns(date_col), *names).mapInArrow(
        partial(_totals, names, date_col, station_col, markers), TOTALS
    )
    totals = dict.fromkeys(names, ExactTotal())
    ends: dict[str, Counter[float]] = {name: Counter() for name in names}
    for part in parts.collect():
        totals[part.column] += ExactTotal(int(part.multiple), part["count"])
        ends[part.column].update(dict(zip(part.ends, part.counts, strict=True)))
    for name in doubtful:
        distinct = sorted(ends[name])
        counts = np.array([ends[name][value] for value in distinct], dtype=np.int64)
        if found := suspicious_among(np.array(distinct), counts, *bounds.get(name, (None, None))):
            raise MarkerError(name, found)
    return {name: total.mean for name, total in totals.items()}


def _needs_totals(
    df: DataFrame, names: tuple[str, ...], station_col: str, markers: Markers, doubtful: list[str]
) -> bool:
    """Tell whether a station has no value in a column, or an end of a column looks like a marker."""
    from pyspark.sql import functions as F  # noqa: N812

    sums, ends = [], []
    for place, name in enumerate(names):
        number = F.col(name).cast("double")
        marked, _ = parse_numbers(pa.array(list(map(str, markers.get(name, ()))), pa.large_string()))
        observed = F.when(~(F.isnan(number) | number.isin(marked[~np.isnan(marked)].tolist())), number)
        sums += [F.count(observed).alias(f"count{place}")]
        sums += [end(observed).alias(f"{end.__name__}{place}") for end in (F.min, F.max)]
        ends += [F.min(f"count{place}").alias(f"count{place}")]
        ends += [end(f"{end.__name__}{place}").alias(f"{end.__name__}{place}") for end in (F.min, F.max)]
    found = df.groupBy(station_col).agg(*sums).agg(*ends).collect()[0]
    return any(
        found[f"count{place}"] == 0
        or (
            name in doubtful
            and found[f"min{place}"] is not None
            and any(is_marker_like(found[f"{end}{place}"]) for end in ("min", "max"))
        )
        for place, name in enumerate(names)
    )


def _totals(
    names: tuple[str, ...],
    date_col: str | list[str],
    station_col: str,
    markers: Markers,
    batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Yield the totals of a part, a row a column."""
    totals = dict.fromkeys(names, ExactTotal())
    ends: dict[str, Counter[float]] = {name: Counter() for name in names}
    for batch in batches:
        given, _ = with_markers_missing(read_columns(wrap(batch, PART), date_col, station_col, names, PART), markers)
        for name, column in given.values.items():
            values, _ = parse_numbers(column)
            require_finite(values, name, PART)
            totals[name] += ExactTotal.of(values)
            ends[name].update(_ends(values))
    rows = [
        {
            "column": name,
            "multiple": str(totals[name].multiple),
            "count": totals[name].count,
            "ends": list(ends[name].keys()),
            "counts": list(ends[name].values()),
        }
        for name in names
    ]
    yield pa.RecordBatch.from_pylist(rows)


def _ends(values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[float, int]:
    """Count the values at either end, up to the first that does not look like a marker."""
    distinct, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    found: dict[float, int] = {}
    for places in (range(len(distinct)), range(len(distinct) - 1, -1, -1)):
        for place in places:
            found[float(distinct[place])] = int(counts[place])
            if not is_marker_like(float(distinct[place])):
                break
    return found


def _neighbours_rows(
    df: DataFrame, candidates: Mapping[str, set[str]], names: tuple[str, ...], station_col: str
) -> DataFrame:
    """Return the rows of the stations that others look at, once for each that does."""
    from pyspark.sql import functions as F  # noqa: N812
    from pyspark.sql.types import IntegralType, StringType

    type_ = df.schema[station_col].dataType
    if not isinstance(type_, StringType | IntegralType):
        raise ColumnTypeError(
            f'column "{station_col}" of the frame is of type {type_.simpleString()}; for optimal_interpolation cast it '
            "to text or to a whole number"
        )
    pairs = sorted((station, one) for station, others in candidates.items() for one in others)
    candidate = "candidate"
    asking = df.sparkSession.createDataFrame(pairs, f"`{TARGET}` string, {candidate} string")
    asking = asking.select(F.col(TARGET).cast(type_).alias(TARGET), F.col(candidate).cast(type_).alias(candidate))
    own = df.select(*names)
    joined = own.join(F.broadcast(asking), own[station_col] == asking[candidate])
    # Under the same names, but as columns of their own: Spark takes no frame together with itself.
    return joined.select(TARGET, *names).toDF(TARGET, *names)


def _filled_beside(options: Mapping[str, Any], types: pa.Schema, own: pa.Table, others: pa.Table) -> pa.Table:
    """Fill a station beside the rows of its neighbours."""
    if not own.num_rows:
        return types.empty_table()
    fill = partial(impute_api.impute_missing_values, history=others.drop_columns([TARGET]), **options)
    return _told_of_a_part(fill, own).cast(types)
