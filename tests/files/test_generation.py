"""Published generation files: what is accepted, what is told by names and headings, and what is refused."""

from __future__ import annotations

import unicodedata

import pytest

from energy_data_layer.datasets.layout import WideLayout
from energy_data_layer.datasets.layouts import KNOWN_LAYOUTS, PUBLISHERS
from energy_data_layer.errors import OptionError, SourceFileError
from energy_data_layer.files.energy_units import capacities_kw, capacity_column
from energy_data_layer.files.generation import label_convention, plant_in, publisher_in, read_generation_files

HOURS = [f"{hour:02d}시" for hour in range(1, 25)]
HEADINGS = ["날짜", "발전기명", *HOURS, "합계"]
FILE = "한국동서발전(주)_지붕태양광 발전량_20240630.csv"
VALUES = [str(hour * 10) for hour in range(24)]
ROW = ["2024-01-01", "지붕", *VALUES, "2760"]


@pytest.fixture
def write(tmp_path):
    def write(*rows, name=FILE, encoding="cp949", line_end="\n"):
        lines = [row if isinstance(row, str) else ",".join(row) for row in rows]
        path = tmp_path / name
        path.write_bytes("".join(line + line_end for line in lines).encode(encoding))
        return path

    return write


def read(path, **options):
    (file,) = read_generation_files(path, **options)
    return file


def lines(file):
    return [line for line, _ in file.rows]


# --- rows and cells ---------------------------------------------------------------------------------


def test_a_file_as_it_is(write):
    file = read(write(HEADINGS, ROW, ["2024-01-02", *ROW[1:]]))
    assert (file.publisher, file.layout.name, file.encoding) == ("EWP", "ewp_roof_file", "cp949")
    assert file.table.column_names == HEADINGS
    assert file.table["날짜"].to_pylist() == ["2024-01-01", "2024-01-02"]
    assert file.table["24시"].to_pylist() == ["230", "230"]
    assert (file.rows_read, file.empty_rows, file.rejects, file.columns_not_read) == (2, 0, [], [])
    assert lines(file) == [2, 3]


@pytest.mark.parametrize(("encoding", "found"), [("cp949", "cp949"), ("utf-8", "utf-8"), ("utf-8-sig", "utf-8")])
def test_encodings(write, encoding, found):
    file = read(write(HEADINGS, ROW, encoding=encoding))
    assert file.encoding == found
    assert file.table["발전기명"].to_pylist() == ["지붕"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends(write, line_end):
    assert read(write(HEADINGS, ROW, line_end=line_end)).table["합계"].to_pylist() == ["2760"]


def test_blanks_around_headings_and_cells(write):
    file = read(write([f" {heading} " for heading in HEADINGS], [f" {cell} " for cell in ROW]))
    assert file.table.column_names == HEADINGS
    assert file.table["01시"].to_pylist() == ["0"]


def test_quoted_thousands_and_blank_cells(write):
    row = ["2024-01-01", '"지붕, 남쪽"', '"1,234"', "", " ", "-", *VALUES[4:], '"2,760 "']
    table = read(write(HEADINGS, row)).table
    assert table["발전기명"].to_pylist() == ["지붕, 남쪽"]
    assert [table[hour].to_pylist() for hour in HOURS[:4]] == [["1,234"], [None], [None], ["-"]]


@pytest.mark.parametrize("heading_end", ["", ",", ", "])
@pytest.mark.parametrize("row_end", ["", ",", ", "])
def test_a_comma_at_the_end_of_lines(write, heading_end, row_end):
    file = read(write(",".join(HEADINGS) + heading_end, ",".join(ROW) + row_end))
    assert (file.rows_read, file.rejects) == (1, [])


def test_empty_rows_are_counted_and_lines_kept(write):
    file = read(write(HEADINGS, "," * 26, ROW, "", "   ", ["2024-01-02", *ROW[1:]], "," * 26))
    assert file.empty_rows == 3
    assert file.rows_read == 5
    assert lines(file) == [3, 6]


def test_lines_behind_a_cell_with_a_line_break(write):
    file = read(write(HEADINGS, ["2024-01-01", '"지\n붕"', *ROW[2:]], ["2024-01-02", *ROW[1:]]))
    assert lines(file) == [2, 4]


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        (ROW[:-1], "cells: 26, in the heading: 27"),
        ([*ROW, "1"], "cells: 28, in the heading: 27"),
        (["2024-01-01"], "cells: 1, in the heading: 27"),
    ],
)
def test_a_wrong_number_of_cells_rejects_the_row_alone(write, row, detail):
    file = read(write(HEADINGS, ROW, row, ["2024-01-03", *ROW[1:]]))
    assert lines(file) == [2, 4]
    (reject,) = file.rejects
    assert (reject.line, reject.reason, reject.detail) == (3, "wrong number of cells", detail)
    assert (reject.file, reject.publisher, reject.content) == (FILE, "EWP", ",".join(row))
    assert file.rows_read == 3


def test_a_file_that_breaks_off(write):
    path = write(HEADINGS, ROW, ROW)
    path.write_bytes(path.read_bytes()[:-20])
    (reject,) = read(path).rejects
    assert reject.detail.endswith("; the file ends here, as if cut off")


def test_columns_without_a_use_are_named(write):
    file = read(write([*HEADINGS, "비고", ""], [*ROW, "점검", ""]))
    assert file.columns_not_read == ["비고"]


# --- what names and headings tell -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "publisher", "plant"),
    [
        ("한국남부발전(주)_남제주소내 태양광발전실적_20250228.csv", "KOSPO", "남제주소내 태양광"),
        ("한국남부발전(주)_성산풍력발전실적_20250228 (1).csv", "KOSPO", "성산풍력"),
        ("한국남동발전_시간대별_풍력_발전실적.csv", "KOEN", "시간대별 풍력"),
        ("한국농어촌공사_진도 태양광 발전소 발전량 현황_20191231.csv", "KRC", "진도 태양광 발전소 발전량 현황"),
        ("한국중부발전(주)_보령.csv", "KOMIPO", None),
        ("월별_남부발전_20250228.csv", None, "남부발전"),
        ("남부발전_발전실적_2024.csv", "KOSPO", None),
        ("solar.csv", None, None),
    ],
)
def test_names_of_files(name, publisher, plant):
    for form in ("NFC", "NFD"):
        written = unicodedata.normalize(form, name)
        assert publisher_in(written) == publisher
        assert plant_in(written) == plant


def test_every_publisher_is_known_by_its_name():
    for name, code in PUBLISHERS.items():
        assert publisher_in(f"한국{name}(주)_태양광_20240101.csv") == code


SOLAR = ["년월일", "호기", "총량(kw)", *map(str, range(1, 25))]
SOLAR_ROW = ["2024-01-01", "1", "2760", *VALUES]


def test_the_plant_comes_from_the_name_then_from_the_option(write):
    path = write(SOLAR, SOLAR_ROW, name="한국남부발전(주)_부산소내 태양광발전실적_20250228.csv")
    assert read(path).layout.plant_name == "부산소내 태양광"
    assert read(path, plant_name="지붕").layout.plant_name == "부산소내 태양광"
    assert read(path, plant_name="지붕", override=True).layout.plant_name == "지붕"
    assert read(write(SOLAR, SOLAR_ROW, name="한국남부발전(주).csv"), plant_name="지붕").layout.plant_name == "지붕"
    assert read(write(HEADINGS, ROW), plant_name="지붕").layout.plant_name is None


@pytest.mark.parametrize(
    ("rows", "name", "options", "message"),
    [
        ([SOLAR, SOLAR_ROW], "한국남부발전(주).csv", {}, "names the plant; pass plant_name"),
        (
            [SOLAR, SOLAR_ROW],
            "solar.csv",
            {"plant_name": "A", "layout": WideLayout("mine", date="년월일", hours="{}", energy_unit="kWh")},
            "pass publisher",
        ),
        ([HEADINGS, ROW], "roof.csv", {"publisher": "ACME"}, "pass energy_unit"),
        ([["a", "b"], ["1", "2"]], FILE, {}, "no columns for the hours"),
        ([[*HEADINGS, "01시"], [*ROW, "1"]], FILE, {}, "more than one column with the heading 01시"),
        ([SOLAR, SOLAR_ROW], FILE, {"layout": "krc_file"}, "needs headings that are not there: 날짜, 발전기명"),
        (
            [["발전기명", "년월일", *HOURS], ["A", "2024-01-01", *VALUES]],
            FILE,
            {"layout": "wp_solar_file"},
            "pass energy_unit",
        ),
    ],
)
def test_what_a_file_leaves_open(write, rows, name, options, message):
    path = write(*rows, name=name)
    with pytest.raises(SourceFileError, match=message) as caught:
        read(path, **options)
    assert str(caught.value).startswith(str(path))


def test_a_layout_by_name_counts_more_than_the_name_of_the_file(write):
    file = read(write(HEADINGS, ROW), layout="krc_file")
    assert (file.layout.name, file.publisher) == ("krc_file", "EWP")


def test_headings_alone_are_not_enough_where_publishers_differ(write):
    with pytest.raises(SourceFileError, match="pass energy_unit"):
        read(write(HEADINGS, ROW, name="지붕.csv"))
    file = read(write(HEADINGS, ROW, name="지붕.csv"), publisher="ACME", energy_unit="kWh")
    assert (file.publisher, file.layout.energy_unit) == ("ACME", "kWh")


def test_the_layout_of_a_seventh_publisher(write):
    hours = [f"{hour}~{hour + 1}시(kWh)" for hour in range(24)]
    file = read(
        write(["발전소명", "거래일자", *hours, "비고"], ["A", "20240101", *VALUES, ""], name="한국중부발전(주)_x_y.csv")
    )
    assert (file.publisher, file.layout.plant, file.layout.energy_unit) == ("KOMIPO", "발전소명", "kWh")
    assert label_convention(file.layout) == "interval"


@pytest.mark.parametrize("name", KNOWN_LAYOUTS)
def test_label_conventions_of_the_known_layouts(name):
    expected = "interval" if name == "kospo_interval_file" else "hour-ending"
    assert label_convention(KNOWN_LAYOUTS[name]) == expected


def test_label_convention_of_hours_from_0_to_23():
    layout = WideLayout("mine", date="day", hours=[f"h{hour}" for hour in range(24)], plant_name="A")
    assert label_convention(layout) == "hour-beginning"


# --- capacity ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "kw"),
    [("설비용량(MW)", 1000.0), ("설비용량(kW)", 1.0), ("용량_메가와트", 1000.0), ("설비용량 [kw]", 1.0)],
)
def test_headings_of_capacities(heading, kw):
    assert capacity_column(["년월일", heading]) == (heading, kw)


@pytest.mark.parametrize("heading", ["용량", "설비용량", "총량(kw)", "저수용량(MW)", "용량(MWh)"])
def test_other_headings(heading):
    assert capacity_column([heading]) == (None, 0.0)


def test_capacities_of_a_file(write):
    sites = ["날짜", "설비용량(MW)", "경도", "위도", *HEADINGS[1:]]
    rows = [["2024-01-01", capacity, "127", "36", *ROW[1:]] for capacity in ("0.5", '"1,200"', "", "-1", "?")]
    file = read(write(sites, *rows))
    assert capacities_kw(file.table).tolist()[:2] == [500.0, 1_200_000.0]
    assert str(capacities_kw(file.table).tolist()[2:]) == "[nan, nan, nan]"


# --- what is no such file ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\r\n\r\n", "the file is empty"),
        (b"<!DOCTYPE html><html><body>error</body></html>", "HTML"),
        (b"\xef\xbb\xbf<html></html>", "HTML"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"PK\x03\x04", "an Excel workbook"),
        ("날짜,발전기명".encode("utf-16"), "UTF-16"),
        (b"\x8d\xff\x8d\xff,1", "neither UTF-8 nor cp949"),
        (b'{"response": {"header": {}}}', "no columns for the hours"),
        (",".join(HEADINGS).encode() + b'\n2024-01-01,"A,1,2\n', "line 2: cells cannot be separated"),
    ],
)
def test_files_of_other_kinds(tmp_path, content, message):
    path = tmp_path / FILE
    path.write_bytes(content)
    with pytest.raises(SourceFileError, match=message) as caught:
        read_generation_files(path)
    assert str(caught.value).startswith(str(path))


def test_an_absent_file(tmp_path):
    with pytest.raises(SourceFileError, match="no such file"):
        read_generation_files(tmp_path / "*.csv")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"layout": "kepco"}, 'layout "kepco" is not known'), ({"energy_unit": "GWh"}, 'energy_unit is "GWh"')],
)
def test_options_that_cannot_be(write, options, message):
    with pytest.raises(OptionError, match=message):
        read(write(HEADINGS, ROW), **options)


def test_a_heading_without_rows(write):
    file = read(write(HEADINGS))
    assert (file.rows_read, file.table.num_rows) == (0, 0)
