"""How far fills are from what was observed: goals, other imputers on the same hidden hours, short and long records."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import harness
import numpy as np
import pandas as pd
from graphs import draw_fills
from harness import HERE, ROOT, table
from other_fills import OF_OTHER_LIBRARIES, WAYS

from energy_data_layer import complete_hours, impute, impute_missing_values, score_imputation
from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.files.weather import read_asos_files
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, asos_sample_table
from energy_data_layer.transforms.impute.derived import CALM, wind_direction, wind_vector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harness import Table

REAL_DATA = Path(os.environ.get("EDL_REAL_DATA") or ROOT.parent / "shared" / "data") / "asos_hourly"
PEERS_PYTHON = ROOT / ".venv-peers/bin/python"

LENGTHS = (1, 2, 3, 6, 12, 24, 72, 168)
GOALS = {
    "ta": (0.95, 0.90, 0.86, 0.24, 0.27, 0.33, 0.40, 0.40),
    "hm": (0.95, 0.92, 0.83, 0.34, 0.45, 0.49, 0.52, 0.54),
    "ws": (0.83, 0.77, 0.70, 0.64, 0.68, 0.77, 0.74, 0.78),
    "pa": (0.92, 0.83, 0.73, 0.07, 0.09, 0.10, 0.15, 0.20),
}
"""The largest RMSE of optimal interpolation ÷ that of the pinned rule, by column and length."""
GOALS_ALONE = {"ta": (0.95, 0.92, 0.89, 0.26, 0.38, 0.46, 0.76, 0.85)}
"""The same without neighbours."""
GOAL_DERIVED = 0.85
"""The largest RMSE of humidity filled with the temperature ÷ that without."""
MOST_OF_BEST_PEER = {"ta": 1.0, "hm": 1.0, "ws": 1.05, "pa": 1.0}
TOLERANCE_90, TOLERANCE_50 = 0.03, 0.07
"""How far the coverage of an interval may be from its probability."""

PINNED, OURS = "pinned rule", "optimal interpolation"
SINCE = "2021-08-01"
"""When the last of the nine stations begins; the goals are meant for what follows."""
RECORDS = {
    "4 months": ("2023-01-01", "2023-05-01"),
    "1 year": ("2023-01-01", "2024-01-01"),
    "since 2013": ("2013-01-01", "2026-01-01"),
}

SHOWN_HOURS = 36
"""How long the gap of the picture is."""
HOURS_BETWEEN = 1000
"""The gaps that it is chosen from begin so far apart."""
SHARED = 2 / 3
"""How much of their weather the made-up stations of the picture have in common."""

PARTS = ("goals", "alone", "derived", "records", *(f"peers-{column}" for column in GOALS), "picture")
SIZES = {
    "gaps": (500, 5),
    "gaps_of_peers": (40, 3),
    "lengths": (LENGTHS, (3, 6)),
    "lengths_of_records": ((1, 6, 24, 168), (6,)),
    "small": (False, True),
}
PAGE, NEEDS_RUST, SEED = "accuracy.md", False, 16


def measure(sizes: Any, only: Iterable[str]) -> dict[str, Any]:
    """Score on the published files, else on made-up hours."""
    real = REAL_DATA.is_dir() and not sizes.small
    all_hours = _hours(real=real)
    hours = all_hours[all_hours["tm"] >= SINCE]
    score = partial(_scored, lengths=sizes.lengths)
    results: dict[str, Any] = {"real": real, "rows": len(hours), "stations": int(hours["stnNm"].nunique())}
    for part in only:
        if part in ("goals", "alone"):
            goals = GOALS if part == "goals" else GOALS_ALONE
            neighbours = {} if part == "goals" else {"neighbours": 0}
            results[part] = score(hours, list(goals), sizes.gaps, _our_methods(list(goals), **neighbours))
        elif part == "derived":
            results[part] = {
                "hm": score(hours, ["hm"], sizes.gaps, _humidity_methods()),
                "wd": score(hours, ["wd"], sizes.gaps, _direction_methods(hours)),
                "hours": int(hours["wd"].notna().sum()),
                "calm_is_0": float(((hours["ws"] < CALM) == (hours["wd"] == 0))[hours["wd"].notna()].mean()),
            }
        elif part == "records":
            results[part] = {
                name: _scored(
                    all_hours[all_hours["tm"].between(*period, inclusive="left")],
                    list(GOALS),
                    sizes.gaps,
                    _our_methods(list(GOALS)),
                    lengths=sizes.lengths_of_records,
                )
                for name, period in RECORDS.items()
            }
        elif part == "picture":
            results[part] = _typical_gap(_related_hours())
        else:
            column = part.removeprefix("peers-")
            methods = {name: _our_methods([column])[name] for name in (PINNED, OURS)}
            results[part] = score(hours, [column], sizes.gaps_of_peers, methods | _peers(column))
    return results


def meets_goals(results: dict[str, Any]) -> bool:
    """Tell whether every goal is met."""
    rows = [*_against_goals(results, "goals", GOALS), *_against_goals(results, "alone", GOALS_ALONE)]
    met = [row["met"] and row["calibrated"] for row in rows]
    met += [row["met"] for column in GOALS for row in _against_peers(results, column)]
    met += [row["met"] and row["calibrated"] for row in _humidity_by_length(results)]
    return all(met)


def document(results: dict[str, Any]) -> list[str | Table]:
    """Return what was measured as paragraphs and tables."""
    what = f"{results['rows']:,} hours of {results['stations']} stations"
    document: list[str | Table] = [
        f"{what} of the published files since {SINCE}, seed {SEED}."
        if results["real"]
        else f"{what}, made up: the published files were not taken (`EDL_REAL_DATA` names their folder). The goals are "
        "not meant for these hours."
    ]
    for part, goals, heading in (
        ("goals", GOALS, "Optimal interpolation against the pinned rule"),
        ("alone", GOALS_ALONE, "Without neighbours"),
    ):
        if part in results:
            document += [f"{heading}:", _table_of_goals(_against_goals(results, part, goals))]
    if "derived" in results:
        derived = results["derived"]
        document += [
            "Humidity where the temperature is observed:",
            table(
                _humidity_by_length(results),
                ("hours missing", "{length}"),
                ("gaps", "{gaps:,}"),
                ("directly", "{_direct:.3f}"),
                ("through the dew point", "{_dew_point:.3f}"),
                ("through humidity at 0 °C", "{rmse:.3f} ± {rmse_se:.3f}"),
                ("÷ directly", "{ratio:.3f}"),
                ("goal", "{goal:.2f}"),
                ("met", "{met}"),
                ("in 90 %", "{coverage:.1%}"),
                ("as meant", "{calibrated}"),
            ),
            "Wind direction where the speed is observed, mean absolute error in degrees:",
            table(
                _errors_by_length(derived["wd"], "mae"),
                ("hours missing", "{length}"),
                ("last direction", "{_last:.1f}"),
                ("vector, pinned rule", "{_pinned:.1f}"),
                ("vector, linear", "{_linear:.1f}"),
                ("vector, optimal interpolation", "{_optimal:.1f}"),
            ),
            f"The direction is 0 where the speed is below {CALM} m/s, and nowhere else: in {derived['calm_is_0']:.3%} "
            f"of {derived['hours']:,} hours.",
        ]
    for column in GOALS:
        if rows := _against_peers(results, column):
            document += [
                f"Others on the same hidden hours, RMSE of `{column}`:",
                *_tables_of_peers(results, column, rows),
            ]
    if "records" in results:
        document += [
            "Shorter and longer records:",
            table(
                [row | {"of": name} for name, scores in results["records"].items() for row in _by_length(scores)],
                ("record", "{of}"),
                ("column", "{column}"),
                *_COMPARED,
                *_CALIBRATED,
            ),
        ]
    if "picture" in results:
        document += [
            f"The picture's gap of {SHOWN_HOURS} hours, of made-up stations:",
            table(results["picture"]["fills"], ("method", "{method}"), ("RMSE", "{rmse:.2f}")),
        ]
    return document


def draw(results: dict[str, Any], folder: Path) -> None:
    """Draw the gap that was filled in six ways."""
    if "picture" in results:
        draw_fills(results["picture"], folder)


# What is measured


def _hours(*, real: bool) -> pd.DataFrame:
    """Return the hours of all stations, those that are absent inserted."""
    rows = read_asos_files(str(REAL_DATA / "*.csv")).table if real else asos_sample_table(stations=SAMPLE_STATIONS[:3])
    return complete_hours(rows.select(["stnNm", "tm", *GOALS, "wd"])).to_pandas()


class _Clocked:
    """A method that counts the processor's seconds of its calls."""

    def __init__(self, fill: Callable[[pd.DataFrame], tuple[pd.DataFrame, float] | pd.DataFrame]) -> None:
        self._fill = fill
        self.cpu_seconds = 0.0

    def __call__(self, masked: pd.DataFrame) -> pd.DataFrame:
        begin = process_time()
        answer = self._fill(masked)
        filled, elsewhere = answer if isinstance(answer, tuple) else (answer, 0.0)
        self.cpu_seconds += elsewhere or process_time() - begin
        return filled


def _our_methods(columns: list[str], **options: Any) -> dict[str, _Clocked]:
    bounds = {name: (ASOS_COLUMNS[name].low, ASOS_COLUMNS[name].high) for name in columns}
    fill = partial(impute_missing_values, columns=columns, bounds=bounds)
    ours = partial(fill, method="optimal_interpolation", **options)
    return {
        PINNED: _Clocked(fill),
        OURS: _Clocked(partial(ours, interval=0.9)),
        "50 %": _Clocked(partial(ours, interval=0.5)),
    }


def _humidity_methods() -> dict[str, _Clocked]:
    """Return how humidity is filled without the temperature, and with it in two ways."""
    directly = partial(impute_missing_values, method="optimal_interpolation", interval=0.9)

    def through_dew_point(masked: pd.DataFrame) -> pd.DataFrame:
        # Over water, WMO-No. 8 (2014), annex 4.B.
        magnus = 17.62 * masked["ta"] / (243.12 + masked["ta"])
        vapour = np.log(masked["hm"] / 100) + magnus
        filled = directly(masked.assign(td=243.12 * vapour / (17.62 - vapour)), ["td"])
        back = {
            f"hm{end}": (100 * np.exp(17.62 * td / (243.12 + td) - magnus)).clip(0, 100)
            for end in ("", "_low", "_high")
            for td in [filled[f"td{end}"]]
        }
        return masked.assign(**back | {"hm": masked["hm"].fillna(back["hm"])})

    return {
        "direct": _Clocked(partial(directly, columns=["hm"], bounds={"hm": (0, 100)})),
        "dew_point": _Clocked(through_dew_point),
        OURS: _Clocked(lambda masked: impute(masked, ["hm"], interval=0.9).frame),
    }


def _direction_methods(hours: pd.DataFrame) -> dict[str, _Clocked]:
    """Return ways to fill the wind direction; 350 degrees instead of 10 are an error of 20."""
    truth = hours["wd"].reset_index(drop=True)

    def through_vector(masked: pd.DataFrame, **options: Any) -> pd.Series:
        u, v = wind_vector(masked["wd"].to_numpy(), masked["ws"].to_numpy())
        filled = impute_missing_values(masked.assign(u=u, v=v), ["u", "v"], **options)
        return wind_direction(filled["u"].to_numpy(), filled["v"].to_numpy(), masked["ws"].to_numpy())

    def last(masked: pd.DataFrame) -> pd.Series:
        before = masked["wd"].where(masked["wd"] > 0).groupby(masked["stnNm"]).ffill()
        return before.where(masked["ws"] >= CALM, 0)

    def the_short_way(fill: Callable[[pd.DataFrame], Any], masked: pd.DataFrame) -> pd.DataFrame:
        error = (fill(masked) - truth + 180) % 360 - 180
        return masked.assign(wd=masked["wd"].fillna(truth + error))

    ways = {
        "last": last,
        "pinned": through_vector,
        "linear": partial(through_vector, method="linear"),
        "optimal": lambda masked: impute(masked, ["wd"]).frame["wd"],
    }
    return {name: _Clocked(partial(the_short_way, fill)) for name, fill in ways.items()}


def _peers(column: str) -> dict[str, _Clocked]:
    """Return the other imputers; those of other libraries where the environment of `make peers` is there."""
    here = {name: partial(way, column=column) for name, way in WAYS.items() if name not in OF_OTHER_LIBRARIES}
    there = OF_OTHER_LIBRARIES if PEERS_PYTHON.exists() else ()
    return {
        name: _Clocked(way)
        for name, way in (here | {name: partial(_elsewhere, name, column) for name in there}).items()
    }


def _elsewhere(way: str, column: str, masked: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Fill in the environment of `make peers`, on one core as all others; return the processor's seconds besides."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "masked.arrow")
        masked.to_feather(file)
        command = [PEERS_PYTHON, HERE / "other_fills.py", file, way, column]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        seconds = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
        return pd.read_feather(file), float(seconds)


def _related_hours() -> pd.DataFrame:
    """Return made-up temperatures of stations that share most of their weather with a further one."""
    made_up = complete_hours(asos_sample_table(stations=SAMPLE_STATIONS[:4]).select(["stnNm", "tm", "ta"])).to_pandas()
    own = made_up.pivot(index="tm", columns="stnNm", values="ta")[[station.name for station in SAMPLE_STATIONS[:4]]]
    common = own.pop(SAMPLE_STATIONS[3].name)
    mixed = own.mul(1 - SHARED).add(SHARED * common, axis=0)
    return mixed.melt(var_name="stnNm", value_name="ta", ignore_index=False).reset_index()


def _typical_gap(hours: pd.DataFrame) -> dict[str, Any]:
    """Fill gaps of one station in six ways, and return that in which all RMSE are most like their medians."""
    truth = hours["ta"].to_numpy()
    stations = hours["stnNm"].to_numpy()
    size = int((stations == stations[0]).sum())
    starts = range(HOURS_BETWEEN, size - HOURS_BETWEEN, HOURS_BETWEEN)
    gaps = [slice(at, at + SHOWN_HOURS) for at in starts if np.isfinite(truth[at - 48 : at + SHOWN_HOURS + 48]).all()]
    hidden = truth.copy()
    for gap in gaps:
        hidden[gap] = np.nan
    masked, peers = hours.assign(ta=hidden), _peers("ta")
    learnt = "gradient boosting" if "gradient boosting" in peers else "cubic"
    methods = {
        PINNED: _our_methods(["ta"])[PINNED],
        **{name: peers[name] for name in ("linear", learnt, "climatology + anomaly")},
        f"{OURS}, without neighbours": _our_methods(["ta"], neighbours=0)[OURS],
        f"{OURS}, with neighbours": _our_methods(["ta"])[OURS],
    }
    filled = {name: fill(masked) for name, fill in methods.items()}
    squares = [(frame["ta"].to_numpy() - truth) ** 2 for frame in filled.values()]
    errors = np.sqrt([[square[gap].mean() for gap in gaps] for square in squares])
    unlike_median = np.abs(np.log(errors / np.median(errors, axis=1, keepdims=True))).sum(axis=0)
    typical = int(unlike_median.argmin())
    gap = gaps[typical]
    shown = slice(gap.start - 48, gap.stop + 48)
    return {
        "stamps": hours["tm"][shown].astype(str).tolist(),
        "truth": truth[shown].tolist(),
        "hidden": [gap.start - shown.start, gap.stop - shown.start],
        "fills": [
            {"method": name, "rmse": float(error)}
            | {
                column: frame[column][gap].tolist()
                for column in ("ta", "ta_low", "ta_high")
                if column in frame and frame[column][gap].notna().all()
            }
            for (name, frame), error in zip(filled.items(), errors[:, typical], strict=True)
        ],
    }


def _scored(
    hours: pd.DataFrame, columns: list[str], gaps: int, methods: Mapping[str, _Clocked], *, lengths: tuple[int, ...]
) -> dict[str, Any]:
    """Return the scores over all stations, and the processor's seconds of each method per length."""
    hours = hours.reset_index(drop=True)
    card = score_imputation(hours, columns, methods=methods, gap_lengths=lengths, gaps=gaps, seed=SEED)
    scores = [row for row in card.table.to_pylist() if row["station"] is None and row["gaps"]]
    return {"scores": scores, "cpu_seconds": {name: one.cpu_seconds / len(lengths) for name, one in methods.items()}}


# What it means


def _by_length(part: dict[str, Any]) -> list[dict[str, Any]]:
    """Return, per column and length, the errors of the pinned rule and of optimal interpolation, and the coverage."""
    found = {(row["column"], row["length"], row["method"]): row for row in part["scores"]}
    rows = []
    for (column, length, method), ours in found.items():
        if method == OURS:
            pinned, half = found[column, length, PINNED], found[column, length, "50 %"]["coverage"]
            rows.append(
                ours
                | {
                    "pinned": pinned["rmse"],
                    "pinned_se": pinned["rmse_se"],
                    "ratio": ours["rmse"] / pinned["rmse"],
                    "covered_90": ours["coverage"],
                    "covered_50": half,
                    "calibrated": abs(ours["coverage"] - 0.9) <= TOLERANCE_90 and abs(half - 0.5) <= TOLERANCE_50,
                }
            )
    return rows


def _against_goals(results: dict[str, Any], part: str, goals: Mapping[str, tuple[float, ...]]) -> list[dict[str, Any]]:
    rows = _by_length(results[part]) if part in results else []
    for row in rows:
        row["goal"] = goals[row["column"]][LENGTHS.index(row["length"])]
        row["met"] = row["ratio"] <= row["goal"]
    return rows


def _against_peers(results: dict[str, Any], column: str) -> list[dict[str, Any]]:
    """Return, per length, optimal interpolation against the best of the others."""
    by_length: dict[int, dict[str, float]] = {}
    for row in results.get(f"peers-{column}", {"scores": []})["scores"]:
        by_length.setdefault(row["length"], {})[row["method"]] = row["rmse"]
    rows = []
    for length, errors in by_length.items():
        best = min((name for name in errors if name not in (PINNED, OURS)), key=errors.__getitem__)
        ratio = errors[OURS] / errors[best]
        met = ratio <= MOST_OF_BEST_PEER[column]
        rows.append({"length": length, "errors": errors, "best": best, "ratio": ratio, "met": met})
    return rows


def _errors_by_length(part: dict[str, Any], score: str) -> list[dict[str, Any]]:
    """Return, per length, the error of each method."""
    by_length: dict[int, dict[str, Any]] = {}
    for row in part["scores"]:
        by_length.setdefault(row["length"], {"length": row["length"]})[f"_{row['method']}"] = row[score]
    return list(by_length.values())


def _humidity_by_length(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Return, per length, humidity filled with the temperature against without."""
    if "derived" not in results:
        return []
    part = results["derived"]["hm"]
    ours = [row for row in part["scores"] if row["method"] == OURS]
    rows = [errors | row for errors, row in zip(_errors_by_length(part, "rmse"), ours, strict=True)]
    for row in rows:
        row |= {"ratio": row["rmse"] / row["_direct"], "goal": GOAL_DERIVED}
        row |= {"met": row["ratio"] <= GOAL_DERIVED, "calibrated": abs(row["coverage"] - 0.9) <= TOLERANCE_90}
    return rows


_COMPARED = (
    ("hours missing", "{length}"),
    ("gaps", "{gaps:,}"),
    ("pinned rule", "{pinned:.3f} ± {pinned_se:.3f}"),
    ("optimal interpolation", "{rmse:.3f} ± {rmse_se:.3f}"),
    ("÷", "{ratio:.3f}"),
)
_CALIBRATED = (("in 90 %", "{covered_90:.1%}"), ("in 50 %", "{covered_50:.1%}"), ("as meant", "{calibrated}"))


def _table_of_goals(rows: list[dict[str, Any]]) -> Table:
    return table(rows, ("column", "{column}"), *_COMPARED, ("goal", "{goal:.2f}"), ("met", "{met}"), *_CALIBRATED)


def _tables_of_peers(results: dict[str, Any], column: str, rows: list[dict[str, Any]]) -> list[str | Table]:
    seconds = results[f"peers-{column}"]["cpu_seconds"]
    errors = [
        {"method": name, "seconds": seconds[name]} | {f"_{row['length']}": row["errors"][name] for row in rows}
        for name in seconds
    ]
    return [
        table(
            errors,
            ("method", "{method}"),
            *((f"{row['length']} h", f"{{_{row['length']}:.3f}}") for row in rows),
            ("CPU s", "{seconds:.2f}"),
        ),
        "Optimal interpolation ÷ the best of the others: "
        + "; ".join(
            f"{row['length']} h {row['ratio']:.2f} ({row['best']}{'' if row['met'] else ', goal missed'})"
            for row in rows
        )
        + ".",
    ]


if __name__ == "__main__":
    raise SystemExit(harness.run())
