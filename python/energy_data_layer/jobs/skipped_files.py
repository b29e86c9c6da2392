"""Files that a job need not read: their rows are stored, as they would be stored again."""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from energy_data_layer._version import __version__
from energy_data_layer.engine.choice import choose
from energy_data_layer.errors import DataLayerError
from energy_data_layer.storage.connect import connect
from energy_data_layer.storage.stored_files import StoredFile, note_stored_files, unchanged_files
from energy_data_layer.storage.tables import STORED_FILES
from energy_data_layer.storage.urls import duckdb_path, is_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from energy_data_layer.reports.run_report import RunReport
    from energy_data_layer.storage.database import Database
    from energy_data_layer.storage.stored_files import Period

logger = logging.getLogger(__name__)


class SkippedFiles:
    """The files of a run by whether they have to be read.

    A file need not be read where the table has noted its content, read by the same release and engine with the same
    options, and still has the observations of its hours that it had then. One that overlaps with a file that is
    read, in the hours of a station or plant, is read too: together they may say what neither says alone.

    Attributes
    ----------
    to_read : list of Path
        The files to read.
    skipped : dict of Path to StoredFile
        The others.
    """

    def __init__(
        self, database_url: str, table: str, readings: Mapping[Path, Any], *, use_rust: bool | None, reread: bool
    ) -> None:
        self._table = table
        self._engine = None
        with suppress(DataLayerError):  # where a job needs the engine, it says so
            self._engine = choose(use_rust)
        engine = self._engine and self._engine.engine
        self._noted = {path: (_sha256(path), _of_reading([engine, options])) for path, options in readings.items()}
        stored = {} if reread else _stored(database_url, table, self._noted.values())
        self.skipped = {path: stored[noted] for path, noted in self._noted.items() if noted in stored}
        self.to_read = [path for path in self._noted if path not in self.skipped]

    def overlapping(self, periods: Sequence[Period]) -> list[Path]:
        """Return the files to read because of hours of those that were read, and skip them no more."""
        of_member: dict[tuple[int | str, ...], list[Period]] = {}
        for period in periods:
            of_member.setdefault(period.member, []).append(period)
        found = [
            path
            for path, stored in self.skipped.items()
            if any(own.overlaps(other) for own in stored.periods for other in of_member.get(own.member, ()))
        ]
        for path in found:
            del self.skipped[path]
        return found

    @property
    def headings(self) -> dict[str, dict[str, str]]:
        """The headings of the skipped files."""
        return joined_headings(stored.headings for stored in self.skipped.values())

    def tell(self, report: RunReport) -> None:
        """Note in a report what was skipped."""
        report.files_skipped = list(map(str, self.skipped))
        if self.skipped:
            logger.info("%d files are stored already, and unchanged: not read", len(self.skipped))
        if len(self.skipped) == len(self._noted):
            if self._engine is not None:
                report.engine, report.engine_reason = self._engine.engine, self._engine.reason
            report.message = f"nothing to do: all {len(self.skipped):,} files are stored already, and unchanged"

    def note(
        self,
        database: Database,
        found: Mapping[Path, tuple[Mapping[str, Mapping[str, str]], Sequence[Period]]],
        run_id: str,
    ) -> None:
        """Note the headings and hours of files whose rows the transaction stores; not of one that changed meanwhile."""
        files = [
            StoredFile(*self._noted[path], headings, periods)
            for path, (headings, periods) in found.items()
            if _sha256(path) == self._noted[path][0]
        ]
        note_stored_files(database, self._table, files, run_id)


def joined_headings(several: Iterable[Mapping[str, Mapping[str, str]]]) -> dict[str, dict[str, str]]:
    """Return headings of files as those of one, with all kinds of each."""
    joined: dict[str, dict[str, str]] = {}
    for headings in several:
        for source, kinds in headings.items():
            known = joined.setdefault(source, {})
            for name, kind in kinds.items():
                known[name] = "|".join(sorted({*filter(None, f"{known.get(name, '')}|{kind}".split("|"))}))
    return joined


def _sha256(path: Path) -> str:
    """Return the hash of a file's content, empty where it cannot be read: whoever reads it says why."""
    with suppress(OSError), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""


def _of_reading(options: Any) -> str:
    text = json.dumps([__version__, options], sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def _stored(database_url: str, table: str, noted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], StoredFile]:
    if not is_postgresql(database_url):
        path = duckdb_path(database_url)
        if path is None or not path.exists():
            return {}
    with connect(database_url, read_only=True) as database:
        if STORED_FILES not in database.tables():
            return {}
        hashes, readings = zip(*noted, strict=True)
        return {(file.sha256, file.reading): file for file in unchanged_files(database, table, hashes, set(readings))}
