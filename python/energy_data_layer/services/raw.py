"""Bodies of answers as they came, kept in a folder and read from it again."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import threading
import zlib
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from energy_data_layer.core.atomic_file import require_regular, written_atomically
from energy_data_layer.datasets.dataset import LONGEST_BODY, Chunk, ServiceRequest
from energy_data_layer.errors import ServiceError, SourceFileError, StorageError
from energy_data_layer.services.request_stats import RequestStats

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from energy_data_layer.datasets.dataset import Dataset

MANIFEST = "manifest.jsonl"

T = TypeVar("T")


class _Kept(NamedTuple):
    """The line of the manifest that names a body, and how the body is checked."""

    line: int
    sha256: str
    size: int


class RawFolder:
    """A folder of bodies with a manifest.

    A body is a gzip file that is named by its content, so the same body is kept once. The manifest has a line per
    page: service, parameters without the key, file, SHA-256, bytes, and when it was fetched. The line is written after
    the file is complete, so whatever a line names is there.

    Parameters
    ----------
    folder : path
        The folder; it is made when the first body is kept.

    Examples
    --------
    >>> import tempfile
    >>> raw = RawFolder(tempfile.mkdtemp())
    >>> request = ServiceRequest("namdong_wind", (("startD", "20240101"), ("page", "1")))
    >>> raw.keep(request, b'{"reponse": {}}')
    >>> raw.requests("namdong_wind") == [request], raw.body(request)
    (True, b'{"reponse": {}}')
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.folder = Path(folder)
        self._manifest = self.folder / MANIFEST
        self._lock = threading.Lock()
        self._index: dict[ServiceRequest, _Kept] | None = None
        self._manifest_is_whole = False

    def keep(self, request: ServiceRequest, body: bytes) -> None:
        """Keep a body.

        Raises
        ------
        StorageError
            If the folder cannot be written to.
        """
        digest = hashlib.sha256(body).hexdigest()
        path = self.folder / f"{digest}.gz"
        line = {
            "service": request.service,
            "parameters": dict(request.parameters),
            "file": path.name,
            "sha256": digest,
            "bytes": len(body),
            "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            require_regular(path)
            if not path.exists():
                with written_atomically(path) as temporary:
                    # Without a time the same body is the same file.
                    temporary.write_bytes(gzip.compress(body, 6, mtime=0))
            with self._lock:
                if not self._manifest_is_whole:
                    require_regular(self._manifest)
                    _cut_off_half_a_line(self._manifest)
                    self._manifest_is_whole = True
                with self._manifest.open("ab", buffering=0) as manifest:
                    manifest.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
                self._index = None
        except OSError as error:
            if isinstance(error, StorageError):
                raise
            raise StorageError(f"{self.folder}: cannot be written: {error.strerror or error}") from error

    def requests(self, service: str) -> list[ServiceRequest]:
        """Return the requests whose bodies are here, in the order in which they were first fetched.

        Raises
        ------
        SourceFileError
            If there is no manifest, or a line of it cannot be read.
        """
        return [request for request in self._kept() if request.service == service]

    def chunks(self, dataset: Dataset) -> list[Chunk]:
        """Return the chunks whose answers the folder holds, in the order in which they were fetched.

        Raises
        ------
        SourceFileError
            If the manifest cannot be read, or has a request that the service does not know.
        """
        requests = self.requests(dataset.name)
        try:
            asked = [dataset.service.chunk_of(dict(request.parameters)) for request in requests]
        except (KeyError, ValueError, OverflowError) as error:
            problem = f"a request of {dataset.name} cannot be understood: {error}"
            raise SourceFileError(self.folder, None, problem) from error
        return [Chunk(dataset.name, *chunk) for chunk in dict.fromkeys(asked)]

    def body(self, request: ServiceRequest) -> bytes:
        """Return the body that a request got, the last one if it was sent several times.

        Raises
        ------
        ServiceError
            If the folder does not have it.
        SourceFileError
            If the manifest cannot be read, or the file is missing or is not what was kept.
        """
        kept = self._kept().get(request)
        if kept is None:
            raise ServiceError(
                request.label,
                f"the folder {self.folder} does not have this answer",
                "fetch it from the service with the bodies kept, or ask for the days that the folder has",
            )
        path = self.folder / f"{kept.sha256}.gz"
        try:
            require_regular(path)
            with gzip.open(path) as file:
                body = file.read(kept.size + 1)
        except FileNotFoundError as error:
            raise SourceFileError(self._manifest, kept.line, f"the file {path.name} is missing") from error
        except (OSError, EOFError, zlib.error) as error:
            raise SourceFileError(path, None, f"cannot be read as gzip: {error}") from error
        if len(body) != kept.size or hashlib.sha256(body).hexdigest() != kept.sha256:
            problem = f"the content of {path.name} is not what was kept; fetch it again"
            raise SourceFileError(self._manifest, kept.line, problem)
        return body

    def _kept(self) -> dict[ServiceRequest, _Kept]:
        with self._lock:
            if self._index is None:
                self._index = self._read_manifest()
            return self._index

    def _read_manifest(self) -> dict[ServiceRequest, _Kept]:
        try:
            require_regular(self._manifest)
            lines = self._manifest.read_bytes().split(b"\n")
        except OSError as error:
            raise SourceFileError(self._manifest, None, f"cannot be read: {error.strerror or error}") from error
        kept: dict[ServiceRequest, _Kept] = {}
        # What follows the last line break is empty, or a line at which a run was cut off.
        for number, line in enumerate(lines[:-1], start=1):
            try:
                request, entry = _entry(json.loads(line), number)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
                problem = "not a line of a manifest; remove it or fetch again"
                raise SourceFileError(self._manifest, number, problem) from error
            kept[request] = entry
        return kept


def _entry(members: dict[str, Any], line: int) -> tuple[ServiceRequest, _Kept]:
    parameters = tuple((str(name), str(value)) for name, value in members["parameters"].items())
    digest = members["sha256"]
    if len(digest) != 64 or int(digest, 16) < 0 or members["file"] != f"{digest}.gz":
        raise ValueError("the file is not named by its content")
    size = int(members["bytes"])
    if not 0 <= size <= LONGEST_BODY:
        raise ValueError("no body has this length")
    return ServiceRequest(str(members["service"]), parameters), _Kept(line, digest, size)


def _cut_off_half_a_line(path: Path) -> None:
    """Remove what a run left that was cut off while it wrote a line."""
    with suppress(FileNotFoundError):
        os.truncate(path, path.read_bytes().rfind(b"\n") + 1)


class RawAnswers(AbstractAsyncContextManager["RawAnswers"]):
    """Answers from a folder in place of a service's; nothing is sent.

    Parameters
    ----------
    raw : RawFolder
        The folder.
    """

    def __init__(self, raw: RawFolder) -> None:
        self.stats = RequestStats()
        self._raw = raw

    async def __aexit__(self, *_: object) -> None:
        return None

    async def get(self, request: ServiceRequest, read: Callable[[bytes], T]) -> T:
        """Return what `read` makes of the body that is kept for the request."""
        with self.stats.request(request) as record:
            record.from_raw = True
            body = await asyncio.to_thread(self._raw.body, request)
            record.bytes = len(body)
            return await asyncio.to_thread(read, body)
