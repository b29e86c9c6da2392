"""Tables in files, by the ending of the name: CSV, Parquet, Arrow IPC."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.core.atomic_file import is_special, written_atomically
from energy_data_layer.errors import OptionError, SourceFileError
from energy_data_layer.files.csv_text import read_text, records, split_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENDINGS = {".csv", ".parquet", ".arrow", ".feather", ".ipc"}


def is_many_files(source: str) -> bool:
    """Tell whether a name is that of a folder, a pattern or a URL."""
    place = Path(source)
    return place.is_dir() or "://" in source or (not place.exists() and any(sign in source for sign in "*?["))


def require_known_ending(path: Path) -> None:
    """Raise `OptionError` if the name does not end in a way that tells the kind of file."""
    if path.suffix.lower() not in ENDINGS:
        raise OptionError(f"{path}: the name must end in one of {', '.join(sorted(ENDINGS))}")


def require_columns(table: pa.Table, source: str, wanted: Mapping[str, Sequence[str]]) -> None:
    """Raise `SourceFileError` about all columns that are not in a table, by the options that name them."""
    absent = {option: [name for name in names if name not in table.column_names] for option, names in wanted.items()}
    told = [f"{', '.join(names)} ({option})" for option, names in absent.items() if names]
    if told:
        raise SourceFileError(
            source,
            None,
            f"there is no column {' and no '.join(told)}; its columns are: {', '.join(table.column_names)}; name "
            f"those meant, as in {' '.join(f'{option} COLUMN' for option, names in absent.items() if names)}",
        )


def read_table(path: Path) -> pa.Table:
    """Read a table; the cells of a CSV file stay text, so that what is not filled is written as it was.

    Raises
    ------
    OptionError
        If the ending is of no known kind.
    SourceFileError
        If the file is absent or is not what its ending says.
    """
    require_known_ending(path)
    if is_special(path):
        raise SourceFileError(path, None, "is no regular file; write what it gives into one")
    ending = path.suffix.lower()
    try:
        if ending == ".csv":
            text, _ = read_text(path)
            _, headings = next(records(path, text))
            return split_cells(path, text, headings)
        if ending == ".parquet":
            from pyarrow import parquet

            # `pyarrow.parquet.read_table` would import pandas.
            with parquet.ParquetFile(path) as file:
                table = file.read()
        else:
            from pyarrow import feather

            table = feather.read_table(path)
        # A reader takes lengths, offsets and texts as the file has them; what reads them next trusts them.
        table.validate(full=True)
        _ = table.column_names  # raises where a name is not UTF-8
    except FileNotFoundError as error:
        raise SourceFileError(path, None, "no such file") from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise SourceFileError(path, None, f"cannot be read as {ending}: {error}") from error
    return table


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table; the file is there in full or not at all.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    ending = path.suffix.lower()
    with written_atomically(path) as temporary:
        if ending == ".csv":
            from pyarrow import csv

            csv.write_csv(table, temporary, csv.WriteOptions(quoting_style="needed"))
        elif ending == ".parquet":
            from pyarrow import parquet

            parquet.write_table(table, temporary)
        else:
            from pyarrow import feather

            feather.write_feather(table, temporary)
