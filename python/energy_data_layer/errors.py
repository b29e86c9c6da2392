"""What can go wrong, one class per kind; every message says what, where and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


LONGEST_SHOWN_VALUE = 40
"""Characters of an offending value that a message shows."""


class DataLayerError(Exception):
    """Base class of every error that this package raises on purpose."""


class ColumnNotFoundError(DataLayerError, KeyError):
    """A named column is not in the frame."""

    def __init__(self, column: str, present: Iterable[object], frame: str = "the frame") -> None:
        self.column = column
        self.present = [str(name) for name in present]
        self.frame = frame
        names = ", ".join(self.present) or "none"
        super().__init__(f'column "{column}" is not in {frame}; its columns are: {names}')

    def __str__(self) -> str:  # KeyError would show the repr
        return str(self.args[0])

    def __reduce__(self) -> tuple[type[ColumnNotFoundError], tuple[object, ...]]:
        return type(self), (self.column, self.present, self.frame)


class ColumnTypeError(DataLayerError, TypeError):
    """A column is of a type that cannot be what it is named for."""


class OptionError(DataLayerError, ValueError):
    """An option has a value that it cannot take."""


class FrameTypeError(DataLayerError, TypeError):
    """The frame is none of pandas, polars and pyarrow."""


class RowError(DataLayerError, ValueError):
    """Rows that break a rule; the first five are named by position, with their values.

    Attributes
    ----------
    column : str
        The column at fault.
    rows : list of int
        Positions (from 0) of the first five offending rows.
    values : list of str or None
        What stands there; None for null.
    count : int
        How many rows offend in all.
    """

    rule = ""
    advice = ""

    def __init__(
        self,
        column: str,
        rows: Iterable[int] | NDArray[np.intp],
        values: Sequence[str | None],
        count: int,
        frame: str = "the frame",
    ) -> None:
        self.column = column
        self.rows = [int(row) for row in rows]
        self.values = list(values)
        self.count = int(count)
        self.frame = frame
        listed = ", ".join(
            f"row {row}: {value}" for row, value in zip(self.rows, map(self._shown, self.values), strict=True)
        )
        more = ", …" if self.count > len(self.rows) else ""
        rows_word = "row" if self.count == 1 else "rows"
        super().__init__(
            f'column "{column}" of {frame}: {self.rule} in {self.count} {rows_word} ({listed}{more}); {self.advice}'
        )

    @staticmethod
    def _shown(value: str | None) -> str:
        if value is None:
            return "null"
        return value if len(value) <= LONGEST_SHOWN_VALUE else value[:LONGEST_SHOWN_VALUE] + "…"

    def __reduce__(self) -> tuple[type[RowError], tuple[object, ...]]:
        return type(self), (self.column, self.rows, self.values, self.count, self.frame)


class StampError(RowError):
    """A time stamp is null or cannot be read."""

    rule = "time stamp null or unreadable"
    advice = "accepted texts are YYYY-MM-DD HH:MM[:SS], YYYY-MM-DDTHH:MM[:SS] and YYYYMMDDHHMM"


class StationError(RowError):
    """The station of a row is null."""

    rule = "station null"
    advice = "every row needs the name of its station"


class InfiniteValueError(RowError):
    """A value is plus or minus infinity, or so large (beyond 1.3e300) that sums would become it."""

    rule = "infinite value"
    advice = "replace it by a missing value or correct it"


class DuplicateKeyError(RowError):
    """The same station and time stamp occur more than once."""

    rule = "station and time stamp more than once"
    advice = "keep one row per station and time stamp"


class ConflictingRowsError(RowError):
    """Two different rows share a station and time stamp."""

    rule = "different rows for one station and time stamp"
    advice = "decide which row is right; only identical rows are collapsed"


class OffGridError(RowError):
    """A time stamp lies between the steps of the requested frequency."""

    rule = "time stamp off the grid"
    advice = "round the stamps or pass the frequency that they have"


class DayError(StampError):
    """The day of a wide table's row is null, cannot be read, or is a time stamp that is not at midnight."""

    rule = "day null, unreadable or not at midnight"
    advice = "accepted texts are YYYY-MM-DD, YYYY/MM/DD, YYYY.MM.DD and YYYYMMDD"


class EnergyUnitError(RowError):
    """The cell that names a row's unit of energy is blank or names another one than Wh, kWh and MWh."""

    rule = "unit of energy unknown"
    advice = "write Wh, kWh or MWh"


class LayoutError(DataLayerError, ValueError):
    """A wide table cannot be read because its layout is not known, or not known well enough."""


class EngineUnavailable(DataLayerError, ImportError):
    """The Rust engine was demanded and is not installed."""


class EngineVersionError(DataLayerError, ImportError):
    """The installed Rust engine is not the version this package needs."""


class EngineError(DataLayerError, RuntimeError):
    """An engine failed in a way that is a defect of the engine, not of the input."""


class SourceFileError(DataLayerError, ValueError):
    """A file cannot be read as what it should be.

    Parameters
    ----------
    path : path
        The file.
    line : int or None
        The line (from 1, the heading is line 1), where one is to blame.
    problem : str
        What is wrong and what to do.
    """

    def __init__(self, path: str | Path, line: int | None, problem: str) -> None:
        self.path = str(path)
        self.line = line
        self.problem = problem
        where = f"{path}, line {line}" if line is not None else f"{path}"
        super().__init__(f"{where}: {problem}")

    def __reduce__(self) -> tuple[type[SourceFileError], tuple[object, ...]]:
        return type(self), (self.path, self.line, self.problem)


class StorageError(DataLayerError, OSError):
    """The database cannot be opened, read or written; nothing was changed."""
