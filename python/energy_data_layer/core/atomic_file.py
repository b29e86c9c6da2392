"""Files that are there in full or not at all."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from energy_data_layer.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike


@contextmanager
def written_atomically(path: str | PathLike[str]) -> Iterator[Path]:
    """Give a temporary path to write to; it takes the place of `path` once all went well.

    Parameters
    ----------
    path : path
        The file to make or replace. Its folder must exist.

    Raises
    ------
    StorageError
        If the folder is missing or not writable, or the disk is full; a previous file stays as it was.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> with written_atomically(folder / "report.json") as temporary:
    ...     _ = temporary.write_text("{}")
    >>> (folder / "report.json").read_text()
    '{}'
    """
    path = Path(path)
    require_folder_of(path)
    try:
        # A folder beside the target is on the same file system, and the file in it gets ordinary permissions.
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            temporary = Path(folder) / path.name
            yield temporary
            temporary.replace(path)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error


def require_folder_of(path: str | PathLike[str]) -> None:
    """Raise `StorageError` if the folder that a file is to be written to does not exist."""
    folder = Path(path).parent
    if not folder.is_dir():
        raise StorageError(f"{path}: the folder {folder} does not exist; create it first")
