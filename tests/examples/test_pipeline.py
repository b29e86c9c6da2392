"""The pipeline before and after in `examples/pipeline` stores equal rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from runpy import run_path

import pytest

from energy_data_layer.storage.database import Database

PIPELINE = Path(__file__).resolve().parents[2] / "examples" / "pipeline"
FIRST, LAST = date(2024, 2, 20), date(2024, 3, 21)


def differences(url):
    """How many rows each query of `compare.sql` finds."""
    queries = (PIPELINE / "compare.sql").read_text(encoding="utf-8").split(";\n")[:-1]
    with Database.connect(url) as database:
        return [database.query(query).num_rows for query in queries]


@pytest.mark.slow
def test_both_pipelines_store_equal_rows(postgres_url, simulator, monkeypatch, own_environment):
    pytest.importorskip("prefect")
    pytest.importorskip("sqlalchemy")
    service = simulator(asos_absent_hours=0.03, missing_hours=0.02)
    ours = f"{postgres_url}{'&' if '?' in postgres_url else '?'}options=-csearch_path%3Dedl_data"
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BEFORE_DATABASE_URL", postgres_url.replace("postgresql", "postgresql+psycopg2", 1))
    monkeypatch.setenv("EDL_DATABASE_URL", ours)
    monkeypatch.setenv("EDL_REQUESTS_PER_SECOND", "500")
    with Database.connect(postgres_url) as database:
        database.execute("CREATE SCHEMA edl_data")
    before, after = (run_path(str(PIPELINE / name)) for name in ("before.py", "after.py"))
    for flow in ("daily_weather", "backfill"):
        before[flow].fn(FIRST, LAST)
        assert after[flow].fn(FIRST, LAST) == "succeeded"
    with Database.connect(ours) as database:
        fills = database.scalar("SELECT count(DISTINCT ta_provenance) FROM weather_asos")
        rows = [database.row_count(table) for table in ("weather_asos", "wind_namdong")]
    assert fills >= 3
    assert min(rows) > 1000
    assert differences(postgres_url) == [0, 0]
    with Database.connect(postgres_url) as database:
        assert [database.row_count(table) for table in ("weather_asos", "wind_namdong")] == rows
        database.execute("UPDATE weather_asos SET hm = hm + 1e-6 WHERE tm = TIMESTAMP '2024-03-01 12:00'")
        database.execute("DELETE FROM wind_namdong WHERE \"timestamp\" = TIMESTAMP '2024-03-02 00:00'")
    weather, wind = differences(postgres_url)
    assert (weather, wind > 0) == (2, True)
