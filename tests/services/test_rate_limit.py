"""The rate of requests: never more in a second than allowed, and not slower than it has to be."""

from __future__ import annotations

import asyncio
import math
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from energy_data_layer.services.client import ServiceClient, ServiceRequest
from energy_data_layer.services.rate_limit import CAUGHT_UP_SECONDS, MARGIN, RateLimiter, retry_after_seconds
from energy_data_layer.settings.services import ServiceSettings

from .scripted_service import Reply, serving

LATENCY = 0.02


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time passes only when all wait for it, and whose timers are late."""

    def __init__(self, late=0.0):
        super().__init__()
        self.now = 100.0
        self.late = late

    def time(self):
        return self.now

    def _run_once(self):
        timers = [timer.when() for timer in self._scheduled if not timer.cancelled()]
        if not self._ready and timers:
            # A real clock never stands still between two looks at it.
            self.now = max(self.now + 1e-9, min(timers) + self.late)
        super()._run_once()


def departures(rate, pauses, late=0.0):
    """Return when requests leave that are wanted after such pauses, on a clock without a machine's moods."""
    loop = Clock(late)

    async def run():
        limiter, times = RateLimiter(rate), []
        for pause in pauses:
            await asyncio.sleep(pause)
            await limiter.acquire()
            times.append(loop.time())
        return times

    try:
        return loop.run_until_complete(run())
    finally:
        loop.close()


def most_in_a_second(times):
    return max(sum(1 for other in times if time <= other < time + 1) for time in times)


@given(
    st.floats(0.2, 500),
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.01, 0.3, 2.0]), min_size=1, max_size=200),
    st.sampled_from([0.0, 0.0005, 0.008]),
)
@example(10, [0.0] * 50, 0.0)
@example(200, [0.0] * 500, 0.008)
@example(10, [0.0] * 10 + [3.0] + [0.0] * 30, 0.0)
def test_no_second_has_more_than_allowed(rate, pauses, late):
    times = departures(rate, pauses, late)
    assert most_in_a_second(times) <= math.ceil(rate)


@given(st.floats(0.5, 300), st.integers(2, 150), st.sampled_from([0.0, 0.0005, 0.008]))
def test_the_whole_takes_as_long_as_it_has_to(rate, count, late):
    times = departures(rate, [0.0] * count, late)
    least = (count - 1) / rate
    assert least <= times[-1] - times[0] <= 1.05 * least + CAUGHT_UP_SECONDS


def test_the_margin_leaves_room_for_arrivals_that_shift():
    assert 0.019 <= MARGIN - 1 - CAUGHT_UP_SECONDS < 0.05


def arrivals(rate, count):
    """Return when the requests arrive at a service that takes a while to answer."""
    pause = threading.Event()

    def script(asked, number):
        pause.wait(LATENCY)
        return Reply(b"ok")

    async def run(configured):
        async with ServiceClient("asos", configured) as client:
            requests = (ServiceRequest("asos", (("n", str(n)),)) for n in range(count))
            await asyncio.gather(*(client.get(request, bytes) for request in requests))

    with serving(script) as service:
        asyncio.run(
            run(
                ServiceSettings(
                    services_url=service.url, service_key="a-service-key", requests_per_second=rate, concurrency=16
                )
            )
        )
        return [asked.time for asked in service.asked]


@pytest.mark.parametrize(("rate", "count"), [(20, 31), (100, 131)])
def test_what_a_service_counts(rate, count):
    tries = []
    for _ in range(3):  # a busy machine may hold up an arrival; a wrong pace is wrong each time
        times = arrivals(rate, count)
        assert len(times) == count
        # The first arrival is late by the time that its connection takes.
        assert times[-1] - times[0] >= (count - 1) / rate - 0.05
        tries.append(most_in_a_second(times))
        if tries[-1] <= rate:
            return
    pytest.fail(f"{tries} requests in a second, allowed are {rate}")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": " 7 "}, 7.0),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "9" * 40}, None),
        ({"Retry-After": "tomorrow"}, None),
        ({"Retry-After": "Mon, 01 Jan 2024 00:01:00 GMT"}, 60.0),
        ({"Retry-After": "Mon, 01 Jan 2024 00:01:00"}, 60.0),
        ({"Retry-After": "Mon, 01 Jan 2024 09:01:00 +0900"}, 60.0),
        ({"Retry-After": "Mon, 01 Jan 2020 00:00:00 GMT"}, 0.0),
        ({"Retry-After": "Mon, 99 Jan 2024 00:00:00 GMT"}, None),
        ({"Retry-After": "Mon, 01 Jan 2024 00:01:00 GMT", "Date": "Mon, 01 Jan 2024 00:00:50 GMT"}, 10.0),
        ({"Retry-After": "Mon, 01 Jan 2024 00:01:00 GMT", "Date": "nonsense"}, 60.0),
    ],
)
def test_how_long_an_answer_asks_to_wait(headers, seconds):
    assert retry_after_seconds(headers, datetime(2024, 1, 1, tzinfo=UTC)) == seconds


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_breaks_it(asked, sent):
    seconds = retry_after_seconds({"Retry-After": asked, "Date": sent})
    assert seconds is None or seconds >= 0
