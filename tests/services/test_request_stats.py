"""The statistics of requests stay small and add up."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict

from energy_data_layer.services.request_stats import FAILURES_KEPT, SLOWEST_KEPT, RequestRecord, RequestStats


def test_sums_and_the_slowest():
    stats = RequestStats()
    for number in range(1, 1001):
        stats.add(
            RequestRecord(
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
    cost = stats.services["asos"]
    assert (cost.answers, cost.failures, cost.requests, cost.retries, cost.bytes) == (950, 50, 1100, 100, 10_000)
    assert (stats.requests, stats.retries, stats.bytes) == (1100, 100, 10_000)
    assert (cost.seconds, cost.waited_seconds) == (1001_000.0, 500_500.0)
    assert [record.request for record in stats.slowest] == [f"asos {1000 - n}" for n in range(SLOWEST_KEPT)]
    assert len(stats.failures) == FAILURES_KEPT
    assert len(pickle.dumps(stats)) < 5000


def test_equally_slow_requests():
    stats = RequestStats()
    for number in range(20):
        stats.add(RequestRecord("asos", f"asos {number}", attempts=1, seconds=1.0))
    assert len(stats.slowest) == SLOWEST_KEPT


def test_answers_from_a_folder_are_not_requests():
    stats = RequestStats()
    stats.add(RequestRecord("asos", "asos 1", bytes=10, from_raw=True))
    assert (stats.requests, stats.services["asos"].from_raw, stats.slowest) == (0, 1, [])


def test_as_json():
    stats = RequestStats()
    stats.add(RequestRecord("asos", "asos 1", attempts=1, error="gone"))
    plain = json.loads(json.dumps(asdict(stats)))
    assert plain["services"]["asos"]["failures"] == 1
    assert plain["failures"][0]["request"] == plain["slowest"][0]["request"] == "asos 1"
