"""Values that can hardly be observations, in the weather jobs: outside physical bounds, or missing-value markers."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.dataset import Chunk
from energy_data_layer.errors import OptionError, PayloadError, SourceFileError
from energy_data_layer.jobs.reprocess.job import run_reprocess
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.services.raw import RawFolder
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import REJECTS, WEATHER_ASOS

DAY = date(2024, 3, 1)
WIND = [1.5, 1.7, -2.0, 1.9, 2.2, 2.4, 2.1, 1.8]
OUTSIDE = {"low": 0, "high": None, "count": 1, "first": ["108 2024-03-01 02:00: -2.0"]}


def hours(count):
    return [datetime.combine(DAY, datetime.min.time()) + timedelta(hours=hour) for hour in range(count)]


def export(folder, wind):
    lines = [f"108,서울,{hour:%Y-%m-%d %H:%M},{value}" for hour, value in zip(hours(len(wind)), wind, strict=True)]
    path = folder / "a.csv"
    path.write_text("\n".join(["지점,지점명,일시,풍속(m/s)", *lines]) + "\n", encoding="utf-8")
    return path


def answer(folder, wind):
    """Keep the service's answer for a day in a raw folder."""
    items = [
        {"tm": f"{hour:%Y-%m-%d %H:%M}", "stnId": "108", "stnNm": "서울", "ws": str(value)}
        for hour, value in zip(hours(len(wind)), wind, strict=True)
    ]
    body = {"dataType": "JSON", "items": {"item": items}, "pageNo": 1, "numOfRows": 999, "totalCount": len(items)}
    document = {"response": {"header": {"resultCode": "00", "resultMsg": "NORMAL_SERVICE"}, "body": body}}
    RawFolder(folder).keep(ASOS.request(Chunk("asos", ("108",), DAY, DAY), 1), json.dumps(document).encode())
    return folder


def from_files(folder, url, wind, **options):
    return run_weather(export(folder, wind), url, columns=["ws"], **options)


def from_service(folder, url, wind, **options):
    return collect_weather(url, columns=["ws"], from_raw=answer(folder / "raw", wind), **options)


JOBS = pytest.mark.parametrize("job", [from_files, from_service])


def stored(url):
    with Database.connect(url) as database:
        rows = database.read(WEATHER_ASOS).sort_by("tm").to_pylist()
        return [(row["ws"], row["ws_provenance"]) for row in rows], database.read(REJECTS).to_pylist()


@JOBS
def test_a_value_outside_the_bounds_is_kept_and_reported(database_url, tmp_path, job):
    report = job(tmp_path, database_url, WIND)
    rows, rejects = stored(database_url)
    assert [value for value, code in rows if code == Provenance.OBSERVED] == WIND
    assert report.to_dict()["out_of_bounds"] == {"ws": OUTSIDE}
    assert (report.rows_rejected, rejects) == (0, [])


@JOBS
def test_a_value_outside_the_bounds_is_taken_out_and_filled(database_url, tmp_path, job):
    report = job(tmp_path, database_url, WIND, out_of_range="missing")
    rows, (reject,) = stored(database_url)
    assert [value for value, code in rows if code == Provenance.OBSERVED] == [w for w in WIND if w >= 0]
    assert (rows[2][1], rows[2][0] > 0) == (Provenance.SPLINE, True)
    assert report.to_dict()["out_of_bounds"] == {"ws": OUTSIDE}
    assert report.rejects == {"outside the physical bounds: ws": 1}
    assert json.loads(reject["content"]) == {"stnId": 108, "tm": "2024-03-01 02:00:00", "ws": -2.0}


@JOBS
def test_a_value_that_an_earlier_run_kept_is_taken_out_by_a_later_one(database_url, tmp_path, job):
    job(tmp_path, database_url, WIND)
    job(tmp_path, database_url, WIND, out_of_range="missing")
    rows, (reject,) = stored(database_url)
    assert rows[2][1] == Provenance.SPLINE
    assert json.loads(reject["content"])["ws"] == -2.0


@pytest.mark.parametrize("kept", [True, False], ids=["from raw", "from what is stored"])
def test_a_value_that_the_job_kept_is_taken_out_when_hours_are_computed_again(database_url, tmp_path, kept):
    from_service(tmp_path, database_url, WIND)
    options = {"since": DAY, "until": DAY, "from_raw": tmp_path / "raw" if kept else None, "out_of_range": "missing"}
    before = stored(database_url)
    dry = run_reprocess(database_url, dry_run=True, **options)
    assert stored(database_url) == before
    report = run_reprocess(database_url, **options)
    rows, (reject,) = stored(database_url)
    assert rows[2][1] == Provenance.SPLINE
    assert json.loads(reject["content"])["ws"] == -2.0
    assert report.rejects == dry.rejects == {"outside the physical bounds: ws": 1}
    assert [(found.before, found.after, found.count) for found in report.replaced] == [("observed", "spline", 1)]
    again = run_reprocess(database_url, **options)
    assert (again.values_replaced, stored(database_url)[0]) == (0, rows)


def test_marks_outside_the_bounds_are_taken_out_when_answers_are_read_again(database_url, tmp_path):
    marked = [*WIND[:2], -9.0, -9.0, *WIND[4:]]
    from_service(tmp_path, database_url, marked, out_of_range="missing")
    before = stored(database_url)[0]
    options = {"since": DAY, "until": DAY, "from_raw": tmp_path / "raw"}
    report = run_reprocess(database_url, out_of_range="missing", **options)
    assert (report.rejects, report.values_replaced) == ({"outside the physical bounds: ws": 2}, 0)
    assert stored(database_url)[0] == before


def test_a_stored_value_gives_way_where_the_new_row_has_none(database_url, tmp_path):
    from_files(tmp_path, database_url, WIND)
    from_files(tmp_path, database_url, [*WIND[:2], "", *WIND[3:]], out_of_range="missing")
    rows, (reject,) = stored(database_url)
    assert rows[2][1] == Provenance.SPLINE
    assert json.loads(reject["content"])["ws"] == -2.0


@pytest.mark.parametrize(("job", "error"), [(from_files, SourceFileError), (from_service, PayloadError)])
def test_marks_refuse_the_rows(database_url, tmp_path, job, error):
    marked = [*WIND[:2], -9.0, -9.0, *WIND[4:]]
    with pytest.raises(
        error, match=r'ws -9 in 2 rows, first 108 2024-03-01 02:00; pass missing_values={"ws": \[-9\]} if'
    ):
        job(tmp_path, database_url, marked)
    with Database.connect(database_url) as database:
        assert WEATHER_ASOS not in database.tables() or database.read(WEATHER_ASOS).num_rows == 0
    report = job(tmp_path, database_url, marked, missing_values={"ws": [-9]})
    assert report.marked_missing == {"ws": 2}
    assert [value for value, code in stored(database_url)[0] if code == Provenance.OBSERVED] == [*WIND[:2], *WIND[4:]]
    job(tmp_path, database_url, marked, missing_values=[])
    assert [value for value, _ in stored(database_url)[0]] == marked
    job(tmp_path, database_url, marked, out_of_range="missing")
    assert [value for value, code in stored(database_url)[0] if code == Provenance.OBSERVED] == [*WIND[:2], *WIND[4:]]


def test_marks_of_kept_answers_are_no_observations_when_these_are_read_again(database_url, tmp_path):
    marked = [*WIND[:2], -9.0, -9.0, *WIND[4:]]
    from_service(tmp_path, database_url, marked, missing_values={"ws": [-9]})
    before = stored(database_url)[0]
    options = {"since": DAY, "until": DAY, "from_raw": tmp_path / "raw"}
    with pytest.raises(PayloadError, match="ws -9 in 2 rows"):
        run_reprocess(database_url, **options)
    report = run_reprocess(database_url, missing_values={"ws": [-9]}, **options)
    assert (report.marked_missing, report.values_replaced) == ({"ws": 2}, 0)
    assert stored(database_url)[0] == before
    run_reprocess(database_url, missing_values=[], **options)
    assert [value for value, _ in stored(database_url)[0]] == marked


def test_marks_that_are_spread_over_parts_of_the_files_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr("energy_data_layer.files.spool.ROWS_AT_ONCE", 3)
    lines = [
        f"{station},가,{hour:%Y-%m-%d %H:%M},{value}"
        for station in (1, 2)
        for hour, value in zip(
            hours(4), [1.5, 9999 if station == 1 else 3, 1.2, 2.0 if station == 1 else 9999.0], strict=True
        )
    ]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["지점,지점명,일시,시정(10m)", *lines]) + "\n", encoding="utf-8")
    with pytest.raises(SourceFileError, match=r"line 3: .* vs 9999 in 2 rows, first 1 2024-03-01 01:00"):
        run_weather(path, f"duckdb:///{tmp_path}/energy.duckdb")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"out_of_range": "drop"}, 'out_of_range is "drop"; it is keep or missing'),
        ({"missing_values": {"wind": [-9]}}, 'missing_values names column "wind"; it can name ta, taQcflg'),
        ({"missing_values": {"stnId": [-9]}}, 'missing_values names column "stnId"'),
        ({"missing_values": "ws=-9"}, "missing_values is 'ws=-9'; it must be a list"),
    ],
)
def test_wrong_options(tmp_path, options, problem):
    with pytest.raises(OptionError, match=problem):
        from_files(tmp_path, f"duckdb:///{tmp_path}/energy.duckdb", WIND, **options)


def test_a_picture_needs_a_column_to_fill(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("지점,지점명,일시,일조(hr)\n108,서울,2024-03-01 12:00,1\n", encoding="utf-8")
    with pytest.raises(OptionError, match="the files have no column to fill"):
        run_weather(path, f"duckdb:///{tmp_path}/energy.duckdb", picture=tmp_path / "a.png")
