"""Files that are there in full or not at all."""

from __future__ import annotations

import shutil
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
        The file to make or replace. Its folder must exist. A symbolic link stays and what it names is replaced; what is
        no regular file, such as a pipe or ``/dev/null``, is written into.

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
    if is_special(path):
        place, beside = path, None
    else:
        place = path.resolve() if path.is_symlink() else path
        beside = place.parent
        require_folder_of(place)
    try:
        # A folder beside the target is on the same file system, and the file in it gets ordinary permissions.
        with tempfile.TemporaryDirectory(dir=beside, prefix=f".{place.name}.") as folder:
            temporary = Path(folder) / place.name
            yield temporary
            if beside is not None:
                temporary.replace(place)
                return
            with temporary.open("rb") as content, place.open("wb") as target:
                shutil.copyfileobj(content, target)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error


def is_special(path: Path) -> bool:
    """Tell whether there is something that is neither a file nor a folder: a pipe, a device, a socket."""
    return path.exists() and not (path.is_file() or path.is_dir())


def require_folder_of(path: str | PathLike[str]) -> None:
    """Raise `StorageError` if the folder that a file is to be written to does not exist."""
    folder = Path(path).parent
    if not folder.is_dir():
        raise StorageError(f"{path}: the folder {folder} does not exist; create it first")
