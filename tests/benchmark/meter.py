"""Where the wall time of a job goes, and the CPU time of its transforms, from notes of what it does.

Wall time between two notes belongs to the first of these that something is doing then:

- ``transforms``: a transform runs, in whichever thread; where several run, they share the time.
- ``database``: the job opens, calls or closes the database.
- ``network_wait``: a collection is under way, and the process does not use the CPU: it waits for answers, or for
  its turn below the rate limit. What it uses, to send, receive and gather, is ``other``.
- ``other``: everything else, such as reading files and merging with stored rows.

So the parts add up to the wall time. Parsing and storing while further answers are awaited counts for parsing and
storing, although below a rate limit the run would wait for the answers just as long without it.

CPU time of a transform: bodies are read in several threads at once, so there it is that of the thread alone (the Rust
engine reads a body in the calling thread). The other transforms are called in the main thread, where nothing else runs
meanwhile, and may use threads of their own: there it is that of the process.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

from energy_data_layer.jobs.generation import from_files as generation
from energy_data_layer.jobs.weather import filling, imputed
from energy_data_layer.services.collect import Collection
from energy_data_layer.storage.duckdb import DuckDBDatabase
from energy_data_layer.storage.postgresql import PostgreSQLDatabase
from energy_data_layer.transforms.impute.model import GapModel
from energy_data_layer.transforms.payload_rows import api as payload_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

TRANSFORMS = ("payload_rows", "complete_hours", "impute", "optimal_interpolation", "wide_to_long")
JOB, COLLECTION, DATABASE = "job", "collection", "database"
PARTS = ("transforms", "network_wait", "database", "other")


class Note(NamedTuple):
    """The moment at which a transform, the database, a collection or the whole job begins or ends, by three clocks.

    `own_cpu` is the CPU time of the thread, in the main thread that of the process.
    """

    wall: float
    process_cpu: float
    own_cpu: float
    thread: int
    what: str
    begins: bool


def shared_out(notes: Iterable[Note]) -> dict[str, Any]:
    """Return wall and CPU time, the parts of the wall time, and the time of each transform."""
    first, *others = sorted(notes, key=lambda note: note.wall)
    split = dict.fromkeys(PARTS, 0.0)
    wall_of: Counter[str] = Counter()
    cpu_of: Counter[str] = Counter()
    doing = defaultdict(list, {first.thread: [first.what]})
    own_cpu = {first.thread: first.own_cpu}
    before = first
    for note in others:
        _share_out(note, before, [spans[-1] for spans in doing.values() if spans], split, wall_of)
        spans = doing[note.thread]
        if spans:
            cpu_of[spans[-1]] += note.own_cpu - own_cpu[note.thread]
        own_cpu[note.thread] = note.own_cpu
        if note.begins:
            spans.append(note.what)
        else:
            spans.pop()
        before = note
    return {
        "wall_seconds": before.wall - first.wall,
        "cpu_seconds": before.process_cpu - first.process_cpu,
        "split": split,
        "transforms": {
            name: {"wall_seconds": wall_of[name], "cpu_seconds": cpu_of[name]} for name in TRANSFORMS if name in cpu_of
        },
    }


def _share_out(note: Note, before: Note, doing: list[str], split: dict[str, float], wall_of: Counter[str]) -> None:
    """Add the time between two notes to what was being done."""
    wall = note.wall - before.wall
    transforms = [what for what in doing if what in TRANSFORMS]
    if transforms:
        split["transforms"] += wall
        for what in transforms:
            wall_of[what] += wall / len(transforms)
    elif DATABASE in doing:
        split["database"] += wall
    elif COLLECTION in doing:
        working = min(max(note.process_cpu - before.process_cpu, 0.0), wall)
        split["network_wait"] += wall - working
        split["other"] += working
    else:
        split["other"] += wall


CALLS = (
    (
        payload_rows,
        "rows_from_api_payload",
        "payload_rows",
        lambda result, *_, **__: result[1].items if isinstance(result, tuple) else 0,
    ),
    # The second half of reading a body of generation; its time is not that of the first half.
    (payload_rows, "lengthen", "wide_to_long", lambda _, wide, *__, **___: len(next(iter(wide.date.values())))),
    (generation, "transform_wide_to_long", "wide_to_long", lambda _, rows, *__, **___: rows.num_rows),
    (imputed, "complete_hours", "complete_hours", lambda _, rows, *__, **___: rows.num_rows),
    (
        filling,
        "impute_with_derived",
        lambda method: "optimal_interpolation" if method == "optimal_interpolation" else "impute",
        lambda _, rows, *__, history, **___: rows.num_rows + (0 if history is None else history.num_rows),
    ),
    # Fitted once per column, on hours that are counted where they are filled.
    (GapModel, "fit", "optimal_interpolation", lambda *_, **__: 0),
)
"""Where the jobs call a transform, and how many rows a call was given, by its result and its arguments.

An imputation has the name of its method where that is not the pinned rule.
"""


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

            for module, function, transform, rows_of in CALLS:
                put(module, function, self._counted(transform, getattr(module, function), rows_of))
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

    def _counted(
        self, transform: str | Callable[[str], str], function: Callable[..., Any], rows_of: Callable[..., int]
    ) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            name = transform if isinstance(transform, str) else transform(named["method"])
            with self._span(name):
                result = function(*arguments, **named)
            self._rows[name].append(rows_of(result, *arguments, **named))
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
