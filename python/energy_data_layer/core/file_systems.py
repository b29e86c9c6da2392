"""The file system that a path or a URL is on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from energy_data_layer.errors import OptionError

if TYPE_CHECKING:
    from pyarrow import fs


def file_system(url: str) -> tuple[fs.FileSystem, str]:
    """Return the file system of a path or URL, and the path on it; a URL that Arrow does not know is fsspec's.

    Raises
    ------
    OptionError
        If there is no file system for it.
    """
    import pyarrow as pa
    from pyarrow import fs

    if "://" not in url:
        return fs.LocalFileSystem(), Path(url).absolute().as_posix()
    try:
        system, place = fs.FileSystem.from_uri(url)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        try:
            import fsspec  # type: ignore[import-untyped]
        except ImportError:
            raise OptionError(f'there is no file system for "{url}"; pip install fsspec may bring it') from None
        try:
            known, place = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise OptionError(f'there is no file system for "{url}": {error}') from error
        system = fs.PyFileSystem(fs.FSSpecHandler(known))
    return system, place
