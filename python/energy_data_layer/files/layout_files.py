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
_PLAUSIBLE = {
    "hours": "{}",
    "hour_label": "start",
    "energy_unit": "kWh",
    "daily_total_unit": "kWh",
    "step": "1h",
    "power_unit": "kW",
}
"""What stands in for a wrong value, so that the others are looked at too; for other keys their name does."""


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
    kind: type[WideLayout | LongLayout] = WideLayout if "hours" in given else LongLayout
    of_kind = [one for one in fields(kind) if one.name not in _NOT_IN_FILES]
    keys = [one.name for one in of_kind]
    problems = [
        f'"{key}" is no key of a {kind.__name__}; its keys are {", ".join(keys)}' for key in given.keys() - keys
    ]
    given = {"name": path.stem} | {key: value for key, value in given.items() if key in keys}
    for one in of_kind:
        value = given.get(one.name)
        if one.name not in given:
            problem = "is missing" if one.default is MISSING else ""
        else:
            texts = value if isinstance(value, list) and one.name in _LISTS else [value]
            expected = "text or a list of texts" if one.name in _LISTS else "text"
            problem = "" if all(isinstance(text, str) for text in texts) else f"has to be {expected}"
        if problem:
            problems.append(f'"{one.name}" {problem}')
            given[one.name] = _PLAUSIBLE.get(one.name, one.name)
    try:
        layout = kind(**given)
    except OptionError as error:
        problems.append(str(error))
    if problems:
        raise SourceFileError(path, None, "; ".join(problems))
    return layout
