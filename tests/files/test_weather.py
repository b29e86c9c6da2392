"""CSV exports: what is accepted, what comes out, and which file and line an error names."""

from __future__ import annotations

import doctest
import gzip
import io
import pickle
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from energy_data_layer.datasets import asos as asos_columns
from energy_data_layer.datasets.asos import COLUMNS, column_of_heading
from energy_data_layer.errors import DataLayerError, OptionError, SourceFileError
from energy_data_layer.files import weather as files
from energy_data_layer.files.weather import read_asos_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADING = "지점,지점명,일시,기온(°C),습도(%)"
FIRST = "108,서울,2024-01-01 00:00,-1.5,60"
SECOND = "108,서울,2024-01-01 01:00,.6,61"
THIRD = "112,인천,2024-01-01 00:00,2,70"


def csv_text(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(content: str | bytes, name: str = "asos.csv", encoding: str = "cp949") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize("module", [asos_columns, files])
def test_examples_of_the_docstrings_run(module):
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed


class TestColumns:
    def test_fields_and_headings_are_unique(self):
        assert len({column.name for column in COLUMNS}) == 38
        assert len({column.heading for column in COLUMNS}) == 38

    @pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
    def test_heading_names_its_column(self, column):
        assert column_of_heading(column.heading) is column
        assert column_of_heading(column.name) is column
        assert column_of_heading(f"  {column.heading} ") is column

    @pytest.mark.parametrize(
        ("heading", "field"),
        [
            ("일사(MJ/m^2)", "icsr"),
            ("일사", "icsr"),
            ("기온 (℃)", "ta"),
            ("기온(°C) QC플래그", "taQcflg"),
            ("기온 QC 플래그", "taQcflg"),
            ("최저운고(100m)", "lcsCh"),
            ("5cm지중온도(°C)", "m005Te"),
        ],
    )
    def test_other_spellings(self, heading, field):
        assert column_of_heading(heading).name == field

    @pytest.mark.parametrize("heading", ["", "(°C)", "비고", "지면", "TA"])
    def test_unknown_headings(self, heading):
        assert column_of_heading(heading) is None

    def test_structural_blanks(self):
        assert {c.name for c in COLUMNS if c.blank_means and not c.name.endswith("Qcflg")} == {
            "rn",
            "ss",
            "icsr",
            "dsnw",
        }


class TestReading:
    def test_table_is_typed(self, write):
        result = read_asos_files(write(csv_text(HEADING, FIRST, SECOND, "112,인천,2024-01-01 00:00,-.8,")))
        assert result.table.equals(
            pa.table(
                {
                    "stnId": pa.array([108, 108, 112], pa.int64()),
                    "stnNm": ["서울", "서울", "인천"],
                    "tm": pa.array(
                        [datetime(2024, 1, 1, 0), datetime(2024, 1, 1, 1), datetime(2024, 1, 1, 0)],
                        pa.timestamp("s"),
                    ),
                    "ta": [-1.5, 0.6, -0.8],
                    "hm": [60.0, 61.0, None],
                }
            )
        )
        assert result.rows_read == 3
        assert result.duplicates_collapsed == 0

    @pytest.mark.parametrize(("encoding", "found"), [("cp949", "cp949"), ("utf-8", "utf-8"), ("utf-8-sig", "utf-8")])
    def test_encodings(self, write, encoding, found):
        result = read_asos_files(write(csv_text(HEADING, FIRST), encoding=encoding))
        assert result.table["stnNm"].to_pylist() == ["서울"]
        assert [file.encoding for file in result.files] == [found]

    def test_names_in_other_scripts(self, write):
        line = "47759,京都 Kyōto,2024-01-01 00:00,1,2"
        result = read_asos_files(write(csv_text(HEADING, line), encoding="utf-8"))
        assert result.table["stnNm"].to_pylist() == ["京都 Kyōto"]

    @pytest.mark.parametrize(
        "content",
        [
            csv_text(HEADING, FIRST, SECOND).replace("\n", "\r\n"),
            csv_text(HEADING, FIRST, SECOND).replace("\n", "\r"),
            csv_text(HEADING, FIRST, SECOND).removesuffix("\n"),
            csv_text(HEADING, FIRST, SECOND) + "\n\r\n\n",
            csv_text(HEADING, "", FIRST, "", SECOND),
            "\n" + csv_text(HEADING, FIRST, SECOND),
            csv_text(HEADING, '"108","서울","2024-01-01 00:00","-1.5","60"', SECOND),
            csv_text(HEADING, " 108 , 서울 , 2024-01-01 00:00 , -1.5 , 60 ", SECOND),
            csv_text(HEADING, FIRST.replace(" 00:00", "T00:00:00"), SECOND.replace(":00", ":00:00")),
        ],
        ids=["CRLF", "CR", "no end", "blank end", "blank lines", "blank start", "quoted", "padded", "stamps"],
    )
    def test_forms_of_the_same_file(self, write, content):
        plain = read_asos_files(write(csv_text(HEADING, FIRST, SECOND), name="plain.csv"))
        other = read_asos_files(write(content, name="other.csv"))
        assert other.table.equals(plain.table)

    @pytest.mark.parametrize("content", [HEADING, HEADING + "\n", HEADING + "\r\n\r\n"])
    def test_heading_alone_gives_typed_columns(self, write, content):
        result = read_asos_files(write(content))
        assert result.rows_read == result.table.num_rows == 0
        assert result.table.schema.field("tm").type == pa.timestamp("s")
        assert result.table.schema.field("ta").type == pa.float64()

    @pytest.mark.parametrize("blank", ["", '""', "  ", "\t", "\u3000"])
    def test_blank_cells_are_null(self, write, blank):
        table = read_asos_files(write(csv_text(HEADING, f"108,서울,2024-01-01 00:00,{blank},60"))).table
        assert table["ta"].to_pylist() == [None]
        assert table["ta"].type == pa.float64()

    @pytest.mark.parametrize(
        ("cell", "value"), [('"1,013.2"', 1013.2), ("1013.20", 1013.2), ("+5", 5.0), ("1e3", 1000.0), ("\u00a07", 7.0)]
    )
    def test_numbers_are_those_of_frames(self, write, cell, value):
        lines = [f"108,서울,2024-01-01 00:00,1,{cell}", "108,서울,2024-01-01 01:00,1,3"]
        table = read_asos_files(write(csv_text(HEADING, *lines), encoding="utf-8")).table
        assert table["hm"].to_pylist() == [value, 3.0]
        assert table["hm"].type == pa.float64()

    def test_stamps_are_those_of_frames(self, write):
        stamps = ["2024-01-01 00:00", "2024-01-01T01:00:00", "202401010200"]
        table = read_asos_files(write(csv_text(HEADING, *(f"108,서울,{stamp},1,2" for stamp in stamps)))).table
        assert table["tm"].to_pylist() == [datetime(2024, 1, 1, hour) for hour in range(3)]

    def test_codes_and_flags(self, write):
        heading = "지점,지점명,일시,현상번호(국내식),운형(운형약어),기온 QC플래그,일사 QC플래그"
        table = read_asos_files(write(csv_text(heading, "108,서울,2024-01-01 00:00,01,ScAs,9,"))).table
        assert table["dmstMtphNo"].to_pylist() == ["01"]
        assert table["clfmAbbrCd"].to_pylist() == ["ScAs"]
        assert table["taQcflg"].to_pylist() == [9]
        assert table["icsrQcflg"].type == pa.int8()

    def test_columns_are_ordered_and_unknown_ones_kept_as_text(self, write):
        heading = "비고 ,습도(%),일시,001,지점명,기온(°C),지점"
        table = read_asos_files(write(csv_text(heading, "점검 중,60,2024-01-01 00:00,007,서울,-1.5,108"))).table
        assert table.column_names == ["stnId", "stnNm", "tm", "ta", "hm", "비고", "001"]
        assert table["비고"].to_pylist() == ["점검 중"]
        assert table["001"].to_pylist() == ["007"]

    def test_quoted_cell_holds_a_line_break_and_a_comma(self, write):
        table = read_asos_files(write(csv_text(f"{HEADING},비고", f'{FIRST},"a,\nb"', f"{SECOND},c"))).table
        assert table["비고"].to_pylist() == ["a,\nb", "c"]

    def test_inch_mark_in_an_unquoted_cell(self, write):
        table = read_asos_files(write(csv_text(f"{HEADING},비고", f'{FIRST},5" pipe', f"{SECOND},c"))).table
        assert table["비고"].to_pylist() == ['5" pipe', "c"]

    def test_huge_cell(self, write):
        huge = "x" * 3_000_000
        table = read_asos_files(write(csv_text(f"{HEADING},비고", f"{FIRST},{huge}", f"{SECOND},c"))).table
        assert table["비고"].to_pylist() == [huge, "c"]

    def test_interleaved_stations_keep_the_order_of_the_file(self, write):
        table = read_asos_files(write(csv_text(HEADING, THIRD, FIRST, THIRD.replace("00:", "01:"), SECOND))).table
        assert table["stnId"].to_pylist() == [112, 108, 112, 108]


class TestSeveralFiles:
    def test_files_are_read_in_the_order_of_their_names(self, write, tmp_path):
        write(csv_text(HEADING, SECOND), name="b.csv")
        write(csv_text(HEADING, FIRST, THIRD), name="a.csv", encoding="utf-8")
        result = read_asos_files(tmp_path / "*.csv")
        assert [(file.path.name, file.rows, file.encoding) for file in result.files] == [
            ("a.csv", 2, "utf-8"),
            ("b.csv", 1, "cp949"),
        ]
        assert result.table["stnId"].to_pylist() == [108, 112, 108]

    def test_paths_and_patterns_may_overlap(self, write, tmp_path):
        first = write(csv_text(HEADING, FIRST), name="a.csv")
        write(csv_text(HEADING, SECOND), name="b.csv")
        result = read_asos_files([str(first), f"{tmp_path}/*.csv", f"{tmp_path}/**/b.csv"])
        assert [file.path.name for file in result.files] == ["a.csv", "b.csv"]
        assert result.rows_read == 2

    def test_relative_pattern(self, write, tmp_path, monkeypatch):
        write(csv_text(HEADING, FIRST))
        monkeypatch.chdir(tmp_path)
        assert read_asos_files("as*.csv").rows_read == 1

    def test_name_that_looks_like_a_pattern(self, write):
        assert read_asos_files(write(csv_text(HEADING, FIRST), name="asos[1].csv")).rows_read == 1

    def test_absent_columns_become_null(self, write, tmp_path):
        write(csv_text(HEADING, FIRST), name="a.csv")
        write(csv_text("비고,지점,지점명,일시,풍속(m/s)", "x,108,서울,2024-01-01 01:00,3"), name="b.csv")
        table = read_asos_files(f"{tmp_path}/*.csv").table
        assert table.column_names == ["stnId", "stnNm", "tm", "ta", "ws", "hm", "비고"]
        assert table["ta"].to_pylist() == [-1.5, None]
        assert table["ws"].to_pylist() == [None, 3.0]
        assert table["비고"].to_pylist() == [None, "x"]

    def test_repeated_rows_collapse_to_the_first(self, write, tmp_path):
        write(csv_text(HEADING, FIRST, SECOND, THIRD), name="a.csv")
        write(csv_text(HEADING, SECOND.replace(".6", "0.60"), SECOND), name="b.csv")
        result = read_asos_files(f"{tmp_path}/*.csv")
        assert result.rows_read == 5
        assert result.duplicates_collapsed == 2
        assert result.table["ta"].to_pylist() == [-1.5, 0.6, 2.0]

    def test_repeated_rows_with_blanks_collapse(self, write):
        line = "108,서울,2024-01-01 00:00,,60"
        assert read_asos_files(write(csv_text(HEADING, line, line))).duplicates_collapsed == 1

    def test_different_rows_of_one_station_and_hour(self, write, tmp_path):
        first = write(csv_text(HEADING, THIRD, "", FIRST, SECOND), name="a.csv")
        second = write(csv_text(HEADING, THIRD, SECOND.replace(",.6,", ",7.5,")), name="b.csv")
        with pytest.raises(SourceFileError) as caught:
            read_asos_files(f"{tmp_path}/*.csv")
        assert str(caught.value) == (
            f"{second}, line 3: station 108 at 2024-01-01 01:00 differs from {first}, line 5: "
            "ta 7.5 here, 0.6 there; keep the row that is right"
        )

    def test_a_blank_gives_way_to_a_value(self, write, tmp_path):
        write(csv_text(HEADING, FIRST.replace("-1.5", ""), SECOND.replace("61", "")), name="a.csv")
        write(csv_text("지점,지점명,일시,습도(%),비고", "108,서울,2024-01-01 01:00,61,x"), name="b.csv")
        write(csv_text(HEADING, SECOND, FIRST), name="c.csv")
        result = read_asos_files(f"{tmp_path}/*.csv")
        assert result.table.to_pylist() == [
            {"stnId": 108, "stnNm": "서울", "tm": datetime(2024, 1, 1, hour), "ta": ta, "hm": hm, "비고": note}
            for hour, ta, hm, note in [(0, -1.5, 60.0, None), (1, 0.6, 61.0, "x")]
        ]
        assert (result.rows_read, result.duplicates_collapsed) == (5, 3)

    def test_values_that_differ_behind_a_row_with_a_blank_are_a_conflict(self, write):
        lines = ["108,서울,2024-01-01 00:00,,60", FIRST, "108,서울,2024-01-01 00:00,,60", FIRST.replace("-1.5", "1.5")]
        with pytest.raises(SourceFileError, match=r"line 5: .* line 3: ta 1.5 here, -1.5 there"):
            read_asos_files(write(csv_text(HEADING, *lines)))

    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            ([",9", "1.5,"], (1.5, None)),
            (["1.5,", ",9"], (1.5, None)),
            (["1.5,1", ",9"], (1.5, 1)),
            (["1.5,", "1.5,1"], (1.5, 1)),
            ([",9", ","], (None, 9)),
            ([",9", ",1", "1.5,"], (1.5, None)),
        ],
    )
    def test_a_flag_stays_with_its_value(self, write, cells, expected):
        lines = [f"108,서울,2024-01-01 00:00,{cell}" for cell in cells]
        (row,) = read_asos_files(write(csv_text("지점,지점명,일시,기온,기온 QC플래그", *lines))).table.to_pylist()
        assert (row["ta"], row["taQcflg"]) == expected

    def test_different_flags_of_one_value_are_a_conflict(self, write):
        lines = [f"108,서울,2024-01-01 00:00,{cell}" for cell in (",9", "1.5,1", "1.5,2")]
        with pytest.raises(SourceFileError, match=r"line 4: .* line 3: taQcflg 2 here, 1 there"):
            read_asos_files(write(csv_text("지점,지점명,일시,기온,기온 QC플래그", *lines)))

    def test_the_first_conflict_in_the_order_of_the_files_is_named(self, write):
        other = [line.replace(",6", ",8").replace(",7", ",9") for line in (THIRD, SECOND, FIRST)]
        with pytest.raises(SourceFileError, match=r"line 5: station 112 .* line 4: hm 90.0 here, 70.0 there"):
            read_asos_files(write(csv_text(HEADING, FIRST, SECOND, THIRD, *other)))


BAD_LINES = {
    "too few cells": ("108,서울,2024-01-01 02:00,1", "cells: 4, in the heading: 5"),
    "too many cells": ("108,서울,2024-01-01 02:00,1,2,", "cells: 6, in the heading: 5"),
    "blanks alone": ("   ", "cells: 1, in the heading: 5"),
    "text for a number": ("108,서울,2024-01-01 02:00,강풍,2", r"기온\(°C\): '강풍' is not a number"),
    "two points": ("108,서울,2024-01-01 02:00,1.2.3,2", r"기온\(°C\): '1.2.3' is not a number"),
    "not a number": ("108,서울,2024-01-01 02:00,nan,2", r"기온\(°C\): 'nan' is not a number"),
    "infinity": ("108,서울,2024-01-01 02:00,1,-inf", r"습도\(%\): '-inf' is not a number"),
    "overflow": ("108,서울,2024-01-01 02:00,1,1e999", r"습도\(%\): '1e999' is not a number"),
    "commas that group nothing": ('108,서울,2024-01-01 02:00,1,"10,00,0"', r"습도\(%\): '10,00,0' is not a number"),
    "unit": ("108,서울,2024-01-01 02:00,1,60 %", r"습도\(%\): '60 %' is not a number"),
    "station as text": ("서울,서울,2024-01-01 02:00,1,2", "지점: '서울' is not a whole number"),
    "station with a fraction": ("108.5,서울,2024-01-01 02:00,1,2", "지점: '108.5' is not a whole number"),
    "blank station": (",서울,2024-01-01 02:00,1,2", "지점 is blank"),
    "blank name": ("108, ,2024-01-01 02:00,1,2", "지점명 is blank"),
    "blank stamp": ("108,서울,,1,2", "일시 is blank"),
    "all cells blank": (",,,,", "지점 is blank"),
    "date alone": ("108,서울,2024-01-01,1,2", "일시: '2024-01-01' is a day without an hour"),
    "hour 25": ("108,서울,2024-01-01 25:00,1,2", "일시: '2024-01-01 25:00' is not a time stamp"),
    "30 February": ("108,서울,2024-02-30 02:00,1,2", "일시: '2024-02-30 02:00' is not a time stamp"),
    "time zone": ("108,서울,2024-01-01 02:00Z,1,2", "일시: '2024-01-01 02:00Z' is not a time stamp"),
    "zone of an hour": ("108,서울,2024-01-01 02+09:00,1,2", r"일시: '.*' is not a time stamp"),
    "open quotation": ('108,서울,2024-01-01 02:00,1,"2', "cells cannot be separated here"),
    "NUL": ("108,서울,2024-01-01 02:00,1,\0", "a NUL byte"),
}

OTHER_KINDS = {
    "zip": (b"PK\x03\x04rest", "a zip archive"),
    "gzip": (gzip.compress(b"a,b"), "a gzip archive"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
    "PDF": (b"%PDF-1.7", "a PDF document"),
    "UTF-16": (csv_text(HEADING, FIRST).encode("utf-16"), "UTF-16 text"),
    "HTML": (b"\r\n<!DOCTYPE html><html></html>", "an HTML or XML page"),
}

BAD_HEADINGS = {
    "another CSV": ("a,b", "the headings 지점, 지점명, 일시 are needed; seen: a, b"),
    "one key absent": (
        "지점,일시,기온(°C)",
        "the headings 지점, 지점명, 일시 are needed; seen: 지점, 일시, 기온",
    ),
    "JSON": ('{"response": {}}', "the headings 지점, 지점명, 일시 are needed"),
    "heading twice": (f"{HEADING},기온(°C)", "headings that mean the same column: 기온.*, 기온.*; keep one"),
    "heading in two spellings": (f"{HEADING},기온", r"headings that mean the same column: 기온\(°C\), 기온;"),
    "unknown heading twice": (f"{HEADING},비고,비고 ", "headings that mean the same column: 비고, 비고"),
    "comma at the end": (f"{HEADING},", "cell 6 is blank; every column needs a heading"),
}


class TestErrors:
    @pytest.mark.parametrize(("line", "problem"), BAD_LINES.values(), ids=BAD_LINES)
    def test_bad_line(self, write, line, problem):
        path = write(csv_text(HEADING, FIRST, "", SECOND, line, THIRD))
        with pytest.raises(SourceFileError, match=problem) as caught:
            read_asos_files(path)
        assert str(caught.value).startswith(f"{path}, line 5: ")
        assert caught.value.line == 5

    @pytest.mark.parametrize("flag", ["1.5", "300", "x"])
    def test_flag_that_is_none(self, write, flag):
        path = write(csv_text(f"{HEADING},기온 QC플래그", f"{FIRST},9", f"{SECOND},{flag}"))
        with pytest.raises(SourceFileError, match=f"line 3: 기온 QC플래그: '{flag}' is not a whole number"):
            read_asos_files(path)

    def test_line_behind_a_cell_with_line_breaks(self, write):
        path = write(csv_text(f"{HEADING},비고", f'{FIRST},"a\nb\nc"', "108,서울,2024-01-01 01:00,x,2,"))
        with pytest.raises(SourceFileError, match="line 5: "):
            read_asos_files(path)

    @pytest.mark.parametrize("line_end", ["\r\n", "\r"])
    def test_line_of_other_line_ends(self, write, line_end):
        path = write(csv_text(HEADING, FIRST, "108,서울,2024-01-01 01:00,x,2").replace("\n", line_end))
        with pytest.raises(SourceFileError, match="line 3: "):
            read_asos_files(path)

    def test_huge_bad_cell_is_shortened(self, write):
        path = write(csv_text(HEADING, f"108,서울,2024-01-01 00:00,{'x' * 100_000},2"))
        with pytest.raises(SourceFileError) as caught:
            read_asos_files(path)
        assert len(caught.value.problem) < 100

    def test_the_file_at_fault_is_named_among_many(self, write, tmp_path):
        write(csv_text(HEADING, FIRST), name="a.csv")
        bad = write(csv_text(HEADING, "108,서울,2024-01-01 01:00,x,2"), name="b.csv")
        with pytest.raises(SourceFileError, match=r"b\.csv, line 2: ") as caught:
            read_asos_files(f"{tmp_path}/*.csv")
        assert caught.value.path == str(bad)

    def test_file_cut_off_in_a_line(self, write):
        path = write(csv_text(HEADING, FIRST, SECOND)[:-12])
        with pytest.raises(
            SourceFileError, match=r"line 3: cells: 3, in the heading: 5; the file ends here, as if cut off"
        ):
            read_asos_files(path)

    @pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
    def test_file_cut_off_in_a_letter(self, write, encoding):
        path = write(csv_text(HEADING, FIRST, "112,인천").strip().encode(encoding)[:-1])
        with pytest.raises(SourceFileError, match=r"line 3: byte 0x.. is neither UTF-8 nor cp949"):
            read_asos_files(path)

    @pytest.mark.parametrize("content", [b"", b"\n\r\n  \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
    def test_empty_file(self, write, content):
        with pytest.raises(SourceFileError, match=r"asos.csv: the file is empty"):
            read_asos_files(write(content))

    @pytest.mark.parametrize(("content", "kind"), OTHER_KINDS.values(), ids=OTHER_KINDS)
    def test_other_kind_of_file(self, write, content, kind):
        with pytest.raises(SourceFileError, match=f"asos.csv: this is {kind}"):
            read_asos_files(write(content))

    def test_parquet_and_workbook_as_their_writers_make_them(self, write):
        parquet, workbook = io.BytesIO(), io.BytesIO()
        pq.write_table(pa.table({"a": [1]}), parquet)
        with zipfile.ZipFile(workbook, "w") as archive:
            archive.writestr("sheet.xml", "<a/>")
        for content, kind in [(parquet, "Parquet"), (workbook, "zip")]:
            with pytest.raises(SourceFileError, match=kind):
                read_asos_files(write(content.getvalue()))

    def test_latin_1_file(self, write):
        path = write(csv_text("station,name,time", "1,Besançon,2024-01-01 00:00"), encoding="latin-1")
        with pytest.raises(SourceFileError):
            read_asos_files(path)

    def test_byte_of_neither_encoding(self, write):
        path = write(csv_text(HEADING, FIRST).encode("cp949") + b"108,\xff\xff,2024-01-01 01:00,1,2\n")
        with pytest.raises(SourceFileError, match="line 3: byte 0xff is neither UTF-8 nor cp949"):
            read_asos_files(path)

    @pytest.mark.parametrize(("heading", "problem"), BAD_HEADINGS.values(), ids=BAD_HEADINGS)
    def test_bad_heading(self, write, heading, problem):
        path = write(csv_text(heading, FIRST))
        with pytest.raises(SourceFileError, match=problem) as caught:
            read_asos_files(path)
        assert str(caught.value).startswith(f"{path}, line 1: ")

    def test_folder(self, tmp_path):
        with pytest.raises(SourceFileError, match="is a folder; name its files"):
            read_asos_files(tmp_path)

    @pytest.mark.parametrize("name", ["absent.csv", "*.csv", "absent/*.csv"])
    def test_no_such_file(self, tmp_path, name):
        with pytest.raises(SourceFileError, match="no such file"):
            read_asos_files(tmp_path / name)

    def test_one_of_several_patterns_without_a_match(self, write, tmp_path):
        with pytest.raises(SourceFileError, match="absent"):
            read_asos_files([write(csv_text(HEADING, FIRST)), tmp_path / "absent*.csv"])

    def test_unreadable_path(self, tmp_path):
        with pytest.raises(SourceFileError, match="cannot be read: File name too long"):
            read_asos_files(tmp_path / ("x" * 5000))

    def test_no_paths(self):
        with pytest.raises(OptionError, match="name at least one file"):
            read_asos_files([])

    def test_error_is_of_the_family_and_survives_a_process_border(self, write):
        with pytest.raises(DataLayerError) as caught:
            read_asos_files(write(b""))
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
