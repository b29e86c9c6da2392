"""Shadow mode: the reference answers, and behind it Rust is run on the same input and compared."""

from __future__ import annotations

import atexit
import contextvars
import logging
import queue
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar, cast

from energy_data_layer import settings
from energy_data_layer.engine import choice
from energy_data_layer.engine.shadow.counts import ShadowCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from energy_data_layer.engine.shadow.call import Call, Comparison

    FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

logger = logging.getLogger(__name__)

MOST_WAITING = 8
"""Calls that wait for Rust, at most: each holds its input and answer. What comes beyond them is not compared."""

LONGEST_WAIT_SECONDS = 30.0
"""How long the end of a run waits for Rust to keep up."""


@dataclass(eq=False)
class _Waiting:
    call: Call
    counts: ShadowCounts
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    """The caller's: log lines of the comparison name its run."""

    def compared(self) -> Comparison | None:
        """Run Rust and compare; None where the comparison itself fails."""
        try:
            return self.call.compared(self.counts)
        except Exception:
            logger.exception("shadow: the comparison of %s failed", self.call.transform)
            return None


class _Comparer:
    """A thread that runs Rust on what waits, one call after the other."""

    def __init__(self) -> None:
        self._queue: queue.Queue[_Waiting] = queue.Queue(MOST_WAITING)
        self._changed = threading.Condition()
        self._unfinished: list[_Waiting] = []
        self._thread: threading.Thread | None = None

    def take(self, call: Call, counts: ShadowCounts) -> None:
        """Compare a call some time; if too many wait already, count it as not compared."""
        waiting = _Waiting(call, counts)
        with self._changed:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="edl-shadow", daemon=True)
                self._thread.start()
            try:
                self._queue.put_nowait(waiting)
            except queue.Full:
                counts.not_compared += 1
            else:
                self._unfinished.append(waiting)

    def settle(self, counts: ShadowCounts, seconds: float) -> None:
        """Wait until all calls of some counts are compared; what is left after the time is given up."""
        with self._changed:
            self._changed.wait_for(lambda: not self._left(counts), seconds)
            for waiting in self._left(counts):
                self._unfinished.remove(waiting)
                counts.not_compared += 1

    def _left(self, counts: ShadowCounts) -> list[_Waiting]:
        return [waiting for waiting in self._unfinished if waiting.counts is counts]

    def _run(self) -> None:
        while True:
            waiting = self._queue.get()
            if waiting not in self._unfinished:  # it was given up meanwhile
                continue
            comparison = waiting.context.run(waiting.compared)
            with self._changed:
                if waiting not in self._unfinished:
                    continue
                if comparison is None:
                    waiting.counts.not_compared += 1
                else:
                    comparison.count_in(waiting.counts)
                self._unfinished.remove(waiting)
                self._changed.notify_all()


_comparer = _Comparer()
_in_process = ShadowCounts()
_counts: contextvars.ContextVar[ShadowCounts] = contextvars.ContextVar("shadow counts", default=_in_process)
_counting = threading.Lock()
_sampled = 0.0


def shadowed(function: FunctionT) -> FunctionT:
    """Let a transform run in shadow mode where ``USE_RUST`` says so and its caller names no engine."""
    parameters = signature(function)

    @wraps(function)
    def call(*args: Any, use_rust: bool | None = None, **options: Any) -> Any:
        if use_rust is not None or settings.use_rust() != settings.SHADOW:
            return function(*args, use_rust=use_rust, **options)
        arguments = _readable_twice(parameters.bind(*args, **options).arguments)
        counts = _counts.get()
        sampled, possible = _is_sampled(), choice.shadow_problem() is None
        with _counting:
            counts.calls += 1
            counts.left_out += not sampled
            counts.not_compared += sampled and not possible
        if not (sampled and possible):
            return function(**arguments)
        return _answered(function, arguments, counts)

    return cast("FunctionT", call)


@contextmanager
def counted_in(counts: ShadowCounts) -> Iterator[None]:
    """Count what shadow mode sees in this context, and in threads that take it over, in `counts`."""
    token = _counts.set(counts)
    try:
        yield
    finally:
        _counts.reset(token)


def settle(counts: ShadowCounts, seconds: float = LONGEST_WAIT_SECONDS) -> None:
    """Wait until Rust has kept up with the calls of some counts.

    Parameters
    ----------
    counts : ShadowCounts
        Those of a run, or what `seen` returns.
    seconds : float, default 30
        How long to wait at most; what still waits then is given up, and counted as not compared.
    """
    _comparer.settle(counts, seconds)


def seen() -> ShadowCounts:
    """Return what was seen in this process outside the runs of jobs."""
    return _in_process


# At exit the thread must not be on its way back from Rust into an interpreter that is gone.
atexit.register(settle, _in_process)


def _readable_twice(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call with frames that each engine can read."""
    from energy_data_layer.core.frames import in_memory
    from energy_data_layer.engine.shadow.answers import FRAMES

    frames = {name: value for name, value in arguments.items() if name in FRAMES and value is not None}
    return arguments | {name: in_memory(frame) for name, frame in frames.items()}


def _answered(function: Callable[..., Any], arguments: dict[str, Any], counts: ShadowCounts) -> Any:
    """Return the reference's answer, or raise its error, after handing the call over to be compared."""
    from energy_data_layer.engine.shadow.call import Call

    call = Call.of(function, arguments)
    import_module(function.__module__.replace(".api", ".reference"))  # loading counts for neither engine
    begin = time.perf_counter()
    try:
        answer = function(**arguments)
    except Exception as error:
        _comparer.take(call.answered(error, time.perf_counter() - begin), counts)
        raise
    _comparer.take(call.answered(answer, time.perf_counter() - begin), counts)
    return answer


def _is_sampled() -> bool:
    """Tell whether a call is one of the share that ``USE_RUST_SHADOW_RATE`` asks for, spread evenly over calls."""
    global _sampled
    rate = settings.shadow_rate()
    with _counting:
        before, _sampled = _sampled, (_sampled + rate) % 1.0
        return rate >= 1.0 or before + rate >= 1.0
