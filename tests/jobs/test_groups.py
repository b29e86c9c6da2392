"""What arrives together is stored together, and leaves what it leaves one by one."""

from __future__ import annotations

from datetime import date

import pytest

from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.jobs.wind import run_wind
from energy_data_layer.services.collect import Collection
from energy_data_layer.simulator.plants import SOLAR_PLANTS, Plant
from energy_data_layer.storage.tables import NAMBU_GENERATION, REJECTS, WIND_NAMDONG

from .services import assert_same_rows, settings_of, stored

TODAY = date(2024, 3, 10)
(PLANT,) = ((plant.code, plant.unit) for plant in SOLAR_PLANTS[:1])
SAME_NAME = [Plant("W1", "같은 풍력"), Plant("W2", "같은 풍력"), Plant("W3", "다른 풍력")]
ALL_AT_ONCE, ONE_BY_ONE = "all at once", "one by one"


@pytest.fixture(params=[ALL_AT_ONCE, ONE_BY_ONE])
def grouping(request, monkeypatch):
    """How chunks are handed over, whatever their arrival."""

    def together(collection, enough_rows):
        chunks = list(collection)
        return iter([chunks] if request.param == ALL_AT_ONCE else [[chunk] for chunk in chunks])

    monkeypatch.setattr(Collection, "together", together)
    return request.param


def test_of_chunks_with_the_same_hours_the_later_one_is_right(database_url, simulator, tmp_path, grouping):
    first, second = simulator(), simulator(seed=1)
    raw = tmp_path / "raw"
    for number, (service, days) in enumerate(((first, (1, 3)), (second, (2, 4)))):
        since, until = (date(2024, 2, day) for day in days)
        other = f"duckdb:///{tmp_path}/{number}.duckdb"
        run_solar(other, since=since, until=until, plants=[PLANT], settings=settings_of(service), keep_raw=raw)
    replayed = run_solar(
        database_url,
        since="2024-02-01",
        until="2024-02-04",
        plants=[PLANT],
        settings=settings_of(first, concurrency=1),
        from_raw=raw,
    )
    assert (replayed.rows_read, replayed.rows_inserted, replayed.rows_updated) == (144, 96, 48)
    rows = stored(database_url, NAMBU_GENERATION, ("datetime",))
    assert_same_rows(rows.slice(0, 24), first.expected_solar(date(2024, 2, 1), date(2024, 2, 1), [PLANT]))
    assert_same_rows(rows.slice(24), second.expected_solar(date(2024, 2, 2), date(2024, 2, 4), [PLANT]))


def test_rows_that_are_set_aside_keep_their_origin(database_url, simulator, grouping):
    service = simulator(wind_plants=SAME_NAME)
    report = run_wind(
        database_url, since="2024-01-31", until="2024-02-01", today=TODAY, settings=settings_of(service, concurrency=1)
    )
    assert report.rejects == {"different rows for one key": 2 * 48}
    assert report.rows_inserted == 48
    assert stored(database_url, WIND_NAMDONG, ("timestamp",)).num_rows == 48
    rejects = stored(database_url, REJECTS, ("file", "line"))
    assert rejects.column("line").to_pylist() == [*range(1, 49), *range(1, 49)]
    assert sorted(set(rejects.column("file").to_pylist())) == [
        "namdong_wind 2024-01-31..2024-01-31",
        "namdong_wind 2024-02-01..2024-02-01",
    ]
    assert not any("chunk" in content for content in rejects.column("content").to_pylist())
