"""What equal means: the one comparison of two engines' answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

RELATIVE = 1e-13
"""Tolerance relative to the largest observed value of a column."""

SMALLEST_SCALE = 1e4
"""Up to this magnitude the tolerance is the same, 1e-9."""

ROWS_SHOWN = 5


PARSERS_WORDS = ("the body is no valid JSON: ", "the body is no well-formed XML: ")
"""Beginnings of problems that go on in a parser's own words, which the contract leaves open."""


def error_text(error: Exception) -> str:
    """Return what the contract fixes of an error: its class and its message, up to a parser's own words."""
    text = f"{type(error).__name__}: {error}"
    for words in PARSERS_WORDS:
        before, found, _ = text.partition(words)
        if found:
            return before + found.rstrip(": ")
    return text


def assert_equal_answers(expected: Any, actual: Any, observed: Sequence[Any] = ()) -> None:
    """Raise `AssertionError`, saying what differs, unless two frames are the same answer.

    Parameters
    ----------
    expected, actual : frame
        Frames of pandas, polars or pyarrow.
    observed : sequence of frame
        The frames the answer was computed from (the input and, if there is one, the history). Their
        largest value in a column sets the tolerance; without them the expected answer's does.
    """
    found = differences(expected, actual, observed)
    if found:
        raise AssertionError("the answers differ\n" + "\n".join(f"- {line}" for line in found))


def differences(expected: Any, actual: Any, observed: Sequence[Any] = ()) -> list[str]:
    """Return what differs between two answers, a line per column; nothing where they are equal.

    Kind of frame, row count, column names, types, index, keys, order and null positions have to be the
    same; numbers may be apart by 1e-9 for values up to 1e4, above that by 1e-13 of the largest value.

    Parameters
    ----------
    expected, actual, observed
        As in `assert_equal_answers`.

    Examples
    --------
    >>> import pyarrow as pa
    >>> differences(pa.table({"ta": [1.0]}), pa.table({"ta": [1.0 + 1e-10]}))
    []
    >>> differences(pa.table({"ta": [1.0]}), pa.table({"ta": [1.5]}))
    ['column "ta" differs by more than 1e-09 in 1 of 1 rows (row 0: expected 1.0, got 1.5)']
    """
    return list(_differences(expected, actual, observed))


def deviations(expected: Any, actual: Any, observed: Sequence[Any] = ()) -> dict[str, tuple[float, float]]:
    """Return how far two equal answers are apart: per column of numbers the largest difference and the tolerance.

    Parameters
    ----------
    expected, actual, observed
        As in `assert_equal_answers`; frames in which `differences` finds none.

    Examples
    --------
    >>> import pyarrow as pa
    >>> deviations(pa.table({"ta": [1.0, 2.0]}), pa.table({"ta": [1.0, 2.0 + 2**-40]}))
    {'ta': (9.094947017729282e-13, 1e-09)}
    """
    found = {}
    for position, name in enumerate(_names(expected)):
        left, right = (_as_arrow(_column(frame, position)) for frame in (expected, actual))
        if pa.types.is_float64(left.type):
            numbers = [side.fill_null(0.0).to_numpy() for side in (left, right)]
            finite = np.isfinite(numbers[0])
            apart = np.abs(numbers[0][finite] - numbers[1][finite])
            found[str(name)] = float(apart.max(initial=0.0)), tolerance(name, observed or [expected])
    return found


def tolerance(column: str, frames: Sequence[Any]) -> float:
    """Return how far two values of a column may be apart."""
    return RELATIVE * max([SMALLEST_SCALE, *(_largest(frame, column) for frame in frames)])


def _differences(expected: Any, actual: Any, observed: Sequence[Any]) -> Iterator[str]:
    if type(expected) is not type(actual):
        yield f"kind of frame: expected {_kind(expected)}, got {_kind(actual)}"
        return
    before = len(_names(expected)), _rows(expected)
    after = len(_names(actual)), _rows(actual)
    if _names(expected) != _names(actual):
        yield f"columns: expected {_names(expected)}, got {_names(actual)}"
    elif before[1] != after[1]:
        yield f"rows: expected {before[1]}, got {after[1]}"
    else:
        yield from _different_index(expected, actual)
        for position, name in enumerate(_names(expected)):
            yield from _different_column(
                name,
                _column(expected, position),
                _column(actual, position),
                tolerance(name, observed or [expected]),
            )


def _different_index(expected: Any, actual: Any) -> Iterator[str]:
    if not isinstance(expected, pd.DataFrame):
        return
    try:
        pd.testing.assert_index_equal(expected.index, actual.index, exact=True)
    except AssertionError as error:
        yield f"index: {error}"


def _different_column(name: Any, expected: Any, actual: Any, allowed: float) -> Iterator[str]:
    types = _type(expected), _type(actual)
    if types[0] != types[1]:
        yield f'column "{name}": expected type {types[0]}, got {types[1]}'
        return
    left, right = _as_arrow(expected), _as_arrow(actual)
    if pa.types.is_float64(left.type):
        different = _different_numbers(left, right, allowed)
        how = f" by more than {allowed:.3g}"
    else:
        different = _different_values(left, right)
        how = ""
    rows = np.flatnonzero(different)
    if len(rows):
        shown = "; ".join(
            f"row {row}: expected {_cell(left, row)}, got {_cell(right, row)}" for row in rows[:ROWS_SHOWN]
        )
        more = "; …" if len(rows) > ROWS_SHOWN else ""
        yield f'column "{name}" differs{how} in {len(rows)} of {len(different)} rows ({shown}{more})'


def _different_numbers(left: pa.Array, right: pa.Array, allowed: float) -> NDArray[np.bool_]:
    """Tell for each row whether two numbers differ; null, NaN and infinity equal only themselves."""
    null = [np.asarray(side.is_null()) for side in (left, right)]
    numbers = [side.fill_null(0.0).to_numpy() for side in (left, right)]
    nan = [np.isnan(side) for side in numbers]
    both = ~nan[0] & ~nan[1] & (numbers[0] != numbers[1])
    far = np.zeros(len(both), dtype=bool)
    with np.errstate(over="ignore"):
        far[both] = ~(np.abs(numbers[0][both] - numbers[1][both]) <= allowed)
    different: NDArray[np.bool_] = (null[0] != null[1]) | (nan[0] != nan[1]) | far
    return different


def _different_values(left: pa.Array, right: pa.Array) -> NDArray[np.bool_]:
    if left.equals(right):
        return np.zeros(len(left), dtype=bool)
    pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
    return np.array([a != b and not (a != a and b != b) for a, b in pairs], dtype=bool)


def _largest(frame: Any, column: str) -> float:
    """Return the largest finite magnitude in a column; 0 where it holds no number.

    The ends of an interval, which no input has, are as large as the column that they belong to.
    """
    if column not in _names(frame):
        column = str(column).removesuffix(LOW_SUFFIX).removesuffix(HIGH_SUFFIX)
    if column not in _names(frame):
        return 0.0
    values = _as_arrow(_column(frame, _names(frame).index(column)))
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        numbers = pd.to_numeric(pd.Series(values.to_pandas()), errors="coerce").to_numpy(dtype="float64")
    elif pa.types.is_floating(values.type) or pa.types.is_integer(values.type) or pa.types.is_decimal(values.type):
        numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    else:
        return 0.0
    finite = np.abs(numbers[np.isfinite(numbers)])
    return float(finite.max()) if len(finite) else 0.0


def _as_arrow(column: Any) -> pa.Array:
    """Return a column as one Arrow array without making NaN null or null NaN."""
    if isinstance(column, pd.Series):
        if isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiub":
            return pa.array(column.to_numpy())
        if column.dtype == object:
            # pandas calls None, NaN and NA missing alike; a number and a text of the same look differ.
            texts = [f"{type(cell).__name__} {cell!r}" for cell in column]
            return pa.array(texts, pa.large_string(), mask=column.isna().to_numpy())
        column = pa.array(column.array)
    elif _is_polars(column):
        column = column.to_arrow()
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # pyarrow keeps an empty chunked array as it is
        column = pa.concat_arrays(column.chunks)
    if pa.types.is_dictionary(column.type):
        column = _decoded(column)
    return column.cast(pa.large_string()) if pa.types.is_string_view(column.type) else column


def _decoded(column: pa.DictionaryArray) -> pa.Array:
    values = column.dictionary
    values = values.cast(pa.large_string()) if pa.types.is_string_view(values.type) else values
    return pc.take(values, column.indices)


def _is_polars(value: Any) -> bool:
    return type(value).__module__.startswith("polars.")


def _cell(column: pa.Array, row: int) -> str:
    value = column[int(row)].as_py()
    return "null" if value is None else repr(value)


def _kind(frame: Any) -> str:
    return f"{type(frame).__module__.partition('.')[0]}.{type(frame).__name__}"


def _names(frame: Any) -> list[Any]:
    return list(frame.schema.names) if isinstance(frame, pa.Table | pa.RecordBatch) else list(frame.columns)


def _rows(frame: Any) -> int:
    return frame.num_rows if isinstance(frame, pa.Table | pa.RecordBatch) else len(frame)


def _column(frame: Any, position: int) -> Any:
    if isinstance(frame, pd.DataFrame):
        return frame.iloc[:, position]
    if _is_polars(frame):
        return frame.to_series(position)
    return frame.column(position)


def _type(column: Any) -> Any:
    return column.type if isinstance(column, pa.Array | pa.ChunkedArray) else column.dtype
