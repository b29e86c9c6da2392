"""Where the time of a call goes, by cProfile: per part of the work, and per function of the package."""

from __future__ import annotations

from cProfile import Profile
from pathlib import Path
from pstats import Stats
from typing import TYPE_CHECKING, Any

import naive

import energy_data_layer

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = {
    "reading the keys": {
        "core/frames.py:wrap",
        "core/columns.py:read_columns",
        "core/keys.py:read_keys",
        "core/keys.py:require_unique",
        "benchmark/naive.py:station_rows",
    },
    "parsing the numbers": {
        "core/columns.py:as_arrow",
        "core/parse.py:parse_numbers",
        "impute/reference.py:_require_finite",
    },
    "gap finding": {"impute/reference.py:find_gaps", "benchmark/naive.py:find_gaps"},
    "spline": {"impute/reference.py:spline_values", "benchmark/naive.py:spline_values"},
    "climatology and means": {
        "impute/reference.py:climatology",
        "impute/reference.py:station_means",
        "benchmark/naive.py:climatology",
        "benchmark/naive.py:station_mean",
        "benchmark/naive.py:column_mean",
    },
    "assembling the frame": {
        "core/frames.py:filled",
        "impute/reference.py:_in_frame_order",
        "core/indexing.py:__setitem__",
    },
}
"""The functions whose cumulative times make up each part; none of them calls another one."""
REST = "rest"
OWN_FOLDERS = (Path(energy_data_layer.__file__).parent, Path(naive.__file__))


def measure(call: Callable[[], Any], calls: int) -> dict[str, Any]:
    """Profile some calls; return milliseconds per call of each part and of each function of the package.

    The profiler makes code of many small calls look slower than it is.
    """
    profile = Profile()
    for _ in range(calls):
        profile.runcall(call)
    stats = Stats(profile)
    rows = [
        {
            "file": Path(file),
            "function": name,
            "calls": count / calls,
            "own_ms": own / calls * 1e3,
            "cumulative_ms": cumulative / calls * 1e3,
        }
        for (file, _, name), (_, count, own, cumulative, _) in stats.stats.items()
    ]
    own_rows = [row for row in rows if any(row["file"].is_relative_to(folder) for folder in OWN_FOLDERS)]
    own_rows.sort(key=lambda row: -row["cumulative_ms"])
    return {
        "parts": _parts(rows, stats.total_tt / calls * 1e3),
        "functions": [row | {"file": _short(row["file"])} for row in own_rows],
    }


def _parts(rows: list[dict[str, Any]], total: float) -> list[dict[str, Any]]:
    spent = dict.fromkeys(PARTS, 0.0)
    for row in rows:
        name = f"{_short(row['file'])}:{row['function']}"
        for part, functions in PARTS.items():
            if name in functions:
                spent[part] += row["cumulative_ms"]
    spent[REST] = total - sum(spent.values())
    return [{"part": part, "ms": ms, "share": ms / total} for part, ms in spent.items()]


def _short(file: Path) -> str:
    return "/".join(file.parts[-2:])
