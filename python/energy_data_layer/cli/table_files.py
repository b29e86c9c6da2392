"""Tables in files, by the ending of the name: CSV, Parquet, Arrow IPC."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from energy_data_layer.cli.options import command_to_type, without_option
from energy_data_layer.core.atomic_file import is_special, written_atomically
from energy_data_layer.core.columns import is_text
from energy_data_layer.core.stamps import date_columns
from energy_data_layer.datasets.asos import column_of_frame
from energy_data_layer.datasets.registry import likely_keys
from energy_data_layer.errors import OptionError, SourceFileError
from energy_data_layer.files.csv_text import read_text, records, split_cells

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

ENDINGS = {".csv", ".parquet", ".arrow", ".feather", ".ipc"}


def is_many_files(source: str) -> bool:
    """Tell whether a name is that of a folder, a pattern or a URL."""
    place = Path(source)
    return place.is_dir() or "://" in source or (not place.exists() and any(sign in source for sign in "*?["))


def require_known_ending(path: Path) -> None:
    """Raise `OptionError` if the name does not end in a way that tells the kind of file."""
    if path.suffix.lower() not in ENDINGS:
        raise OptionError(f"{path}: the name must end in one of {', '.join(sorted(ENDINGS))}")


def require_columns(
    table: pa.Table,
    source: str,
    date_col: str | list[str],
    station_col: str,
    columns: Sequence[str],
    *,
    command: str,
    arguments: Sequence[str],
) -> None:
    """Raise `SourceFileError` about all columns that are not in a table, with the command to type."""
    wanted = {"--date-col": date_columns(date_col), "--station-col": [station_col], "--columns": columns}
    absent = {option: [name for name in names if name not in table.column_names] for option, names in wanted.items()}
    told = [f"{', '.join(names)} ({option})" for option, names in absent.items() if names]
    if not told:
        return
    keys = likely_keys(table.column_names)
    likely = {"--date-col": [keys.get("date_col", "COLUMN")], "--station-col": [keys.get("station_col", "COLUMN")]}
    likely["--columns"] = _likely_columns(table, columns, {*keys.values(), *wanted["--date-col"], station_col})
    added: list[str] = []
    for option in (option for option, names in absent.items() if names):
        arguments = without_option(arguments, option, is_list=option == "--columns")
        added += [option, *likely[option]]
    raise SourceFileError(
        source,
        None,
        f"there is no column {' and no '.join(told)}; its columns are: {', '.join(table.column_names)}; "
        f"{command_to_type(command, arguments, added)}",
    )


def _likely_columns(table: pa.Table, wanted: Sequence[str], keys: Collection[str]) -> list[str]:
    """Return the columns that have the headings of fields of ASOS, or else those that begin with a number."""
    others = [name for name in table.column_names if name not in keys and not likely_keys([name])]
    of_fields = [name for name in others if (field := column_of_frame(name)) is not None and field.name in wanted]
    if of_fields:
        return of_fields
    from energy_data_layer.core.parse import parse_numbers

    others = [name for name in others if _is_plain(table.column(name).type)]
    first = {name: table.column(name).drop_null().slice(0, 1).cast(pa.string()).combine_chunks() for name in others}
    return [name for name in others if not np.isnan(parse_numbers(first[name])[0]).all()] or ["COLUMN"]


def _is_plain(type_: pa.DataType) -> bool:
    """Tell whether values of a type are numbers or texts."""
    type_ = type_.value_type if pt.is_dictionary(type_) else type_
    return pt.is_integer(type_) or pt.is_floating(type_) or pt.is_decimal(type_) or is_text(type_)


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
