"""Which columns of a frame a call means that leaves them to the defaults."""

from __future__ import annotations

from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar, cast

from energy_data_layer.core.frames import wrap
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


def keyed(function: FunctionT) -> FunctionT:
    """Let a transform be called with the columns of its frame that its defaults mean.

    Raises
    ------
    ColumnNotFoundError
        If a key column is not in the frame or in the history, with the likely ones.
    OptionError
        If several columns may be the one that a default means.
    """
    parameters = signature(function)
    has_default_columns = "columns" in parameters.parameters and parameters.parameters["columns"].default is COLUMNS
    of_frame = next(name for name in parameters.parameters if name in ("df", "frame"))

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        bound = parameters.bind(*args, **options)
        arguments = bound.arguments
        names = wrap(arguments[of_frame]).names
        station_fields = (*ASOS.table.names, *ASOS.table.series)
        date_col = _meant("date_col", arguments.get("date_col", DATE_COL), names, (DATE_COL,))
        station_col = _meant("station_col", arguments.get("station_col", STATION_COL), names, station_fields)
        arguments |= {"date_col": date_col, "station_col": station_col}
        if has_default_columns and "columns" not in arguments:
            arguments["columns"] = tuple(_meant("columns", name, names, (name,)) for name in COLUMNS)
        try:
            return function(*bound.args, **bound.kwargs)
        except ColumnNotFoundError as error:
            likely = ", ".join(f'{option}="{name}"' for option, name in likely_keys(error.present).items())
            if not likely or error.advice or error.column not in (station_col, *date_columns(date_col)):
                raise
            raise ColumnNotFoundError(error.column, error.present, error.frame, f"perhaps {likely}") from None

    return cast("FunctionT", call)


def _meant(option: str, name: Any, names: Sequence[Any], fields: Sequence[str]) -> Any:
    """Return the column that an argument means: a default where it is absent, the first field that the frame has."""
    if not isinstance(name, Field):
        return name
    if name not in names:
        for field in fields:
            found = [one for one in names if (column := column_of_frame(one)) is not None and column.name == field]
            if len(found) > 1:
                several = ", ".join(f'"{one}"' for one in found)
                raise OptionError(f"several columns of the frame may be {field}: {several}; say which by {option}")
            if found:
                return found[0]
    return str(name)
