"""Texts that can be read wherever there are fonts for them, and files of figures."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from energy_data_layer import score_imputation
from energy_data_layer.errors import ExtraUnavailable, OptionError, StorageError
from energy_data_layer.plots import figure as figure_module
from energy_data_layer.plots import plot_gaps, plot_scores, save_figure
from energy_data_layer.plots.figure import readable, require_drawable

HANGUL = frozenset(map(ord, "서울인천강릉귀포영흥풍력가제"))
LATIN = frozenset(range(32, 127)) | {ord("°"), ord("…")}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("서울 (108)", "Seoul (108)"),
        ("인천", "Incheon"),
        ("강릉", "Gangreung"),
        ("영흥 풍력", "Yeongheung Pungryeog"),
        ("제2", "Je2"),
        ("air temperature (°C)", "air temperature (°C)"),
        ("a$b$c", r"a\$b\$c"),
        ("東京", r"\u6771\u4eac"),
        ("서울", "Seoul"),
        ("", ""),
    ],
)
def test_without_a_korean_font_names_are_written_in_latin(monkeypatch, text, shown):
    monkeypatch.setattr(figure_module, "_letters", lambda: LATIN)
    assert readable(text) == shown


def test_with_a_korean_font_names_stay(monkeypatch):
    monkeypatch.setattr(figure_module, "_letters", lambda: LATIN | HANGUL)
    assert readable("서울 (108)") == "서울 (108)"
    assert readable("서울 東") == r"서울 \u6771"


def test_the_font_with_korean_letters_is_used_where_there_is_one(monkeypatch):
    from matplotlib import font_manager

    font = font_manager.fontManager.ttflist[0]
    other = font_manager.FontEntry(name="NanumGothic", fname=font.fname)
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [font, other])
    assert figure_module._fonts.__wrapped__() == ("NanumGothic", "DejaVu Sans")


@pytest.fixture
def figure():
    hours = pd.date_range("2024-01-01", periods=3, freq="h")
    return plot_gaps(pd.DataFrame({"stnNm": "Seoul", "tm": hours, "ta": [1.0, None, 3.0]}))


@pytest.mark.parametrize(
    ("name", "begin"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("a.pdf", b"%PDF"), ("a", b"\x89PNG")]
)
def test_the_ending_names_the_format_and_the_bytes_are_the_same_each_time(figure, tmp_path, name, begin):
    contents = []
    for _ in range(2):
        save_figure(figure, tmp_path / name)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0].startswith(begin)
    assert contents[0] == contents[1]


def test_another_ending_is_an_error_before_anything_is_written(figure, tmp_path):
    for refuse in (require_drawable, lambda path: save_figure(figure, path)):
        with pytest.raises(OptionError, match=r"cannot be drawn as \.jpeg; name a file that ends in"):
            refuse(tmp_path / "a.jpeg")
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_an_error(figure, tmp_path):
    with pytest.raises(StorageError, match="does not exist"):
        save_figure(figure, tmp_path / "absent" / "gaps.png")


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (lambda: require_drawable("a.png"), lambda: plot_gaps("duckdb:///absent.duckdb")):
        with pytest.raises(ExtraUnavailable, match=r"energy-data-layer\[plot\]"):
            draw()


def test_scores_have_a_panel_a_column_and_a_line_a_method(tmp_path):
    hours = pd.date_range("2024-01-01", periods=600, freq="h")
    wave = pd.Series(range(600)).mod(24).sub(12).abs().astype(float)
    columns = {name: wave * (n + 1) for n, name in enumerate(("a", "b", "기온", "d"))}
    df = pd.DataFrame({"stnNm": "Seoul", "tm": hours, **columns})
    methods = {"linear": "linear", "zero": lambda masked: masked.fillna(0.0)}
    card = score_imputation(df, list(columns), methods=methods, gap_lengths=(1, 3), gaps=5)
    figure = plot_scores(card, labels={"a": "RMSE in °C"})
    save_figure(figure, tmp_path / "scores.png")
    assert len(figure.axes) == 4
    assert figure.axes[0].get_ylabel() == "RMSE in °C"
    assert figure.axes[0].get_title("left") == "a, recommended: linear"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["linear", "zero"]
    rows = card.overall()["a"]
    drawn = [container[0].get_ydata().tolist() for container in figure.axes[0].containers]
    assert drawn == [[row["rmse"] for row in rows if row["method"] == name] for name in card.methods]
