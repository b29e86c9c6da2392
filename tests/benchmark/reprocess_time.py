"""How long reprocessing takes, beside the run that stored the same hours: python tests/benchmark/reprocess_time.py."""

from __future__ import annotations

from datetime import date
from tempfile import TemporaryDirectory

from energy_data_layer.engine.choice import build_info
from energy_data_layer.jobs.reprocess.job import run_reprocess
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.simulator.sample_weather import write_asos_sample
from energy_data_layer.storage.database import Database

YEARS = (2018, 2023)
SPOIL = "UPDATE weather_asos SET ta = ta + 1 WHERE ta_provenance > 0"


def main() -> None:
    """Store made-up years with the reference, and reprocess them: healthy, and with wrong fills."""
    with TemporaryDirectory() as folder:
        url = f"duckdb:///{folder}/energy.duckdb"
        files = write_asos_sample(folder, since=date(YEARS[0], 1, 1), until=date(YEARS[1], 12, 31))
        stored = run_weather(files, url, use_rust=False)
        print(f"run, reference: {stored.rows_inserted:,} hours in {stored.seconds:.1f} s")
        for use_rust in (False, True) if build_info()["rust"] else (False,):
            for spoiled in (False, True):
                if spoiled:
                    with Database.connect(url) as database:
                        database.execute(SPOIL)
                done = run_reprocess(url, since=date(YEARS[0], 1, 1), use_rust=use_rust)
                print(
                    f"reprocess, {done.engine}: {done.values_replaced:,} values replaced in {done.seconds:.1f} s, "
                    f"{done.seconds / stored.rows_inserted * 1e6:.1f} s per million hours, "
                    f"{done.seconds / stored.seconds:.2f} of the run"
                )


if __name__ == "__main__":
    main()
