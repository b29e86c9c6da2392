"""Time the imputers of sktime and darts, in their own environment.

Run as a script, ``FOLDER REPEATS SECONDS``, it reads each ``<rows>.arrow`` of the folder, writes the answers and the
seconds of the samples beside it, and prints the libraries' versions.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import pandas as pd
from darts import TimeSeries
from darts.utils.missing_values import fill_missing_values
from data import COLUMNS
from harness import time_within
from sktime.transformations.impute import Imputer


def main(folder: Path, repeats: int, seconds: float) -> None:
    """Time the imputers on each input in turns, those that take long less often."""
    for file in sorted(folder.glob("*.arrow"), key=lambda file: int(file.stem)):
        df = pd.read_feather(file)
        calls = {name: partial(way, df) for name, way in WAYS.items()}
        warm_up = {}
        for name, call in calls.items():
            begin = perf_counter()
            answer = call()
            warm_up[name] = perf_counter() - begin
            answer.to_feather(file.with_name(f"{file.stem} {name}.answer"))
        timings = time_within(calls, warm_up, repeats, seconds)
        samples = {name: timing.samples for name, timing in timings.items()}
        file.with_suffix(".json").write_text(json.dumps(samples))
    print(json.dumps({library: version(library) for library in ("sktime", "darts")}))


def _by_sktime(df: pd.DataFrame) -> pd.DataFrame:
    stations = df.groupby("stnNm", sort=False)[list(COLUMNS)]
    return df.assign(**pd.concat([Imputer(method="linear").fit_transform(station) for _, station in stations]))


def _by_darts(df: pd.DataFrame) -> pd.DataFrame:
    filled = []
    for _, station in df.groupby("stnNm", sort=False):
        series = TimeSeries.from_dataframe(station, time_col="tm", value_cols=list(COLUMNS))
        filled.append(fill_missing_values(series, method="cubic").to_dataframe().set_index(station.index))
    return df.assign(**pd.concat(filled))


WAYS = {"sktime Imputer": _by_sktime, "darts fill_missing_values": _by_darts}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
