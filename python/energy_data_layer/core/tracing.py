"""Spans of OpenTelemetry, in processes that have loaded it; elsewhere nothing is imported and nothing happens."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from energy_data_layer._version import __version__
from energy_data_layer.errors import safe_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.trace import Span


def is_loaded() -> bool:
    """Whoever collects spans has loaded OpenTelemetry by now; where nobody has, they would lead nowhere."""
    return "opentelemetry.trace" in sys.modules


@contextmanager
def span(name: str, attributes: Mapping[str, Any] | None = None) -> Iterator[Span | None]:
    """Begin a span that ends with the context; None where nobody collects spans.

    An exception that leaves the context is noted by its type, and by its message if it is one of this package: the
    text of others may hold a secret.
    """
    if not is_loaded():
        yield None
        return
    from opentelemetry import trace

    tracer = trace.get_tracer("energy_data_layer", __version__)
    with tracer.start_as_current_span(
        name, attributes=_of_span(attributes or {}), record_exception=False, set_status_on_exception=False
    ) as begun:
        try:
            yield begun
        except BaseException as error:
            kind, message = type(error).__name__, safe_message(error)
            begun.add_event("exception", {"exception.type": kind, "exception.message": message})
            begun.set_status(trace.StatusCode.ERROR, f"{kind}: {message}".removesuffix(": "))
            raise


def note(begun: Span | None, attributes: Mapping[str, Any]) -> None:
    """Add attributes to a span, those that are None left out."""
    if begun is not None:
        begun.set_attributes(_of_span(attributes))


def note_failure(begun: Span | None, message: str) -> None:
    """Mark a span as failed though no exception leaves it."""
    if begun is not None:
        from opentelemetry.trace import StatusCode

        begun.set_status(StatusCode.ERROR, message)


def current_ids() -> dict[str, str]:
    """Return the identifiers of the span that is under way, none where there is none."""
    if not is_loaded():
        return {}
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


def _of_span(attributes: Mapping[str, Any]) -> dict[str, Any]:
    plain = (bool, int, float, str)
    return {
        name: value if isinstance(value, plain) else str(value)
        for name, value in attributes.items()
        if value is not None
    }
