"""CSV files that people publish, as text: found, decoded, and told from files that only look like it."""

from __future__ import annotations

import codecs
import csv
import io
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.core.atomic_file import is_special
from energy_data_layer.errors import OptionError, SourceFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_OTHER_KINDS = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"<": "an HTML or XML page",
}


LARGEST_BLOCK = 2**31 - 1
"""Bytes that pyarrow's reader takes at once; a row may be as long."""

csv.field_size_limit(LARGEST_BLOCK)  # the default of 131,072 characters is less than a cell may have


def matching_files(paths: str | PathLike[str] | Iterable[str | PathLike[str]]) -> list[Path]:
    """Return the files that paths and glob patterns name, each once, in the order of their names.

    Raises
    ------
    OptionError
        If `paths` is empty.
    SourceFileError
        If nothing is there under a path or pattern, or a pipe or device, which would be waited for.
    """
    patterns = [paths] if isinstance(paths, (str, PathLike)) else list(paths)
    if not patterns:
        raise OptionError("paths is empty; name at least one file or pattern")
    found = sorted({path for pattern in patterns for path in _matches(Path(pattern))})
    for path in found:
        if is_special(path):
            raise SourceFileError(path, None, "is no regular file; write what it gives into one")
    return found


def _matches(pattern: Path) -> list[Path]:
    try:
        if pattern.exists():  # first, because a file's own name may look like a pattern: "asos[1].csv"
            return [pattern]
        found = list(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))
    except OSError as error:
        raise SourceFileError(pattern, None, f"cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL, or a pattern that is none
        raise SourceFileError(pattern, None, f"cannot be a path or a pattern: {error}") from error
    if not found:
        raise SourceFileError(pattern, None, "no such file, nor one that matches it as a pattern")
    return found


def read_text(path: Path) -> tuple[str, str]:
    """Return the file's text and its encoding, ``"utf-8"`` or ``"cp949"``; a byte order mark is left out.

    Raises
    ------
    SourceFileError
        If the file cannot be read, is of another kind, is empty, or is in neither encoding.
    """
    try:
        data = path.read_bytes()
    except IsADirectoryError as error:
        raise SourceFileError(path, None, "is a folder; name its files, such as folder/*.csv") from error
    except FileNotFoundError as error:
        raise SourceFileError(path, None, "no such file") from error
    except OSError as error:
        raise SourceFileError(path, None, f"cannot be read: {error.strerror}") from error
    start = data[:1024].removeprefix(codecs.BOM_UTF8).lstrip()
    for signature, kind in _OTHER_KINDS.items():
        if start.startswith(signature):
            raise SourceFileError(path, None, f"this is {kind}; CSV text in UTF-8 or cp949 is needed")
    nul = data.find(b"\0")
    if nul >= 0:
        raise SourceFileError(path, _line_at(data, nul), "a NUL byte; text has none, the file is damaged")
    unreadable = 0
    for encoding in ("utf-8", "cp949"):
        try:
            text = data.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            # The encoding that got further is the one the file was meant to have.
            unreadable = max(unreadable, error.start)
        else:
            if not text.strip():
                raise SourceFileError(path, None, "the file is empty; a line of headings is needed")
            return text, encoding
    problem = f"byte 0x{data[unreadable]:02x} is neither UTF-8 nor cp949; save the file in one of them"
    raise SourceFileError(path, _line_at(data, unreadable), problem)


def _line_at(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def records(path: Path, text: str, separator: str = ",") -> Iterator[tuple[int, list[str]]]:
    r"""Yield each record's first line and its cells, slowly; blank lines are left out.

    Raises
    ------
    SourceFileError
        If a quotation is not closed or the cells cannot be separated otherwise.

    Examples
    --------
    >>> list(records(Path("a.csv"), 'day,note\n\n2024-01-31,"a,\nb"\n'))
    [(1, ['day', 'note']), (3, ['2024-01-31', 'a,\nb'])]
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise SourceFileError(path, line, f"cells cannot be separated here: {error}") from error


def split_cells(path: Path, text: str, headings: Sequence[str]) -> pa.Table:
    """Return the cells below the headings as text, null where one is empty.

    Raises
    ------
    SourceFileError
        If a quotation is not closed, or a line has too few or too many cells.
    """
    from pyarrow import csv as arrow_csv

    if text.count('"') % 2:
        for _ in records(path, text):  # an open quotation would swallow rows without a complaint
            pass
    data = f"{text}\n".encode()  # pyarrow finds no heading in a file that ends behind it
    try:
        return arrow_csv.read_csv(
            in_arrow_memory(data),
            read_options=arrow_csv.ReadOptions(block_size=min(len(data), LARGEST_BLOCK)),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(headings, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        for line, record in records(path, text):
            if len(record) != len(headings):
                end = "; the file ends here, as if cut off" if line > text.count("\n") else ""
                problem = f"cells: {len(record)}, in the heading: {len(headings)}{end}"
                raise SourceFileError(path, line, problem) from error
        raise SourceFileError(path, None, f"not CSV: {error}") from error


def in_arrow_memory(data: bytes) -> pa.Buffer:
    """Return bytes as a buffer that belongs to Arrow.

    A thread of Arrow's reader can hold its input until after Python's end; letting go of memory that
    belongs to Python would then abort the process.
    """
    stream = pa.BufferOutputStream()
    stream.write(data)
    return stream.getvalue()
