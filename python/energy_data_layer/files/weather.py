"""Files of the ASOS hourly observations, the portal's and those of KMA's API hub, read into one typed table."""

from __future__ import annotations

import re
import reprlib
import textwrap
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.coercion import checked_markers, without_markers
from energy_data_layer.core.parse import LARGEST_VALUE, parse_numbers, parse_stamp_texts, require_one_meaning
from energy_data_layer.datasets.asos import ASOS_COLUMNS, COLUMNS, KEYS, STATIONS, column_of_heading, value_of_flag
from energy_data_layer.datasets.weather_files import HUB_COLUMNS, HUB_HEADING, RECIPES, FileColumn, other_file
from energy_data_layer.errors import CommaError, SourceFileError
from energy_data_layer.files.csv_text import matching_files, read_text, records, split_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike
    from pathlib import Path

    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import Markers, MissingValues

OBSERVATIONS = tuple(name for name in ASOS_COLUMNS if name not in KEYS)
"""The columns that are observed."""

_HUB_TEXT = re.compile(r"\A\s*#(?s:.*)^# *YYMMDDHHMI +STN\b", re.MULTILINE)
_DAY = r"^\d{4}([-/.]\d{1,2}[-/.]\d{1,2}|\d{4})$"
_HUB_GAP = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class AsosFile:
    """What was found in one file.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    rows : int
        Its rows, without the heading.
    encoding : str
        ``"utf-8"`` or ``"cp949"``.
    source : str
        ``"asos"``, the portal's export, or ``"kma_hub"``.
    markers : dict of str to tuple
        What the caller says to stand for a missing value, by column.
    marked_missing : dict of str to int
        How often each column has such a marker, or one that the source always uses.
    """

    path: Path
    rows: int
    encoding: str
    source: str = "asos"
    markers: Markers = field(default_factory=dict)
    marked_missing: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AsosFiles:
    """The observations of some files.

    Attributes
    ----------
    table : pyarrow.Table
        The observations, one row per station and hour.
    files : tuple of AsosFile
        The files in the order in which they were read.
    rows_read : int
        The rows of all files.
    duplicates_collapsed : int
        How many of these are of a station and hour that an earlier row is of; the table has one row of them.
    """

    table: pa.Table
    files: tuple[AsosFile, ...]
    rows_read: int
    duplicates_collapsed: int


def read_asos_files(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]], *, missing_values: MissingValues | None = None
) -> AsosFiles:
    """Read files of the ASOS hourly observations: CSV exports of the portal, or texts of KMA's API hub.

    The files are read in the order of their names and joined by column; a column that a file does not
    have is null in its rows. Exports overlap: rows of one station and hour become one, in which a blank gives
    way to the value of another row.

    Parameters
    ----------
    paths : path or glob pattern, or an iterable of these
        The files, in UTF-8 or cp949, with at least the headings 지점, 지점명 and 일시, or TM and STN. Stamps and
        numbers are written as in frames.
    missing_values : sequence of float or str, or dict of str to these, optional
        What stands for a missing value besides blanks, in all columns (``[-9, "NA"]``) or by column (``{"ws": [-9]}``).

    Returns
    -------
    AsosFiles
        The table and what was read. The table has the known columns that occur, named, typed and ordered
        as in `energy_data_layer.datasets.asos`, then the unknown ones as text under their own headings.
        A blank cell is null.

    Raises
    ------
    SourceFileError
        A file is absent, unreadable or not such an export; a line has too few or too many cells; a cell
        cannot be what its heading says; two rows give different values for one station and hour. The
        error names the file and the line.
    OptionError
        `paths` is empty, or `missing_values` cannot be what it is.

    Examples
    --------
    >>> from datetime import date
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
    >>> with TemporaryDirectory() as folder:
    ...     written = write_asos_sample(
    ...         folder, stations=SAMPLE_STATIONS[:1], since=date(2023, 12, 1), until=date(2024, 2, 1)
    ...     )
    ...     observations = read_asos_files(f"{folder}/*.csv")
    >>> len(observations.files), observations.duplicates_collapsed
    (2, 1)
    >>> observations.table.column_names[:5]
    ['stnId', 'stnNm', 'tm', 'ta', 'rn']
    """
    markers = checked_markers(missing_values, OBSERVATIONS)
    files, tables = zip(*(read_asos_file(path, markers) for path in matching_files(paths)), strict=True)
    joined = pa.concat_tables(tables, promote_options="default")
    ordered = joined.select(column_order(joined.column_names))
    table = without_repeated_rows(ordered, files)
    return AsosFiles(table, files, ordered.num_rows, ordered.num_rows - table.num_rows)


def column_order(names: Sequence[str]) -> list[str]:
    """Return names of columns as a table of observations has them: known ones in the export's order, then others."""
    known = [column.name for column in COLUMNS if column.name in names]
    return known + [name for name in names if name not in ASOS_COLUMNS]


def read_asos_file(path: Path, markers: Markers) -> tuple[AsosFile, pa.Table]:
    """Return what one file holds, its rows as they stand; raises as `read_asos_files` does."""
    text, encoding = _csv_text(path)
    is_hub, headings = _headings(path, text)
    cells = split_cells(path, text, list(headings))
    columns: dict[str, pa.ChunkedArray] = {}
    marked: dict[str, int] = {}
    for (heading, known), column in zip(headings.items(), cells.columns, strict=True):
        name = heading.strip() if known is None else known.name
        columns[name], found = _typed(path, heading, column, known, markers)
        if found:
            marked[name] = found
    if "stnNm" not in columns:
        names = [STATIONS.get(number) for number in columns["stnId"].to_pylist()]
        columns["stnNm"] = pa.chunked_array([pa.array(names, pa.string())])
    source = "kma_hub" if is_hub else "asos"
    return AsosFile(path, cells.num_rows, encoding, source, markers, marked), pa.table(columns)


def _csv_text(path: Path) -> tuple[str, str]:
    """Return a file's text and encoding; the hub's columns, which are separated by blanks, as CSV line by line."""
    text, encoding = read_text(path)
    if not _HUB_TEXT.search(text):
        return text, encoding
    lines = re.split(r"\r\n|\r|\n", text)
    is_comment = [line.startswith("#") for line in lines]
    heading = is_comment.index(True)
    csv_lines = [
        "" if comment else _HUB_GAP.sub(",", line.strip(" \t,="))
        for line, comment in zip(lines, is_comment, strict=True)
    ]
    csv_lines[heading] = HUB_HEADING
    return "\n".join(csv_lines), encoding


def _line_of_row(path: Path, row: int) -> int:
    """Return the line of a row of a file; the first one is row 0."""
    line, _ = next(islice(records(path, _csv_text(path)[0]), row + 1, None))
    return line


def place_of(files: Sequence[AsosFile], name: str, value: float) -> tuple[Path, int]:
    """Return the file, and the line in it, where a column first has a value."""
    for file in files:
        _, table = read_asos_file(file.path, file.markers)
        row = pc.index(table[name], value).as_py() if name in table.column_names else -1
        if row >= 0:
            return file.path, _line_of_row(file.path, row)
    raise AssertionError("the value was found as the files were read")


def _headings(path: Path, text: str) -> tuple[bool, dict[str, FileColumn | None]]:
    """Return whether a file is the hub's, and its headings with the column that each is; None for an unknown one."""
    line, headings = next(records(path, text))
    is_hub = {"TM", "STN"} <= {heading.strip() for heading in headings}
    columns = [(HUB_COLUMNS.get(heading.strip()) if is_hub else None) or _of_export(heading) for heading in headings]
    names = [
        heading.strip() if column is None else column.name for heading, column in zip(headings, columns, strict=True)
    ]
    if not is_hub and not set(KEYS).issubset(names):
        needed = ", ".join(ASOS_COLUMNS[field].heading for field in KEYS)
        seen = textwrap.shorten(", ".join(headings), width=300, placeholder=" …")
        problem = f"the headings {needed} are needed; seen: {seen}; {RECIPES}"
        if what := other_file(text[:20_000]):
            problem = f"this is {what}"
        raise SourceFileError(path, line, problem)
    if "" in names:
        raise SourceFileError(path, line, f"cell {names.index('') + 1} is blank; every column needs a heading")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        same = [heading for heading, name in zip(headings, names, strict=True) if name == repeated[0]]
        raise SourceFileError(path, line, f"headings that mean the same column: {', '.join(same)}; keep one")
    return is_hub, dict(zip(headings, columns, strict=True))


def _of_export(heading: str) -> FileColumn | None:
    column = column_of_heading(heading)
    return None if column is None else FileColumn(column.name, missing_values=())


def _typed(
    path: Path, heading: str, cells: pa.ChunkedArray, known: FileColumn | None, markers: Markers
) -> tuple[pa.ChunkedArray, int]:
    """Return the cells as values in the unit of the table, and how many of them stand for a missing one."""
    trimmed = pc.utf8_trim_whitespace(cells)
    blank = pc.equal(trimmed, "")
    cells = pc.if_else(blank, None, trimmed) if pc.any(blank).as_py() else trimmed
    if known is None:
        return cells, 0
    column = ASOS_COLUMNS[known.name]
    if column.name in KEYS and cells.null_count:
        line = _line_of_row(path, pc.index(pc.is_null(cells), True).as_py())
        raise SourceFileError(path, line, f"{heading} is blank; every row needs it")
    cells, marked = without_markers(cells, (*known.missing_values, *markers.get(column.name, ())))
    try:
        values, unreadable = _read(cells, column.arrow_type, heading)
    except CommaError as error:
        line = _line_of_row(path, error.rows[0])
        raise SourceFileError(
            path, line, f"{heading}: {', '.join(map(str, error.values))}: {error.rule}; {error.advice}"
        ) from error
    if pa.types.is_timestamp(column.arrow_type):
        _require_hours(path, heading, cells, values)
    if unreadable.any():
        row = int(unreadable.argmax())
        problem = f"{heading}: {reprlib.repr(cells[row].as_py())} is not {_wanted(column.arrow_type)}"
        raise SourceFileError(path, _line_of_row(path, row), problem)
    if pa.types.is_floating(column.arrow_type):
        values = values if known.factor == 1 else pc.multiply(values, known.factor)
    return values, marked


def _require_hours(path: Path, heading: str, cells: pa.ChunkedArray, stamps: pa.ChunkedArray) -> None:
    """Raise where a stamp is a day, or lies within an hour."""
    is_day = pc.match_substring_regex(cells, _DAY).to_numpy()
    seconds = stamps.cast(pa.int64()).fill_null(0).to_numpy() % 3600
    for wrong, problem in (
        (is_day, "is a day without an hour, as in daily files; hourly ones are needed"),
        (seconds != 0, f"is no full hour; bring such observations to hours first: {RECIPES}"),
    ):
        if wrong.any():
            row = int(wrong.argmax())
            raise SourceFileError(path, _line_of_row(path, row), f"{heading}: {cells[row].as_py()!r} {problem}")


def _read(cells: pa.ChunkedArray, arrow_type: pa.DataType, heading: str) -> tuple[pa.ChunkedArray, NDArray[np.bool_]]:
    """Return the cells as values of the type, and which of them cannot be one; raises `CommaError`."""
    if pa.types.is_timestamp(arrow_type):
        stamps = parse_stamp_texts(cells).to_numpy()
        return pa.chunked_array([pa.array(stamps, arrow_type)]), np.isnat(stamps)
    if pa.types.is_string(arrow_type):
        return cells, np.zeros(len(cells), dtype=bool)
    with suppress(pa.ArrowInvalid):  # many times faster, and the same where the cells are written plainly
        values = cells.cast(arrow_type)
        if not pa.types.is_floating(arrow_type) or pc.all(pc.is_finite(values), min_count=0).as_py():
            return values, np.zeros(len(cells), dtype=bool)
    require_one_meaning(cells, heading)
    numbers, _ = parse_numbers(cells)
    readable = np.abs(numbers) <= LARGEST_VALUE
    if pa.types.is_integer(arrow_type):
        limits = np.iinfo(arrow_type.to_pandas_dtype())
        readable &= (np.rint(numbers) == numbers) & (limits.min <= numbers) & (numbers <= limits.max)
    values = pa.array(np.where(readable, numbers, np.nan), from_pandas=True).cast(arrow_type)
    return pa.chunked_array([values]), ~readable & pc.is_valid(cells).to_numpy()


def _wanted(arrow_type: pa.DataType) -> str:
    if pa.types.is_timestamp(arrow_type):
        return "a time stamp of Korean time, such as 2024-01-31 23:00"
    return f"a whole number ({arrow_type})" if pa.types.is_integer(arrow_type) else "a number"


def without_repeated_rows(table: pa.Table, files: Sequence[AsosFile]) -> pa.Table:
    """Return the rows with each station and hour once, in which a blank gives way to the value of another row.

    A quality flag stays with its value, as where the rows are stored one after the other.

    Parameters
    ----------
    table : pyarrow.Table
        The rows, those of one station and hour in the order in which they were read.
    files : sequence of AsosFile
        The files that they were read from.

    Raises
    ------
    SourceFileError
        If two rows give different values for one station and hour.
    """
    station = table["stnId"].to_numpy()
    stamp = table["tm"].to_numpy()
    order = np.lexsort((stamp, station))  # stable: rows of one key stay in their order
    is_same = (np.diff(station[order]) == 0) & (np.diff(stamp[order]) == np.timedelta64(0))
    if not is_same.any():
        return table
    starts = np.append(True, ~is_same)
    key = np.cumsum(starts) - 1
    is_repeated = np.bincount(key) > 1
    rows = order[is_repeated[key]]
    one_each, differing = _one_each(table.take(rows), np.unique(key[is_repeated[key]], return_inverse=True)[1])
    if differing.any():
        row = rows[differing].min()
        raise _conflict(files, table["stnId"][row], table["tm"][row])
    first = order[starts]
    kept = pa.concat_tables([table.take(first[~is_repeated]), one_each])
    return kept.take(np.argsort(np.concatenate([first[~is_repeated], first[is_repeated]])))


def _one_each(rows: pa.Table, key: NDArray[np.int64]) -> tuple[pa.Table, NDArray[np.bool_]]:
    """Return one row of the values of each key, which count up, and which rows differ from an earlier one."""
    at = np.arange(len(key))
    first, last = (np.searchsorted(key, np.arange(key[-1] + 1), side) for side in ("left", "right"))
    differing = np.zeros(len(key), dtype=bool)
    columns = {}
    for name in rows.column_names:
        column = _with_its_value(rows, name, key)
        valid = pc.is_valid(column).to_numpy()
        newest = np.maximum.accumulate(np.where(valid, at, -1))
        before = np.append(-1, newest[:-1])
        pairs = np.flatnonzero(valid & (before >= first[key]))
        differing[pairs] |= pc.not_equal(column.take(pairs), column.take(before[pairs])).to_numpy()
        chosen = newest[last - 1]
        columns[name] = column.take(pa.array(chosen, mask=chosen < first))
    return pa.table(columns), differing


def _with_its_value(rows: pa.Table, name: str, key: NDArray[np.int64]) -> pa.ChunkedArray:
    """Return a column; of quality flags only those beside the value, where a row of the key has one."""
    value = value_of_flag(name)
    if value not in rows.column_names:
        return rows[name]
    valid = pc.is_valid(rows[value]).to_numpy()
    keep = valid | (np.bincount(key, valid)[key] == 0)
    return pc.if_else(pa.array(keep), rows[name], None)


def _conflict(files: Sequence[AsosFile], station: pa.Scalar, stamp: pa.Scalar) -> SourceFileError:
    """Return the error about the first row of a station and hour whose values differ from those of one before it."""
    earlier: list[tuple[str, dict[str, object]]] = []
    for file in files:
        _, table = read_asos_file(file.path, file.markers)
        is_meant = pc.and_(pc.equal(table["stnId"], station), pc.equal(table["tm"], stamp))
        for row in np.flatnonzero(is_meant.to_numpy()).tolist():
            (new,) = table.slice(row, 1).to_pylist()
            line = _line_of_row(file.path, row)
            for place, old in earlier:
                if differences := _differences(new, old):
                    key = f"station {station} at {stamp.as_py():%Y-%m-%d %H:%M}"
                    problem = f"{key} differs from {place}: {differences}; keep the row that is right"
                    return SourceFileError(file.path, line, problem)
            earlier.append((f"{file.path}, line {line}", new))
    raise AssertionError("two rows differed as they were read")


def _differences(new: Mapping[str, object], old: Mapping[str, object]) -> str:
    """Return in words where two rows have different values; a blank gives way, and a flag with its value."""
    return "; ".join(
        f"{name} {new[name]} here, {old[name]} there"
        for name in column_order([name for name in new if name in old])
        if None not in (new[name], old[name])
        and new[name] != old[name]
        and (new.get(value_of_flag(name)) is None) == (old.get(value_of_flag(name)) is None)
    )
