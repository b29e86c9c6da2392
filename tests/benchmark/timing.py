"""Times of calls that take turns, so that a slow moment of the machine meets all of them."""

from __future__ import annotations

import gc
import math
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LEAST_SECONDS = 0.005
"""A sample shorter than this would drown in the timer's and the scheduler's noise."""


@dataclass(frozen=True)
class Timing:
    """Seconds per call by the clock and of the processors, one figure of each per sample."""

    samples: list[float]
    calls_per_sample: int
    cpu_samples: list[float]

    @property
    def median(self) -> float:
        return median(self.samples)

    @property
    def cpu_median(self) -> float:
        return median(self.cpu_samples)


def time_in_turns(
    calls: Mapping[str, Callable[[], Any]], repeats: int, least_seconds: float = LEAST_SECONDS
) -> dict[str, Timing]:
    """Time each call `repeats` times, in turns and in changing order, after a warm-up."""
    for call in calls.values():
        call()
    loops = {name: _calls_per_sample(call, least_seconds) for name, call in calls.items()}
    return _take_turns(calls, loops, dict.fromkeys(calls, repeats))


def time_within(
    calls: Mapping[str, Callable[[], Any]], warm_up: Mapping[str, float], repeats: int, seconds: float
) -> dict[str, Timing]:
    """Time calls in turns, those that take long less often: sampling stops for a call after so many seconds.

    `warm_up` has the seconds of a call that each of them has had; one that is slow gets no other before its samples.
    """
    loops, wanted = {}, {}
    for name, call in calls.items():
        slow = warm_up[name] > seconds
        loops[name] = 1 if slow else _calls_per_sample(call, LEAST_SECONDS)
        sample = warm_up[name] if slow else _seconds_per_call(call, 1)[0] * loops[name]
        wanted[name] = max(1, min(repeats, int(seconds / sample)))
    return _take_turns(calls, loops, wanted)


def _take_turns(
    calls: Mapping[str, Callable[[], Any]], loops: Mapping[str, int], wanted: Mapping[str, int]
) -> dict[str, Timing]:
    samples: dict[str, list[float]] = {name: [] for name in calls}
    cpu_samples: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(max(wanted.values(), default=0)):
        for name in list(calls) if turn % 2 else reversed(calls):
            if turn < wanted[name]:
                gc.collect()
                seconds, cpu_seconds = _seconds_per_call(calls[name], loops[name])
                samples[name].append(seconds)
                cpu_samples[name].append(cpu_seconds)
    return {name: Timing(samples[name], loops[name], cpu_samples[name]) for name in calls}


def _calls_per_sample(call: Callable[[], Any], least_seconds: float) -> int:
    """Return how many calls fill `least_seconds`."""
    loops = 1
    seconds, _ = _seconds_per_call(call, loops)
    while seconds * loops < least_seconds:
        loops = max(2 * loops, math.ceil(least_seconds / seconds))
        seconds, _ = _seconds_per_call(call, loops)
    return loops


def _seconds_per_call(call: Callable[[], Any], loops: int) -> tuple[float, float]:
    """Return the seconds that pass and those that the process's threads compute."""
    begin, cpu_begin = perf_counter(), process_time()
    for _ in range(loops):
        call()
    return (perf_counter() - begin) / loops, (process_time() - cpu_begin) / loops
