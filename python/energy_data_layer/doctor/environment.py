"""The variables, the clock, the time zones and the temporary folder."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from energy_data_layer import settings
from energy_data_layer.doctor.finding import Finding, Verdict
from energy_data_layer.doctor.free_space import free_space

if TYPE_CHECKING:
    from collections.abc import Iterator

EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
"""Before this release was written no clock can have shown the right time."""


def check() -> Iterator[Finding]:
    """Look at what surrounds the process."""
    for name, meant in settings.unknown_variables().items():
        advice = f"did you mean {meant}?" if meant else "it has no effect: remove it"
        yield Finding("environment", Verdict.WARNING, f"the variable {name} is not known", advice)
    now = datetime.now(UTC)
    if now < EARLIEST:
        yield Finding("clock", Verdict.PROBLEM, f"it shows {now:%Y-%m-%d %H:%M} UTC", "set the clock")
    else:
        yield Finding("clock", Verdict.OK, f"{now:%Y-%m-%d %H:%M} UTC")
    try:
        ZoneInfo("Asia/Seoul")
    except ZoneInfoNotFoundError:
        advice = "pip install tzdata; the schedules under Prefect need it"
        yield Finding("time zones", Verdict.WARNING, "Asia/Seoul is not known", advice)
    else:
        yield Finding("time zones", Verdict.OK, "Asia/Seoul is known")
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"edl doctor")
    except OSError as error:
        yield Finding("temporary folder", Verdict.PROBLEM, f"cannot be written: {error.strerror}", "set TMPDIR")
    else:
        # What the weather job reads of files lies there, some 110 bytes a row; nobody knows how many there will be.
        advice = "make room, or name another folder in TMPDIR"
        yield free_space("temporary folder", Path(tempfile.gettempdir()), advice, least=0)
