"""What becomes of cells that are no observation: markers, numbers that look like one, texts that are no number."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from textwrap import shorten
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
import pyarrow as pa

from energy_data_layer.core.columns import as_arrow, is_text, trimmed
from energy_data_layer.core.markers import suspicious_markers
from energy_data_layer.errors import CoercedValuesError, CoercedValuesWarning, MarkerError, OptionError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from energy_data_layer.core.frames import Values
    from energy_data_layer.core.inputs import InputColumns

Coerced: TypeAlias = Literal["warn", "raise", "missing"]
MissingValues: TypeAlias = "Sequence[float | str] | Mapping[str, Sequence[float | str]]"

Markers: TypeAlias = "dict[str, tuple[float | str, ...]]"
"""What stands for a missing value, by column."""

WORDS_FOR_MISSING = ("-", ".", "NA", "N/A", "n/a", "nan", "NaN", "NAN", "null", "NULL", "None", "none", "---", "***")
"""Texts that people write for a missing value: they are told of, and are no sign that a column holds no numbers."""


def checked_coerced(coerced: Coerced) -> Coerced:
    """Return the option, or raise `OptionError`."""
    if coerced not in get_args(Coerced):
        raise OptionError(f"coerced is {coerced!r}; it can be {', '.join(map(repr, get_args(Coerced)))}")
    return coerced


def checked_markers(missing_values: MissingValues | None, columns: Collection[str]) -> Markers:
    """Return what stands for a missing value, by column; raise `OptionError` where it cannot.

    A column that is not named may hold no number that looks like it, one with none of them may.
    """
    if missing_values is None:
        return {}
    by_column = missing_values if isinstance(missing_values, Mapping) else dict.fromkeys(columns, missing_values)
    markers: Markers = {}
    for name, values in by_column.items():
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise OptionError(f"missing_values is {values!r}; it must be a list, such as [-999]")
        markers[name] = tuple(values)
    for name in markers.keys() - set(columns):
        known = shorten(", ".join(columns), 80, placeholder=" …")
        raise OptionError(f'missing_values names column "{name}"; it can name {known}')
    for value in (value for values in markers.values() for value in values):
        if isinstance(value, bool) or not isinstance(value, (str, int, float, np.number)):
            raise OptionError(f"missing_values holds {value!r}; it can hold numbers and texts")
    return markers


def without_markers(column: Values, markers: Sequence[float | str]) -> tuple[Values, int]:
    """Return a column whose markers are missing, and how many there were."""
    if not markers:
        return column, 0
    import pyarrow.compute as pc

    from energy_data_layer.core.parse import parse_numbers

    values = column if isinstance(column, np.ndarray) else parse_numbers(column)[0]
    numbers = parse_numbers(pa.array(list(map(str, markers)), pa.large_string()))[0]
    found = np.isin(values, numbers[~np.isnan(numbers)])
    if isinstance(column, np.ndarray):
        return (np.where(found, np.nan, column) if found.any() else column), int(found.sum())
    if is_text(column.type):
        words = pa.array([word.strip() for word in markers if isinstance(word, str)], pa.large_string())
        found |= pc.is_in(trimmed(column), words).to_numpy(zero_copy_only=False).astype(bool)
    return (pc.if_else(found, None, column) if found.any() else column), int(found.sum())


def with_markers_missing(given: InputColumns, markers: Markers) -> tuple[InputColumns, dict[str, int]]:
    """Return the columns of a frame whose markers are missing, and how many there were in each."""
    if not any(markers.values()):
        return given, {}
    made = {name: without_markers(column, markers.get(name, ())) for name, column in given.values.items()}
    counts = {name: count for name, (_, count) in made.items()}
    return replace(given, values={name: column for name, (column, _) in made.items()}), counts


def require_measured(
    values: NDArray[np.float64],
    name: str,
    bounds: tuple[float | None, float | None] | None,
    label: str = "the frame",
) -> None:
    """Raise `MarkerError` where values look as if they stood for a missing one."""
    if found := suspicious_markers(values, *(bounds or (None, None))):
        raise MarkerError(name, found, label)


def require_measurements(
    given: InputColumns, markers: Markers, bounds: Mapping[str, tuple[float | None, float | None]]
) -> None:
    """Raise `MarkerError` where values look as if they stood for a missing one; settle texts that are no number."""
    from energy_data_layer.core.parse import parse_numbers

    for name, column in as_arrow(given.values).items():
        values, _ = parse_numbers(column)
        if markers.get(name) != ():
            require_measured(values, name, bounds.get(name), given.label)
        settle_coerced({name: column}, [np.isnan(values)], "warn")


def settle_coerced(columns: Mapping[str, Values], missing: Sequence[NDArray[np.bool_]], coerced: Coerced) -> None:
    """Warn of texts that are no number and were taken as missing, or raise `CoercedValuesError`.

    Parameters
    ----------
    columns : mapping of str to array
        Columns of one kind, as they were given.
    missing : sequence of ndarray of bool
        Where each column has no number.
    coerced : {"warn", "raise", "missing"}
        What to do; where most cells that are not blank are no number, ``"warn"`` raises too.
    """
    if coerced == "missing":
        return
    rows: list[int] = []
    values: list[str] = []
    words = 0
    for (name, column), absent in zip(columns.items(), missing, strict=True):
        if isinstance(column, np.ndarray) or not is_text(column.type):
            continue
        places = np.flatnonzero(absent)
        if len(places) == column.null_count:
            continue
        import pyarrow.compute as pc

        texts = trimmed(column.take(pa.array(places)))
        filled = np.asarray(pc.fill_null(pc.not_equal(texts, ""), False)).astype(bool)
        found = texts.filter(pa.array(filled)).to_pylist()
        rows += places[filled].tolist()
        values += found if len(columns) == 1 else [f"{text} in {name}" for text in found]
        words += sum(text in WORDS_FOR_MISSING for text in found)
    if not rows:
        return
    names = list(columns)
    first = sorted(range(len(rows)), key=rows.__getitem__)[:5]
    error = CoercedValuesError(
        names[0] if len(names) == 1 else f'{names[0]}" to "{names[-1]}',
        [rows[place] for place in first],
        [values[place] for place in first],
        len(rows),
    )
    numbers = sum(len(absent) - int(absent.sum()) for absent in missing)
    if coerced == "raise" or len(rows) - words > numbers:
        raise error
    warnings.warn(f"{error} (taken as missing)", CoercedValuesWarning, stacklevel=2)
