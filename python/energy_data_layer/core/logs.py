"""Log lines as JSON, one object a line, with the run that they belong to."""

from __future__ import annotations

import json
import logging
import math
import re
import sys
import traceback
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from energy_data_layer.core import tracing
from energy_data_layer.errors import safe_message

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "energy_data_layer"

LOGGERS = (PACKAGE, "stamina", "py.warnings")
"""The package's own logger, that of the library that reports retries, and Python's warnings."""

_STANDARD_FIELDS = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}


class Run(Protocol):
    """What log lines name of a run; its id comes after it has begun."""

    job: str
    run_id: str


_run: ContextVar[Run | None] = ContextVar("run", default=None)


@contextmanager
def lines_of(run: Run) -> Iterator[None]:
    """Let log lines in this context, and in threads that take it over, name the run."""
    token = _run.set(run)
    try:
        yield
    finally:
        _run.reset(token)


class JsonFormatter(logging.Formatter):
    r"""Formats a record as one JSON object on one line, in ASCII.

    Its fields are ``time`` (ISO 8601, UTC), ``level``, ``logger`` and ``message``; ``job`` and ``run_id`` within a run;
    ``trace_id`` and ``span_id`` within a span of OpenTelemetry; ``error`` for an exception: its type, where it was
    raised, and its message if it is one of this package, because the text of others may hold a secret; and what the
    package's own lines tell besides, such as ``stage`` and ``seconds``.

    Examples
    --------
    >>> fields = {"name": "energy_data_layer", "levelname": "INFO", "msg": "two\nlines", "created": 0}
    >>> record = logging.makeLogRecord(fields)
    >>> print(JsonFormatter().format(record))
    {"time": "1970-01-01T00:00:00.000Z", "level": "INFO", "logger": "energy_data_layer", "message": "two\nlines"}
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        fields: dict[str, Any] = {
            "time": f"{moment.isoformat(timespec='milliseconds')}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        run = _run.get()
        if run is not None:
            fields |= {"job": run.job, "run_id": run.run_id}
        fields |= tracing.current_ids()
        if record.name.partition(".")[0] == PACKAGE:
            more = {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS}
            fields |= {name: value for name, value in more.items() if name not in fields}
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = _error(record.exc_info[1])
        return json.dumps(_plain(fields))


class TextFormatter(logging.Formatter):
    """Formats a record as a line of text, in which what a terminal would obey is escaped."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        """Return the line without the traceback that may follow."""
        return escaped(super().formatMessage(record))


def escaped(text: str) -> str:
    r"""Return a text in which characters that a terminal would obey, or that hide or turn others, are shown instead.

    They are written as in JSON, so that in a JSON document the text stays the same.

    Examples
    --------
    >>> print(escaped("\x1b]0;title\x07 서울\u202e\n"))
    \u001b]0;title\u0007 서울\u202e\n
    """
    return _NOT_SHOWN.sub(lambda match: json.dumps(match[0])[1:-1], text)


_NOT_SHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
"""Controls, line separators, marks of direction, characters of no width, and halves of surrogate pairs."""


class StandardErrorHandler(logging.Handler):
    """Writes to what standard error is at the time, a progress bar's own included."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record as a line; a log that cannot be written ends no run."""
        line = self.format(record) + "\n"
        with suppress(OSError, AttributeError):  # a stream that is broken, or None
            sys.stderr.write(line)
            sys.stderr.flush()


def use_json(level: int = logging.INFO) -> None:
    """Write the package's log to standard error as JSON, one object a line; see `JsonFormatter`.

    In place of handlers that the package's loggers had. For a handler of one's own take `JsonFormatter`.

    Parameters
    ----------
    level : int, default logging.INFO
        The least level that is written.

    Examples
    --------
    >>> import logging
    >>> use_json(level=logging.WARNING)
    """
    logging.captureWarnings(True)
    to_standard_error(JsonFormatter(), level)


def to_standard_error(formatter: logging.Formatter, level: int) -> None:
    """Write the package's log to standard error, in place of the handlers that its loggers had."""
    handler = StandardErrorHandler()
    handler.setFormatter(formatter)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)


def is_json() -> bool:
    """Return whether the package's log goes out as JSON."""
    return any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger(PACKAGE).handlers)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  a line that does not fit its arguments is still a line
        return str(record.msg)


def _error(error: BaseException) -> dict[str, Any]:
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return {"type": type(error).__name__, "message": safe_message(error), "where": where}


def _plain(value: Any) -> Any:
    """Return a value in what JSON has: neither NaN nor half a surrogate pair."""
    if isinstance(value, dict):
        return {_plain(str(name)): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return str(value).encode("utf-8", "backslashreplace").decode()
