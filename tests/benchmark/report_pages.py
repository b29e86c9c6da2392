"""The reports, rendered from templates and measured data: a figure in them is one of the data, or there is none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import graphs
import harness
import rust_vs_python
import scaling
import verdict
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from profile_impute import STEPS

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.engine import equality

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATES = Path(__file__).parent / "pages"
PHASES = re.compile(r"\b[Pp]hase [01]\b")
NOT_PROSE = re.compile(r"```.*?```|`[^`\n]*`|\]\([^)\n]*\)|<!--.*?-->", re.DOTALL)
NUMBER = re.compile(r"(?<![\w.\-])\d[\d.,]*")


class TypedFigure(Exception):
    """A figure that was typed by hand."""


class UnfoundedClaim(Exception):
    """A sentence that the data contradict."""


def render(name: str, data: dict[str, Any]) -> str:
    """Return a report as Markdown.

    Parameters
    ----------
    name : str
        The template's file name, without its ending ``.j2``.
    data : dict
        What the template may quote, by name.

    Raises
    ------
    TypedFigure
        If the template's own text holds a number.
    UnfoundedClaim
        If something the text says in words does not hold for the data.
    jinja2.UndefinedError
        If the template quotes a figure that the data do not contain.
    """
    environment = _environment()
    source = (TEMPLATES / f"{name}.j2").read_text(encoding="utf-8")
    typed = list(typed_figures(source))
    if typed:
        raise TypedFigure(f"{name}.j2: quote these from the data: " + "; ".join(typed))
    return environment.from_string(source).render(data).rstrip() + "\n"


def typed_figures(source: str) -> Iterator[str]:
    """Yield each number in a template that is not taken from the data, with its line."""
    before = ""
    text = []
    for line, kind, value in _environment().lex(source):
        if kind == "data":
            text.append(value)
        elif kind in ("integer", "float") and before == "variable_begin":
            yield f"line {line}: {value}"
        if kind != "whitespace":
            before = kind
    prose = PHASES.sub("", NOT_PROSE.sub(_blanked, "".join(text)))
    for number in NUMBER.finditer(prose):
        around = prose[max(0, number.start() - 25) : number.end() + 15].replace("\n", " ").strip()
        yield f'{number[0]} in "{around}"'


def _blanked(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        extensions=["jinja2.ext.do"],
    )
    environment.globals["holds"] = _holds
    environment.filters.update(
        percent=lambda share: f"{round(share * 100)} %",
        times=lambda ratio: f"{ratio:.1f} ×" if ratio < 100 else f"{ratio:,.0f} ×",
        ms=_milliseconds,
        seconds=lambda seconds: f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2f} s",
        mb=lambda megabytes: f"{megabytes:.1f} MB" if megabytes < 100 else f"{megabytes:,.0f} MB",
        count=lambda number: f"{number:,}",
        yes=lambda true: "yes" if true else "no",
        mark=lambda met: "✓" if met else "✗",
        small_percent=lambda share: f"{share:.2%}".replace("%", " %"),
        tiny=lambda number: f"{number:.0e}" if number else "0",
    )
    return environment


def _milliseconds(ms: float) -> str:
    if ms <= 0:
        return "less than can be measured"
    if ms >= 1000:
        return f"{ms / 1000:,.1f} s"
    return f"{ms:.0f} ms" if ms >= 100 else f"{ms:.1f} ms" if ms >= 1 else f"{ms * 1000:.0f} µs"


def _holds(true: bool, claim: str) -> None:
    if not true:
        raise UnfoundedClaim(f"the text says “{claim}”; the data do not")


# What a report may quote


TRANSFORMS = ("impute", "optimal_interpolation", "complete_hours", "wide_to_long", "payload_rows")
CODE_ROOMS = ("public function", "reference", "Rust kernel", "Rust binding")


def report_data(data: dict[str, Any]) -> dict[str, Any]:
    """Return what the templates see, by name.

    Parameters
    ----------
    data : dict
        What each script has measured, by the script's name, and ``run``, how they were run.
    """
    profile, both, pipeline = data["profile_impute"], data["rust_vs_python"], data["pipeline"]
    described = both["environment"]
    return {
        "run": data["run"],
        "machine": f"Measured on {harness.sentence(described | {'others_busy': None})}.",
        "busy": max(
            (found["environment"]["others_busy"] or 0.0 for found in data.values() if "environment" in found),
            default=None,
        ),
        "total_minutes": round(sum(run["seconds"] for run in data["run"].values()) / 60),
        "sizes": profile["sizes"],
        "methods": [method.label for method in Provenance if profile["sizes"][0]["fills"].get(method.label)],
        "parts": [part["part"] for part in profile["sizes"][0]["breakdown"]["reference"]],
        "share_of": _share_of,
        "optimal": profile["optimal"],
        "steps": _steps,
        "both": both,
        "scaled": graphs.TITLES,
        "scaling_table": lambda transform: harness.rendered(
            [scaling.times_table(both["scaling"]["records"], transform)]
        ),
        "time_of": lambda *of: _record(both, *of),
        "rust_is_fastest": lambda **options: _rust_is_fastest(both, **options),
        "beside_scaling": scaling.notes(both["scaling"]),
        "ratio_at": _ratio_at,
        "sizes_shown": [100, 1_000, 10_000, 100_000, 1_000_000],
        "goal_tables": harness.rendered(rust_vs_python.beside_scaling(both)),
        "equality": data["equality_evidence"],
        "tolerance": equality.RELATIVE * equality.SMALLEST_SCALE,
        "relative": equality.RELATIVE,
        "pipeline": pipeline,
        "jobs": list(_jobs(pipeline)),
        "maintenance": data["maintenance"],
        "code_rooms": CODE_ROOMS,
        "instructions": data["instructions"],
        "criteria": verdict,
        "verdicts": [verdict.judge(transform, both, pipeline["shares"]) for transform in TRANSFORMS],
    }


def _share_of(size: dict[str, Any], part: str) -> float:
    return next(found["share"] for found in size["breakdown"]["reference"] if found["part"] == part)


def _steps(size: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the steps of a job from file to file, in their order."""
    read, *written = ((title, size["job"][name]) for name, title in STEPS.items())
    return [read, ("the call", size["reference"]), *written]


def _record(
    both: dict[str, Any], transform: str, contestant: str, size: int, threads: int | None = None
) -> dict[str, Any]:
    """Return what was measured of a contestant at a size."""
    wanted = (transform, contestant, size, threads)
    names = ("transform", "contestant", "size", "threads")
    return next(record for record in both["scaling"]["records"] if tuple(record[name] for name in names) == wanted)


def _rust_is_fastest(both: dict[str, Any], *, without: list[str]) -> bool:
    """Tell whether no other whole call that gives the right answer is faster than Rust's, at any size."""
    best: dict[tuple[str, int], dict[bool, float]] = {}
    for record in both["scaling"]["records"]:
        if record["kind"] == "whole call" and record["correct"] and record["transform"] not in without:
            times = best.setdefault((record["transform"], record["size"]), {})
            is_rust = record["contestant"] == "Rust"
            times[is_rust] = min(record["ms"], times.get(is_rust, record["ms"]))
    return all(times[True] < times.get(False, float("inf")) for times in best.values())


def _ratio_at(even: dict[str, Any], size: int) -> float | None:
    """Return how many times as long as Rust the reference takes at a size; None where it was not measured."""
    return next((found["ratio"] for found in even["sizes"] if found["size"] == size), None)


def _jobs(pipeline: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield both runs of each job and database, with what Rust gained and could have gained."""
    runs = {(run["job"], run["database"], run["engine"]): run for run in pipeline["runs"]}
    bounds = {(share["job"], share["database"]): share["amdahl_bound"] for share in pipeline["shares"]}
    for (job, database), bound in bounds.items():
        reference, rust = runs[job, database, "reference"], runs[job, database, "rust"]
        yield {
            "title": reference["title"],
            "database": database,
            "reference": reference,
            "rust": rust,
            "gain": 1 - rust["wall_seconds"] / reference["wall_seconds"],
            "bound": bound,
        }
