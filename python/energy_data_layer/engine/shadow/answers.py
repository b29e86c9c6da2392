"""Answers of either engine to one call, errors and reports included, and what differs between them."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from energy_data_layer.engine.equality import differences, error_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FRAMES = ("df", "history", "df_wide")
"""The parameters of the transforms that are frames."""

_OF_THE_RUN = ("engine", "engine_reason", "seconds")


def answer_of(function: Callable[..., Any], arguments: Mapping[str, Any], *, use_rust: bool) -> Any:
    """Return an engine's answer, or the error that it raised."""
    try:
        return function(**arguments, use_rust=use_rust)
    except Exception as error:  # noqa: BLE001  an error is an answer to be compared
        return error


def disagreements(expected: Any, actual: Any, arguments: Mapping[str, Any]) -> list[str]:
    """Return what differs between two answers to a call, errors and reports included; nothing where they are equal."""
    if isinstance(expected, Exception) or isinstance(actual, Exception):
        said = [_said(answer) for answer in (expected, actual)]
        return [] if said[0] == said[1] else [f"expected {said[0]}, got {said[1]}"]
    found = differences(frame_of(expected), frame_of(actual), observed(arguments))
    reports = [_report(answer) for answer in (expected, actual)]
    if reports[0] != reports[1]:
        found.append(f"report: expected {reports[0]}, got {reports[1]}")
    return found


def frame_of(answer: Any) -> Any:
    """Return the frame of an answer that may have a report beside it."""
    return answer[0] if isinstance(answer, tuple) else answer


def observed(arguments: Mapping[str, Any]) -> list[Any]:
    """Return the frames that an answer was computed from."""
    return [arguments[name] for name in FRAMES if arguments.get(name) is not None]


def _said(answer: Any) -> str:
    return error_text(answer) if isinstance(answer, Exception) else "an answer"


def _report(answer: Any) -> dict[str, Any] | None:
    """Return what a report says of the data."""
    if not isinstance(answer, tuple) or not is_dataclass(answer[1]):
        return None
    said = asdict(answer[1])  # type: ignore[arg-type]
    return {name: value for name, value in said.items() if name not in _OF_THE_RUN}
