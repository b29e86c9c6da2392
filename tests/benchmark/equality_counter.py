"""A pytest plugin that counts what the equivalence suite compares, and how far apart equal answers are.

Loaded by ``-p tests.benchmark.equality_counter``; the option ``--equality-counts`` names the JSON file it writes.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import partial, wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from energy_data_layer.engine import equality

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = "shared"
"""Stands for tests of no one transform."""

TRANSFORM_OF_FILE = {
    "test_impute": "impute",
    "test_complete_hours": "complete_hours",
    "test_objects": "complete_hours",
    "test_wide_to_long": "wide_to_long",
    "test_wide_laws": "wide_to_long",
    "test_payload_rows": "payload_rows",
}
"""In other files the transform that ran last in a test is the test's."""

TESTS_OF_THE_COMPARISON = "test_equality"

REFERENCE_FUNCTIONS = {
    "impute": "impute",
    "complete_hours": "complete_hours",
    "wide_to_long": "lengthen",
    "payload_rows": "payload_rows",
}
RUST_FUNCTIONS = {
    "impute": "impute_missing_values",
    "complete_hours": "complete_hours",
    "wide_to_long": "transform_wide_to_long",
    "payload_rows": "rows_from_api_payload",
}


@dataclass
class Compared:
    """Comparisons that found two answers equal, and the largest deviations in them."""

    comparisons: int = 0
    rows: int = 0
    cells: int = 0
    worst_absolute: float = 0.0
    worst_absolute_in: str | None = None
    worst_of_tolerance: float = 0.0
    worst_in: str | None = None

    def add(self, shape: tuple[int, int], deviations: list[tuple[float, float]], test: str) -> None:
        """Count a comparison; a deviation is the largest of a column, and its share of what is allowed."""
        self.comparisons += 1
        self.rows += shape[0]
        self.cells += shape[0] * shape[1]
        for absolute, of_tolerance in deviations:
            if absolute > self.worst_absolute:
                self.worst_absolute, self.worst_absolute_in = absolute, test
            if of_tolerance > self.worst_of_tolerance:
                self.worst_of_tolerance, self.worst_in = of_tolerance, test


@dataclass
class Counts:
    """What was counted of one transform."""

    outcomes: Counter[str] = field(default_factory=Counter)
    properties: set[str] = field(default_factory=set)
    examples: int = 0
    bodies_judged_alike: int = 0
    carriers: set[str] = field(default_factory=set)
    kinds_of_frames: set[str] = field(default_factory=set)
    between_engines: Compared = field(default_factory=Compared)
    other: Compared = field(default_factory=Compared)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts for JSON."""
        return {
            "cases": self.outcomes.total(),
            **{outcome: self.outcomes[outcome] for outcome in ("passed", "failed", "skipped")},
            "properties": len(self.properties),
            "examples": self.examples,
            "bodies_judged_alike": self.bodies_judged_alike,
            "carriers": sorted(self.carriers),
            "kinds_of_frames": sorted(self.kinds_of_frames),
            **asdict(self.between_engines),
            "other_comparisons": asdict(self.other),
        }


class EqualityCounter:
    """Counts by wrapping the comparison, the engines, and the functions that the tests draw from."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._counts = {transform: Counts() for transform in (*RUST_FUNCTIONS, SHARED)}
        self._mutations = 0
        self._snapshots: set[str] = set()
        self._skip_reasons: Counter[str] = Counter()
        self._cases_with_rust = 0
        # Of the test that runs:
        self._item: pytest.Item
        self._transform = SHARED
        self._ran_in_test: set[str] = set()
        self._ran_in_example: set[str] = set()
        self._snapshots_in_test: set[str] = set()
        self._deviations: list[tuple[float, float]] = []

    def wrap(self) -> None:
        """Put the counting functions in place, before a test module imports them."""
        _put_around(equality, "differences", self._around_comparison)
        _put_around(equality, "_different_numbers", self._around_numbers)
        rust = import_module("rust_data_layer")
        for transform, function in REFERENCE_FUNCTIONS.items():
            reference = import_module(f"energy_data_layer.transforms.{transform}.reference")
            _put_around(reference, function, partial(self._around_engine, "reference", transform))
            _put_around(rust, RUST_FUNCTIONS[transform], partial(self._around_engine, "rust", transform))
        _put_around(import_module("tests.equivalence.snapshot_cases"), "read_snapshot", self._around_snapshot)
        mutations = import_module("tests.equivalence.payload_mutations")
        for name in ("mutated", "mutated_document"):
            _put_around(mutations, name, self._around_mutation)

    # Hooks of pytest

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Wrap what test modules define themselves: properties, and the judgement of payloads."""
        functions = [item for item in items if isinstance(item, pytest.Function)]
        for test in {item.obj for item in functions}:
            if getattr(test, "is_hypothesis_test", False):
                _put_around(test.hypothesis, "inner_test", self._around_example)
        for module in {item.module for item in functions}:
            if hasattr(module, "assert_alike"):
                _put_around(module, "assert_alike", self._around_judgement)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin a test."""
        self._item = item
        self._transform = TRANSFORM_OF_FILE.get(item.path.stem, SHARED)
        self._ran_in_test, self._ran_in_example, self._snapshots_in_test = set(), set(), set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what came of a test."""
        if report.when != "call" and report.passed:
            return
        counts = self._counts[self._transform]
        counts.outcomes[report.outcome] += 1
        if report.skipped and isinstance(report.longrepr, tuple):
            self._skip_reasons[report.longrepr[2].removeprefix("Skipped: ")] += 1
        if report.passed:
            self._count_passed(counts)

    def _count_passed(self, counts: Counts) -> None:
        if getattr(self._item.obj, "is_hypothesis_test", False):
            counts.properties.add(self._item.nodeid.partition("[")[0])
        if "rust" not in self._ran_in_test:
            return
        self._cases_with_rust += 1
        self._snapshots |= self._snapshots_in_test
        parameters = self._item.callspec.params if hasattr(self._item, "callspec") else {}
        counts.carriers |= {parameters["carrier"]} if "carrier" in parameters else set()
        counts.kinds_of_frames |= {parameters[name] for name in ("kind", "history_kind") if name in parameters}

    def pytest_sessionfinish(self) -> None:
        """Write the counts."""
        outcomes = sum((counts.outcomes for counts in self._counts.values()), Counter())
        results = {
            "tests": {outcome: outcomes[outcome] for outcome in ("passed", "failed", "skipped")},
            "skip_reasons": dict(self._skip_reasons),
            "cases_with_rust": self._cases_with_rust,
            "transforms": {transform: counts.as_dict() for transform, counts in self._counts.items()},
            "mutations": self._mutations,
            "snapshots": len(self._snapshots),
        }
        self._file.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    # What is done around the calls of functions

    def _around_comparison(self, call: Callable[[], list[str]], expected: Any, *_: Any) -> list[str]:
        self._deviations = []
        found = call()
        if not found and self._item.path.stem != TESTS_OF_THE_COMPARISON:
            # Did Rust run, and is there an answer of the reference beside it?
            counts = self._counts[self._transform]
            is_between = "rust" in self._ran_in_example and self._ran_in_example & {"reference", "snapshot"}
            compared = counts.between_engines if is_between else counts.other
            compared.add(expected.shape, self._deviations, self._item.nodeid)
        return found

    def _around_numbers(self, call: Callable[[], Any], left: Any, right: Any, allowed: float) -> Any:
        with np.errstate(over="ignore", invalid="ignore"):
            apart = np.abs(left.fill_null(0.0).to_numpy() - right.fill_null(0.0).to_numpy())
        largest = float(np.fmax.reduce(apart, initial=0.0))  # NaN less NaN is no deviation
        self._deviations.append((largest, largest / allowed))
        return call()

    def _around_engine(self, engine: str, transform: str, call: Callable[[], Any], *_: Any) -> Any:
        self._ran_in_test.add(engine)
        self._ran_in_example.add(engine)
        if self._item.path.stem not in TRANSFORM_OF_FILE:
            self._transform = transform
        return call()

    def _around_snapshot(self, call: Callable[[], Any], name: str) -> Any:
        self._ran_in_example.add("snapshot")
        self._snapshots_in_test.add(name)
        return call()

    def _around_mutation(self, call: Callable[[], Any], *_: Any) -> Any:
        self._mutations += 1
        return call()

    def _around_judgement(self, call: Callable[[], None], *_: Any) -> None:
        call()
        self._counts[self._transform].bodies_judged_alike += 1

    def _around_example(self, call: Callable[[], None], *_: Any) -> None:
        self._ran_in_example = set()
        call()
        self._counts[self._transform].examples += 1


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the file."""
    parser.addoption("--equality-counts", type=Path, required=True, help="write the counts there, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    counter = EqualityCounter(config.getoption("--equality-counts"))
    counter.wrap()
    config.pluginmanager.register(counter)


def _put_around(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Replace a function by one that hands the call, and its arguments, to another."""
    function = getattr(owner, name)

    @wraps(function)
    def handed_on(*arguments: Any, **options: Any) -> Any:
        return around(partial(function, *arguments, **options), *arguments)

    setattr(owner, name, handed_on)
