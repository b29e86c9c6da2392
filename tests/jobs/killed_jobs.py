"""Jobs in processes of their own that stop where they are told to; tests kill them there, or let them go on.

They say what they do, a word each, and go on after a stop when a word comes. They are forked from a server that has
imported the package: starting Python for each would take longer than its job.
"""

from __future__ import annotations

import multiprocessing
import os
from contextlib import contextmanager

import pyarrow as pa

from energy_data_layer.jobs import service
from energy_data_layer.storage import duckdb, postgresql, upsert

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "adbc_driver_postgresql.dbapi",
        *("energy_data_layer.jobs.solar", "energy_data_layer.jobs.weather.from_service", "energy_data_layer.simulator"),
        *("energy_data_layer.storage.duckdb", "energy_data_layer.storage.postgresql"),
    ]
)


def work(words, environment, job, url, stop, options):
    """Run a job; what it does is said to the other end of `words`, and last what it has counted."""
    os.environ.clear()
    os.environ.update(environment)
    kind = duckdb.DuckDBDatabase if url.startswith("duckdb") else postgresql.PostgreSQLDatabase
    whole_upsert, transaction = kind.upsert, kind.transaction
    merge_statement, ingestible = upsert.merge_statement, postgresql.ingestible
    upserts, writing = 0, False
    # Each part is committed by itself, however fast the next one comes.
    service.ROWS_AT_ONCE = 1

    def say(word):
        words.send(word)
        if word == stop:
            words.recv()

    def upsert_and_say(self, into, *arguments, **more):
        nonlocal upserts, writing
        if into != job.table:
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
    report = job._run(url, **job.options(**options))
    words.send((report.status, report.rows_inserted, report.rows_updated, report.rows_unchanged))


@contextmanager
def started(job, url, simulator, *, stop="", **options):
    """Start a job in a process that stops after saying the word `stop`; it is gone when the context ends."""
    paced = {"EDL_BACKOFF_SECONDS": "0.01", "EDL_CONCURRENCY": "1", "EDL_REQUESTS_PER_SECOND": "1000"}
    environment = os.environ | simulator.environment | paced
    own, other = FORKS.Pipe()
    process = FORKS.Process(target=work, args=(other, environment, job, url, stop, options))
    process.start()
    other.close()
    process.words = own
    try:
        yield process
    finally:
        process.kill()
        process.join()
        own.close()


def wait_for(process, word):
    """Return once a process has said a word."""
    said = []
    while word not in said:
        try:
            said.append(process.words.recv())
        except EOFError:
            raise AssertionError(f"the process ended without saying {word}; it said {said}") from None


def go_on(process):
    """Let a process that stopped go on."""
    process.words.send("on")


def result(process):
    """Return status, inserted, updated and unchanged rows of a process that runs to its end."""
    said = None
    while not isinstance(said, tuple):
        said = process.words.recv()
    process.join()
    assert process.exitcode == 0
    return said
