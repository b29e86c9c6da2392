"""The facts of the data-quality page against plain computations on the same rows, in both databases."""

from __future__ import annotations

import json
from datetime import date, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from energy_data_layer.core.gaps import LENGTH_CLASSES
from energy_data_layer.core.provenance import Provenance
from energy_data_layer.errors import OptionError, StorageError
from energy_data_layer.quality.coverage import State, states
from energy_data_layer.quality.facts import TABLES_READ, quality_facts
from energy_data_layer.quality.weather import LONGEST
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import add_fill_columns, migrate
from energy_data_layer.storage.tables import WEATHER_ASOS, WEATHER_KEY

from .quality_rows import CHANGED, FIELDS, HOSTILE, STATIONS, fill, generation, weather, wind

SINCE, UNTIL = date(2024, 1, 1), date(2024, 1, 10)


@pytest.fixture
def filled_url(database_url):
    fill(database_url)
    return database_url


def in_period(rows, stamp, since=None, until=None):
    days = rows[stamp].dt.date
    return rows[((since is None) | (days >= (since or date.min))) & (days <= (until or date.max))]


def days_of(stretches):
    return {
        day.date(): stretch.state
        for stretch in stretches
        for day in pd.date_range(stretch.first, periods=stretch.length)
    }


@pytest.mark.parametrize("period", [{}, {"since": SINCE, "until": UNTIL}])
def test_coverage_of_the_weather(filled_url, period):
    facts = quality_facts(filled_url, **period)
    rows = weather()
    assert facts.weather.fields == list(FIELDS)
    assert [(one.key, one.name) for one in facts.weather.series] == [(str(k), name) for k, name in STATIONS.items()]
    for one in facts.weather.series:
        of_station = rows[rows["stnId"] == int(one.key)]
        assert (one.first, one.last) == (of_station["tm"].min(), of_station["tm"].max())
        grid = pd.DataFrame({"tm": pd.date_range(one.first, one.last, freq="h")}).merge(of_station, how="left")
        grid = in_period(grid, "tm", **period)
        valued = grid[list(FIELDS)].notna().all(axis=1)
        observed = valued & (grid[[f"{field}_provenance" for field in FIELDS]] == 0).all(axis=1)
        assert (one.hours, one.observed) == (len(grid), observed.sum())
        assert (one.filled, one.missing) == ((valued & ~observed).sum(), (~valued).sum())
        stored = grid["tm"].isin(of_station["tm"])
        by_day = pd.DataFrame({"possible": 1, "observed": observed, "valued": valued, "stored": stored})
        by_day = by_day.groupby(grid["tm"].dt.date).sum()
        assert one.incomplete_days == (by_day["stored"] < 24).sum()
        expected = states(*(by_day[name].to_numpy() for name in ("possible", "observed", "valued")))
        assert days_of(one.days) == {d: State(s).label for d, s in zip(by_day.index, expected, strict=True)}
        assert sum(stretch.length for stretch in one.months) == (1 if period else 2)


def test_coverage_of_the_plants(filled_url):
    tables = {table.table: table.series for table in quality_facts(filled_url).coverage}
    (plant,) = tables["generation_hourly"]
    assert plant.name == f"WP {HOSTILE}"
    assert (plant.hours, plant.observed, plant.missing) == (72, generation()["kwh"].notna().sum(), 1)
    assert [(s.length, s.state) for s in plant.days] == [(1, "observed"), (1, "few_missing"), (1, "observed")]
    (farm,) = tables["wind_namdong"]
    assert (farm.first, farm.last) == (datetime(2024, 1, 1), datetime(2024, 1, 31, 23))
    assert (farm.hours, farm.observed, farm.incomplete_days) == (31 * 24, len(wind()), 1)
    assert [(s.length, s.state) for s in farm.days] == [(9, "observed"), (1, "absent"), (21, "observed")]
    assert [s.state for s in farm.months] == ["few_missing"]
    (solar,) = tables["nambu_generation"]
    assert (solar.last, solar.missing) == (datetime(2024, 1, 5, 20), 0)


@pytest.mark.parametrize("period", [{}, {"since": SINCE, "until": UNTIL}])
def test_gaps_and_fills(filled_url, period):
    facts = quality_facts(filled_url, **period)
    rows = in_period(weather(), "tm", **period)
    gaps = []
    for field, lengths, fills in zip(FIELDS, facts.gaps.lengths, facts.fills, strict=True):
        codes = rows[f"{field}_provenance"]
        missing = rows[codes > 0]
        new = (missing["stnId"].diff() != 0) | (missing["tm"].diff() != pd.Timedelta(hours=1))
        found = (
            missing.assign(gap=new.cumsum())
            .groupby("gap")
            .agg(stnId=("stnId", "first"), first=("tm", "min"), hours=("tm", "size"))
        )
        gaps += [(field, *row) for row in found.itertuples(index=False)]
        assert (lengths.gaps, lengths.hours) == (len(found), len(missing))
        assert lengths.counts == [found["hours"].between(low, high or np.inf).sum() for low, high in LENGTH_CLASSES]
        assert fills.observed == (codes == 0).sum()
        assert fills.filled == {m.label: (codes == m).sum() for m in Provenance if m is not Provenance.OBSERVED}
    assert facts.gaps.count == len(gaps)
    longest = facts.gaps.longest
    assert 0 < len(longest) <= LONGEST
    assert longest[0].hours == max(hours for *_, hours in gaps)
    for gap in longest:
        assert (gap.field, gap.station, gap.first, gap.hours) in gaps
        assert sum(gap.methods.values()) == gap.hours
        around = rows if not period else weather()
        stored = around[(around["stnId"] == gap.station) & around["tm"].isin(gap.stamps)]
        assert gap.step == 1
        np.testing.assert_array_equal(stored[gap.field], np.array(gap.values, float))
        assert stored[f"{gap.field}_provenance"].tolist() == gap.codes


def test_of_gaps_at_the_same_time_the_longest_is_shown(filled_url):
    longest = quality_facts(filled_url).gaps.longest
    for position, gap in enumerate(longest):
        for other in longest[:position]:
            assert gap.hours <= other.hours
            assert gap.station != other.station or gap.first > other.last or gap.last < other.first


def test_stations_are_chosen_and_plants_stay(filled_url):
    facts = quality_facts(filled_url, stations=[159, 7, 159])
    assert [one.key for one in facts.weather.series] == ["159"]
    assert facts.stations_not_stored == [7]
    assert sum(fills.hours for fills in facts.fills) == 2 * (weather()["stnId"] == 159).sum()
    assert {gap.station for gap in facts.gaps.longest} == {159}
    assert facts.replaced.count == 0
    assert len(facts.coverage) == 4


def test_totals_that_differ(filled_url):
    totals = quality_facts(filled_url).totals
    assert (totals.stored_compared, totals.runs_read, totals.files) == (4, 2, 2)
    # 239 for 24 times 10 is rounding; the file that was read again is judged by its last run.
    assert [(one.table, str(one.day), one.source) for one in totals.largest] == [
        ("nambu_generation", "2024-01-03", ""),
        ("generation_hourly", "2024-01-02", "a.csv:7"),
        ("generation_hourly", "2024-01-04", "b.csv:8"),
    ]
    assert totals.largest[0].part == pytest.approx(0.5)
    assert totals.by_plant == {HOSTILE: 2, "한들": 1}
    assert quality_facts(filled_url, since=date(2024, 1, 4)).totals.differ == 1


def test_what_is_noted_in_tables(filled_url):
    facts = quality_facts(filled_url)
    assert facts.tables_not_there == []
    assert facts.rejects.by_reason == {"unreadable day": 25, HOSTILE: 5}
    assert [row["line"] for row in facts.rejects.newest] == list(range(29, 9, -1))
    assert facts.rejects.newest[0]["content"].endswith("… (+303)")
    assert (facts.drift.count, facts.drift.by_kind, len(facts.drift.newest)) == (
        60,
        {"field_new": 59, "unheard_of": 1},
        50,
    )
    assert facts.replaced.count == 30
    assert [(c.before, c.after, c.count) for c in facts.replaced.by_method] == [
        ("climatology", "observed", 20),
        ("nearest", "observed", 10),
    ]
    assert quality_facts(filled_url, since=date(2023, 12, 21)).replaced.count == 30 - 19
    assert facts.runs.by_job == {"generation": {"succeeded": 2}, "solar": {"running": 1}, "wind": {"failed": 1}}
    jobs = {row["job"]: row for row in facts.runs.newest}
    assert jobs["wind"]["message"] == HOSTILE
    assert jobs["solar"]["seconds"] is None
    assert (jobs["generation"]["shadow_calls"], jobs["generation"]["shadow_mismatches"]) == (3, 1)
    assert "report" not in jobs["wind"]


def test_the_facts_are_json_without_the_password(postgres_url):
    fill(postgres_url)
    told = quality_facts(postgres_url.replace("edl@", "edl:s3cret@")).to_json()
    assert "edl:***@" in told
    assert "s3cret" not in told
    assert json.loads(told)["coverage"][0]["series"][0]["first"] == "2023-12-20T05:00:00"


def test_empty_tables_and_none_at_all(database_url):
    with Database.connect(database_url) as database:
        database.tables()
    facts = quality_facts(database_url)
    assert facts.tables_not_there == list(TABLES_READ)
    assert (facts.coverage, facts.fills, facts.totals.differ) == ([], [], 0)
    assert {facts.rejects.recorded, facts.runs.recorded, facts.drift.recorded, facts.replaced.recorded} == {False}
    with Database.connect(database_url) as database:
        assert database.tables() == []
        migrate(database)
    facts = quality_facts(database_url, since=SINCE, stations=[108])
    assert facts.tables_not_there == []
    assert (facts.coverage, facts.stations_not_stored, facts.runs.count) == ([], [108], 0)


def test_a_database_of_an_earlier_release(database_url):
    fill(database_url)
    with Database.connect(database_url) as database:
        for table in ("drift", "fill_changes", "rejects"):
            database.execute(f"DROP TABLE {table}")
        for column in ("shadow_calls", "shadow_mismatches", "release"):
            database.execute(f"ALTER TABLE runs DROP COLUMN {column}")
    facts = quality_facts(database_url)
    assert facts.tables_not_there == ["rejects", "fill_changes", "drift"]
    assert facts.runs.newest[-1]["shadow_calls"] == 3
    with Database.connect(database_url) as database:
        assert "drift" not in database.tables()


def test_a_long_gap_is_thinned_and_a_station_of_one_hour_is_shown(database_url):
    import pyarrow as pa

    from energy_data_layer.storage.migrations import add_fill_columns
    from energy_data_layer.storage.tables import WEATHER_ASOS, WEATHER_KEY

    hours = pd.date_range("2023-01-01", periods=3000, freq="h")
    rows = pa.table(
        {
            "stnId": [108] * 3000 + [90],
            "tm": [*hours, CHANGED],
            "ta": [1.0] * 3001,
            "ta_provenance": pa.array([0] + [4] * 2999 + [0], pa.uint8()),
        }
    )
    with Database.connect(database_url) as database:
        migrate(database)
        add_fill_columns(database, WEATHER_ASOS, ["ta"])
        database.upsert(WEATHER_ASOS, rows, WEATHER_KEY)
    facts = quality_facts(database_url)
    (gap,) = facts.gaps.longest
    assert (gap.hours, gap.step, len(gap.stamps), gap.name) == (2999, 5, 600, "108")
    assert (gap.low, gap.high) == ([], [])
    assert [(one.hours, one.observed) for one in facts.weather.series] == [(1, 1), (3000, 1)]


def test_a_long_gap_has_the_intervals_of_its_fills(database_url):
    hours = pd.date_range("2023-01-01", periods=9, freq="h")
    filled = [None, None, None, 8, 8, None, None, None, None]
    rows = pd.DataFrame({"stnId": 108, "tm": hours, "ta": 1.0, "ta_provenance": pd.array(filled, "UInt8")})
    for end, distance in (("low", -1.0), ("high", 2.0)):
        rows[f"ta_{end}"] = [None if one is None else distance for one in filled]
    with Database.connect(database_url) as database:
        migrate(database)
        add_fill_columns(database, WEATHER_ASOS, ["ta"], with_model=True)
        database.upsert(WEATHER_ASOS, pa.Table.from_pandas(rows), WEATHER_KEY)
    (gap,) = quality_facts(database_url).gaps.longest
    assert (gap.hours, gap.codes) == (2, [0, 0, 0, 8, 8, 0, 0, 0, 0])
    assert gap.low == [None] * 3 + [-1.0] * 2 + [None] * 4
    assert gap.high == [None] * 3 + [2.0] * 2 + [None] * 4


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(StorageError, match="there is no such file"):
        quality_facts(f"duckdb:///{tmp_path}/energy.duckdb")
    assert not list(tmp_path.iterdir())
    with pytest.raises(OptionError, match="is before since"):
        quality_facts("duckdb:///:memory:", since=UNTIL, until=SINCE)


def test_observations_outside_their_bounds_are_counted_and_the_first_are_named(database_url):
    hours = pd.date_range("2024-01-01", periods=10, freq="h")
    rows = pd.DataFrame({"stnId": 108, "stnNm": "서울", "tm": hours, "hm": 50.0, "ws": 1.0, "hm_provenance": 0})
    rows.loc[2:8, "hm"] = [101, 102, 150, -1, 103, 104, 105]
    rows.loc[8, "hm_provenance"] = Provenance.LINEAR
    rows.loc[3, "ws"] = -0.5
    with Database.connect(database_url) as database:
        migrate(database)
        add_fill_columns(database, WEATHER_ASOS, ["hm"])
        database.upsert(WEATHER_ASOS, pa.Table.from_pandas(rows.astype({"hm_provenance": "uint8"})), WEATHER_KEY)
    found = {one.field: one for one in quality_facts(database_url).doubtful.out_of_bounds}
    assert {name: (one.low, one.high, one.count) for name, one in found.items()} == {
        "hm": (0, 100, 6),
        "ws": (0, None, 1),
    }
    assert [row["value"] for row in found["hm"].first] == [101, 102, 150, -1, 103]
    assert found["ws"].first == [{"stnId": 108, "tm": datetime(2024, 1, 1, 3), "value": -0.5}]
    later = quality_facts(database_url, since=date(2024, 1, 2))
    assert later.doubtful.out_of_bounds == []


@pytest.mark.parametrize(
    ("filled", "expected"),
    [
        ({}, []),
        (dict.fromkeys(range(40, 69), 24), [(40, 68)]),
        (dict.fromkeys(range(100), 12), []),
        (dict.fromkeys(range(100), 13), [(0, 99)]),
        (dict.fromkeys(range(40, 55), 24), []),
        (dict.fromkeys([*range(20), *range(80, 100)], 24), [(0, 19), (80, 99)]),
    ],
    ids=["none", "29 days", "half", "more than half", "15 days", "both ends"],
)
def test_stretches_that_are_mostly_made_up(database_url, filled, expected):
    first = datetime(2024, 1, 1)
    hours = pd.date_range(first, periods=100 * 24, freq="h")
    codes = np.where(hours.hour < pd.Series((hours - first).days).map(filled).fillna(0), Provenance.CLIMATOLOGY, 0)
    rows = pd.DataFrame({"stnId": 108, "stnNm": "서울", "tm": hours, "ta": 1.0, "ta_provenance": codes.astype("uint8")})
    with Database.connect(database_url) as database:
        migrate(database)
        add_fill_columns(database, WEATHER_ASOS, ["ta"])
        database.upsert(WEATHER_ASOS, pa.Table.from_pandas(rows), WEATHER_KEY)
    made_up = quality_facts(database_url).doubtful.made_up
    assert [((one.first - first.date()).days, (one.last - first.date()).days) for one in made_up] == expected
    days = [sum(filled.get(day, 0) for day in range(low, high + 1)) for low, high in expected]
    assert [one.filled for one in made_up] == days
