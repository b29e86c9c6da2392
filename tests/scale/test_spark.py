"""The transforms on Spark's frames have the bits, the types and the errors of one process."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from local_spark import local_spark, require_spark

import energy_data_layer as edl
from energy_data_layer import spark
from energy_data_layer.errors import (
    ColumnNotFoundError,
    ColumnTypeError,
    FrameTypeError,
    MarkerError,
    OptionError,
)

from ..divided import assert_same_bits, stations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame, SparkSession

HOURS, PARTITIONS = 800, 6

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A Spark on two threads, each with a Python of its own, which tries a task three times."""
    require_spark()
    folder = tmp_path_factory.mktemp("spark")
    # A short-lived Java does without its slower, better compiler.
    with local_spark(folder, "600m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC") as running:
        yield running


def shuffled(names: str = "abcdef") -> pa.Table:
    table = stations(names, HOURS)
    return table.take(np.random.default_rng(5).permutation(table.num_rows))


def spread(session: SparkSession, table: pa.Table) -> DataFrame:
    """Return a frame whose rows lie anywhere: each station in all partitions, and one partition empty."""
    from pyspark.sql import functions as F  # noqa: N812

    df = session.createDataFrame(table)
    naive = [field.name for field in table.schema if field.type == pa.timestamp("us")]
    # `createDataFrame` takes stamps without a zone for those of the session's.
    df = df.withColumns({name: df[name].cast("timestamp_ntz") for name in naive})
    number = (F.monotonically_increasing_id() % (PARTITIONS - 1)).cast("int")
    return df.withColumn("part", number).repartitionById(PARTITIONS, "part").drop("part")


def on_spark(type_: pa.DataType) -> pa.DataType:
    """Return what Spark has for a type."""
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", type_.tz)
    return {pa.large_string(): pa.string(), pa.uint8(): pa.int8()}.get(type_, type_)


def assert_same(ours: DataFrame | pa.Table, theirs: pa.Table, *by: str) -> None:
    ours = ours if isinstance(ours, pa.Table) else ours.toArrow()
    theirs = theirs.cast(pa.schema([(field.name, on_spark(field.type)) for field in theirs.schema]))
    assert_same_bits(ours, theirs, *by)


OPTIONS = [
    {},
    {"max_gap": 12, "bounds": {"hm": (59, 61)}, "missing_values": {"ta": [], "hm": [60.5]}, "interval": 0.9},
    {"method": "linear", "provenance": False},
]


@pytest.mark.parametrize("options", OPTIONS, ids=["default", "options", "linear"])
def test_impute(session, engine, options):
    table = shuffled()
    options = {"provenance": True, "use_rust": engine} | options
    whole = edl.impute_missing_values(table, **options)
    assert_same(spark.impute_missing_values(spread(session, table), **options), whole, "row")


@pytest.mark.parametrize("interval", [None, 0.9])
def test_impute_beside_neighbours(session, engine, interval):
    table = shuffled()
    model = edl.GapModel.fit(table, use_rust=engine)
    options = {"method": "optimal_interpolation", "model": model, "interval": interval, "use_rust": engine}
    whole, report = edl.impute_missing_values(table, provenance=True, report=True, **options)
    assert report.columns["ta"].filled["optimal_interpolation_neighbours"] > 100
    assert report.columns["hm"].filled["global_mean"] == HOURS
    assert_same(spark.impute_missing_values(spread(session, table), provenance=True, **options), whole, "row")


def test_types_stay(session):
    from pyspark.sql import functions as F  # noqa: N812

    df = spread(session, shuffled("ef")).withColumns(
        {
            "stnNm": F.when(F.col("stnNm") == "e", 90).otherwise(108),
            "tm": F.col("tm").cast("timestamp"),
            "ta": F.col("ta").cast("decimal(6,2)"),
            "hm": F.col("hm").cast("float"),
            "kind of station": F.array(F.struct(F.lit(True).alias("manned"), F.current_date().alias("since"))),
        }
    )
    df = df.localCheckpoint()
    whole = edl.impute_missing_values(df.toArrow(), provenance=True)
    filled = spark.impute_missing_values(df, provenance=True)
    assert dict(filled.dtypes) == dict(df.dtypes) | {
        **dict.fromkeys(("ta", "hm"), "double"),
        **dict.fromkeys(("ta_provenance", "hm_provenance"), "tinyint"),
    }
    assert_same(filled, whole, "row")


def test_a_frame_without_rows(session):
    df = spread(session, shuffled()).where("stnNm = 'z'")
    assert_same(
        spark.impute_missing_values(df, provenance=True),
        edl.impute_missing_values(shuffled()[:0], provenance=True),
        "row",
    )


def test_what_columns_and_options_tell_is_told_at_once(session):
    df = spread(session, shuffled())
    with pytest.raises(OptionError, match=r"needs model= on Spark: fit it once"):
        spark.impute_missing_values(df, method="optimal_interpolation")
    with pytest.raises(OptionError, match=r"max_spline_gap is -1"):
        spark.impute_missing_values(df, max_spline_gap=-1)
    with pytest.raises(OptionError, match=r'"raise" or "missing"'):
        spark.transform_wide_to_long(df, coerced="warn")
    with pytest.raises(ColumnTypeError, match=r'"ta" of the frame is of type string; .* cast it to double'):
        spark.impute_missing_values(df.withColumn("ta", df["ta"].cast("string")))
    with pytest.raises(ColumnNotFoundError, match=r'"ws" is not in the frame'):
        spark.impute_missing_values(df, ["ws"])
    with pytest.raises(ColumnTypeError, match=r'"tm" of the frame is of type string; convert it by to_timestamp_ntz'):
        spark.complete_hours(df.withColumn("tm", df["tm"].cast("string")))
    with pytest.raises(FrameTypeError, match=r"accepted is pyspark.sql.DataFrame"):
        spark.complete_hours(shuffled())


def test_a_number_that_stands_for_a_missing_one_is_found_in_the_whole_column(session):
    table = shuffled()
    for rows, found in (([7, 5 * HOURS], True), ([7], False)):
        marked = pc.if_else(pc.is_in(table["row"], pa.array(rows)), -99.9, table["ta"])
        one = table.set_column(2, "ta", marked)
        df = spread(session, one)
        if found:
            with pytest.raises(MarkerError) as whole:
                edl.impute_missing_values(one)
            with pytest.raises(MarkerError) as error:
                spark.impute_missing_values(df)
            assert str(error.value) == str(whole.value)
            assert_same(
                spark.impute_missing_values(df, missing_values=[-99.9]),
                edl.impute_missing_values(one, missing_values=[-99.9]),
                "row",
            )
        else:
            assert_same(spark.impute_missing_values(df), edl.impute_missing_values(one), "row")


def test_a_station_that_has_markers_alone_takes_the_mean_of_the_column(session):
    table = shuffled("abe")
    table = table.set_column(3, "hm", pc.if_else(pc.equal(table["stnNm"], "e"), -999.0, table["hm"]))
    options = {"missing_values": ["-999", "NA"], "provenance": True}
    whole = edl.impute_missing_values(table, **options)
    assert pc.sum(pc.equal(whole["hm_provenance"], edl.Provenance.GLOBAL_MEAN)).as_py() == HOURS
    assert_same(spark.impute_missing_values(spread(session, table), **options), whole, "row")


def test_an_error_of_rows_reaches_who_uses_the_frame(session):
    table = shuffled()
    twice = pa.concat_tables([table, table.filter(pc.equal(table["row"], 7))])
    filled = spark.impute_missing_values(spread(session, twice))
    with pytest.raises(Exception, match=r"DuplicateKeyError: .*a part of the frame: station and time stamp more") as it:
        filled.collect()
    assert type(it.value).__name__ == "PythonException"
    assert "a 2024-02-01 07:00" in str(it.value)


def test_a_python_that_is_killed_is_replaced(session, tmp_path):
    driver, killed = os.getpid(), tmp_path / "killed"

    class Deadly(dict):
        """Bounds that kill the first executor that looks at them, which it does when it has read its rows."""

        def items(self):
            if os.getpid() != driver:
                try:
                    Path(killed).touch(exist_ok=False)
                except FileExistsError:
                    pass
                else:
                    os.kill(os.getpid(), signal.SIGKILL)
            return super().items()

    table = shuffled()
    filled = spark.impute_missing_values(spread(session, table), bounds=Deadly(hm=(59, 61))).toArrow()
    assert killed.exists()
    assert_same(filled, edl.impute_missing_values(table, bounds={"hm": (59, 61)}), "row")


def test_complete_hours(session, engine):
    table = shuffled("ab")
    table = table.filter(pc.greater(pc.random(table.num_rows, initializer=1), 0.2))
    table = table.append_column("name", pc.binary_join_element_wise(table["stnNm"], "station", " "))
    table = pa.concat_tables([table, table[:40]])
    whole = edl.complete_hours(table, use_rust=engine)
    assert whole.num_rows > table.num_rows
    assert_same(spark.complete_hours(spread(session, table), use_rust=engine), whole, "stnNm", "tm")


def wide(plants: str = "가나다", days: int = 60) -> pa.Table:
    random = np.random.default_rng(2)
    rows = len(plants) * days
    hours = {f"{hour}시(kWh)": random.normal(50, 9, rows).round(2).astype(str) for hour in range(1, 25)}
    dates = np.datetime64("2024-01-01") + np.tile(np.arange(days), len(plants))
    names = np.repeat([f" {plant}풍력 "[one % 2 :] for one, plant in enumerate(plants)], days)
    return pa.table({"발전소명": names, "일자": dates.astype(str), **hours}).take(random.permutation(rows))


def test_transform_wide_to_long(session, engine):
    options = {"hour_label": "end", "use_rust": engine}
    whole = edl.transform_wide_to_long(wide(), **options)
    long = spark.transform_wide_to_long(spread(session, wide()), **options)
    assert dict(long.dtypes)["timestamp"] == "timestamp_ntz"
    assert_same(long, whole, "plant_name", "timestamp")


def test_a_day_that_is_there_twice_is_found_wherever_it_lies(session):
    table = wide()
    again = table[:1].set_column(0, "발전소명", pa.array([table["발전소명"][0].as_py().strip() + "  "]))
    long = spark.transform_wide_to_long(spread(session, pa.concat_tables([table, again])), hour_label="end")
    with pytest.raises(Exception, match=r"DuplicateKeyError: .*a part of the frame"):
        long.collect()
    df = spread(session, wide("가"))
    with pytest.raises(ColumnTypeError, match="holds fractions"):
        spark.transform_wide_to_long(
            df.withColumn("발전소명", df["일자"].substr(1, 4).cast("double")), hour_label="end"
        )


BODY = """{"response": {"header": {"resultCode": "00", "resultMsg": "NORMAL_SERVICE"}, "body": {"items": {"item": [
    {"tm": "2024-01-01 %02d:00", "stnId": "108", "stnNm": "서울", "ta": "-1.%d", "rn": ""}]}}}}"""


@pytest.mark.parametrize("type_", ["string", "binary"])
def test_rows_from_api_payload(session, engine, type_):
    bodies = [BODY % (hour, hour) for hour in range(20)]
    whole = edl.rows_from_api_payload(bodies, "asos", use_rust=engine)
    df = spread(session, pa.table({"id": range(20), "body": bodies}))
    rows = spark.rows_from_api_payload(df.withColumn("body", df["body"].cast(type_)), "asos", use_rust=engine)
    assert rows.columns == whole.column_names
    assert_same(rows, whole, "tm")
