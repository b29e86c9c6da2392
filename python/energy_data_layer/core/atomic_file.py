"""Files that are there in full or not at all."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from energy_data_layer.core.interruption import files_written, uninterrupted
from energy_data_layer.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

_NO_WAITING = getattr(os, "O_NONBLOCK", 0)


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
        If the folder is missing or not writable, the path is a folder, nobody reads from the pipe, or the disk is full;
        a previous file stays as it was.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> with written_atomically(folder / "report.json") as temporary:
    ...     _ = temporary.write_text("{}")
    >>> (folder / "report.json").read_text()
    '{}'
    """
    place = place_for(path)
    into = is_special(place)
    try:
        # A folder beside the target is on the same file system, and the file in it gets ordinary permissions.
        with tempfile.TemporaryDirectory(dir=None if into else place.parent, prefix=f".{place.name}.") as folder:
            temporary = Path(folder) / place.name
            yield temporary
            if into:
                _copy(temporary, place)
                return
            with uninterrupted():
                temporary.replace(place)
                files_written.append(str(path))
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        why = "nobody reads from this pipe" if error.errno == errno.ENXIO else error.strerror or error
        raise StorageError(f"{path}: cannot be written: {why}") from error


def place_for(path: str | PathLike[str]) -> Path:
    """Return where a file is written that is to be at this path: for a symbolic link, where it leads.

    Raises
    ------
    StorageError
        If no file can be there: the folder does not exist, it is a folder itself, or a link to itself.
    """
    place = Path(path)
    try:
        if is_special(place):
            return place  # what a link in /proc names, such as a pipe of the shell's, has no path
        if place.is_symlink():
            place = Path(os.path.realpath(place))
        if not place.parent.is_dir():
            raise StorageError(f"{path}: the folder {place.parent} does not exist; create it first")
        if place.is_dir():
            raise StorageError(f"{path}: is a folder; name a file in it")
        if place.is_symlink():
            raise StorageError(f"{path}: the symbolic link leads nowhere; remove it")
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"{path}: cannot be written: {error.strerror}") from error
    return place


def is_special(path: Path) -> bool:
    """Tell whether there is something that is neither a file nor a folder: a pipe, a device, a socket."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def require_regular(path: Path) -> None:
    """Raise `OSError` where a pipe, a device or a socket is in a file's place: to read it could wait for ever."""
    if is_special(path):
        raise OSError(f"{path.name} is no regular file")


def _copy(source: Path, target: Path) -> None:
    """Write a file into a pipe or device."""
    # To open a pipe that nobody reads from would wait for somebody.
    number = os.open(target, os.O_WRONLY | _NO_WAITING)
    try:
        os.set_blocking(number, True)
        left = memoryview(source.read_bytes())
        while left:
            left = left[os.write(number, left) :]
    finally:
        os.close(number)
