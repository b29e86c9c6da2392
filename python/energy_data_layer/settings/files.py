"""Settings from files, in place of variables that are not set: ``.env``, ``edl.toml``, ``[tool.edl]`` of a project."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from energy_data_layer import settings
from energy_data_layer.errors import OptionError

_LINE = re.compile(r"""^\s*(?:export\s+)?(EDL_\w+|USE_RUST\w*)\s*=\s*(?:"([^"]*)"|'([^']*)'|(.*?))\s*(?:\s#.*)?$""")

_sources: dict[str, str] = {}


def load_files(folder: str | os.PathLike[str] = ".") -> None:
    """Set the variables of this package that files name and the environment does not.

    ``.env`` goes before the file that ``EDL_CONFIG`` names, by default ``edl.toml``, and that before ``[tool.edl]`` of
    ``pyproject.toml``. Keys of TOML are the names of the variables in lower case, without ``EDL_``. The programs of
    this package call it when they start; others, such as a notebook, may.

    Parameters
    ----------
    folder : path, default the working folder
        Where the files are; one that is not there is not missed.

    Raises
    ------
    OptionError
        If a file cannot be read, or has a key or a value that is none.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "edl.toml").write_text('max_age = ["36h", "wind_namdong=45d"]')
    ...     load_files(folder)
    >>> os.environ.pop("EDL_MAX_AGE")
    '36h,wind_namdong=45d'
    """
    where = Path(folder)
    named = os.environ.get(settings.CONFIG, "").strip()
    if named and not Path(named).is_file():
        raise OptionError(f"{settings.CONFIG} is {named}, which is no file")
    config = Path(named) if named else where / "edl.toml"
    for path, read in ((where / ".env", _of_env), (config, _of_toml), (where / "pyproject.toml", _of_project)):
        if not path.is_file():
            continue
        try:
            found = read(path)
        except (OSError, ValueError) as error:
            # The text of other errors may show a line, which may hold a secret.
            why = error if isinstance(error, OptionError) else f"cannot be read ({type(error).__name__})"
            raise OptionError(f"{path}: {why}") from None
        for name, value in found.items():
            if not settings.is_set(name):
                os.environ[name] = value
                _sources[name] = str(path)


def source_of(name: str) -> str:
    """Return where a variable has its value from: a file, ``environment`` or ``default``."""
    return _sources.get(name, "environment") if settings.is_set(name) else "default"


def _of_env(path: Path) -> dict[str, str]:
    lines = filter(None, map(_LINE.match, path.read_text(encoding="utf-8").splitlines()))
    return {name: next(value for value in values if value is not None) for name, *values in (m.groups() for m in lines)}


def _of_toml(path: Path) -> dict[str, str]:
    import tomllib

    return _variables(tomllib.loads(path.read_text(encoding="utf-8")))


def _of_project(path: Path) -> dict[str, str]:
    import tomllib

    return _variables(tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("edl", {}))


def _variables(keys: dict[str, Any]) -> dict[str, str]:
    known = {name.removeprefix(settings.SERVICES_PREFIX).lower(): name for name in settings.known()}
    for key in keys:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            raise OptionError(f'there is no setting "{key}"' + (f"; {near[0]} may be meant" if near else ""))
    return {known[key]: _text(key, value) for key, value in keys.items()}


def _text(key: str, value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}={_text(key, one)}" for name, one in value.items())
    if isinstance(value, list):
        return ",".join(_text(key, one) for one in value)
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value)
    raise OptionError(f"{key} has a value that no setting can have; write a text, a number or a list")
