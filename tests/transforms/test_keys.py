"""Which columns a call means: fields of ASOS, also under the portal's headings, and levels of an index of pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import GapModel, complete_hours, impute, impute_missing_values, score_imputation
from energy_data_layer.engine.equality import assert_equal_answers
from energy_data_layer.engine.shadow.case import keep_smallest_case, read_case
from energy_data_layer.engine.shadow.comparer import seen, settle
from energy_data_layer.errors import (
    ColumnKindError,
    ColumnNotFoundError,
    DuplicateKeyError,
    OffGridError,
    OptionError,
)
from energy_data_layer.transforms.registry import TRANSFORMS

HEADINGS = {
    "stnId": "지점",
    "stnNm": "지점명",
    "tm": "일시",
    "ta": "기온(°C)",
    "taQcflg": "기온 QC플래그",
    "rn": "강수량(mm)",
    "ws": "풍속(m/s)",
    "wd": "풍향(16방위)",
    "hm": "습도(%)",
}
KINDS = {"pandas": lambda frame: frame, "polars": pl.DataFrame, "pyarrow": pa.Table.from_pandas}


def fields(count: int = 400) -> pd.DataFrame:
    """A frame of two stations under the names of the fields, as pandas reads the portal's export."""
    chance = np.random.default_rng(3)
    hours = pd.date_range("2024-01-01", periods=count, freq="h")
    day = np.sin(2 * np.pi * np.arange(count) / 24)
    parts = []
    for number, name in ((108, "서울"), (112, "인천")):
        ta = (5 * day + chance.normal(0, 0.5, count)).round(1)
        part = pd.DataFrame({"stnId": number, "stnNm": name, "tm": hours.strftime("%Y-%m-%d %H:%M"), "ta": ta})
        part["taQcflg"] = np.where(chance.random(count) < 0.9, np.nan, 1.0)
        part["rn"] = np.where(chance.random(count) < 0.9, np.nan, 0.5)
        part["ws"] = chance.uniform(1, 5, count).round(1)
        part["wd"] = 270 + chance.integers(-2, 3, count) * 20.0
        part["hm"] = (60 - 3 * ta + chance.normal(0, 1, count)).round()
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    frame.loc[50:58, ["ta", "hm"]] = np.nan
    frame.loc[200:202, ["wd", "hm"]] = np.nan
    return frame.drop(index=[20, 21, 300])


def renamed(answer):
    """Return an answer under the portal's headings."""
    made = {f"{field}{suffix}": f"{heading}{suffix}" for field, heading in HEADINGS.items() for suffix in ENDS}
    if isinstance(answer, pa.Table):
        return answer.rename_columns([made[name] for name in answer.column_names])
    return answer.rename(columns=made) if isinstance(answer, pd.DataFrame) else answer.rename(made, strict=False)


ENDS = ("", "_provenance", "_low", "_high")


@pytest.fixture(params=KINDS)
def both(request):
    """One frame under the names of the fields and under the portal's headings."""
    make = KINDS[request.param]
    frame = fields().reset_index(drop=True)
    return make(frame), make(frame.rename(columns=HEADINGS))


def test_a_frame_of_the_portal_is_completed(both, engine):
    plain, portal = (complete_hours(frame, use_rust=engine) for frame in both)
    assert_equal_answers(renamed(plain), portal)
    assert len(portal) == len(both[1]) + 3


def test_a_frame_of_the_portal_is_filled(both, engine):
    answers = [impute_missing_values(frame, provenance=True, report=True, use_rust=engine) for frame in both]
    assert_equal_answers(renamed(answers[0][0]), answers[1][0])
    assert list(answers[1][1].columns) == ["기온(°C)", "습도(%)"]


def test_what_a_field_is_counts_under_its_heading(both, engine):
    """No precipitation and no flag is filled, humidity and direction are through others, within their bounds."""
    plain, portal = (impute(complete_hours(frame, use_rust=engine), interval=0.9, use_rust=engine) for frame in both)
    assert list(portal.report.columns) == ["기온(°C)", "풍속(m/s)", "풍향(16방위)", "습도(%)"]
    assert_equal_answers(renamed(plain.frame), portal.frame)
    assert [one.filled for one in portal.report.columns.values()] == [
        one.filled for one in plain.report.columns.values()
    ]
    assert portal.model.facts["columns"][-3:] == ["풍향(16방위)_u", "풍향(16방위)_v", "습도(%)_reduced"]
    again = impute(complete_hours(both[1], use_rust=engine), interval=0.9, model=portal.model, use_rust=engine)
    assert_equal_answers(portal.frame, again.frame)


def test_history_model_and_scores(engine):
    frame = fields().rename(columns=HEADINGS)
    past = frame.assign(일시=frame["일시"].str.replace("2024", "2023"))
    filled = impute_missing_values(frame, history=past, use_rust=engine)
    assert_equal_answers(filled, impute_missing_values(frame, ["기온(°C)", "습도(%)"], "일시", "지점명", history=past))
    assert GapModel.fit(frame, history=past, use_rust=engine).facts["columns"] == ["기온(°C)", "습도(%)"]
    card = score_imputation(frame, methods=["linear"], gap_lengths=[3], gaps=3, use_rust=engine)
    assert set(card.table["station"].to_pylist()) == {None, "서울", "인천"}


def test_the_number_is_the_station_where_there_is_no_name(engine):
    frame = fields().rename(columns=HEADINGS)
    completed = complete_hours(frame.drop(columns="지점명"), use_rust=engine)
    assert_equal_answers(complete_hours(frame, use_rust=engine).drop(columns="지점명"), completed)


@pytest.mark.parametrize(
    ("option", "value"), [("station_col", "stnNm"), ("date_col", "tm"), ("columns", ["ta"]), ("columns", ("ta", "hm"))]
)
def test_an_argument_is_taken_as_it_is(option, value, engine):
    frame = fields().rename(columns=HEADINGS)
    with pytest.raises(ColumnNotFoundError, match=f'column "{value if isinstance(value, str) else "ta"}" is not in'):
        impute_missing_values(frame, **{option: value}, use_rust=engine)


def test_a_column_of_the_field_s_own_name_is_the_one(engine):
    frame = fields().assign(일시="no stamp", 지점명=1, **{"기온(°C)": -1.0})
    assert_equal_answers(
        impute_missing_values(fields(), use_rust=engine),
        impute_missing_values(frame, use_rust=engine).drop(columns=["일시", "지점명", "기온(°C)"]),
    )


@pytest.mark.parametrize(
    ("heading", "field", "option"), [(" 일시", "tm", "date_col"), ("기온", "ta", "columns"), ("지점명 ", "stnNm", "")]
)
def test_two_columns_that_may_be_one_field(heading, field, option, engine):
    frame = fields().rename(columns=HEADINGS).assign(**{heading: 1})
    with pytest.raises(OptionError) as caught:
        impute_missing_values(frame, use_rust=engine)
    assert str(caught.value) == (
        f'several columns of the frame may be {field}: "{HEADINGS[field]}", "{heading}"; '
        f"say which by {option or 'station_col'}"
    )


def test_other_frames_are_told_the_likely_keys(engine):
    frame = pd.DataFrame({"발전소": ["a"], "일시": ["2024-01-01 00:00"], "ta": [1.0]})
    with pytest.raises(ColumnNotFoundError, match=r'perhaps station_col="발전소", date_col="일시"$'):
        complete_hours(frame, use_rust=engine)
    with pytest.raises(ColumnNotFoundError, match=r'is not in the history; .*; perhaps date_col="일시"$'):
        impute_missing_values(frame, ["ta"], station_col="발전소", history=frame[["일시", "ta"]], use_rust=engine)


def test_a_direction_under_its_heading_is_no_column_for_optimal_interpolation():
    frame = fields().rename(columns=HEADINGS)
    with pytest.raises(ColumnKindError, match=r'column "풍향\(16방위\)" .* beside the column "풍속\(m/s\)"'):
        impute_missing_values(frame, ["풍향(16방위)"], method="optimal_interpolation")


def test_two_partners_are_none(engine):
    """Where two columns may be the temperature, humidity is filled by itself."""
    frame = fields().rename(columns=HEADINGS).assign(기온=1.0)
    result = impute(frame.drop(columns="풍향(16방위)"), ["습도(%)"], use_rust=engine)
    assert result.model.facts["columns"] == ["습도(%)"]


def test_files_of_the_portal_as_pandas_reads_them(real_data_folder, engine):
    (path,) = (real_data_folder / "asos_week_95_stations").glob("*.csv")
    result = impute(complete_hours(pd.read_csv(path, encoding="cp949"), use_rust=engine), use_rust=engine)
    assert "기온(°C)" in result.report.columns
    assert not {"강수량(mm)", "일조(hr)", "일사(MJ/m2)", "적설(cm)", "기온 QC플래그"} & set(result.report.columns)


# Keys in the index


def series(**columns) -> pd.DataFrame:
    """Return hours of one place, the hours in the index."""
    day = np.sin(2 * np.pi * np.arange(400) / 24)
    frame = pd.DataFrame({"ta": 5 * day, **columns}, pd.date_range("2024-01-01", periods=400, freq="h"))
    frame.iloc[50:59, 0] = np.nan
    return frame


def test_an_index_of_hours_is_the_stamps(engine):
    frame = series(rn=np.nan)
    frame.attrs["source"] = "mast"
    result = impute(frame, station_col=None, interval=0.9, use_rust=engine)
    assert result.frame.index is frame.index
    assert result.frame.columns.tolist() == ["ta", "ta_provenance", "ta_low", "ta_high", "rn"]
    assert result.frame.attrs == frame.attrs
    assert result.model.describe()["stations"] == result.report.stations == 1
    model = GapModel.fit(frame, ["ta"], station_col=None, use_rust=engine)
    again = impute(frame, ["ta"], station_col=None, model=model, interval=0.9, use_rust=engine)
    pd.testing.assert_frame_equal(again.frame, result.frame, check_exact=True)


def test_scores_of_a_series(engine):
    seen = []

    def mean(frame):
        seen.append(frame.columns.tolist())
        return frame.fillna({"ta": 0.0})

    options = {"methods": ["linear", mean], "gap_lengths": [3], "gaps": 3, "use_rust": engine}
    plain = series().rename_axis("tm").reset_index().assign(stnNm="the series")
    expected = score_imputation(plain, ["ta"], **options).table
    card = score_imputation(series(), ["ta"], station_col=None, **options).table
    assert set(card["station"].to_pylist()) == {None, "the series"}
    assert card.equals(expected)
    assert seen[-1] == ["tm", "ta"]


def test_an_index_without_holes_stays_the_same_object(engine):
    frame = series()
    assert complete_hours(frame, station_col=None, use_rust=engine).index is frame.index
    completed = complete_hours(frame.drop(frame.index[3:5]), station_col=None, use_rust=engine)
    assert type(completed.index) is pd.DatetimeIndex
    assert completed.index.equals(frame.index)


def test_a_further_level_stays_one(engine):
    frame = series().assign(site="a", region="north").set_index(["region", "site"], append=True)
    completed = complete_hours(frame.drop(frame.index[3:5]), station_col="site", use_rust=engine)
    assert completed.index.names == [None, "region", "site"]
    assert completed.index.equals(frame.index)


def test_levels_of_one_name_are_no_key_and_stay(engine):
    frame = series().assign(x="a", y="b", site="c").set_index(["x", "y", "site"], append=True)
    frame.index.names = ["tm", "x", "x", "site"]
    completed = complete_hours(frame.drop(frame.index[3:5]), station_col="site", use_rust=engine)
    assert completed.index.equals(frame.index)
    assert completed.index.names == frame.index.names
    with pytest.raises(ColumnNotFoundError, match='column "x" is not in the frame'):
        complete_hours(frame, station_col="x", use_rust=engine)


def test_an_index_of_texts_under_the_portal_s_heading(engine):
    frame = fields().rename(columns=HEADINGS)
    completed = complete_hours(frame, use_rust=engine)
    indexed = complete_hours(frame.set_index("일시"), use_rust=engine)
    pd.testing.assert_frame_equal(indexed, completed.set_index("일시"), check_exact=True)
    both = complete_hours(frame.set_index(["지점", "일시"]), use_rust=engine)
    pd.testing.assert_frame_equal(both, completed.set_index(["지점", "일시"]), check_exact=True)


def test_columns_go_before_the_index_and_headings_have_to_be_told_from_it(engine):
    frame = series(일시="no stamp")
    with pytest.raises(OptionError, match='the index and the column "일시" may both be tm; say which by date_col'):
        complete_hours(frame, station_col=None, use_rust=engine)
    named = frame.rename_axis("time")
    assert_equal_answers(
        complete_hours(named[["ta"]], station_col=None, use_rust=engine),
        complete_hours(named, "time", None, use_rust=engine)[["ta"]],
    )
    shifted = frame.assign(tm=frame.index + pd.Timedelta(30, "min"))
    with pytest.raises(OffGridError):
        complete_hours(shifted, station_col=None, use_rust=engine)
    assert len(complete_hours(shifted, station_col=None, freq="30min", use_rust=engine)) == 799


def test_no_station_is_not_one_station(engine):
    with pytest.raises(ColumnNotFoundError) as caught:
        complete_hours(series(), use_rust=engine)
    assert str(caught.value) == (
        'column "stnNm" is not in the frame; its columns are: ta; station_col=None takes the frame as one series'
    )
    two = pd.concat([series(), series()])
    with pytest.raises(DuplicateKeyError, match="the series 2024-01-01 00:00:00"):
        impute_missing_values(two, ["ta"], station_col=None, use_rust=engine)


def test_an_argument_is_no_level_of_another_name(engine):
    with pytest.raises(ColumnNotFoundError, match=r'column "hour" is not in the frame; its columns are: ta'):
        complete_hours(series(), "hour", None, use_rust=engine)
    assert len(complete_hours(series().rename_axis("hour"), "hour", None, use_rust=engine)) == 400


@pytest.mark.needs_rust
def test_shadow_mode_sees_the_keys(monkeypatch):
    monkeypatch.setenv("USE_RUST", "shadow")
    before = seen().compared
    frame = series().assign(site="a").set_index("site", append=True)
    for _ in range(2):
        impute_missing_values(frame, ["ta"], history=series().assign(site="b").set_index("site", append=True))
        complete_hours(series(), station_col=None)
    settle(seen())
    assert seen().compared - before == 4
    assert not seen().mismatches


@pytest.mark.needs_rust
def test_a_case_of_one_series_is_kept_whole(monkeypatch, tmp_path):
    arguments = {"df": pa.table({"tm": pd.date_range("2024-01-01", periods=3, freq="h"), "ta": [1.0, None, 2.0]})}
    monkeypatch.setenv("USE_RUST_SHADOW_FOLDER", str(tmp_path / "cases"))
    arguments |= {"columns": ("ta",), "date_col": "tm", "station_col": None}
    folder = keep_smallest_case(impute_missing_values, arguments)
    function, kept = read_case(folder, TRANSFORMS)
    assert function is impute_missing_values
    assert kept["station_col"] is None
    assert kept["df"].equals(arguments["df"])


@pytest.mark.parametrize("heading", ["기온(°C)", "기온(℃)", "기온( ºC )", "기온(C)", "기온"])
def test_a_heading_has_the_bounds_of_its_field_in_the_unit_of_the_field(heading):
    frame = fields().rename(columns={"ta": heading})
    assert impute(frame, [heading]).report.columns[heading].clipped == 0
    frame[heading] += 100
    assert impute(frame, [heading]).report.columns[heading].clipped > 0


@pytest.mark.parametrize("heading", ["기온(K)", "기온(°F)", "기온 (예보)"])
def test_a_heading_with_another_unit_is_another_column(heading):
    frame = fields().rename(columns={"ta": heading})
    frame[heading] += 273.15
    result = impute(frame, [heading])
    assert result.report.columns[heading].clipped == 0
    assert result.frame[heading].between(250, 300).all()
    with pytest.raises(ColumnNotFoundError):
        impute_missing_values(frame)


@pytest.mark.parametrize("levels", [["file", "tm"], [None, "tm"]])
def test_a_level_beside_a_column_of_stations_has_to_be_told_from_it(levels):
    frame = fields().rename(columns={"stnNm": "지점명"}).drop(columns="stnId")
    frame["tm"] = pd.to_datetime(frame["tm"])
    frame = frame.set_index([np.arange(len(frame)) // 300, "tm"]).rename_axis(levels)
    with pytest.raises(
        OptionError, match='the index and the column "지점명" may both be stnNm; say which by station_col'
    ):
        impute_missing_values(frame, ["ta"])
    assert impute_missing_values(frame, ["ta"], station_col="지점명", report=True)[1].stations == 2
