"""Modules that 0.1 documented under other names: importing one warns, and gives the module in its new place."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

PACKAGE = "energy_data_layer."

MOVED = {
    "jobs.distributions": "jobs.drift.distributions",
    "logs": "core.logs",
    "report": "reports",
    "report.quality": "quality",
    "report.quality.facts": "quality.facts",
    "report.quality.page": "quality.page",
}
"""New names by old ones."""


class MovedModules:
    """Finds moved modules before Python does: below an old name it would load the new module a second time."""

    @staticmethod
    def find_spec(name: str, *_: object) -> ModuleSpec | None:
        """Return the spec of a module under its old name."""
        is_moved = name.startswith(PACKAGE) and name.removeprefix(PACKAGE) in MOVED
        return ModuleSpec(name, MovedModules) if is_moved else None  # type: ignore[arg-type]

    @staticmethod
    def create_module(_spec: ModuleSpec) -> ModuleType | None:
        """Leave it to Python to make a module, whose place another one takes."""
        return None

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Put the module in its new place under the old name as well."""
        new = PACKAGE + MOVED[module.__name__.removeprefix(PACKAGE)]
        warnings.warn(f"{module.__name__} is now {new}", DeprecationWarning, stacklevel=2)
        sys.modules[module.__name__] = import_module(new)
