"""A mismatch of the engines as a folder: the smallest input that shows it, both answers, and how to repeat it."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer import settings
from energy_data_layer._version import __version__
from energy_data_layer.core.atomic_file import is_special
from energy_data_layer.core.frames import wrap
from energy_data_layer.datasets.layout import WideLayout
from energy_data_layer.engine.shadow.answers import FRAMES, answer_of, disagreements, frame_of
from energy_data_layer.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SEARCH_SECONDS = 20.0
"""How long parts are tried before the smallest one so far is taken."""

CALL, ANSWERS = "call.json", ("reference", "rust")


def keep_smallest_case(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Path:
    """Write the smallest failing part of a call into a new folder, and return that.

    Parameters
    ----------
    function : callable
        The transform.
    arguments : mapping
        What it was called with, without the engine.
    """
    smallest = smallest_failing(function, arguments)
    folder = settings.shadow_folder().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{function.__name__}"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as unfinished:
        _write_call(Path(unfinished), function, smallest)
        _write_answers(Path(unfinished), function, smallest)
        (Path(unfinished) / "README.md").write_text(_readme(function.__name__, folder / name), encoding="utf-8")
        shutil.copytree(unfinished, folder / name)
    return folder / name


def replayed(folder: Path, transforms: Mapping[str, Callable[..., Any]]) -> list[str]:
    """Run both engines on a kept case again, and return what differs.

    Parameters
    ----------
    folder : path
        What `keep_smallest_case` has written.
    transforms : mapping of str to callable
        The transforms that a case can be of, by name: `transforms.registry.TRANSFORMS`.

    Raises
    ------
    OptionError
        If the folder holds no case.
    """
    function, arguments = read_case(folder, transforms)
    expected, actual = (answer_of(function, arguments, use_rust=use_rust) for use_rust in (False, True))
    return disagreements(expected, actual, arguments)


def read_case(folder: Path, transforms: Mapping[str, Callable[..., Any]]) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Return the transform of a kept case and what it was called with."""
    try:
        return _read_case(folder, transforms)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise OptionError(f"{folder} holds no case of shadow mode: {error}") from error


def _read_case(folder: Path, transforms: Mapping[str, Callable[..., Any]]) -> tuple[Callable[..., Any], dict[str, Any]]:
    call = json.loads(_file_of(folder, CALL).read_text(encoding="utf-8"))
    # A case may come from someone else: it names a transform and files beside itself, and nothing more.
    if call["transform"] not in transforms:
        raise ValueError(f"{call['transform']!r} is no transform")
    arguments = {name: _option(value) for name, value in call["options"].items()}
    if isinstance(stamps := arguments.get("date_col"), tuple):
        arguments["date_col"] = list(stamps)  # a tuple is the name of one column
    for name in call["frames"]:
        with pa.memory_map(str(_file_of(folder, f"{name}.arrow"))) as file:
            arguments[name] = pa.ipc.open_stream(file).read_all()
        arguments[name].validate(full=True)
    if call["bodies"]:
        bodies = [_file_of(folder, name).read_bytes() for name in call["bodies"]]
        arguments["payload"] = bodies if call["is_list"] else bodies[0]
    return transforms[call["transform"]], arguments


def _file_of(folder: Path, name: str) -> Path:
    """Return the path of a file of a case; what leads elsewhere, or could be waited for, is none."""
    path = folder / name
    if Path(name).name != name or path.is_symlink() or is_special(path):
        raise ValueError(f"{name!r} is no file of the case")
    return path


def smallest_failing(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a part of the input, as Arrow tables, on which the engines still differ.

    A part is a station, or some rows of a wide table, or one body of several. Where no part differs by itself, it is
    the whole.
    """
    whole: dict[str, Any] = {name: _as_table(value) if name in FRAMES else value for name, value in arguments.items()}
    if whole.get("model") is not None:
        whole["model"] = getattr(whole["model"], "table", whole["model"])
    deadline = time.monotonic() + SEARCH_SECONDS

    def differs(part: Mapping[str, Any]) -> bool:
        expected, actual = (answer_of(function, part, use_rust=use_rust) for use_rust in (False, True))
        return bool(disagreements(expected, actual, part))

    smallest = whole
    for part in _parts(whole):
        if time.monotonic() > deadline:
            break
        if differs(part):
            smallest = part
            break
    # Rows of a wide table have nothing to do with each other.
    while "df_wide" in smallest and smallest["df_wide"].num_rows > 1 and time.monotonic() < deadline:
        rows = smallest["df_wide"]
        middle = rows.num_rows // 2
        halves = [{**smallest, "df_wide": half} for half in (rows.slice(0, middle), rows.slice(middle))]
        half = next(filter(differs, halves), None)
        if half is None:
            break
        smallest = half
    return smallest


def _parts(whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parts of an input that can be tried by themselves, small ones first."""
    if isinstance(whole.get("payload"), list | tuple):
        for body in sorted(whole["payload"], key=len):
            yield {**whole, "payload": [body]}
    if "df" in whole and (name := whole.get("station_col", "stnNm")) is not None:
        table, history = whole["df"], whole.get("history")
        for row in pc.value_counts(table.column(name)).sort("ascending", by="counts").to_pylist():
            yield {
                **whole,
                "df": table.filter(_is(table.column(name), row["values"])),
                "history": None if history is None else history.filter(_is(history.column(name), row["values"])),
            }


def _is(column: pa.ChunkedArray, value: Any) -> Any:
    return pc.is_null(column) if value is None else pc.equal(column, pa.scalar(value, column.type))


def _as_table(frame: Any) -> pa.Table | None:
    if frame is None or isinstance(frame, pa.Table):
        return frame
    adapter = wrap(frame)
    return pa.table({str(name): adapter.cells(name) for name in adapter.names})


def _write_call(folder: Path, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    frames = [name for name, value in arguments.items() if isinstance(value, pa.Table)]
    for name in frames:
        _write_table(arguments[name], folder / f"{name}.arrow")
    payload = arguments.get("payload", [])
    is_list = isinstance(payload, list | tuple)
    bodies = []
    for number, body in enumerate(payload if is_list else [payload]):
        bodies.append(f"body_{number}.txt")
        (folder / bodies[-1]).write_bytes(body.encode() if isinstance(body, str) else body)
    call = {
        "transform": function.__name__,
        "version": __version__,
        "frames": frames,
        "bodies": bodies,
        "is_list": is_list,
        "options": {
            name: _plain(value) for name, value in arguments.items() if name not in frames and name != "payload"
        },
    }
    (folder / CALL).write_text(json.dumps(call, ensure_ascii=False, indent=2, default=_item) + "\n", encoding="utf-8")


def _write_answers(folder: Path, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    for engine in ANSWERS:
        answer = frame_of(answer_of(function, arguments, use_rust=engine == "rust"))
        if isinstance(answer, Exception):
            (folder / f"{engine}.txt").write_text(f"{type(answer).__name__}: {answer}\n", encoding="utf-8")
        else:
            _write_table(pa.table(answer), folder / f"{engine}.arrow")


def _write_table(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


def _plain(value: Any) -> Any:
    if isinstance(value, WideLayout):
        return {"WideLayout": asdict(value)}
    return {"seconds": value.total_seconds()} if isinstance(value, timedelta) else value


def _item(value: Any) -> Any:
    """Return a scalar of NumPy as Python's own."""
    return value.item()


def _option(value: Any) -> Any:
    if not isinstance(value, dict):
        return tuple(value) if isinstance(value, list) else value
    if "seconds" in value:
        return timedelta(seconds=value["seconds"])
    parts: Any = {name: _option(part) for name, part in value.get("WideLayout", value).items()}
    return WideLayout(**parts) if "WideLayout" in value else parts


def _readme(transform: str, folder: Path) -> str:
    return f"""# The engines differ: `{transform}`

Written by shadow mode of energy-data-layer {__version__}. This folder holds the smallest part of the input on which
the Rust engine's answer is not the reference's:

- `call.json`: the options of the call, and which files are its input;
- `*.arrow` (Arrow IPC streams) or `body_*.txt`: the input;
- `reference.arrow`, `rust.arrow`: both answers, or, in `.txt`, the error in place of one.

To run both engines on it again:

```sh
edl shadow-replay '{folder}'
```

It prints what differs and ends with exit code 1, or with 0 once the engines agree.
"""
