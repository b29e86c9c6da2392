"""Months unlike their history are told once: values far off, values that stand still, another unit."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import log, sqrt
from statistics import median
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.jobs.drift import distributions
from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import migrate
from energy_data_layer.storage.tables import GENERATION_HOURLY, GENERATION_KEY, MONTHLY_STATISTIC_COLUMNS

from .service_jobs import SOLAR, TODAY, WIND
from .services import stored

KINDS = ("distribution", "unit_jump")
FAULTS = {
    "ta": lambda values: values + 10,
    "pa": lambda values: values * 100,
    "hm": lambda values: values * 0,
    "ws": lambda values: values * 0 + 2.5,
    "icsr": lambda values: values * 1000,
}
"""A sensor that is off, pascals, zeros, a sensor that stands still, watts for kilowatts."""


def february(folder, year):
    (path,) = write_asos_sample(
        folder, stations=SAMPLE_STATIONS[1:2], since=date(year, 2, 1), until=date(year, 3, 1), seed=year
    )
    return path


def told(report):
    return [(finding.kind, finding.subject, finding.field) for finding in report.drift if finding.kind in KINDS]


@pytest.fixture
def six_februaries(tmp_path):
    return [february(tmp_path, year) for year in range(2019, 2025)]


def with_faults(path):
    """The same file with a fault in each field, under a name of its own."""
    rows = pd.read_csv(path, encoding="cp949")
    for field, fault in FAULTS.items():
        heading = ASOS_COLUMNS[field].heading
        rows[heading] = fault(rows[heading])
    faulty = path.with_name("faulty.csv")
    rows.to_csv(faulty, index=False, encoding="cp949")
    return faulty


def test_weather_unlike_its_history_is_told_once(database_url, six_februaries):
    assert told(run_weather(six_februaries, database_url)) == []
    faulty = with_faults(six_februaries[-1])
    assert told(run_weather(faulty, database_url)) == [
        ("distribution", "108 2024-02", "hm"),
        ("unit_jump", "108 2024-02", "icsr"),
        ("distribution", "108 2024-02", "pa"),
        ("distribution", "108 2024-02", "ta"),
        ("distribution", "108 2024-02", "ws"),
    ]
    assert told(run_weather(faulty, database_url)) == []
    details = {row["field"]: row["detail"] for row in stored(database_url, "drift", ("field",)).to_pylist()}
    assert "in 5 other years" in details["ta"]
    assert details["icsr"].endswith("times what it was")
    assert details["ws"].startswith("the same value, 2.5, on most of")


def test_two_years_of_history_tell_nothing(tmp_path, six_februaries):
    faulty = with_faults(six_februaries[-1])
    assert told(run_weather([*six_februaries[3:5], faulty], f"duckdb:///{tmp_path}/energy.duckdb")) == []


def test_what_was_filled_is_no_observation(tmp_path, six_februaries):
    """Days of which most hours are missing are filled, and left out of what is compared."""
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    rows = pd.read_csv(six_februaries[-1], encoding="cp949")
    heading = ASOS_COLUMNS["ta"].heading
    rows.loc[rows.index % 24 < 12, heading] = float("nan")
    rows.to_csv(six_februaries[-1], index=False, encoding="cp949")
    run_weather(six_februaries, url)
    months = stored(url, "monthly_statistics", ("field", "month")).to_pylist()
    of_last_year = {row["field"]: row["days"] for row in months if row["month"].year == 2024}
    assert "ta" not in of_last_year
    assert of_last_year["hm"] > 20


@pytest.mark.parametrize(
    ("job", "factor", "expected"),
    [
        (WIND, 1000, "unit_jump"),
        (WIND, 0.02, "distribution"),
        (SOLAR, 0.001, "unit_jump"),
        (SOLAR, 50, "distribution"),
        (SOLAR, 1, None),
    ],
    ids=["kWh to MWh", "50 times", "kWh to Wh", "a fiftieth", "nothing"],
)
def test_other_amounts_of_a_service_are_told(tmp_path, simulator, job, factor, expected):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    service = simulator(today=TODAY, missing_hours=0)
    period = {"since": date(2024, 2, 1), "until": date(2024, 2, 8)}
    years_before(url, job.table, job.key, job.truth(service, **period), "generation", factor)
    kinds = {finding.kind for finding in job.run(url, service, **period).drift if finding.kind in KINDS}
    assert kinds == ({expected} if expected else set())


def test_another_unit_in_files_is_told(tmp_path):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    files = write_generation_sample(tmp_path)
    beside = f"duckdb:///{tmp_path}/beside.duckdb"
    run_generation(files, beside)
    years_before(url, GENERATION_HOURLY, GENERATION_KEY, stored(beside, GENERATION_HOURLY, ["plant"]), "kwh", 1000)
    found = told(run_generation(files, url))
    assert {kind for kind, _, _ in found} == {"unit_jump"}
    assert told(run_generation(files, url)) == []


def years_before(url, table, key, rows, value, factor):
    """Store the same hours, in another unit, in the four years before; of two days one is good and one is bad."""
    stamp = next(name for name in key if pa.types.is_timestamp(rows.schema.field(name).type))
    scaled = rows.set_column(rows.column_names.index(value), value, pc.multiply(rows.column(value), float(factor)))
    with Database.connect(url) as database:
        migrate(database)
        for year in range(1, 5):
            # Every year is a little of its own.
            is_good = pc.equal(pc.bit_wise_and(pc.day(scaled.column(stamp)), 1), 1)
            wobble = pc.multiply(scaled.column(value), pc.if_else(is_good, 1.5 + year / 50, 0.5 + year / 50))
            earlier = pc.subtract(scaled.column(stamp), pa.scalar(timedelta(days=365 * year)))
            shifted = scaled.set_column(scaled.column_names.index(value), value, wobble)
            shifted = shifted.set_column(shifted.column_names.index(stamp), stamp, earlier)
            database.upsert(table, shifted, key)


def judged_plainly(one, others, is_amount):
    """Kind and detail of what is unlike its history in a month, one month at a time."""
    if one["days_observed"] < 5:
        return None
    history = [other for other in others if other["days"] >= 5]
    magnitudes = [other["magnitude"] for other in history if other["magnitude"]]
    if one["magnitude"] and len(magnitudes) >= 3:
        ratio = one["magnitude"] / median(magnitudes)
        if 300 <= ratio <= 3000:
            return "unit_jump", f"{ratio:.4g} times what it was"
        if 300 <= 1 / ratio <= 3000:
            return "unit_jump", f"1/{1 / ratio:.4g} of what it was"
    years = [
        other
        for other in history
        if other["month"].month == one["month"].month and None not in (other["median"], other["spread"])
    ]
    if len(years) < 3:
        return None
    medians, spreads = ([other[name] for other in years] for name in ("median", "spread"))
    if one["days"] == 0:
        return "distribution", f"zero on all of {one['days_observed']} days"
    if one["days"] < 5 or one["median"] is None:
        return None
    if one["spread"] == 0 and min(spreads) > 0:
        return "distribution", f"the same value, {one['median']:.6g}, on most of {one['days']} days"

    def robust_z(value, medians, spreads):
        location, within = median(medians), median(spreads)
        between = max(1.4826 * median(abs(other - location) for other in medians), within * sqrt(5 / 30))
        scale = sqrt(between**2 + within**2 * min(1.0, 5 / one["days"]))
        return (value - location) / scale if scale else 0.0

    z, of_what = robust_z(one["median"], medians, spreads), ""
    if is_amount and 0 < one["median"] < median(medians) and min(medians) > 0:
        relative = [spread / value for value, spread in zip(medians, spreads, strict=True)]
        of_logarithms = robust_z(log(one["median"]), list(map(log, medians)), relative)
        if of_logarithms < z:
            z, of_what = of_logarithms, " of logarithms"
    if abs(z) <= 4.5:
        return None
    return (
        "distribution",
        f"median of {one['days']} days {one['median']:.6g}, in {len(medians)} other years {median(medians):.6g}, "
        f"robust z{of_what} {z:.1f}",
    )


amounts = st.sampled_from([None, 0.0, 0.01, 5.0, 5.5, 6.0, 6.25, 40.0, 5000.0])
days = st.sampled_from([0, 4, 5, 7, 31, 31])
months_of_series = st.lists(
    st.tuples(st.integers(0, 29), days, days, amounts, amounts, amounts),
    min_size=5,
    max_size=30,
    unique_by=lambda month: month[0],
)


@given(
    st.dictionaries(st.tuples(st.sampled_from(["108", "159"]), st.sampled_from(["ta", "icsr"])), months_of_series),
    st.sampled_from([1, 4096]),
)
def test_months_judged_together_are_judged_as_each_alone(series, at_once):
    """Two months of fifteen years: of every series whatever there may be, what is judged with what is not."""
    rows = [
        {
            "table_name": "weather_asos",
            "subject": subject,
            "field": field,
            "month": datetime(2010 + number // 2, 1 + 6 * (number % 2), 1),
            **dict(zip(("days_observed", "days", "median", "spread", "magnitude"), figures, strict=True)),
        }
        for (subject, field), months in sorted(series.items())
        for number, *figures in sorted(months)
    ]
    first, last = date(2011, 7, 1), date(2023, 1, 20)
    expected = []
    for one in rows:
        others = [
            row for row in rows if row is not one and (row["subject"], row["field"]) == (one["subject"], one["field"])
        ]
        judged = judged_plainly(one, others, is_amount=one["field"] == "icsr")
        if judged is not None and first <= one["month"].date() <= last:
            subject = f"{one['subject']} {one['month']:%Y-%m}"
            expected.append(distributions.DriftFinding("weather_asos", judged[0], subject, one["field"], judged[1]))
    statistics = pa.Table.from_pylist(rows, pa.schema(list(MONTHLY_STATISTIC_COLUMNS.items())))
    database = SimpleNamespace(read=lambda table, columns, filters: statistics.select(columns))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributions, "JUDGED_AT_ONCE", at_once)
        assert distributions._findings(database, "weather_asos", first, last) == expected
