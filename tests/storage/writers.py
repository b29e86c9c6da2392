"""Processes that write, and that wait where they are told to; tests start them, and end them as they like.

They say ``ready`` once they are connected and begin when a line comes.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

PRELUDE = """
import sys
from pathlib import Path
sys.path.insert(0, str(Path(sys.argv[2])))
from hourly_rows import KEY, many_rows
from energy_data_layer.errors import StorageError
from energy_data_layer.storage.database import Database
from energy_data_layer.storage import postgresql

def say_and_wait(word):
    print(word, flush=True)
    sys.stdin.readline()

"""

WRITE = """
first, last, value = map(int, sys.argv[3:])
batch = many_rows(last).slice(first)
batch = batch.set_column(2, "ta", [[float(value)] * batch.num_rows])
with Database.connect(sys.argv[1]) as database:
    say_and_wait("ready")
    counts = database.upsert("hourly", batch, KEY)
    print(counts.inserted, counts.updated, counts.unchanged)
"""
"""Upsert the stations from `first` to `last` with one value, and say the counts."""

WAIT_WHILE_STAGING = """
import pyarrow as pa
whole = postgresql.ingestible

def with_a_pause(table):
    def batches():
        batches = whole(table).to_batches(max_chunksize=table.num_rows // 2)
        yield batches[0]
        say_and_wait("staging")
        yield from batches[1:]
    return pa.RecordBatchReader.from_batches(whole(table).schema, batches())

postgresql.ingestible = with_a_pause
"""
"""Stop when half the rows have gone to the server."""

MIGRATE = """
from energy_data_layer.storage.migrations import MIGRATIONS, migrate
with Database.connect(sys.argv[1]) as database:
    say_and_wait("ready")
    migrate(database)
    print(len(MIGRATIONS))
"""

RUN_WEATHER = """
from energy_data_layer.jobs.weather.from_files import run_weather
say_and_wait("ready")
report = run_weather(sys.argv[3], sys.argv[1], use_rust=False)
print(report.rows_inserted, report.rows_updated, report.rows_unchanged)
"""


@contextmanager
def started(script, url, *arguments):
    """Start a process and wait for its first word; it is gone when the context ends."""
    command = [sys.executable, "-c", PRELUDE + script, url, str(Path(__file__).parent), *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            process.first_word = process.stdout.readline().strip()
            yield process
        finally:
            process.kill()


def go_on(process):
    """Let a process that waits go on."""
    process.stdin.write("\n")
    process.stdin.flush()


def numbers(process):
    """Return the numbers that a process says at its end."""
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return tuple(map(int, said.split()))
