"""What holds for every wide table, checked on tables that Hypothesis builds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_data_layer import transform_wide_to_long
from energy_data_layer.engine.equality import assert_equal_answers
from energy_data_layer.errors import DataLayerError

from . import naive_wide, wide_strategies
from .frame_kinds import KINDS, as_kind, as_table, copied
from .snapshot_cases import facts
from .strategies import orders


def long(frame, layout, engine, **options):
    measured = {"coerced": "missing", "missing_values": []}
    return transform_wide_to_long(frame, layout, use_rust=engine, **(measured | options))


def outcome(frame, layout, engine):
    """Return the answer and the facts of the report, or the error's class, message and rows."""
    try:
        answer, report = long(frame, layout, engine, report=True)
    except DataLayerError as error:
        return None, (type(error), str(error), getattr(error, "rows", None), getattr(error, "values", None))
    return answer, facts(report)


def bits(table: pa.Table) -> np.ndarray:
    numbers = table["generation"].to_numpy()
    return np.where(np.isnan(numbers), np.nan, numbers).view("uint64")


# Both engines


@pytest.mark.needs_rust
@given(given_=wide_strategies.frames())
def test_the_engines_lengthen_alike(given_):
    frame, layout = given_
    (reference, said), (rust, said_by_rust) = (outcome(frame, layout, engine) for engine in (False, True))
    assert said == said_by_rust
    assert_equal_answers(reference, rust)
    assert np.array_equal(bits(as_table(reference)), bits(as_table(rust)))


@pytest.mark.needs_rust
@given(given_=wide_strategies.spoilt())
def test_the_engines_find_the_same_faults(given_):
    frame, layout = given_
    (reference, said), (rust, said_by_rust) = (outcome(frame, layout, engine) for engine in (False, True))
    assert said == said_by_rust
    if reference is not None:
        assert_equal_answers(reference, rust)


@pytest.mark.needs_rust
@given(cell=st.text(st.sampled_from("0123456789,,.+-eE \u3000\u00a0\t−x٣"), max_size=24))
def test_the_engines_read_any_text_alike(cell):
    wide = pa.table({"day": ["2024-01-01"], "site": ["a"]} | {f"h{hour:02d}": [cell] for hour in range(1, 25)})
    layout = wide_strategies.WideLayout("site", date="day", plant="site", hours="h{:02d}", energy_unit="kWh")
    (reference, said), (rust, said_by_rust) = (outcome(wide, layout, engine) for engine in (False, True))
    assert said == said_by_rust
    if reference is not None:
        assert np.array_equal(bits(reference), bits(rust))
        number, coerced = naive_wide.number(cell)
        assert reference["generation"][0].as_py() == (None if number is None else pytest.approx(number, rel=0, abs=0))
        assert said["coerced"] == 24 * coerced


@pytest.mark.needs_rust
@given(cell=st.text(st.sampled_from("012349-/. T:\u3000"), min_size=6, max_size=20) | st.from_regex(
    r"\A(19|20|00|99)[0-9]{2}([-/.]?)[01][0-9]\2[0-3][0-9]([ T]0[01]:00(:0[01])?)?\Z"))  # fmt: skip
def test_the_engines_read_any_day_alike(cell):
    hours = {f"h{hour:02d}": [1.0] for hour in range(1, 25)}
    wide = pa.table({"day": [cell], "site": ["a"]} | hours)
    layout = wide_strategies.WideLayout("site", date="day", plant="site", hours="h{:02d}", energy_unit="kWh")
    (reference, said), (rust, said_by_rust) = (outcome(wide, layout, engine) for engine in (False, True))
    assert said == said_by_rust
    if reference is not None:
        assert_equal_answers(reference, rust)
        assert reference["timestamp"][0].as_py() == naive_wide.day(cell)


@pytest.mark.needs_rust
@given(wide=wide_strategies.plain(), threads=st.sampled_from([2, 3, 7]))
def test_the_number_of_threads_does_not_matter(wide, threads):
    import rust_data_layer

    layout = wide.layout
    if layout.energy_unit is None:
        layout = replace(layout, energy_unit="kWh")
    table = wide.table.filter(pa.array([cell is not None for cell in wide.table["day"].to_pylist()], pa.bool_()))
    answers = {
        bytes(
            rust_data_layer.transform_wide_to_long(
                table,
                date_col="day",
                hours=list(layout.hours),
                plant_col=layout.plant,
                plant_name="given",
                unit_col=layout.unit,
                keep=["kept", "other"],
                threads=count,
            ).to_ipc()
        )
        for count in (1, threads)
    }
    assert len(answers) == 1


# The meaning


@given(wide=wide_strategies.tables())
def test_every_row_is_what_the_contract_says(wide, engine):
    answer, report = long(wide.table, wide.layout, engine, report=True)
    expected = naive_wide.lengthen(wide.table, wide.layout)
    columns = [column.to_pylist() for column in answer.columns]
    rows = list(zip(*columns, strict=True))
    assert len(rows) == len(expected.rows)
    for got, meant in zip(rows, expected.rows, strict=True):
        assert [cell for cell in got if cell == cell] == [cell for cell in meant if cell == cell]
    said = (report.rows_skipped, report.coerced, report.missing, report.totals_checked)
    assert said == (expected.rows_skipped, expected.coerced, expected.missing, expected.totals_checked)
    assert [found.row for found in report.total_mismatches] == expected.mismatched_rows


# Laws


@given(wide=wide_strategies.tables())
def test_there_are_24_rows_for_each_row_with_content(wide, engine):
    answer, report = long(wide.table, wide.layout, engine, report=True)
    assert answer.num_rows == 24 * (wide.table.num_rows - len(report.rows_skipped))
    assert report.rows == wide.table.num_rows
    assert report.missing == answer["generation"].null_count
    assert answer["timestamp"].null_count == answer["plant_name"].null_count == 0


@given(wide=wide_strategies.tables())
def test_the_hours_of_a_row_follow_each_other(wide, engine):
    answer = long(wide.table, wide.layout, engine)
    stamps = answer["timestamp"].to_numpy().reshape(-1, 24)
    assert (np.diff(stamps, axis=1) == np.timedelta64(3600, "s")).all()
    first = 1 if wide.layout.hour_label == "end" else 0
    assert ((stamps[:, 0] - stamps[:, 0].astype("datetime64[D]")) == np.timedelta64(first, "h")).all()
    names = np.array(answer["plant_name"].to_pylist(), dtype=object).reshape(-1, 24)
    assert (names == names[:, :1]).all()


@given(given_=wide_strategies.frames())
def test_start_and_end_of_an_hour_are_an_hour_apart(given_, engine):
    frame, layout = given_
    start, end = (as_table(long(frame, layout, engine, hour_label=label)) for label in ("start", "end"))
    apart = end["timestamp"].to_numpy() - start["timestamp"].to_numpy()
    assert (apart == np.timedelta64(3600, "s")).all()
    assert_equal_answers(start.drop_columns("timestamp"), end.drop_columns("timestamp"))


@given(wide=wide_strategies.tables())
def test_units_of_energy_are_a_thousand_apart(wide, engine):
    layout = replace(wide.layout, energy_unit_column=None)
    watt, kilo, mega = (
        long(wide.table, layout, engine, energy_unit=unit)["generation"].to_numpy() for unit in ("Wh", "kWh", "MWh")
    )
    assert np.array_equal(watt, kilo / 1000, equal_nan=True)
    assert np.array_equal(mega, kilo * 1000, equal_nan=True)


@given(data=st.data())
def test_the_sum_of_a_day_is_its_total_where_cells_are_whole(data, engine):
    wide = data.draw(wide_strategies.plain())
    layout = replace(
        wide.layout, energy_unit="kWh", energy_unit_column=None, daily_total="total", daily_total_unit=None
    )
    hours = np.array([wide.table[name].to_pylist() for name in layout.hours], dtype=float)
    hours = np.round(hours)
    totals = np.where(np.isnan(hours).all(axis=0), np.nan, np.nansum(hours, axis=0))
    table = wide.table.drop_columns([name for name in ("total",) if name in wide.table.schema.names])
    for name, column in zip(layout.hours, hours, strict=True):
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(column, from_pandas=True))
    table = table.append_column("total", pa.array(totals, from_pandas=True))
    answer, report = long(table, layout, engine, report=True)
    kept = np.delete(totals, report.rows_skipped)
    sums = np.nansum(answer["generation"].to_numpy().reshape(-1, 24), axis=1)
    assert np.array_equal(sums, np.nan_to_num(kept))
    assert (report.total_mismatches, report.totals_checked) == ([], int((~np.isnan(kept)).sum()))


@given(data=st.data())
def test_permuting_the_rows_permutes_the_days(data, engine):
    wide = data.draw(wide_strategies.tables())
    order = data.draw(orders(wide.table.num_rows))
    answer, report = long(wide.table, wide.layout, engine, report=True)
    place = {row: at for at, row in enumerate(np.setdiff1d(np.arange(wide.table.num_rows), report.rows_skipped))}
    rows = [24 * place[row] + hour for row in order if row in place for hour in range(24)]
    table = pa.Table.from_batches(wide.table.to_batches(), wide.table.schema)
    shuffled = pa.concat_tables([table.slice(int(row), 1) for row in order]) if len(order) else table
    expected = pa.concat_tables([answer.slice(row, 1) for row in rows]) if rows else answer.slice(0, 0)
    assert_equal_answers(expected, long(shuffled, wide.layout, engine))


@given(data=st.data())
def test_tables_one_behind_the_other_give_answers_one_behind_the_other(data, engine):
    wide = data.draw(wide_strategies.tables())
    cut = data.draw(st.integers(0, wide.table.num_rows))
    parts = [wide.table.slice(0, cut), wide.table.slice(cut)]
    whole, report = long(wide.table, wide.layout, engine, report=True)
    answers, reports = zip(*(long(part, wide.layout, engine, report=True) for part in parts), strict=True)
    assert_equal_answers(whole, pa.concat_tables(answers))
    assert report.coerced == sum(part.coerced for part in reports)
    assert report.rows_skipped == reports[0].rows_skipped + [row + cut for row in reports[1].rows_skipped]
    rows = [found.row for found in reports[0].total_mismatches]
    rows += [found.row + cut for found in reports[1].total_mismatches]
    assert [found.row for found in report.total_mismatches] == rows


@given(data=st.data())
def test_texts_and_the_same_cells_as_numbers_give_the_same(data, engine):
    wide = data.draw(wide_strategies.plain())
    dressed = data.draw(wide_strategies.dressed(wide))
    table = dressed.table.rename_columns([name.strip(" \ufeff") for name in dressed.table.schema.names])
    for name in wide.layout.hours:
        numbers = [naive_wide.number(cell)[0] for cell in table[name].to_pylist()]
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(numbers, pa.float64()))
    expected = long(table, wide.layout, engine)
    assert np.array_equal(bits(expected), bits(long(dressed.table, wide.layout, engine)))


@given(wide=wide_strategies.tables())
def test_every_kind_of_frame_gives_the_same_answer(wide, engine):
    layout, table = replace(wide.layout, keep=()), wide.table
    for place, field in enumerate(table.schema):
        if pa.types.is_date64(field.type):  # a time stamp in milliseconds for polars
            table = table.set_column(place, field.name, table.column(place).cast(pa.date32()))
    expected = long(table, layout, engine)
    for kind in KINDS:
        assert_equal_answers(as_kind(expected, kind), long(as_kind(table, kind), layout, engine))


@given(wide=wide_strategies.tables())
def test_chunks_do_not_matter(wide, engine):
    assert_equal_answers(long(wide.table.combine_chunks(), wide.layout, engine), long(wide.table, wide.layout, engine))


@given(given_=wide_strategies.frames())
def test_the_input_stays_as_it_was(given_, engine):
    frame, layout = given_
    before = copied(frame)
    long(frame, layout, engine)
    assert_equal_answers(before, frame)


@given(wide=wide_strategies.tables())
def test_the_wide_table_can_be_made_again(wide, engine):
    """The values of a day side by side are the hours of its row."""
    layout = replace(wide.layout, energy_unit="kWh", energy_unit_column=None)
    answer, report = long(wide.table, layout, engine, report=True)
    rows = np.setdiff1d(np.arange(wide.table.num_rows), report.rows_skipped)
    again = answer["generation"].to_numpy().reshape(-1, 24)
    names = {name.strip(" \ufeff"): name for name in wide.table.schema.names}
    for hour, heading in enumerate(layout.hours):
        cells = wide.table[names[heading]].to_pylist()
        numbers = [naive_wide.number(cells[row])[0] for row in rows]
        expected = np.array([np.nan if number is None else number for number in numbers])
        assert np.array_equal(again[:, hour], expected, equal_nan=True)
    keys = answer.select(["plant_name", "timestamp"]).group_by(["plant_name", "timestamp"]).aggregate([])
    assert keys.num_rows == answer.num_rows
