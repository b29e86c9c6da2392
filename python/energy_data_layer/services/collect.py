"""Collect chunks from a service, many at once, while the caller works on those that are there."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

from energy_data_layer.errors import DataLayerError, PayloadError
from energy_data_layer.services.raw import RawAnswers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    import pyarrow as pa

    from energy_data_layer.datasets.dataset import Chunk, Dataset
    from energy_data_layer.services.client import ServiceClient
    from energy_data_layer.services.raw import RawFolder
    from energy_data_layer.settings.services import ServiceSettings
    from energy_data_layer.transforms.payload_rows.report import PayloadReport


@dataclass(frozen=True)
class Collected:
    """A chunk that is there, all of its pages.

    Attributes
    ----------
    chunk : Chunk
        What was asked for.
    table : pyarrow.Table
        The rows of the asked days, page by page, as `rows_from_api_payload` gives them; rows that came twice are
        there twice.
    reports : list of PayloadReport
        What was found in each page.
    items, missing_items : int
        Items of all pages, and items that the service announced and did not send.
    rows_outside : int
        Rows that were dropped because their day was not asked for.
    last_day : date or None
        The last day that has a row, None without rows.
    """

    chunk: Chunk
    table: pa.Table
    reports: list[PayloadReport]
    items: int
    missing_items: int
    rows_outside: int
    last_day: date | None


@dataclass(frozen=True)
class Failed:
    """A chunk that is not there, and why.

    The error is `StopForToday` if it was not asked for, or not in full, because no further request makes sense.
    """

    chunk: Chunk
    error: DataLayerError


class Collection(Iterator["Collected | Failed"]):
    """Chunks as they arrive; a context manager, see `collect`.

    Each chunk is a task of an event loop, which runs in a thread: a task can be given a time limit as a whole, and be
    cancelled wherever it waits.

    Attributes
    ----------
    stats : RequestStats
        What the requests cost so far.
    """

    def __init__(
        self,
        source: Dataset,
        chunks: Iterable[Chunk],
        concurrency: int,
        answers: ServiceClient | RawAnswers,
        read: Callable[[bytes], tuple[pa.Table, PayloadReport]],
    ) -> None:
        self.stats = answers.stats
        self._source = source
        self._chunks = iter(chunks)
        self._concurrency = concurrency
        self._answers = answers
        self._read = read
        self._slots = asyncio.Semaphore(concurrency)
        self._done: queue.SimpleQueue[Future[Collected | Failed]] = queue.SimpleQueue()
        self._pending = 0
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._end = asyncio.Event()

    def __enter__(self) -> Self:
        name = f"collect {self._source.name}"
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), name=name, daemon=True)
        self._thread.start()
        try:
            self._loop.result()
            self._ask()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.result().call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._pending = 0

    def __next__(self) -> Collected | Failed:
        if not self._loop.done():
            raise RuntimeError("a collection begins with the statement `with`")
        if not self._pending:
            raise StopIteration
        return self._take(block=True)

    def together(self, enough_rows: int) -> Iterator[list[Collected | Failed]]:
        """Return the chunks in groups: those that lie ready at that time, up to enough rows.

        Waits for the first chunk of a group alone, so that one is handed over as soon as it can be worked on. No chunk
        is added to a group that has so many rows.
        """
        for first in self:
            group = [first]
            try:
                with suppress(queue.Empty):
                    while self._pending and _rows(group) < enough_rows:
                        group.append(self._take(block=False))
            finally:
                # What has come is worked on before an error ends it.
                yield group

    def _take(self, *, block: bool) -> Collected | Failed:
        arrived = self._done.get(block)
        self._pending -= 1
        self._ask()
        return arrived.result()

    def _ask(self) -> None:
        """Ask for further chunks; how many are under way or ready bounds the memory, and pauses the requests."""
        while self._pending < 2 * self._concurrency and (chunk := next(self._chunks, None)) is not None:
            # What is logged in the task belongs to the caller's context, such as a run of Prefect.
            asyncio.run_coroutine_threadsafe(self._one(chunk), self._loop.result()).add_done_callback(self._done.put)
            self._pending += 1

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        # Reading bodies keeps the processor busy: more threads than it has gain nothing, and each holds memory.
        loop.set_default_executor(ThreadPoolExecutor(os.cpu_count(), "read bodies"))
        async with self._answers:
            self._loop.set_result(loop)
            await self._end.wait()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, chunk: Chunk) -> Collected | Failed:
        try:
            async with self._slots:
                return await self._all_pages(chunk)
        except DataLayerError as error:
            return Failed(chunk, _without_frames(error))

    async def _all_pages(self, chunk: Chunk) -> Collected:
        import pyarrow as pa
        import pyarrow.compute as pc

        tables: list[pa.Table] = []
        reports: list[PayloadReport] = []
        items = announced = 0
        service = self._source.service
        for page in range(1, service.most_pages + 1):
            table, report = await self._answers.get(self._source.request(chunk, page), self._read)
            if tables and report.items and table.equals(tables[-1]):
                raise PayloadError(f"page {page} of {chunk.label} has the same rows as the page before it")
            tables.append(table)
            reports.append(report)
            items += report.items
            if report.items:
                announced = report.pages[0].total_count or 0
            if service.is_last(report.pages[0], items, service.rows_per_page):
                break
        else:
            raise PayloadError(f"{chunk.label} has no end: there are more than {service.most_pages} pages")
        rows = pa.concat_tables(tables)
        asked = self._source.within_asked_days(chunk, rows)
        missing, outside = max(0, announced - items), rows.num_rows - asked.num_rows
        last_day = pc.max(self._source.days_of(asked)).as_py()
        return Collected(chunk, asked, reports, items, missing, outside, last_day)


def collect(
    source: Dataset,
    chunks: Iterable[Chunk],
    settings: ServiceSettings,
    *,
    requests_left: int | None = None,
    keep_raw: RawFolder | None = None,
    from_raw: RawFolder | None = None,
    use_rust: bool | None = None,
) -> Collection:
    """Collect chunks from a service, several at once, in a thread of its own.

    Each chunk comes out exactly once, as `Collected` or as `Failed`, in the order in which they are complete. One that
    fails does not stop the others, except by `StopForToday`: then all that are left come out as failed with that
    error. No more chunks are asked for than the caller takes: at most twice as many as there may be requests at once
    are under way or lie ready. Leaving the context early cancels the requests that are under way.

    Parameters
    ----------
    source : Dataset
        The service, such as `energy_data_layer.datasets.asos.SOURCE`.
    chunks : iterable of Chunk
        What to ask for. An iterator is read while the collection goes on.
    settings : ServiceSettings
        Keys, address and limits.
    requests_left : int, optional
        How many requests may be sent, every attempt counted; by default those of a whole day.
    keep_raw : RawFolder, optional
        Where the bodies are kept.
    from_raw : RawFolder, optional
        Where the bodies come from; then nothing is sent and no key is needed.
    use_rust : bool, optional
        Which engine reads the bodies, as for `rows_from_api_payload`.

    Raises
    ------
    OptionError
        If there is no key for the service, or `USE_RUST` has a value that it cannot have.
    EngineUnavailable, ExtraUnavailable
        If the Rust engine is demanded and not installed, or a library is missing.
    """
    from energy_data_layer.transforms.payload_rows.api import rows_from_api_payload

    # Loads the engine and what it needs, or says what is missing, before the first request is paid for.
    rows_from_api_payload([], source.name, use_rust=use_rust)
    answers: ServiceClient | RawAnswers
    if from_raw is not None:
        answers = RawAnswers(from_raw)
    else:
        from energy_data_layer.services.client import ServiceClient

        answers = ServiceClient(source.name, settings, requests_left=requests_left, keep_raw=keep_raw)
    read = partial(rows_from_api_payload, source=source.name, report=True, use_rust=use_rust)
    return Collection(source, chunks, settings.concurrency, answers, read)


def _rows(answers: Iterable[Collected | Failed]) -> int:
    return sum(answer.table.num_rows for answer in answers if isinstance(answer, Collected))


def _without_frames(error: DataLayerError) -> DataLayerError:
    """Return the error without the frames that raised it, which would hold on to bodies and clients."""
    seen: BaseException | None = error
    while seen is not None:
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__
    return error
