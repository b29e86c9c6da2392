"""Layouts that users write down in TOML."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING

from energy_data_layer.datasets.layout import LongLayout, WideLayout
from energy_data_layer.errors import OptionError, SourceFileError

if TYPE_CHECKING:
    from os import PathLike

_LISTS = {"hours", "values", "keep"}
_NOT_IN_FILES = {"_", "recognised_by", "told_by_headings"}
KEYS = {kind: [one.name for one in fields(kind) if one.name not in _NOT_IN_FILES] for kind in (WideLayout, LongLayout)}
"""The keys of a layout of each kind: its parameters."""


def read_layout_file(path: str | PathLike[str]) -> WideLayout | LongLayout:
    r"""Read a layout: a `WideLayout` where the file has the key ``hours``, else a `LongLayout`.

    Parameters
    ----------
    path : path
        A TOML file; its keys are the parameters of the class, its stem is the default of ``name``.

    Raises
    ------
    SourceFileError
        If the file cannot be read, or is no layout; all its problems are told at once.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "park.toml")
    ...     _ = path.write_text('date = "day"\nplant = "site"\nhours = "h{}"\nenergy_unit = "kWh"\n')
    ...     layout = read_layout_file(path)
    >>> layout.name, layout.hours[23]
    ('park', 'h24')
    """
    path = Path(path)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceFileError(path, None, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceFileError(path, None, f"is no TOML: {error}") from error
    kind = WideLayout if "hours" in given else LongLayout
    problems = [
        f'"{key}" is no key of a {kind.__name__}; its keys are {", ".join(KEYS[kind])}'
        for key in given
        if key not in KEYS[kind]
    ]
    for key, value in given.items():
        texts = value if isinstance(value, list) and key in _LISTS else [value]
        if key in KEYS[kind] and not all(isinstance(text, str) for text in texts):
            problems.append(f'"{key}" has to be text' + " or a list of texts" * (key in _LISTS))
    given = {"name": path.stem} | given
    problems += [
        f'"{one.name}" is missing'
        for one in fields(kind)
        if one.name in KEYS[kind] and one.default is MISSING and one.name not in given
    ]
    if not problems:
        try:
            return kind(**given)
        except OptionError as error:
            problems.append(str(error))
    raise SourceFileError(path, None, "; ".join(problems))
