"""A span of OpenTelemetry for each call of a transform."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from energy_data_layer.core.tracing import is_loaded, note, span
from energy_data_layer.engine import choice

if TYPE_CHECKING:
    from collections.abc import Callable

    FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def traced(function: FunctionT) -> FunctionT:
    """Give each call of a transform a span, with the engine that ran and the rows of the answer."""

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if not is_loaded():
            return function(*args, **options)
        with span(function.__name__) as begun:
            answer = function(*args, **options)
            frame = answer[0] if isinstance(answer, tuple) else answer
            rows = getattr(frame, "num_rows", None)
            chosen = choice.choose(options.get("use_rust")).engine
            note(begun, {"edl.engine": chosen, "edl.rows": len(frame) if rows is None else rows})
            return answer

    return cast("FunctionT", call)
