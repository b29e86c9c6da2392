"""What is around the call in a job on files: reading the input, and writing the result until the disk has it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def steps(file: Path, result: pd.DataFrame) -> dict[str, Callable[[], Any]]:
    """Return the steps by name: reading `file`, and writing `result` beside it in two formats."""
    csv, parquet = file.with_name("result.csv"), file.with_name("result.parquet")
    return {
        "read_csv": lambda: read(file),
        "write_csv": lambda: _write(csv, lambda: result.to_csv(csv, index=False)),
        "write_parquet": lambda: _write(parquet, lambda: result.to_parquet(parquet)),
    }


def read(file: Path) -> pd.DataFrame:
    """Read the file from the disk, where the system can be asked to forget what it holds of it."""
    if hasattr(os, "posix_fadvise"):
        with file.open("rb") as opened:
            os.fsync(opened.fileno())  # what is not on the disk yet cannot be forgotten
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return pd.read_csv(file, parse_dates=["tm"])


def _write(file: Path, write: Callable[[], Any]) -> None:
    write()
    with file.open("rb") as written:
        os.fsync(written.fileno())
