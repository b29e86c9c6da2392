"""What a job does, noted as it begins and ends: transforms, calls of the database, collections."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from shared_time import COLLECTION, DATABASE, JOB, TRANSFORMS, Note, shared_out

from energy_data_layer.jobs.generation import from_files as generation
from energy_data_layer.jobs.weather import imputed as imputed_weather
from energy_data_layer.services.collect import Collection
from energy_data_layer.storage.duckdb import DuckDBDatabase
from energy_data_layer.storage.postgresql import PostgreSQLDatabase
from energy_data_layer.transforms.payload_rows import api as payload_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAYLOAD_ROWS, COMPLETE_HOURS, IMPUTE, WIDE_TO_LONG = TRANSFORMS


@dataclass(frozen=True)
class Place:
    """Where the jobs call a transform, and how many rows such a call was given."""

    module: Any
    function: str
    transform: str
    rows_of: Callable[[tuple[Any, ...], dict[str, Any], Any], int]


def _rows_of_frame(arguments: tuple[Any, ...], _named: dict[str, Any], _result: Any) -> int:
    return arguments[0].num_rows


def _rows_and_history(arguments: tuple[Any, ...], named: dict[str, Any], _result: Any) -> int:
    return arguments[0].num_rows + named["history"].num_rows


def _days_of_plants(arguments: tuple[Any, ...], _named: dict[str, Any], _result: Any) -> int:
    return len(next(iter(arguments[0].date.values())))


def _items(_arguments: tuple[Any, ...], _named: dict[str, Any], result: Any) -> int:
    return result[1].items if isinstance(result, tuple) else 0


PLACES = (
    Place(payload_rows, "rows_from_api_payload", PAYLOAD_ROWS, _items),
    # The second half of reading a body of generation; its time is not that of the first half.
    Place(payload_rows, "lengthen", WIDE_TO_LONG, _days_of_plants),
    Place(generation, "transform_wide_to_long", WIDE_TO_LONG, _rows_of_frame),
    Place(imputed_weather, "complete_hours", COMPLETE_HOURS, _rows_of_frame),
    Place(imputed_weather, "impute_missing_values", IMPUTE, _rows_and_history),
)


class Meter:
    """Notes what one run of a job does."""

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self._rows: dict[str, list[int]] = defaultdict(list)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Note everything that happens in this context, which has to be entered in the main thread."""
        with ExitStack() as patches:

            def put(owner: Any, name: str, replacement: Any) -> None:
                patches.enter_context(patch.object(owner, name, replacement))

            for place in PLACES:
                put(place.module, place.function, self._counted(place))
            for database in (DuckDBDatabase, PostgreSQLDatabase):
                for name in ("__init__", "upsert", "close"):
                    put(database, name, self._noted(DATABASE, getattr(database, name)))
                # Around each call of the driver, those at the ends of a transaction included.
                put(database, "_explained", self._around(database._explained))
            put(Collection, "__enter__", self._after(COLLECTION, Collection.__enter__, begins=True))
            put(Collection, "__exit__", self._after(COLLECTION, Collection.__exit__, begins=False))
            with self._span(JOB):
                yield

    def figures(self) -> dict[str, Any]:
        """Return what `shared_out` says, with calls and rows of each transform."""
        figures = shared_out(self._notes)
        for name, transform in figures["transforms"].items():
            transform |= {"calls": len(self._rows[name]), "rows": sum(self._rows[name])}
        return figures

    def _note(self, what: str, *, begins: bool) -> None:
        process_cpu = time.process_time()
        is_main = threading.current_thread() is threading.main_thread()
        own_cpu = process_cpu if is_main else time.thread_time()
        self._notes.append(Note(time.perf_counter(), process_cpu, own_cpu, threading.get_ident(), what, begins))

    @contextmanager
    def _span(self, what: str) -> Iterator[None]:
        self._note(what, begins=True)
        try:
            yield
        finally:
            self._note(what, begins=False)

    def _noted(self, what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            with self._span(what):
                return function(*arguments, **named)

        return call

    def _counted(self, place: Place) -> Callable[..., Any]:
        noted = self._noted(place.transform, getattr(place.module, place.function))

        def call(*arguments: Any, **named: Any) -> Any:
            result = noted(*arguments, **named)
            self._rows[place.transform].append(place.rows_of(arguments, named, result))
            return result

        return call

    def _around(self, context: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def entered(*arguments: Any, **named: Any) -> Iterator[None]:
            with self._span(DATABASE), context(*arguments, **named):
                yield

        return entered

    def _after(self, what: str, function: Callable[..., Any], *, begins: bool) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            result = function(*arguments)
            self._note(what, begins=begins)
            return result

        return call
