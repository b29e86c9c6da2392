"""Where the wall time of a job goes, and the CPU time of its transforms.

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

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

TRANSFORMS = ("payload_rows", "complete_hours", "impute", "wide_to_long")
JOB, COLLECTION, DATABASE = "job", "collection", "database"
PARTS = ("transforms", "network_wait", "database", "other")


class Note(NamedTuple):
    """The moment at which something begins or ends, by three clocks.

    Attributes
    ----------
    wall, process_cpu : float
        Wall time, and CPU time of the process.
    own_cpu : float
        CPU time of the thread, in the main thread that of the process.
    thread : int
        The thread.
    what : str
        A transform, the database, a collection or the whole job.
    begins : bool
        Whether it begins.
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
