"""Jobs in processes of their own that stop where they are told to; tests kill them there, or let them go on.

They say what they do, a word a line, and go on after a stop when a line comes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager

SCRIPT = """
import json, sys
from contextlib import contextmanager
from datetime import date

import pyarrow as pa

from energy_data_layer.jobs import collected_rows
from energy_data_layer.storage import duckdb, postgresql, upsert

name, table, url, stop, options = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], json.loads(sys.argv[5])
options = {key: [tuple(plant) for plant in value] if key == "plants" else value for key, value in options.items()}
if name == "weather":
    from energy_data_layer.jobs.weather.from_service import collect_weather as run
elif name == "wind":
    from energy_data_layer.jobs.wind import run_wind as run
else:
    from energy_data_layer.jobs.solar import run_solar as run
kind = duckdb.DuckDBDatabase if url.startswith("duckdb") else postgresql.PostgreSQLDatabase
whole_upsert, transaction = kind.upsert, kind.transaction
merge_statement, ingestible = upsert.merge_statement, postgresql.ingestible
upserts, writing = 0, False
# Each part is committed by itself, however fast the next one comes.
collected_rows.ROWS_AT_ONCE = 1

def say(word):
    print(word, flush=True)
    if word == stop:
        sys.stdin.readline()

def upsert_and_say(self, into, *arguments, **more):
    global upserts, writing
    if into != table:
        return whole_upsert(self, into, *arguments, **more)
    upserts, writing = upserts + 1, True
    counts = whole_upsert(self, into, *arguments, **more)
    writing = False
    say(f"merged {upserts}")
    return counts

@contextmanager
def transaction_and_say(self):
    outer, before = not self._in_transaction, upserts
    with transaction(self):
        yield
    if outer and upserts > before:
        say(f"committed {upserts}")

def staged_in_halves(rows):
    if not writing:
        return ingestible(rows)
    def halves():
        half = rows.num_rows // 2
        yield from ingestible(rows.slice(0, half)).to_batches()
        say(f"staging {upserts}")
        yield from ingestible(rows.slice(half)).to_batches()
    return pa.RecordBatchReader.from_batches(ingestible(rows).schema, halves())

def staged(*arguments):
    if writing:
        say(f"staging {upserts}")
    return merge_statement(*arguments)

kind.upsert, kind.transaction = upsert_and_say, transaction_and_say
if kind is duckdb.DuckDBDatabase:
    upsert.merge_statement = staged
else:
    postgresql.ingestible = staged_in_halves
say("ready")
report = run(url, today=date.fromisoformat(options.pop("today")), **options)
print(json.dumps([report.status, report.rows_inserted, report.rows_updated, report.rows_unchanged]))
"""


@contextmanager
def started(job, url, simulator, *, stop="", **options):
    """Start a job in a process that stops after saying the word `stop`; it is gone when the context ends."""
    environment = os.environ | simulator.environment | {"EDL_BACKOFF_SECONDS": "0.01", "EDL_CONCURRENCY": "1"}
    environment["EDL_REQUESTS_PER_SECOND"] = "1000"
    arguments = json.dumps(job.options(**options), default=str)
    command = [sys.executable, "-c", SCRIPT, job.name, job.table, url, stop, arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process, word):
    """Return once a process has said a word."""
    said = []
    for line in process.stdout:
        said.append(line.strip())
        if said[-1] == word:
            return
    raise AssertionError(f"the process ended without saying {word}; it said {said}")


def go_on(process):
    """Let a process that stopped go on."""
    process.stdin.write("\n")
    process.stdin.flush()


def result(process):
    """Return status, inserted, updated and unchanged rows of a process that runs to its end."""
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return tuple(json.loads(said.splitlines()[-1]))
