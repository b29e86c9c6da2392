"""The summary of requests stays small and adds up."""

from __future__ import annotations

import json
import pickle

from energy_data_layer.services.request_stats import FAILURES_KEPT, SLOWEST_KEPT, RequestTrace, TraceSummary


def test_sums_and_the_slowest():
    summary = TraceSummary()
    for number in range(1, 1001):
        summary.add(
            RequestTrace(
                "asos",
                f"asos {number}",
                status=200,
                attempts=1 + (number % 10 == 0),
                seconds=number * 2.0,
                waited_seconds=number * 1.0,
                bytes=10,
                error="gone" if number % 20 == 0 else "",
            )
        )
    cost = summary.services["asos"]
    assert (cost.answers, cost.failures, cost.requests, cost.retries, cost.bytes) == (950, 50, 1100, 100, 10_000)
    assert (summary.requests, summary.retries, summary.bytes) == (1100, 100, 10_000)
    assert (cost.seconds, cost.waited_seconds) == (1001_000.0, 500_500.0)
    assert [trace.request for trace in summary.slowest] == [f"asos {1000 - n}" for n in range(SLOWEST_KEPT)]
    assert len(summary.failures) == FAILURES_KEPT
    assert len(pickle.dumps(summary)) < 5000


def test_equally_slow_requests():
    summary = TraceSummary()
    for number in range(20):
        summary.add(RequestTrace("asos", f"asos {number}", attempts=1, seconds=1.0))
    assert len(summary.slowest) == SLOWEST_KEPT


def test_answers_from_a_folder_are_not_requests():
    summary = TraceSummary()
    summary.add(RequestTrace("asos", "asos 1", bytes=10, from_raw=True))
    assert (summary.requests, summary.services["asos"].from_raw, summary.slowest) == (0, 1, [])


def test_as_json():
    summary = TraceSummary()
    summary.add(RequestTrace("asos", "asos 1", attempts=1, error="gone"))
    plain = json.loads(json.dumps(summary.to_dict()))
    assert plain["services"]["asos"]["failures"] == 1
    assert plain["failures"][0]["request"] == plain["slowest"][0]["request"] == "asos 1"
