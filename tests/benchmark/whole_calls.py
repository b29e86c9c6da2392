"""Whole public calls on the inputs that have goals: Rust against the reference, and against what others would write."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import harness
import numpy as np
import polars as pl
from data import CASES, COLUMNS, missing_share, weather, weather_with_fronts
from harness import ENGINES, time_in_turns, time_within
from tests.equivalence.payload_samples import asos_body
from works import PAYLOAD_PEERS, POLARS_WAYS, agreement, as_asos_table, buffers_of, page, wide_table

from energy_data_layer import GapModel, impute_missing_values, rows_from_api_payload, transform_wide_to_long
from energy_data_layer.core.frames import wrap
from energy_data_layer.engine.choice import Choice
from energy_data_layer.engine.equality import differences
from energy_data_layer.transforms.wide_to_long.api import lengthen, long_frame
from energy_data_layer.transforms.wide_to_long.columns import read_wide_columns
from energy_data_layer.transforms.wide_to_long.recognise import recognise_layout

if TYPE_CHECKING:
    from collections.abc import Callable

MORE_REPEATS = {"table": {10_000: 5, 100_000: 3}, "wide": {1_000: 5, 10_000: 3}}
"""Up to so many rows, so many times the repeats: short calls scatter more and cost less to repeat."""


LARGE_JSON = {"orjson + pandas": 10, "polars": 1.5, "DuckDB": 1.5}
XML = {"lxml + pandas": 10}
FIT, MODEL, FIT_MODEL, PINNED = "fitted in the call", "by a given model", "GapModel.fit", "the pinned rule"
TIMES_FASTER, SECONDS, TIMES_PINNED = 20, 0.6, 5
"""The goals at the largest size: reference ÷ Rust and Rust's time where the model is fitted in the call; and by a given
model Rust's time ÷ that of the pinned rule."""
MOST_ROWS_OF_REFERENCE = 100_000
"""Beyond, the reference takes up to minutes: there it is timed only where it has a goal."""
SIZES = {
    # Rows and stations.
    "optimal": ([(10_000, 3), (100_000, 10), (1_000_000, 25)], [(1_000, 2)]),
    # Stations and hours.
    "many_stations": ([(100, 10_000), (300, 10_000), (1_000, 10_000)], [(2, 500), (4, 500)]),
    # Rows, stations, and the target: how many times faster Rust must be; and whether stamps are texts.
    "table": (
        [*((*size, False) for size in CASES), (1_000_000, 25, 20, True)],
        [(100, 1, 8, False), (1_000, 3, 8, True)],
    ),
    # Rows, the kind of frame, and the target.
    "wide": (
        [*((rows, "pandas", 10) for rows in (24, 200, 10_000, 100_000)), (10_000, "polars", 2), (100_000, "polars", 2)],
        [(24, "pandas", 10), (200, "polars", 2)],
    ),
    # The form, about how many bytes or, where that is 0, a page of a day, and the targets by name.
    "payload": (
        [("json", 20_000_000, LARGE_JSON), ("json", 0, {"orjson + pandas": 5}), ("xml", 20_000_000, XML)],
        [("json", 20_000, LARGE_JSON), ("xml", 0, XML)],
    ),
}


def measure(sizes: Any) -> dict[str, Any]:
    """Measure the three transforms that have goals, the imputation by both methods."""
    return {
        "table": [_impute(*case, sizes.repeats) for case in sizes.table],
        "optimal": [row for case in sizes.optimal for row in _optimal(*case, sizes.repeats)],
        "many_stations": [_many_stations(*case) for case in sizes.many_stations],
        "wide": [_wide(*case, sizes.repeats) for case in sizes.wide],
        "payload": [row for case in sizes.payload for row in _payload(*case, sizes.repeats)],
    }


def _repeats(table: str, rows: int, repeats: int) -> int:
    return repeats * next((factor for most, factor in MORE_REPEATS[table].items() if rows <= most), 1)


def _impute(rows: int, stations: int, target: float, text_stamps: bool, repeats: int) -> dict[str, Any]:
    df = weather(rows, stations, text_stamps=text_stamps)
    repeats = _repeats("table", rows, repeats)
    calls = {name: partial(impute_missing_values, df, COLUMNS, use_rust=use_rust) for name, use_rust in ENGINES.items()}
    timings = time_in_turns(calls, repeats)
    ratio = timings["reference"].median / timings["rust"].median
    agreed = agreement(*(call(provenance=True) for call in calls.values()), [df])
    return {
        "case": f"{rows}-text" if text_stamps else str(rows),
        "title": f"{rows:,} ({stations})" + (", text stamps" if text_stamps else ""),
        "rows": rows,
        "stations": stations,
        "text_stamps": text_stamps,
        "missing_share": missing_share(df),
        "repeats": repeats,
        "reference_ms": timings["reference"].ms,
        "rust_ms": timings["rust"].ms,
        "ratio": ratio,
        "target": target,
        "ok": ratio >= target,
        "samples_ms": {name: [seconds * 1e3 for seconds in timing.samples] for name, timing in timings.items()},
        "agree": agreed.correct,
        "difference": "" if agreed.correct else agreed.agreement,
        "largest_difference": agreed.largest_difference,
    }


def _optimal(rows: int, stations: int, repeats: int) -> list[dict[str, Any]]:
    """Time optimal interpolation and its parts; calls that take long are timed once, after one that is compared."""
    df = weather_with_fronts(rows, stations)
    model = GapModel.fit(df, COLUMNS, use_rust=True)
    fill = partial(impute_missing_values, df, COLUMNS)
    optimal = partial(fill, method="optimal_interpolation")
    ways: dict[str, Callable[..., Any]] = {
        FIT: optimal,
        f"{FIT}, with interval": partial(optimal, interval=0.9),
        MODEL: partial(optimal, model=model),
        f"{MODEL}, with interval": partial(optimal, model=model, interval=0.9),
        FIT_MODEL: partial(GapModel.fit, df, COLUMNS),
        PINNED: fill,
    }
    found = []
    for what, way in ways.items():
        both = rows <= MOST_ROWS_OF_REFERENCE or what in (FIT, PINNED)
        calls = {name: partial(way, use_rust=use_rust) for name, use_rust in ENGINES.items() if use_rust or both}
        answers, warm_up = {}, {}
        for name, call in calls.items():
            begin = perf_counter()
            answers[name] = call()
            warm_up[name] = perf_counter() - begin
        if what == FIT_MODEL:  # models are as good as their fills
            answers = {name: partial(optimal, model=one, use_rust=True)() for name, one in answers.items()}
        agreed = agreement(answers["reference"], answers["rust"], [df]) if both else None
        ms = {name: timing.ms for name, timing in time_within(calls, warm_up, repeats, 1.0).items()}
        found.append(
            {
                "title": f"{rows:,} ({stations})",
                "call": what,
                "reference_ms": ms.get("reference"),
                "rust_ms": ms["rust"],
                "ratio": ms["reference"] / ms["rust"] if both else None,
                "agree": agreed.correct if agreed else None,
                "difference": "" if agreed is None or agreed.correct else agreed.agreement,
            }
        )
    return [row | {"times_pinned": row["rust_ms"] / found[-1]["rust_ms"]} for row in found]


def _many_stations(stations: int, hours: int) -> dict[str, Any]:
    """Time Rust alone, once: how the cost of a fit grows with the stations."""
    df = weather_with_fronts(stations * hours, stations)
    begin = perf_counter()
    impute_missing_values(df, COLUMNS, method="optimal_interpolation", use_rust=True)
    seconds = perf_counter() - begin
    return {"stations": stations, "hours": hours, "seconds": seconds, "us_per_row": 1e6 * seconds / len(df)}


def _wide(rows: int, kind: str, target: float, repeats: int) -> dict[str, Any]:
    """Time Rust with pandas against the reference, with polars against the faster of its own ways."""
    df = wide_table(rows)
    frame = pl.from_pandas(df) if kind == "polars" else df
    others: dict[str, Callable[[], Any]] = {"reference": lambda: transform_wide_to_long(df, use_rust=False)}
    if kind == "polars":
        others = {name: partial(way, frame) for name, way in POLARS_WAYS.items()}
        trial = time_in_turns(others, 3)
        others = {name: others[name] for name in [min(others, key=lambda name: trial[name].median)]}
    ((against, other),) = others.items()
    answer = transform_wide_to_long(frame, use_rust=True)
    buffers = buffers_of(answer)
    calls = {
        "other": other,
        "rust": lambda: transform_wide_to_long(frame, use_rust=True),
        "copy": lambda: [np.copy(buffer) for buffer in buffers],
        "no_engine": _without_engine(frame),
    }
    timings = time_in_turns(calls, _repeats("wide", rows, repeats))
    ms = {name: timing.ms for name, timing in timings.items()}
    return {
        "title": f"{rows:,} rows, {kind}",
        "against": against,
        **{f"{name}_ms": figure for name, figure in ms.items()},
        "result_mb": sum(buffer.nbytes for buffer in buffers) / 1e6,
        "other_over_copy": ms["other"] / ms["copy"],
        "other_over_no_engine": ms["other"] / ms["no_engine"],
        **_judged(ms["other"] / ms["rust"], target, differences(other(), answer)),
    }


def _without_engine(df: Any) -> Callable[[], Any]:
    """Return what reads the columns and makes the long frame from an answer that is there already."""
    frame = wrap(df)
    answer = lengthen(read_wide_columns(frame, recognise_layout(frame.names)), frame, Choice("rust", "measured"))

    def call() -> Any:
        frame = wrap(df)
        return long_frame(read_wide_columns(frame, recognise_layout(frame.names)), frame, answer)

    return call


def _payload(form: str, size: int, targets: dict[str, float], repeats: int) -> list[dict[str, Any]]:
    """Time Rust against each competitor on one body and compare the answers."""
    body = asos_body(size, form) if size else page("asos", form)
    title = f"{form.upper()}, " + (f"{size / 1e6:g} MB" if size else "24 items")
    ways: dict[str, Callable[[], Any]] = {name: partial(PAYLOAD_PEERS[form][name], [body]) for name in targets}
    for name, use_rust in ENGINES.items():
        ways[name] = partial(rows_from_api_payload, body, "asos", use_rust=use_rust)
    timings = time_in_turns(ways, repeats)
    rust = timings["rust"]
    expected = ways["rust"]()
    return [
        {
            "title": title,
            "against": name,
            "megabytes": len(body) / 1e6,
            "other_ms": timings[name].ms,
            "rust_ms": rust.ms,
            "rust_mb_per_s": len(body) / 1e6 / rust.median,
            **_judged(timings[name].ms / rust.ms, targets.get(name), differences(expected, as_asos_table(way()))),
        }
        for name, way in ways.items()
        if name != "rust"
    ]


def _judged(ratio: float, target: float | None, found: list[str]) -> dict[str, Any]:
    ok = target is None or ratio >= target
    return {"ratio": ratio, "target": target, "ok": ok, "agree": not found, "difference": "; ".join(found)}


def goals(results: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Return what was to be reached, what was, and whether it is enough."""
    tables = ("table", "optimal", "wide", "payload")
    compared = [row for table in tables for row in results[table] if row["agree"] is not None]
    differing = [f"{row['title']}: {row['difference']}" for row in compared if not row["agree"]]
    judged = [row for row in compared if row.get("target") is not None]
    largest = {row["call"]: row for row in results["optimal"]}  # sizes rise
    fitted, by_model = largest[FIT], largest[MODEL]
    named = f"optimal interpolation, {fitted['title']} rows (stations)"
    seconds = fitted["rust_ms"] / 1e3
    return [
        (
            f"{named}, {FIT}: Rust at least {TIMES_FASTER} times as fast",
            f"{fitted['ratio']:.1f}",
            fitted["ratio"] >= TIMES_FASTER,
        ),
        (f"{named}, {FIT}: Rust in at most {SECONDS:g} s", f"{seconds:.2f} s", seconds <= SECONDS),
        (
            f"{named}, {MODEL}: at most {TIMES_PINNED} times the pinned rule's time",
            f"{by_model['times_pinned']:.1f}",
            by_model["times_pinned"] <= TIMES_PINNED,
        ),
        *(
            (
                f"{row['title']}: Rust at least {row['target']:g} times as fast"
                + (f" as {row['against']}" if "against" in row else ""),
                f"{row['ratio']:.1f}",
                row["ok"],
            )
            for row in judged
        ),
        ("all answers are equal on every input", "; ".join(differing) or f"all {len(compared)}", not differing),
    ]


def document(results: dict[str, Any]) -> list[Any]:
    """Return the tables, and what bounds the times of wide tables."""
    judged = (("ratio", "{ratio:.1f}"), ("target", "{target:g}"), ("ok", "{ok}"))
    compared = (
        ("input", "{title}"),
        ("against", "{against}"),
        ("ms", "{other_ms:.2f}"),
        ("Rust ms", "{rust_ms:.3f}"),
        *judged,
        ("answers equal", "{agree}"),
    )
    return [
        "`impute_missing_values`, pandas in and out:",
        harness.table(
            results["table"],
            ("rows (stations)", "{title}"),
            ("missing", "{missing_share:.1%}"),
            ("reference ms", "{reference_ms:.2f}"),
            ("Rust ms", "{rust_ms:.3f}"),
            *judged,
            ("engines agree", lambda row: f"yes, within {row['largest_difference']:.0e}" if row["agree"] else "NO"),
        ),
        "`impute_missing_values` by optimal interpolation, and what it consists of:",
        harness.table(
            results["optimal"],
            ("rows (stations)", "{title}"),
            ("call", "{call}"),
            ("reference ms", "{reference_ms:.1f}"),
            ("Rust ms", "{rust_ms:.2f}"),
            ("ratio", "{ratio:.1f}"),
            ("Rust ÷ its pinned rule", "{times_pinned:.1f}"),
            ("engines agree", "{agree}"),
        ),
        "Optimal interpolation of many stations, fitted in the call, Rust alone, once:",
        harness.table(
            results["many_stations"],
            ("stations", "{stations:,}"),
            ("hours of each", "{hours:,}"),
            ("s", "{seconds:.2f}"),
            ("µs per row", "{us_per_row:.2f}"),
        ),
        "`transform_wide_to_long`:",
        harness.table(results["wide"], *compared),
        "`rows_from_api_payload`, ASOS:",
        harness.table(results["payload"], *compared),
        harness.bullets(
            f"Wide to long, {row['title']}: copying the {row['result_mb']:.1f} MB of the result alone takes "
            f"{row['copy_ms']:.3f} ms; the reference takes {row['other_over_copy']:.1f} × that, Rust "
            f"{row['rust_ms'] / row['copy_ms']:.1f} ×; reading the columns and making the frame without any engine "
            f"takes {row['no_engine_ms']:.3f} ms, so that the ratio can be {row['other_over_no_engine']:.1f} at most"
            for row in results["wide"]
            if row["against"] == "reference"
        ),
    ]
