"""The three kinds of frame (pandas, polars, pyarrow) behind one small interface; columns come out as Arrow."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.errors import ColumnNotFoundError, ColumnTypeError, FrameTypeError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from numpy.typing import NDArray

ArrowColumn = pa.Array | pa.ChunkedArray


class Frame(Protocol):
    """What the transforms need of a frame, whatever its kind."""

    names: list[str]

    def column(self, name: str) -> ArrowColumn:
        """Return a column as Arrow, without copying where its memory allows."""

    def wall_clock(self, name: str) -> ArrowColumn:
        """Return a zone-aware stamp column as naive stamps of its own zone."""

    def replace(self, columns: Mapping[str, NDArray[Any] | ArrowColumn], order: Sequence[str]) -> Any:
        """Return a frame of the same kind with `columns` set and all columns in `order`."""

    def from_table(self, table: pa.Table) -> Any:
        """Return `table`, which has this frame's columns, as a frame of the same kind and types."""

    def to_pandas(self) -> pd.DataFrame:
        """Return the frame as pandas, without changing a type or a missing value."""

    def from_pandas(self, df: pd.DataFrame) -> Any:
        """Return `df`, which has this frame's columns, as a frame of the same kind and types."""


def wrap(df: Any, label: str = "the frame") -> Frame:
    """Return the adapter for `df`, a pandas or polars DataFrame or a pyarrow Table or RecordBatch."""
    if isinstance(df, pa.Table | pa.RecordBatch):
        return ArrowFrame(df, label)
    # A frame of pandas or polars can only exist if its library is already imported.
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(df, pandas.DataFrame):
        return PandasFrame(df, label)
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(df, polars.DataFrame):
        return PolarsFrame(df, label)
    hint = "; collect it first" if type(df).__name__ == "LazyFrame" else ""
    raise FrameTypeError(
        f"{label} is a {type(df).__module__}.{type(df).__name__}; accepted are pandas.DataFrame, "
        f"polars.DataFrame, pyarrow.Table and pyarrow.RecordBatch{hint}"
    )


class ArrowFrame:
    """A pyarrow Table or RecordBatch."""

    def __init__(self, table: pa.Table | pa.RecordBatch, label: str) -> None:
        self._table = table
        self._label = label
        self.names = table.schema.names

    def column(self, name: str) -> ArrowColumn:
        _require_single(name, self.names, self._label)
        return self._table.column(name)

    def wall_clock(self, name: str) -> ArrowColumn:
        return pc.local_timestamp(self._table.column(name))

    def replace(self, columns: Mapping[str, NDArray[Any] | ArrowColumn], order: Sequence[str]) -> Any:
        arrays = [pa.array(columns[name]) if name in columns else self._table.column(name) for name in order]
        types = (array.type for array in arrays)
        fields = [
            self._table.schema.field(name) if name not in columns else pa.field(name, type_)
            for name, type_ in zip(order, types, strict=True)
        ]
        schema = pa.schema(fields, metadata=self._table.schema.metadata)
        return type(self._table).from_arrays(arrays, schema=schema)

    def to_pandas(self) -> pd.DataFrame:
        return _table_to_pandas(pa.table(self._table))

    def from_pandas(self, df: pd.DataFrame) -> Any:
        return self.from_table(pa.Table.from_pandas(df, preserve_index=False))

    def from_table(self, table: pa.Table) -> Any:
        table = table.cast(self._table.schema)
        if isinstance(self._table, pa.Table):
            return table
        batches = table.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


class PolarsFrame:
    """A polars DataFrame."""

    def __init__(self, df: pl.DataFrame, label: str) -> None:
        self._df = df
        self._label = label
        self.names = df.columns

    def column(self, name: str) -> ArrowColumn:
        _require_single(name, self.names, self._label)
        try:
            return pa.chunked_array(self._df.get_column(name))
        except (pa.ArrowException, NotImplementedError) as error:
            raise ColumnTypeError(f'column "{name}" of {self._label} cannot be read: {error}') from error

    def wall_clock(self, name: str) -> ArrowColumn:
        return pa.chunked_array(self._df.get_column(name).dt.replace_time_zone(None))

    def replace(self, columns: Mapping[str, NDArray[Any] | ArrowColumn], order: Sequence[str]) -> Any:
        import polars as pl

        new = [pl.Series(name, _polars_values(values)) for name, values in columns.items()]
        return self._df.with_columns(new).select(order)

    def to_pandas(self) -> pd.DataFrame:
        return _table_to_pandas(pa.table(self._df))

    def from_pandas(self, df: pd.DataFrame) -> Any:
        return self.from_table(pa.Table.from_pandas(df, preserve_index=False))

    def from_table(self, table: pa.Table) -> Any:
        import polars as pl

        return pl.DataFrame(table).cast(dict(self._df.schema))


class PandasFrame:
    """A pandas DataFrame."""

    def __init__(self, df: pd.DataFrame, label: str) -> None:
        self._df = df
        self._label = label
        self.names = list(df.columns)

    def column(self, name: str) -> ArrowColumn:
        _require_single(name, self.names, self._label)
        return self._to_arrow(name, self._df[name])

    def wall_clock(self, name: str) -> ArrowColumn:
        return self._to_arrow(name, self._stamps(name).dt.tz_localize(None))

    def replace(self, columns: Mapping[str, NDArray[Any] | ArrowColumn], order: Sequence[str]) -> Any:
        import pandas as pd

        result = self._df.copy(deep=False)
        for name, values in columns.items():
            # A Series of the same index is taken over as it is; a bare array would be copied.
            result[name] = pd.Series(np.asarray(values), index=result.index, copy=False)
        return result if list(result.columns) == list(order) else result[list(order)]

    def to_pandas(self) -> pd.DataFrame:
        return self._df

    def from_pandas(self, df: pd.DataFrame) -> Any:
        return df

    def from_table(self, table: pa.Table) -> Any:
        import pandas as pd

        columns = {name: _as_dtype(table.column(name), dtype) for name, dtype in self._df.dtypes.items()}
        result = pd.DataFrame(columns, copy=False)
        result.columns = self._df.columns
        return result

    def _stamps(self, name: str) -> pd.Series[Any]:
        import pandas as pd

        series = self._df[name]
        return series if series.dtype != object else pd.to_datetime(series)

    def _to_arrow(self, name: str, series: pd.Series[Any]) -> ArrowColumn:
        dtype = series.dtype
        if isinstance(dtype, np.dtype):
            if dtype.kind in "fiu":
                return pa.array(series.to_numpy())
            if dtype.kind == "M":
                # Arrow would copy the stamps to mark NaT as null; the engines know NaT by its bits.
                unit = np.datetime_data(dtype)[0]
                return pa.array(series.to_numpy().view("int64")).view(pa.timestamp(unit))
            if dtype.kind == "O":
                return self._object_to_arrow(name, series)
        try:
            return pa.array(series.array)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise ColumnTypeError(
                f'column "{name}" of {self._label} is of type {dtype}, which Arrow cannot hold: {error}'
            ) from error

    def _object_to_arrow(self, name: str, series: pd.Series[Any]) -> ArrowColumn:
        import pandas as pd

        kind = pd.api.types.infer_dtype(series, skipna=True)
        if kind in {"string", "empty"}:
            return pa.array(series, type=pa.large_string(), from_pandas=True)
        if kind in {"datetime", "datetime64"}:
            return self._to_arrow(name, pd.to_datetime(series))
        if kind in {"integer", "floating", "mixed-integer-float"}:
            return pa.array(series.to_numpy(dtype="float64", na_value=np.nan))
        return pa.array([self._cell_text(name, cell) for cell in series], type=pa.large_string())

    def _cell_text(self, name: str, cell: Any) -> str | None:
        """Return the text of a cell in a column of numbers and texts; `repr` keeps every bit of a float."""
        import pandas as pd

        if isinstance(cell, str):
            return cell
        if isinstance(cell, int | float | Decimal | np.integer | np.floating) and not isinstance(cell, bool):
            return None if pd.isna(cell) else str(cell) if isinstance(cell, Decimal) else repr(cell.real)
        if cell is None or cell is pd.NA or cell is pd.NaT:
            return None
        raise ColumnTypeError(
            f'column "{name}" of {self._label} mixes types: it holds a {type(cell).__name__} ({str(cell)[:40]}); '
            "expected are texts, numbers or time stamps"
        )


def _require_single(name: str, names: Sequence[Any], label: str) -> None:
    count = sum(1 for other in names if other == name)
    if count == 0:
        raise ColumnNotFoundError(name, names, label)
    if count > 1:
        raise ColumnTypeError(f'column "{name}" occurs {count} times in {label}; rename or drop the others')


def _table_to_pandas(table: pa.Table) -> pd.DataFrame:
    import pandas as pd

    # pandas computes on string views with kernels that pyarrow does not have.
    types = [pa.large_string() if pa.types.is_string_view(type_) else type_ for type_ in table.schema.types]
    table = table.cast(pa.schema(zip(table.schema.names, types, strict=True)))
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def _polars_values(values: NDArray[Any] | ArrowColumn) -> Any:
    return pa.array(values) if isinstance(values, np.ndarray) else values


def _as_dtype(column: ArrowColumn, dtype: Any) -> Any:
    """Return an Arrow column as a pandas column of `dtype`; integers and booleans that got gaps become wider."""
    import pandas as pd

    if isinstance(dtype, np.dtype):
        return column.to_pandas().astype(dtype) if not column.null_count else _with_gaps(column, dtype)
    if hasattr(dtype, "__from_arrow__"):
        chunked = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
        return pd.Series(dtype.__from_arrow__(chunked))
    return column.to_pandas().astype(dtype)


def _with_gaps(column: ArrowColumn, dtype: np.dtype[Any]) -> Any:
    if dtype.kind in "iu":
        return column.to_pandas().astype("float64")
    return column.to_pandas().astype(dtype if dtype.kind in "fcmM" else object)
