"""The verdict follows from the figures, criterion by criterion."""

from __future__ import annotations

import pytest
from verdict import judge


def results(*, correct: bool = True, rust_ms: float = 1.0, paid_back: bool = True) -> dict:
    sizes = [
        {"size": 100, "reference_ms": 1.0, "rust_ms": 2.0, "paid_back": False},
        {"size": 10_000, "reference_ms": 4.0, "rust_ms": rust_ms, "paid_back": paid_back},
        {"size": 100_000, "reference_ms": 40.0, "rust_ms": 50.0, "paid_back": False},
    ]
    return {
        "scaling": {
            "records": [
                {"transform": "impute", "contestant": "Rust", "correct": correct},
                {"transform": "impute", "contestant": "polars interpolate", "correct": False},
                {"transform": "complete_hours", "contestant": "Rust", "correct": False},
            ]
        },
        "break_even": [{"transform": "impute", "unit": "rows", "sizes": sizes}],
    }


def shares(cpu_share: float = 0.4, rows: int = 20_000) -> list[dict]:
    return [
        {"transform": "impute", "job": "small", "cpu_share": cpu_share, "rows": 100},
        {"transform": "impute", "job": "large", "cpu_share": 0.1, "rows": rows},
        {"transform": "complete_hours", "job": "large", "cpu_share": 0.9, "rows": 10**6},
    ]


def test_all_criteria_met_is_production():
    judged = judge("impute", results(), shares())
    assert judged["verdict"] == "production"
    assert judged["met"] == {"cpu_share": True, "rows": True, "paid_back": True, "saved": True}
    assert (judged["heaviest"]["job"], judged["largest"]["job"]) == ("small", "large")
    assert judged["saved"] == 0.75


@pytest.mark.parametrize(
    ("criterion", "measured", "of_jobs"),
    [
        ("cpu_share", {}, {"cpu_share": 0.29}),
        ("rows", {}, {"rows": 9_999}),
        ("paid_back", {"paid_back": False}, {}),
        ("saved", {"rust_ms": 2.1}, {}),
    ],
)
def test_one_criterion_missed_is_hold(criterion, measured, of_jobs):
    judged = judge("impute", results(**measured), shares(**of_jobs))
    assert judged["verdict"] == "hold"
    assert [name for name, met in judged["met"].items() if not met] == [criterion]


@pytest.mark.parametrize("measured", [{"correct": False}, {"rust_ms": 4.1}])
def test_another_answer_or_a_slower_one_is_stop(measured):
    assert judge("impute", results(**measured), shares())["verdict"] == "stop"
