"""The three kinds of frame (pandas, polars, pyarrow) behind one interface; columns come out as Arrow."""

from __future__ import annotations

import sys
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

import numpy as np
import pyarrow as pa

from energy_data_layer.errors import (
    ColumnNotFoundError,
    ColumnTypeError,
    ExtraUnavailable,
    FrameTypeError,
    OptionError,
    TextError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    import polars as pl
    from numpy.typing import NDArray

ArrowColumn: TypeAlias = pa.Array | pa.ChunkedArray
Values: TypeAlias = "NDArray[Any] | ArrowColumn"

FLOAT64 = np.dtype("float64")
TEXT = {"string", "empty"}
"""What pandas calls objects that are texts or missing; before 3.0 it keeps all texts as objects."""

FIRST_BEYOND_ASCII = 0x80
"""The smallest byte that is no character by itself in UTF-8; those up to 0xBF continue one."""

MOST_CHUNKS = 16
"""Chunks of a column up to which it is read as it lies in memory."""

ROWS_LOOKED_AT = 65_536
"""Rows whose texts are looked at together, so that little memory is needed."""

ROWS_CHEAP_TO_COPY = 10_000
"""Up to so many rows, copying a column costs less than the Series that would avoid it."""


class Frame(Protocol):
    """What the transforms need of a frame, whatever its kind."""

    has_nulls: bool
    """Whether the frame knows null beside NaN."""

    text_type: pa.DataType
    """The Arrow type of text that such a frame takes over with the least work."""

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""

    def column(self, name: str) -> ArrowColumn:
        """Return a column as Arrow, without copying where its memory allows."""

    def values(self, name: str) -> Values:
        """Return a column as Arrow, or as the NumPy array of float64 that it is."""

    def cells(self, name: str) -> ArrowColumn:
        """Return a column as Arrow in a form that `from_table` turns back, whatever it holds."""

    def wall_clock(self, name: str) -> ArrowColumn:
        """Return a zone-aware stamp column as naive stamps of its own zone."""

    def filled(self, values: Mapping[str, Values], behind: Mapping[str, Mapping[str, Values]]) -> Any:
        """Return a frame of the same kind with `values` in their columns and new columns behind some of them."""

    def from_table(self, table: pa.Table) -> Any:
        """Return `table`, whose columns are this frame's in order, as a frame of the same kind and types."""

    def made(self, columns: Mapping[str, Values], kept: Mapping[str, ArrowColumn], names: Mapping[str, str]) -> Any:
        """Return a new frame of the same kind: `columns`, then `kept`, which have the types of this frame's `names`."""

    def to_pandas(self) -> pd.DataFrame:
        """Return the frame as pandas, without changing a type or a missing value."""

    def from_pandas(self, df: pd.DataFrame) -> Any:
        """Return `df`, which has this frame's columns, as a frame of the same kind and types."""


def in_memory(df: Any, label: str = "the frame") -> Any:
    """Return a frame as it is; what gives its rows only once, or on demand, as the frame that it becomes.

    Raises
    ------
    FrameTypeError
        If it is no frame and gives no table.
    """
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    # A frame of pandas or polars can only exist if its library is already imported.
    if isinstance(df, pa.Table | pa.RecordBatch) or (pandas is not None and isinstance(df, pandas.DataFrame)):
        return df
    if polars is not None and isinstance(df, polars.DataFrame | polars.LazyFrame):
        return df.collect() if isinstance(df, polars.LazyFrame) else df
    problem = ""
    if hasattr(df, "__arrow_c_stream__"):
        try:
            reader = pa.RecordBatchReader.from_stream(df)
            # pyarrow stumbles over empty chunks that begin behind their memory's first row.
            return pa.Table.from_batches((batch for batch in reader if batch.num_rows), reader.schema)
        except (pa.ArrowException, NotImplementedError, OSError, RuntimeError, TypeError, ValueError) as error:
            problem = f": its Arrow stream cannot be read as a table ({error})"
    raise FrameTypeError(
        f"{label} is a {type(df).__module__}.{type(df).__name__}{problem}; accepted are pandas.DataFrame, "
        "polars.DataFrame and LazyFrame, pyarrow.Table and RecordBatch, and what has __arrow_c_stream__"
    )


def wrap(df: Any, label: str = "the frame") -> Frame:
    """Return the adapter for `df`, anything that `in_memory` takes."""
    df = in_memory(df, label)
    if isinstance(df, pa.Table | pa.RecordBatch):
        return _ArrowFrame(df, label)
    pandas = sys.modules.get("pandas")
    is_pandas = pandas is not None and isinstance(df, pandas.DataFrame)
    return _PandasFrame(df, label) if is_pandas else _PolarsFrame(df, label)


class _ArrowFrame:
    """A pyarrow Table or RecordBatch."""

    has_nulls = True
    text_type = pa.large_string()

    def __init__(self, table: pa.Table | pa.RecordBatch, label: str) -> None:
        self._table = table
        self._label = label
        self.names = table.schema.names

    def column(self, name: str) -> ArrowColumn:
        require_single(name, self.names, self._label)
        return _in_unicode(_in_few_chunks(self._table.column(name)), name, self._label)

    def values(self, name: str) -> Values:
        return self.column(name)

    def cells(self, name: str) -> ArrowColumn:
        return self.column(name)

    def wall_clock(self, name: str) -> ArrowColumn:
        import pyarrow.compute as pc

        try:
            return pc.local_timestamp(self._table.column(name))
        except pa.ArrowException as error:
            raise ColumnTypeError(f'column "{name}" of {self._label} has an unknown zone: {error}') from error

    def filled(self, values: Mapping[str, Values], behind: Mapping[str, Mapping[str, Values]]) -> Any:
        schema = self._table.schema
        arrays, fields = [], []
        for position, name in enumerate(self.names):
            if name in values:
                arrays.append(_numbers(values[name]))
                fields.append(pa.field(name, pa.float64()))
            else:
                arrays.append(self._table.column(position))
                fields.append(schema.field(position))
            for new, column in behind.get(name, {}).items():
                arrays.append(_numbers(column))
                fields.append(pa.field(new, arrays[-1].type))
        return type(self._table).from_arrays(arrays, schema=pa.schema(fields, metadata=schema.metadata))

    def made(self, columns: Mapping[str, Values], kept: Mapping[str, ArrowColumn], names: Mapping[str, str]) -> Any:
        new = cast("Mapping[str, ArrowColumn]", columns)
        fields = [pa.field(name, column.type) for name, column in new.items()]
        fields += [self._table.schema.field(names[name]).with_name(name) for name in kept]
        schema = pa.schema(fields)
        made = zip(schema, [*new.values(), *kept.values()], strict=True)
        arrays = [array.cast(field.type) for field, array in made]
        if isinstance(self._table, pa.Table):
            return pa.Table.from_arrays(arrays, schema=schema)
        return pa.RecordBatch.from_arrays(list(map(_in_one_chunk, arrays)), schema=schema)

    def to_pandas(self) -> pd.DataFrame:
        # pyarrow stumbles over empty chunks that begin behind their memory's first row.
        batches = [batch for batch in pa.table(self._table).to_batches() if batch.num_rows]
        return _table_to_pandas(pa.Table.from_batches(batches, self._table.schema))

    def from_pandas(self, df: pd.DataFrame) -> Any:
        return self.from_table(pa.Table.from_pandas(df, preserve_index=False))

    def from_table(self, table: pa.Table) -> Any:
        fields = [
            field.with_nullable(field.nullable or column.null_count > 0)
            for field, column in zip(self._table.schema, table.columns, strict=True)
        ]
        schema = pa.schema(fields, metadata=self._table.schema.metadata)
        columns = [column.cast(field.type) for field, column in zip(schema, table.columns, strict=True)]
        table = pa.Table.from_arrays(columns, schema=schema)
        if isinstance(self._table, pa.Table):
            return table
        batches = table.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


class _PolarsFrame:
    """A polars DataFrame."""

    has_nulls = True
    text_type = pa.string_view()

    def __init__(self, df: pl.DataFrame, label: str) -> None:
        self._df = df
        self._label = label
        self.names = df.columns

    def column(self, name: str) -> ArrowColumn:
        require_single(name, self.names, self._label)
        try:
            return _in_few_chunks(pa.chunked_array(self._df.get_column(name)))
        except (pa.ArrowException, NotImplementedError) as error:
            raise ColumnTypeError(f'column "{name}" of {self._label} cannot be read: {error}') from error

    def values(self, name: str) -> Values:
        return self.column(name)

    def cells(self, name: str) -> ArrowColumn:
        return self.column(name)

    def wall_clock(self, name: str) -> ArrowColumn:
        return pa.chunked_array(self._df.get_column(name).dt.replace_time_zone(None))

    def filled(self, values: Mapping[str, Values], behind: Mapping[str, Mapping[str, Values]]) -> Any:
        import polars as pl

        result = self._df.with_columns(pl.Series(name, column) for name, column in values.items())
        for name, columns in behind.items():
            place = result.get_column_index(name) + 1
            for offset, (new, column) in enumerate(columns.items()):
                result.insert_column(place + offset, pl.Series(new, column))
        return result

    def made(self, columns: Mapping[str, Values], kept: Mapping[str, ArrowColumn], names: Mapping[str, str]) -> Any:
        import polars as pl

        # Of lists of texts older releases of polars make a Series that they cannot compare; tables they read well.
        table = pa.table({**columns, **kept})
        return pl.DataFrame(table).cast({name: self._df.schema[names[name]] for name in kept})

    def to_pandas(self) -> pd.DataFrame:
        return _table_to_pandas(pa.table(self._df))

    def from_pandas(self, df: pd.DataFrame) -> Any:
        return self.from_table(pa.Table.from_pandas(df, preserve_index=False))

    def from_table(self, table: pa.Table) -> Any:
        import polars as pl

        try:
            return pl.DataFrame(table.rename_columns(self.names)).cast(self._df.schema)
        except pl.exceptions.InvalidOperationError as error:
            raise ColumnTypeError(
                f"a column of {self._label} cannot hold what is inserted; cast it to text first: {error}"
            ) from error


class _PandasFrame:
    """A pandas DataFrame."""

    has_nulls = False
    text_type = pa.large_string()

    def __init__(self, df: pd.DataFrame, label: str) -> None:
        self._df = df
        self._label = label
        self._objects: dict[str, NDArray[np.object_]] = {}
        # `df[name]` makes a Series around the array, and doing that four times takes longer than filling a
        # small frame; pandas keeps this shorter way for reading.
        self._array_at = getattr(df, "_get_column_array", None)

    @cached_property
    def names(self) -> list[str]:
        return self._df.columns.tolist()

    def column(self, name: str) -> ArrowColumn:
        return self._to_arrow(name, self._array(name))

    def values(self, name: str) -> Values:
        array = self._array(name)
        if type(array) is np.ndarray and array.dtype == FLOAT64:
            flags = array.flags
            if flags.c_contiguous and flags.aligned:
                return array
        return self._to_arrow(name, array)

    def cells(self, name: str) -> ArrowColumn:
        import pandas as pd

        array = self._array(name)
        if not _holds_objects(array) or pd.api.types.infer_dtype(array, skipna=True) in TEXT:
            return self._to_arrow(name, array)
        # Python objects stay here; their places in the list of distinct ones cross over. Objects that look
        # alike are the same: 1, True and Decimal("1.0") equal each other and are not.
        looks = pd.Series([f"{type(cell).__name__} {cell!r}" for cell in array], dtype="str").mask(pd.isna(array))
        places, _ = pd.factorize(looks)
        known = np.flatnonzero(places >= 0)
        self._objects[name] = array[known[np.unique(places[known], return_index=True)[1]]]
        return pa.array(places, mask=places < 0)

    def wall_clock(self, name: str) -> ArrowColumn:
        return self._to_arrow(name, self._datetimes(name, self._array(name)).tz_localize(None).array)

    def filled(self, values: Mapping[str, Values], behind: Mapping[str, Mapping[str, Values]]) -> Any:
        import pandas as pd

        result = independent(self._df)
        for name, column in values.items():
            # The name is there once, as `column` has checked.
            place = cast("int", result.columns.get_loc(name))
            if len(result) > ROWS_CHEAP_TO_COPY:
                # A Series of the same index is taken over as it is; a bare array would be copied.
                column = pd.Series(column, index=result.index, copy=False)
            result.isetitem(place, column)
        for name, columns in behind.items():
            place = cast("int", result.columns.get_loc(name))
            for offset, (new, numbers) in enumerate(columns.items()):
                result.insert(place + 1 + offset, new, numbers)
        return result

    def made(self, columns: Mapping[str, Values], kept: Mapping[str, ArrowColumn], names: Mapping[str, str]) -> Any:
        import pandas as pd

        made = [_as_array(column) for column in columns.values()]
        for name, column in kept.items():
            made.append(self._from_arrow(names[name], column, self._array(names[name]).dtype))
        # pandas takes as long to find out an index, and an index of names, as to make the frame.
        result = pd.DataFrame(dict(enumerate(made)), pd.RangeIndex(len(made[0])), copy=False)
        result.columns = _index_of_names((*columns, *kept)).view()
        return result

    def to_pandas(self) -> pd.DataFrame:
        return self._df

    def from_pandas(self, df: pd.DataFrame) -> Any:
        return df

    def from_table(self, table: pa.Table) -> Any:
        import pandas as pd

        columns = map(self._from_arrow, self.names, table.columns, self._df.dtypes)
        result = pd.DataFrame(dict(enumerate(columns)), copy=False)
        result.columns = self._df.columns
        return result

    def _array(self, name: str) -> Any:
        """Return a column's array, as pandas keeps it."""
        try:
            place = self._df.columns.get_loc(name)
        except KeyError:
            raise ColumnNotFoundError(name, self.names, self._label) from None
        if not isinstance(place, int):
            require_single(name, self.names, self._label)
        return self._df[name].array if self._array_at is None else self._array_at(place)

    def _from_arrow(self, name: str, column: ArrowColumn, dtype: Any) -> Any:
        import pandas as pd

        if name not in self._objects:
            return as_dtype(column, dtype)
        places = column.to_pandas()
        objects = pd.Series(np.nan, index=places.index, dtype=object)
        known = places.notna()
        objects[known] = pd.Series(self._objects[name], dtype=object).take(places[known].astype("int64")).to_numpy()
        return objects

    def _datetimes(self, name: str, array: Any) -> pd.DatetimeIndex:
        import pandas as pd

        try:
            return pd.DatetimeIndex(array)
        except (ValueError, TypeError) as error:
            raise ColumnTypeError(f'column "{name}" of {self._label} mixes time stamps: {error}') from error

    def _to_arrow(self, name: str, array: Any) -> ArrowColumn:
        dtype = array.dtype
        if isinstance(dtype, np.dtype):
            if dtype.kind == "M":
                # Arrow would copy the stamps to mark NaT as null; the engines know NaT by its bits.
                stamps = np.asarray(array)
                unit = np.datetime_data(stamps.dtype)[0]
                return pa.array(stamps.view("int64")).view(pa.timestamp(unit))
            if dtype.kind == "O":
                return self._objects_to_arrow(name, array)
        try:
            column = pa.array(array)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise ColumnTypeError(
                f'column "{name}" of {self._label} is of type {dtype}, which Arrow cannot hold: {error}'
            ) from error
        return _in_unicode(column, name, self._label)

    def _objects_to_arrow(self, name: str, array: Any) -> ArrowColumn:
        import pandas as pd

        kind = pd.api.types.infer_dtype(array, skipna=True)
        if kind in TEXT:
            return self._texts(name, array)
        if kind in {"datetime", "datetime64"}:
            return self._to_arrow(name, self._datetimes(name, array).array)
        if kind == "date":
            return pa.array(array, type=pa.date32(), from_pandas=True)
        if kind in {"floating", "mixed-integer-float"}:
            return pa.array(pd.Series(array).to_numpy(dtype="float64", na_value=np.nan))
        return self._texts(name, [self._cell_text(name, cell) for cell in array])

    def _texts(self, name: str, texts: Any) -> ArrowColumn:
        try:
            return pa.array(texts, type=pa.large_string(), from_pandas=True)
        except UnicodeEncodeError:
            # Half of a surrogate pair is a character to Python alone.
            encoded = [text.encode(errors="surrogatepass") if isinstance(text, str) else None for text in texts]
            raise _text_error(pa.array(encoded, pa.large_binary()), name, self._label) from None

    def _cell_text(self, name: str, cell: Any) -> str | None:
        """Return the text of a cell in a column of numbers and texts; that of a float keeps every bit."""
        import pandas as pd

        if isinstance(cell, str):
            return cell
        if cell is None or cell is pd.NA or cell is pd.NaT:
            return None
        if isinstance(cell, np.generic):
            cell = cell.item()
        if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
            if cell.is_nan() if isinstance(cell, Decimal) else cell != cell:
                return None
            cell = cast("int", cell)
            # The word is no number, and Python writes no endless digits; infinite, it becomes an error.
            return str(cell) if abs(cell) <= sys.float_info.max else f"{'-' if cell < 0 else ''}1e999"
        raise ColumnTypeError(
            f'column "{name}" of {self._label} mixes types: it holds a {type(cell).__name__} ({str(cell)[:40]}); '
            "expected are texts, numbers or time stamps"
        )


def maker(kind: str) -> Callable[[pa.Table], Any]:
    """Return what makes a frame of a kind, ``"pyarrow"``, ``"pandas"`` or ``"polars"``, of a table."""
    if kind == "polars":
        try:
            import polars as pl
        except ImportError as error:
            raise ExtraUnavailable("polars", "polars") from error
        return pl.DataFrame
    if kind not in ("pyarrow", "pandas"):
        raise OptionError(f'frame is {kind!r}; it is "pyarrow", "pandas" or "polars"')
    return (lambda table: table) if kind == "pyarrow" else pa.Table.to_pandas


def independent(df: pd.DataFrame) -> pd.DataFrame:
    """Return a copy that shares no change with `df`; from 3.0 on, pandas copies what is written to."""
    import pandas as pd

    return df.copy(deep=pd.__version__.startswith("2."))


@lru_cache
def _index_of_names(names: tuple[str, ...]) -> pd.Index:
    import pandas as pd

    return pd.Index(names)


def _holds_objects(array: Any) -> bool:
    return isinstance(array.dtype, np.dtype) and array.dtype.kind == "O"


def require_single(name: str, names: Sequence[Any], label: str = "the frame") -> None:
    """Raise where a column is absent or there more than once."""
    count = names.count(name)
    if count == 0:
        raise ColumnNotFoundError(name, names, label)
    if count > 1:
        raise ColumnTypeError(f'column "{name}" occurs {count} times in {label}; rename or drop the others')


def _in_unicode(column: ArrowColumn, name: str, label: str) -> ArrowColumn:
    """Return the column, or raise `TextError`: nobody has looked at texts that come as Arrow."""
    type_ = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    if pa.types.is_primitive(type_) or all(map(_is_plainly_unicode, chunks)):
        return column
    try:
        column.validate(full=True)
    except pa.ArrowInvalid as error:
        if not (pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)):
            raise ColumnTypeError(f'column "{name}" of {label} is damaged: {error}') from error
        if pa.types.is_dictionary(column.type):
            words = [chunk.dictionary.cast(pa.large_binary()).take(chunk.indices) for chunk in chunks]
            raise _text_error(pa.chunked_array(words), name, label) from None
        raise _text_error(column.cast(pa.large_binary()), name, label) from None
    return column


def _is_plainly_unicode(column: pa.Array) -> bool:
    """Tell of plain texts whether they are Unicode as they lie in memory: pyarrow looks at them one by one."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    _, offsets, content = column.buffers()
    if content is None or not len(column):
        return True
    places = np.frombuffer(offsets, np.int32 if pa.types.is_string(column.type) else np.int64)
    places = places[column.offset : column.offset + len(column) + 1]
    everything = np.frombuffer(content, np.uint8)
    for first in range(0, len(column), ROWS_LOOKED_AT):
        ends = places[first : first + ROWS_LOOKED_AT + 1]
        text = everything[ends[0] : ends[-1]]
        if text.max(initial=0) < FIRST_BEYOND_ASCII:
            continue
        try:
            str(text.data, "utf-8")
        except UnicodeDecodeError:
            return False  # perhaps only below a null
        starts = ends[ends < ends[-1]] - ends[0]
        if (text[starts] & 0xC0 == FIRST_BEYOND_ASCII).any():
            return False
    return True


def _text_error(column: ArrowColumn, name: str, label: str) -> TextError:
    """Return the error for the bytes of a column's texts."""
    texts = [text or b"" for text in column.to_pylist()]
    shown = [text.decode(errors="backslashreplace") for text in texts]
    wrong = [row for row, text in enumerate(texts) if text != shown[row].encode()]
    return TextError(name, wrong[:5], [shown[row] for row in wrong[:5]], len(wrong), label)


def _in_few_chunks(column: ArrowColumn) -> ArrowColumn:
    """Return a column of many small chunks as one: whoever reads it next does something for each."""
    if isinstance(column, pa.ChunkedArray) and column.num_chunks > MOST_CHUNKS:
        return column.combine_chunks()
    return column


def _in_one_chunk(column: ArrowColumn) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _numbers(column: Values) -> ArrowColumn:
    """Return numbers as Arrow, NaN as NaN; `pa.array` would import pandas to find that they are no Series."""
    if not isinstance(column, np.ndarray):
        return column
    contiguous = np.ascontiguousarray(column)
    return pa.Array.from_buffers(pa.from_numpy_dtype(column.dtype), len(column), [None, pa.py_buffer(contiguous)])


def _as_array(column: Values) -> Any:
    """Return a column as pandas keeps it, nulls as NaN and NaT."""
    import pandas as pd

    if isinstance(column, pa.ChunkedArray | pa.Array):
        if pa.types.is_large_string(column.type):
            # Text of its own type since pandas 3.0, objects before.
            return as_dtype(column, pd.Index([""]).dtype)
        column = column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False)
    return column if column.flags.writeable else column.copy()


def _table_to_pandas(table: pa.Table) -> pd.DataFrame:
    import pandas as pd

    # pandas computes on views with kernels that pyarrow does not have.
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) and pa.types.is_string_view(field.type.value_type):
            chunks = table.column(place).chunks
            words = [chunk.dictionary.cast(pa.large_string()).take(chunk.indices) for chunk in chunks]
            table = table.set_column(place, field.name, pa.chunked_array(words, pa.large_string()))
    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    types = [plain.get(type_, type_) for type_ in table.schema.types]
    table = table.cast(pa.schema(zip(table.schema.names, types, strict=True)))
    df: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return df


def as_dtype(column: ArrowColumn, dtype: Any) -> Any:
    """Return an Arrow column as a pandas column of `dtype`; integers and booleans that got gaps become wider."""
    import pandas as pd

    if not isinstance(dtype, np.dtype):
        if hasattr(dtype, "__from_arrow__"):
            return dtype.__from_arrow__(column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column]))
        values = column.to_pandas()
        if isinstance(dtype, pd.CategoricalDtype):
            known = values.dropna().unique()
            if len(known):  # without values these are objects, and would make categories of texts such
                # Inserted rows bring stamps that are no category yet.
                dtype = pd.CategoricalDtype(dtype.categories.union(known, sort=False), dtype.ordered)
        return values.astype(dtype)
    if column.null_count and dtype.kind in "iu":
        return column.to_pandas().astype("float64")
    if column.null_count and dtype.kind not in "fcmM":
        series = column.to_pandas().astype(object)
        return series.where(series.notna(), np.nan)
    values = column.to_pandas().astype(dtype).to_numpy(copy=False)
    # What lies in Arrow's memory cannot be written.
    return pd.Series(values if values.flags.writeable else values.copy(), dtype=dtype)
