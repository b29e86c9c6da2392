"""Facts of 95 stations over ten years from a seeded generator, in place of eight million rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np

from energy_data_layer.core.gaps import LENGTH_CLASSES
from energy_data_layer.core.provenance import Provenance
from energy_data_layer.datasets.asos import STATIONS
from energy_data_layer.quality.coverage import SeriesCoverage, TableCoverage, states, stretches
from energy_data_layer.quality.facts import QualityFacts
from energy_data_layer.quality.records import (
    LISTED_DRIFT,
    LISTED_REJECTS,
    LISTED_RUNS,
    LISTED_TOTALS,
    LONGEST_CONTENT,
    DailyTotals,
    Drift,
    Rejects,
    RunHistory,
    TotalDiffers,
)
from energy_data_layer.quality.weather import (
    LONGEST,
    MOST_POINTS,
    FieldFills,
    GapLengths,
    LongGap,
    WeatherGaps,
)
from energy_data_layer.storage.queries.quality import Scope
from energy_data_layer.storage.tables import DRIFT_COLUMNS, REJECT_COLUMNS, RUN_COLUMNS

FIRST, LAST = date(2015, 1, 1), date(2024, 12, 31)
FIELDS = ["ta", "hm", "ws", "pa"]
DISTURBED = 0.08
"""The share of days that are not observed in full: some eight times that of the real stations."""


def made_up_facts(seed=0, disturbed=DISTURBED):
    random = np.random.default_rng(seed)
    plants = {f"plant {number}": f"가상 태양광 발전소 {number}호기" for number in range(60)}
    return QualityFacts(
        "duckdb:///energy.duckdb",
        datetime(2025, 1, 1),
        "0.2.0",
        Scope(),
        [],
        [],
        [
            TableCoverage(table, fields, FIRST, LAST, [_series(random, disturbed, *one) for one in named.items()])
            for table, fields, named in (("weather_asos", FIELDS, STATIONS), ("generation_hourly", ["kwh"], plants))
        ],
        WeatherGaps(
            [GapLengths(field, 90_000, 400_000, [10_000] * len(LENGTH_CLASSES)) for field in FIELDS],
            [_gap(random, number) for number in range(LONGEST)],
        ),
        [FieldFills(field, 8_000_000, {m.label: 1000 * m for m in list(Provenance)[1:]}) for field in FIELDS],
        totals=DailyTotals(
            200_000, 200, 4000, 300, 9000, dict.fromkeys(plants.values(), 150),
            [TotalDiffers("generation_hourly", "가상 태양광", FIRST, 1.0, 2.0, "file.csv:1")] * LISTED_TOTALS,
        ),
        rejects=Rejects(
            True, 5000, {"unreadable day": 5000},
            [_texts(REJECT_COLUMNS, "x" * LONGEST_CONTENT) | {"first_seen": datetime(2025, 1, 1)}] * LISTED_REJECTS,
        ),
        drift=Drift(
            True, 900, {"new field": 900},
            [_texts(DRIFT_COLUMNS, "x" * 100) | {"noticed": datetime(2025, 1, 1)}] * LISTED_DRIFT,
        ),
        runs=RunHistory(True, 4000, {"weather": {"succeeded": 4000}}, [_run()] * LISTED_RUNS),
    )  # fmt: skip


def _texts(columns, text):
    return dict.fromkeys(columns, text)


def _run():
    return dict.fromkeys(RUN_COLUMNS, 1) | {
        "job": "weather",
        "status": "succeeded",
        "engine": "rust",
        "started": datetime(2025, 1, 1),
        "message": "x" * 300,
    }


def _series(random, share, key, name):
    days = np.arange(np.datetime64(FIRST), np.datetime64(LAST) + 1)
    possible = np.full(len(days), 24)
    disturbed = random.random(len(days)) < share
    lacking = disturbed & (random.random(len(days)) < 0.5)
    valued = np.where(lacking, random.integers(0, 25, len(days)), 24)
    observed = np.where(disturbed, random.integers(0, 25, len(days)), 24)
    observed = np.minimum(observed, valued)
    months = days.astype("datetime64[M]")
    starts = np.unique(months, return_index=True)[1]
    of_months = [np.add.reduceat(hours, starts) for hours in (possible, observed, valued)]
    return SeriesCoverage(
        str(key),
        name,
        datetime(2015, 1, 1),
        datetime(2024, 12, 31, 23),
        int(possible.sum()),
        int(observed.sum()),
        int((valued - observed).sum()),
        int((possible - valued).sum()),
        int((valued < possible).sum()),
        stretches(days, states(possible, observed, valued)),
        stretches(months[starts], states(*of_months)),
    )


def _gap(random, number):
    codes = np.zeros(MOST_POINTS, int)
    codes[100:500] = random.integers(1, 7, 400)
    return LongGap(
        108,
        "서울",
        FIELDS[number % 4],
        datetime(2020, 1, 1),
        datetime(2020, 2, 1),
        400,
        {"climatology": 400},
        FIELDS[:3],
        2,
        [datetime(2020, 1, 1) + timedelta(hours=hour) for hour in range(MOST_POINTS)],
        random.normal(10, 5, MOST_POINTS).tolist(),
        codes.tolist(),
        [random.normal(0, 1) if code else None for code in codes],
        [random.normal(20, 1) if code else None for code in codes],
    )
