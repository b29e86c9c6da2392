"""The keys of a call: which columns of its frame they are by default, and those that stand in the index of pandas."""

from __future__ import annotations

import sys
from dataclasses import dataclass, is_dataclass, replace
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar, cast

from energy_data_layer.core.frames import in_memory, wrap
from energy_data_layer.core.stamps import date_columns
from energy_data_layer.datasets.asos import ASOS, column_of_frame
from energy_data_layer.datasets.registry import likely_keys
from energy_data_layer.errors import ColumnNotFoundError, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class Field(str):
    """A field of ASOS as a default: where no column has its name, one under a heading of the portal is meant."""

    __slots__ = ()


DATE_COL, STATION_COL = Field("tm"), Field("stnNm")
COLUMNS = (Field("ta"), Field("hm"))

FRAME = "the frame"
"""What errors call the frame, in distinction from its history."""

STATION_FIELDS = (*ASOS.table.names, *ASOS.table.series)


def keyed(function: FunctionT) -> FunctionT:
    """Let a transform be called with frames in memory, the columns that its defaults mean, and keys that are columns.

    Keys in the index of a pandas frame become columns, and the frame of the answer has an index of them again.

    Raises
    ------
    ColumnNotFoundError
        If a key column is not in the frame or in the history, with the likely ones.
    OptionError
        If several columns may be the one that a default means.
    """
    parameters = signature(function)
    of_frame = next(name for name in parameters.parameters if name in ("df", "frame"))
    has_default_columns = "columns" in parameters.parameters and parameters.parameters["columns"].default is COLUMNS

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        bound = parameters.bind(*args, **options)
        arguments = bound.arguments
        keys = arguments.get("date_col", DATE_COL), arguments.get("station_col", STATION_COL)
        given = Keyed.of(in_memory(arguments[of_frame], FRAME), *keys)
        arguments |= {of_frame: given.frame, "date_col": given.date_col, "station_col": given.station_col}
        if (history := arguments.get("history")) is not None:
            arguments["history"] = given.frame_of_history(in_memory(history, "the history"))
        if has_default_columns and "columns" not in arguments:
            names = wrap(given.frame).names
            arguments["columns"] = tuple(_found("columns", name, names, (), (name,))[0] for name in COLUMNS)
        try:
            return given.restored(function(*bound.args, **bound.kwargs))
        except ColumnNotFoundError as error:
            if error.advice or error.column not in (given.station_col, *date_columns(given.date_col)):
                raise
            present = given.names if error.frame == FRAME else error.present
            advice = _advice(present, is_station=(error.frame, error.column) == (FRAME, given.station_col))
            raise ColumnNotFoundError(error.column, present, error.frame, advice) from None

    return cast("FunctionT", call)


@dataclass(frozen=True)
class Keyed:
    """A frame whose keys are columns.

    Attributes
    ----------
    frame : frame
        The frame; if keys are in its index, with all levels of that as columns in front.
    date_col, station_col
        The keys.
    in_index : list
        The columns that the levels have become; empty if no key is in the index.
    original : frame
        The frame that was given.
    """

    frame: Any
    date_col: Any
    station_col: Any
    in_index: list[Any]
    original: Any

    @classmethod
    def of(
        cls,
        df: Any,
        date_col: Any,
        station_col: Any,
        date_fields: Sequence[str] = (DATE_COL,),
        station_fields: Sequence[str] = STATION_FIELDS,
        label: str = FRAME,
    ) -> Keyed:
        """Find the keys among columns and index, or, if they are defaults, by these fields' headings."""
        names, levels, stamps = wrap(df, label).names, _levels(df), _levels_of_stamps(df)
        stamp = stamps[0] if len(stamps) == 1 else None
        dates = [_found("date_col", one, names, levels, date_fields, stamp) for one in date_columns(date_col)]
        beside = 1 - stamp if stamp is not None and len(levels) == 2 and [at for _, at in dates] == [stamp] else None
        station: tuple[Any, int | None] = None, None
        if station_col is not None:
            station = _found("station_col", station_col, names, levels, station_fields, beside)
        columns = [name for name, _ in dates]
        keys = columns if isinstance(date_col, list) else columns[0], station[0]
        taken = {at: name for name, at in (*dates, station) if at is not None}
        if not taken:
            return cls(df, *keys, [], df)
        in_index = [
            taken.get(at, level if level not in (None, *names) and levels.count(level) == 1 else f"index level {at}")
            for at, level in enumerate(levels)
        ]
        return cls(df.reset_index(names=in_index), *keys, in_index, df)

    @property
    def names(self) -> list[Any]:
        """The names that the frame itself has for columns and levels."""
        named = [level for level in _levels(self.original) if level is not None]
        return [*wrap(self.original).names, *named]

    def frame_of_history(self, history: Any) -> Any:
        """Return a history with the keys in columns of the same names."""
        dates = [self._as_found(name) for name in date_columns(self.date_col)]
        wanted = dates if isinstance(self.date_col, list) else dates[0]
        return Keyed.of(history, wanted, self._as_found(self.station_col), (), (), "the history").frame

    def _as_found(self, key: Any) -> Any:
        """Return a key that a history may have in its index under another name, as the frame has it."""
        return Field(key) if key in self.in_index else key

    def restored(self, answer: Any) -> Any:
        """Return an answer whose frame has the keys in its index again."""
        if not self.in_index:
            return answer
        if isinstance(answer, tuple):
            return (self.restored(answer[0]), *answer[1:])
        if is_dataclass(answer) and hasattr(answer, "frame"):
            return replace(answer, frame=self.restored(answer.frame))  # type: ignore[type-var]
        if not isinstance(answer, sys.modules["pandas"].DataFrame):
            return answer
        if len(answer) == len(self.frame) and all(answer[name].equals(self.frame[name]) for name in self.in_index):
            index = self.original.index
        else:
            index = answer.set_index(self.in_index).index.set_names(self.original.index.names)
        for name in self.in_index:
            del answer[name]
        answer.index = index
        return answer


def _levels(df: Any) -> list[Any]:
    """Return the names of the levels of a pandas frame's index; other frames have none."""
    pandas = sys.modules.get("pandas")
    return list(df.index.names) if pandas is not None and isinstance(df, pandas.DataFrame) else []


def _levels_of_stamps(df: Any) -> list[int]:
    """Return the places of the levels that are of a type of time stamps."""
    if not (levels := _levels(df)):
        return []
    from pandas.api.types import is_datetime64_any_dtype

    kinds = [df.index.dtype] if len(levels) == 1 else [level.dtype for level in df.index.levels]
    return [at for at, kind in enumerate(kinds) if is_datetime64_any_dtype(kind)]


def _found(
    option: str, key: Any, names: Sequence[Any], levels: Sequence[Any], fields: Sequence[str], level: int | None = None
) -> tuple[Any, int | None]:
    """Return the column that an argument means, and its level if it is in the index.

    Parameters
    ----------
    option, key
        The argument.
    names, levels
        The names of the columns and of the index.
    fields
        What a default means if nothing has its name: a field under its name or a heading, the first that is there.
    level
        The level that a default means before that.
    """
    if key in names:
        return key if not isinstance(key, Field) else str(key), None
    if levels.count(key) == 1:
        return key if not isinstance(key, Field) else str(key), levels.index(key)
    if not isinstance(key, Field):
        return key, None
    if level is not None:
        beside = [one for one in names if (column := column_of_frame(one)) is not None and column.name in fields]
        if beside and not likely_keys([levels[level]]):
            raise OptionError(f'the index and the column "{beside[0]}" may both be {key}; say which by {option}')
        named = fields and levels[level] is not None and levels[level] not in names
        return levels[level] if named else str(key), level
    for field in fields:
        found = [
            one
            for one in dict.fromkeys((*names, *levels))
            if (column := column_of_frame(one)) is not None and column.name == field
        ]
        if len(found) > 1:
            several = ", ".join(f'"{one}"' for one in found)
            raise OptionError(f"several columns of the frame may be {field}: {several}; say which by {option}")
        if found:
            return found[0], None if found[0] in names else levels.index(found[0])
    return str(key), None


def _advice(names: Sequence[Any], *, is_station: bool) -> str:
    """Return what may be meant by a key that is not there."""
    likely = likely_keys(names)
    told = ", ".join(f'{option}="{name}"' for option, name in likely.items())
    advice = [f"perhaps {told}"] if told else []
    if is_station and "station_col" not in likely:
        advice.append("station_col=None takes the frame as one series")
    return "; ".join(advice)
