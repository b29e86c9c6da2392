"""Collect chunks from a service, many at once, while the caller works on those that are there."""

from __future__ import annotations

import asyncio
import contextvars
import os
import queue
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Self

from energy_data_layer.datasets.dataset import Chunk as Chunk  # noqa: TC001
from energy_data_layer.datasets.dataset import Dataset as Dataset  # noqa: TC001
from energy_data_layer.errors import DataLayerError, PayloadError
from energy_data_layer.transforms.payload_rows.report import PayloadDrift

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pyarrow as pa

    from energy_data_layer.services.client import ServiceClient
    from energy_data_layer.services.raw import RawAnswers, RawFolder
    from energy_data_layer.services.request_stats import TraceSummary
    from energy_data_layer.settings.services import ServiceSettings
    from energy_data_layer.transforms.payload_rows.report import PayloadReport
    from energy_data_layer.transforms.wide_to_long.report import TotalMismatch

    Answers = ServiceClient | RawAnswers
    Page = tuple[pa.Table, PayloadReport]


NO_DATA = b'{"response": {"header": {"resultCode": "03"}}}'


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
    pages, items : int
        Pages, and items in them.
    missing_items : int
        Items that the service announced and did not send.
    rows_outside : int
        Rows that were dropped because their day was not asked for.
    coerced : dict of str to int
        Texts per field that could not be read and were therefore taken as missing.
    drift : PayloadDrift
        Where the items differ from what the service documents.
    total_mismatches : list of TotalMismatch
        Items whose hours do not add up to their daily total; `row` counts over all pages.
    """

    chunk: Chunk
    table: pa.Table
    pages: int
    items: int
    missing_items: int
    rows_outside: int
    coerced: dict[str, int]
    drift: PayloadDrift
    total_mismatches: list[TotalMismatch]


@dataclass(frozen=True)
class Failed:
    """A chunk that is not there.

    Attributes
    ----------
    chunk : Chunk
        What was asked for.
    error : DataLayerError
        Why it is not there; `StopForToday` if it was not asked for, or not in full, because no further request makes
        sense.
    """

    chunk: Chunk
    error: DataLayerError


class Collection(Iterator["Collected | Failed"]):
    """Chunks as they arrive; a context manager, see `collect`.

    Attributes
    ----------
    traces : TraceSummary
        What the requests cost so far.
    """

    def __init__(
        self,
        source: Dataset,
        chunks: Iterable[Chunk],
        settings: ServiceSettings,
        make_answers: Callable[[], Answers],
        use_rust: bool | None,
    ) -> None:
        self._source = source
        self._chunks = iter(chunks)
        self._concurrency = settings.concurrency
        self._answers = make_answers()
        self._use_rust = use_rust
        self._arrived: queue.SimpleQueue[Collected | Failed | _End] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._ended = False
        # What is logged in the thread belongs to the caller's context, such as a run of Prefect.
        run_as_caller = contextvars.copy_context().run
        self._thread = threading.Thread(
            target=run_as_caller, args=(self._run,), name=f"collect {source.name}", daemon=True
        )

    @property
    def traces(self) -> TraceSummary:
        """What the requests cost so far."""
        return self._answers.traces

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._ready.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ready.wait()
        self._call(self._main.cancel)
        self._thread.join()
        self._ended = True

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Collected | Failed:
        if self._ended:
            raise StopIteration
        if self._thread.ident is None:
            raise RuntimeError("a collection begins with the statement `with`")
        arrived = self._arrived.get()
        if isinstance(arrived, _End):
            self._ended = True
            if arrived.error is not None:
                raise arrived.error
            raise StopIteration
        self._call(self._places.release)
        return arrived

    def together(self, enough_rows: int) -> Iterator[list[Collected | Failed]]:
        """Return the chunks in groups: those that lie ready at that time, up to enough rows.

        Waits for the first chunk of a group alone, so that one is handed over as soon as it can be worked on.

        Parameters
        ----------
        enough_rows : int
            No chunk is added to a group that has so many rows.
        """
        for first in self:
            group, rows = [first], _rows(first)
            while rows < enough_rows:
                try:
                    arrived = self._arrived.get_nowait()
                except queue.Empty:
                    break
                if isinstance(arrived, _End):
                    # What has come is worked on before an error ends it.
                    self._arrived.put(arrived)
                    break
                self._call(self._places.release)
                group.append(arrived)
                rows += _rows(arrived)
            yield group

    def _call(self, function: Callable[[], object]) -> None:
        """Call a function in the thread of the requests, if that is not at its end."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function)

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            asyncio.run(self._collect())
        except asyncio.CancelledError:
            pass
        except BaseExceptionGroup as group:
            error = group.exceptions[0]
        except BaseException as other:  # noqa: BLE001  the caller's thread raises it
            error = other
        finally:
            self._arrived.put(_End(error))
            self._ready.set()

    async def _collect(self) -> None:
        self._loop = asyncio.get_running_loop()
        # Reading bodies keeps the processor busy: more threads than it has gain nothing, and each holds memory.
        self._loop.set_default_executor(ThreadPoolExecutor(os.cpu_count(), "read bodies"))
        main = asyncio.current_task()
        assert main is not None  # noqa: S101
        self._main = main
        # Chunks that are under way or wait for the caller: what bounds the memory, and pauses the requests.
        self._places = asyncio.Semaphore(2 * self._concurrency)
        self._ready.set()
        async with self._answers as answers, asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(self._work(answers))

    async def _work(self, answers: Answers) -> None:
        while True:
            await self._places.acquire()
            chunk = next(self._chunks, None)
            if chunk is None:
                self._places.release()
                return
            self._arrived.put(await self._one(answers, chunk))

    async def _one(self, answers: Answers, chunk: Chunk) -> Collected | Failed:
        try:
            return await self._all_pages(answers, chunk)
        except DataLayerError as error:
            return Failed(chunk, _without_frames(error))

    async def _all_pages(self, answers: Answers, chunk: Chunk) -> Collected:
        import pyarrow as pa

        from energy_data_layer.transforms.payload_rows.api import rows_from_api_payload

        read: Callable[[bytes], Page] = partial(
            rows_from_api_payload, source=self._source.name, report=True, use_rust=self._use_rust
        )
        tables: list[pa.Table] = []
        found = _Found()
        for page in range(1, self._source.service.most_pages + 1):
            table, report = await answers.get(self._source.request(chunk, page), read)
            if tables and report.items and table.equals(tables[-1]):
                raise PayloadError(f"page {page} of {chunk.label} has the same rows as the page before it")
            tables.append(table)
            found.add(report)
            if self._source.service.is_last(report.pages[0], found.items, self._source.service.rows_per_page):
                break
        else:
            raise PayloadError(f"{chunk.label} has no end: there are more than {self._source.service.most_pages} pages")
        rows = pa.concat_tables(tables)
        asked = self._source.within_asked_days(chunk, rows)
        return Collected(
            chunk,
            asked,
            pages=len(tables),
            items=found.items,
            missing_items=max(0, found.announced - found.items),
            rows_outside=rows.num_rows - asked.num_rows,
            coerced=dict(found.coerced),
            drift=PayloadDrift(
                dict(found.unknown),
                dict(found.vanished),
                {name: dict(kinds) for name, kinds in found.retyped.items()},
            ),
            total_mismatches=found.total_mismatches,
        )


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
        What to ask for. An iterator is read while the collection goes on, in its thread.
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

    Returns
    -------
    Collection
        A context manager and iterator; its `traces` tell what the requests cost.

    Raises
    ------
    OptionError
        If there is no key for the service, or `USE_RUST` has a value that it cannot have.
    EngineUnavailable
        If `use_rust` is True and the Rust engine is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import date
    >>> from energy_data_layer.settings.services import ServiceSettings
    >>> from energy_data_layer.datasets.chunks import chunks_of_range
    >>> from energy_data_layer.datasets.koen_wind import KOEN_WIND
    >>> from energy_data_layer.services.raw import RawFolder
    >>> raw = RawFolder(tempfile.mkdtemp())
    >>> chunks = chunks_of_range(KOEN_WIND, date(2024, 1, 1), date(2024, 1, 31))
    >>> raw.keep(KOEN_WIND.request(chunks[0], 1), b'{"reponse": {"body": {"content": [], "last": true}}}')
    >>> with collect(KOEN_WIND, chunks, ServiceSettings(), from_raw=raw) as results:
    ...     for result in results:
    ...         print(result.chunk.label, result.table.num_rows)
    namdong_wind 2024-01-01..2024-01-31 0
    """
    from energy_data_layer.transforms.payload_rows.api import rows_from_api_payload

    # Loads the engine and what it needs, or says what is missing, before the first request is paid for.
    rows_from_api_payload(NO_DATA, source.name, use_rust=use_rust)
    if from_raw is not None:
        from energy_data_layer.services.raw import RawAnswers

        return Collection(source, chunks, settings, partial(RawAnswers, from_raw), use_rust)
    from energy_data_layer.services.client import ServiceClient

    settings.key_of(source.name)
    make = partial(ServiceClient, settings, requests_left=requests_left, keep_raw=keep_raw)
    return Collection(source, chunks, settings, make, use_rust)


@dataclass(frozen=True)
class _End:
    """No further chunk comes; because of an error, unless it is None."""

    error: BaseException | None


def _rows(result: Collected | Failed) -> int:
    return result.table.num_rows if isinstance(result, Collected) else 0


class _Found:
    """What the pages of a chunk hold together."""

    def __init__(self) -> None:
        self.items = 0
        self.announced = 0
        self.coerced: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.vanished: Counter[str] = Counter()
        self.retyped: dict[str, Counter[str]] = {}
        self.total_mismatches: list[TotalMismatch] = []

    def add(self, report: PayloadReport) -> None:
        self.total_mismatches += [replace(found, row=found.row + self.items) for found in report.total_mismatches]
        self.items += report.items
        if report.items:
            self.announced = report.pages[0].total_count or 0
        self.coerced.update(report.coerced)
        self.unknown.update(report.drift.unknown_fields)
        self.vanished.update(report.drift.vanished_fields)
        for name, kinds in report.drift.retyped_fields.items():
            self.retyped.setdefault(name, Counter()).update(kinds)


def _without_frames(error: DataLayerError) -> DataLayerError:
    """Return the error without the frames that raised it, which would hold on to bodies and clients."""
    seen: BaseException | None = error
    while seen is not None:
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__
    return error
