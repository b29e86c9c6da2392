"""What can go wrong, one class per kind; every message says what, where and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


LONGEST_SHOWN_VALUE = 40
"""Characters of an offending value that a message shows."""


class DataLayerError(Exception):
    """Base class of every error that this package raises on purpose."""


def safe_message(error: BaseException) -> str:
    """Return what an error says if it is one of this package, else nothing: the text of others may hold a secret."""
    return str(error) if isinstance(error, DataLayerError) else ""


class ColumnNotFoundError(DataLayerError, KeyError):
    """A named column is not in the frame."""

    def __init__(self, column: str, present: Iterable[object], frame: str = "the frame", advice: str = "") -> None:
        self.column = column
        self.present = [str(name) for name in present]
        self.frame = frame
        self.advice = advice
        names = ", ".join(self.present) or "none"
        told = f"; {advice}" if advice else ""
        super().__init__(f'column "{column}" is not in {frame}; its columns are: {names}{told}')

    def __str__(self) -> str:  # KeyError would show the repr
        return str(self.args[0])

    def __reduce__(self) -> tuple[type[ColumnNotFoundError], tuple[object, ...]]:
        return type(self), (self.column, self.present, self.frame, self.advice)


class ColumnTypeError(DataLayerError, TypeError):
    """A column is of a type that cannot be what it is named for."""


class OptionError(DataLayerError, ValueError):
    """An option has a value that it cannot take."""


class ColumnKindError(DataLayerError, ValueError):
    """A column holds what a method cannot fill: a direction, a sum, a flag."""


class ModelError(DataLayerError, ValueError):
    """A model of gaps is none, is damaged, does not fit the frame, or cannot be fitted."""


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
        return "null" if value is None else shown(value)

    def __reduce__(self) -> tuple[type[RowError], tuple[object, ...]]:
        return type(self), (self.column, self.rows, self.values, self.count, self.frame)


class TextError(RowError):
    """A text is not valid Unicode."""

    rule = "text that is not UTF-8"
    advice = "decode it from bytes by the encoding that it was written in"


class StampError(RowError):
    """A time stamp is null or cannot be read."""

    rule = "time stamp null or unreadable"
    advice = (
        "write YYYY-MM-DD HH:MM[:SS] (also with / or . or T, with an offset in all rows, a date alone, 24:00) or "
        "YYYYMMDDHH[MM]"
    )


class StationError(RowError):
    """The station of a row is null."""

    rule = "station null"
    advice = "every row needs the name of its station"


class InfiniteValueError(RowError):
    """A value is plus or minus infinity, or so large (beyond 1.3e300) that sums would become it."""

    rule = "infinite value"
    advice = "replace it by a missing value or correct it"


class CoercedValuesError(RowError):
    """Texts in a column of numbers are no numbers."""

    rule = "text that is no number"
    advice = (
        'correct it, name it in missing_values=["…"] where it stands for a missing value, or pass coerced="missing" '
        "to take all such texts as missing"
    )


class CoercedValuesWarning(UserWarning):
    """Some texts in a column of numbers are no numbers and were taken as missing."""


class MarkerError(DataLayerError, ValueError):
    """Numbers look as if they stood for a missing value.

    Attributes
    ----------
    column : str
        The column.
    markers : dict of float to int
        The numbers, and how often they occur.
    """

    def __init__(self, column: str, markers: Mapping[float, int], frame: str = "the frame") -> None:
        self.column = column
        self.markers = dict(markers)
        self.frame = frame
        told = ", ".join(f"{value:g} {count:,} times" for value, count in self.markers.items())
        named = ", ".join(f"{value:g}" for value in self.markers)
        super().__init__(
            f'column "{column}" of {frame} holds {told}, out of line with all its other values, as if it stood for a '
            f"missing one; pass missing_values=[{named}], or missing_values=[] if it was measured"
        )

    def __reduce__(self) -> tuple[type[MarkerError], tuple[object, ...]]:
        return type(self), (self.column, self.markers, self.frame)


class CommaError(RowError):
    """Commas stand before the decimals in some rows of a column, and part thousands in others or points stand there."""

    rule = "a comma before decimals beside decimal points or commas between thousands"
    advice = "write all numbers of the column in one way"


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
    advice = "write YYYY-MM-DD, YYYY/MM/DD, YYYY.MM.DD or YYYYMMDD, with a time of 00:00 or none"


class EnergyUnitError(RowError):
    """The cell that names a row's unit of energy is blank or names another one than Wh, kWh and MWh."""

    rule = "unit of energy unknown"
    advice = "write Wh, kWh or MWh"


class LayoutError(DataLayerError, ValueError):
    """A wide table cannot be read because its layout is not known, or not known well enough."""


class ExtraUnavailable(DataLayerError, ImportError):
    """A library that an optional part of the package needs is not installed.

    Parameters
    ----------
    library : str
        The library.
    extra : str
        The extra of this package that brings it.
    """

    def __init__(self, library: str, extra: str) -> None:
        self.library = library
        self.extra = extra
        super().__init__(f'{library} is not installed; install it with: pip install "energy-data-layer[{extra}]"')

    def __reduce__(self) -> tuple[type[ExtraUnavailable], tuple[str, str]]:
        return type(self), (self.library, self.extra)


class EngineUnavailable(DataLayerError, ImportError):
    """The Rust engine was demanded and is not installed."""


class EngineVersionError(DataLayerError, ImportError):
    """The installed Rust engine is not the version this package needs."""


class EngineBroken(DataLayerError, ImportError):
    """The Rust engine is installed and does not load."""


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


class ReportError(StorageError):
    """A run is stored, but what tells of it, such as a picture, cannot be written."""


class SchemaDriftError(DataLayerError, ValueError):
    """A source has other fields than before, and the policy of its table is to freeze."""


class IncompleteRunError(DataLayerError, RuntimeError):
    """A run stored all it could get and could not get everything.

    Attributes
    ----------
    job, message : str
        The job, and what is missing.
    retryable : bool
        Whether another run may get more a little later: not where the service gives no more answers today, nor
        where the key, the address or the request has to be corrected first.
    """

    def __init__(self, job: str, message: str, *, retryable: bool) -> None:
        self.job = job
        self.message = message
        self.retryable = retryable
        super().__init__(f"{job}: {message}; what was fetched is stored, the next run fetches the rest")

    def __reduce__(self) -> tuple[object, ...]:
        return _incomplete_run, (self.job, self.message, self.retryable)


def _incomplete_run(job: str, message: str, retryable: bool) -> IncompleteRunError:
    return IncompleteRunError(job, message, retryable=retryable)


_SERVICE_KEY = re.compile(r"""(serviceKey(?:=|%3D))[^&\s"'<>]*""", re.IGNORECASE)
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def shown(text: str) -> str:
    """Return the beginning of a text that a message shows."""
    return text if len(text) <= LONGEST_SHOWN_VALUE else text[:LONGEST_SHOWN_VALUE] + "…"


def _on_one_line(text: str) -> str:
    """Return a text that came from outside without line breaks and service keys."""
    return _SERVICE_KEY.sub(r"\1***", _CONTROL_CHARACTER.sub(" ", text))


class PayloadError(DataLayerError, ValueError):
    """The body of an answer is not what the service documents.

    Attributes
    ----------
    problem : str
        What is wrong.
    place : str
        Where in the body, such as ``response.body.items.item[3].tm``; empty for the body as a whole.
    page : int
        Which of the pages, from 1.
    alone : bool
        Whether the page was given by itself and not in a list.
    """

    advice = "check the request, and the answer against the service's documentation"

    def __init__(self, problem: str, place: str = "", page: int = 1, *, alone: bool = True) -> None:
        self.problem = _on_one_line(problem)
        self.place = _on_one_line(place)
        self.page = page
        self.alone = alone
        where = ", ".join(part for part in ("" if alone else f"page {page}", self.place) if part)
        super().__init__(f"{where}: {self.problem}; {self.advice}" if where else f"{self.problem}; {self.advice}")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.problem, self.place, self.page), {"alone": self.alone, "args": self.args}


class CodeMeaning(NamedTuple):
    """What a code of the services means.

    Attributes
    ----------
    meaning : str
        What the service says by it.
    advice : str
        What to do.
    retryable : bool
        Whether the same request may succeed a little later.
    """

    meaning: str
    advice: str
    retryable: bool = False


_ASK_AGAIN = "retry a little later"
_CORRECT_REQUEST = "correct the request"
_CHECK_KEY = "check the service key at the portal"

LIMIT_EXCEEDED = "22"

CODE_MEANINGS = {
    "01": CodeMeaning("the service's application failed", _ASK_AGAIN, retryable=True),
    "02": CodeMeaning("the service's database failed", _ASK_AGAIN, retryable=True),
    "04": CodeMeaning("HTTP error within the service", _ASK_AGAIN, retryable=True),
    "05": CodeMeaning("the service timed out", _ASK_AGAIN, retryable=True),
    "10": CodeMeaning("a parameter of the request is wrong", _CORRECT_REQUEST),
    "11": CodeMeaning("a parameter is missing in the request", _CORRECT_REQUEST),
    "12": CodeMeaning("there is no such service, or no longer", "check the address"),
    "20": CodeMeaning("access denied", _CHECK_KEY),
    "21": CodeMeaning("the service key is suspended", _CHECK_KEY),
    LIMIT_EXCEEDED: CodeMeaning("the day's requests are used up", "stop until tomorrow"),
    "30": CodeMeaning("the service key is not registered", _CHECK_KEY + ", and that it is URL-encoded exactly once"),
    "31": CodeMeaning("the service key has expired", _CHECK_KEY),
    "32": CodeMeaning("the IP address is not registered", _CHECK_KEY),
    "33": CodeMeaning("the call is not signed", _CHECK_KEY),
    "99": CodeMeaning("another error", "check the request; the hourly observations reach up to yesterday only"),
}
"""What the codes of the services mean, and what to do."""

_UNKNOWN_CODE = CodeMeaning("a code without a known meaning", "see the service's documentation")


class ApiError(DataLayerError, RuntimeError):
    """The service answered with an error of its own.

    Attributes
    ----------
    code : str
        The service's code; a number has at least two digits.
    message : str
        The service's message.
    page : int
        Which of the pages, from 1.
    alone : bool
        Whether the page was given by itself and not in a list.
    """

    def __init__(self, code: str, message: str, page: int = 1, *, alone: bool = True) -> None:
        self.code = _on_one_line(code)
        self.message = _on_one_line(message)
        self.page = page
        self.alone = alone
        known = CODE_MEANINGS.get(code, _UNKNOWN_CODE)
        where = "" if alone else f"page {page}: "
        said = f": {self.message[:200]}" if self.message else ""
        super().__init__(
            f"{where}the service answered with code {shown(self.code)}{said} ({known.meaning}; {known.advice})"
        )

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed a little later."""
        return CODE_MEANINGS.get(self.code, _UNKNOWN_CODE).retryable

    @property
    def stop_until_tomorrow(self) -> bool:
        """Whether the service gives no more answers today."""
        return self.code == LIMIT_EXCEEDED

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.code, self.message, self.page), {"alone": self.alone, "args": self.args}


class ServiceError(DataLayerError, ConnectionError):
    """A service did not answer, or not with what was asked for; the request is given up.

    Attributes
    ----------
    request : str
        The request, without the service key.
    problem : str
        What happened.
    advice : str
        What to do.
    status : int or None
        The HTTP status, None where there was no answer.
    attempts : int
        How often the request was sent.
    retryable : bool
        Whether the same request may succeed a little later.
    retry_after : float or None
        Seconds that the service asked to wait, None where it did not say.
    """

    def __init__(
        self,
        request: str,
        problem: str,
        advice: str,
        *,
        status: int | None = None,
        attempts: int = 0,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        self.request = _on_one_line(request)
        self.problem = _on_one_line(problem)
        self.advice = advice
        self.status = status
        self.attempts = attempts
        self.retryable = retryable
        self.retry_after = retry_after
        http = f" (HTTP {status})" if status is not None else ""
        tried = f", {attempts} attempt{'' if attempts == 1 else 's'}" if attempts else ""
        super().__init__(f"{self.request}: {self.problem}{http}{tried}; {advice}")

    def __reduce__(self) -> tuple[object, ...]:
        return (
            type(self),
            (self.request, self.problem, self.advice),
            {
                "status": self.status,
                "attempts": self.attempts,
                "retryable": self.retryable,
                "retry_after": self.retry_after,
                "args": self.args,
            },
        )


class StopForToday(ServiceError):
    """No further request makes sense for now: the day's requests are used up, or the service asks to wait long."""


def worth_another_try(error: Exception) -> bool:
    """Return whether the request that ended in this error may succeed a little later.

    Examples
    --------
    >>> worth_another_try(ApiError("05", "TIMEOUT")), worth_another_try(ApiError("30", "UNREGISTERED KEY"))
    (True, False)
    """
    if isinstance(error, (ServiceError, ApiError)):
        return error.retryable
    return isinstance(error, PayloadError)
