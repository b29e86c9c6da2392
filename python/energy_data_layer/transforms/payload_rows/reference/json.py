"""A JSON text to a tree, by the letter of RFC 8259."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from energy_data_layer.errors import PayloadError, shown
from energy_data_layer.transforms.payload_rows.reference.tree import DEEPEST, Number, first_repeated

_CONTAINERS = {dict, list}
_LONE_SURROGATE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F]|(u[dD][89a-fA-F])|.)", re.DOTALL)
"""Steps from escape to escape; the group is there where half of a pair stands alone."""


def parse_json(text: str) -> dict[str, Any]:
    """Return the tree of a text that begins with a brace; numbers stay as they are written."""
    try:
        root: dict[str, Any] = json.loads(
            text,
            object_pairs_hook=_distinct,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise _invalid(str(error)) from None
    except RecursionError:
        raise _too_deep() from None
    _require_shallow(root)
    if ("\\ud" in text or "\\uD" in text) and any(escape[1] for escape in _LONE_SURROGATE.finditer(text)):
        raise _invalid("an escape is half of a surrogate pair")
    return root


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = first_repeated(name for name, _ in pairs)
        raise _invalid(f'the member "{shown(twice)}" occurs more than once')
    return members


def _refuse_constant(constant: str) -> NoReturn:
    raise _invalid(f"{constant} is no number")


def _require_shallow(root: dict[str, Any]) -> None:
    level: list[Any] = [root]
    for _ in range(DEEPEST):
        members = (container.values() if isinstance(container, dict) else container for container in level)
        level = [
            value
            for values in members
            if not _CONTAINERS.isdisjoint(map(type, values))
            for value in values
            if type(value) in _CONTAINERS
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> PayloadError:
    return _invalid(f"it is nested more than {DEEPEST} levels deep")


def _invalid(problem: str) -> PayloadError:
    return PayloadError(f"the body is no valid JSON: {problem}")
