"""Which engine runs: `use_rust`, the environment variable, and an engine that is absent, older or broken."""

from __future__ import annotations

import logging
import re
from types import ModuleType

import pandas as pd
import pytest

from energy_data_layer import __version__, build_info, complete_hours, errors, impute_missing_values
from energy_data_layer.engine import choice as engine

FRAME = pd.DataFrame({"stnNm": "a", "tm": pd.date_range("2024-01-01", periods=3, freq="h"), "ta": [1.0, None, 3.0]})


def chosen(use_rust=None) -> tuple[str, str]:
    choice = engine.choose(use_rust)
    return choice.engine, choice.reason


def stand_in(version: str = __version__) -> ModuleType:
    module = ModuleType("rust_data_layer")
    module.__version__ = version
    module.build_info = lambda: {"version": version}
    return module


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Forget what was imported and warned of, before and after."""
    monkeypatch.delenv("USE_RUST", raising=False)
    engine._import_rust.cache_clear()
    engine._warn_once.cache_clear()
    yield
    engine._import_rust.cache_clear()
    engine._warn_once.cache_clear()


@pytest.fixture
def importing(monkeypatch):
    """Say what importing the Rust engine gives: a module, or an exception."""

    def give(outcome: ModuleType | Exception) -> list[str]:
        asked = []

        def import_module(name: str) -> ModuleType:
            asked.append(name)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(engine, "import_module", import_module)
        return asked

    return give


@pytest.fixture
def present(importing):
    return importing(stand_in())


@pytest.fixture
def absent(importing):
    return importing(ModuleNotFoundError("No module named 'rust_data_layer'", name="rust_data_layer"))


# Rust is there


@pytest.mark.parametrize(
    ("variable", "use_rust", "expected"),
    [
        (None, None, ("rust", "auto: the Rust engine is installed")),
        ("", None, ("rust", "auto: the Rust engine is installed")),
        ("auto", None, ("rust", "auto: the Rust engine is installed")),
        (" AUTO ", None, ("rust", "auto: the Rust engine is installed")),
        ("1", None, ("rust", "USE_RUST=1")),
        ("0", None, ("reference", "USE_RUST=0")),
        ("0", True, ("rust", "use_rust=True")),
        ("1", False, ("reference", "use_rust=False")),
        ("rubbish", False, ("reference", "use_rust=False")),
    ],
)
def test_who_decides(variable, use_rust, expected, present, monkeypatch):
    if variable is not None:
        monkeypatch.setenv("USE_RUST", variable)
    assert chosen(use_rust) == expected


def test_the_variable_is_read_at_each_call(present, monkeypatch):
    answers = []
    for wish in ("0", "1", "0"):
        monkeypatch.setenv("USE_RUST", wish)
        answers.append(chosen()[0])
    assert answers == ["reference", "rust", "reference"]


@pytest.mark.parametrize("wish", ["2", "yes", "true", "rust", "01"])
def test_another_value_of_the_variable_is_an_error(wish, present, monkeypatch):
    monkeypatch.setenv("USE_RUST", wish)
    message = f'the environment variable USE_RUST is "{wish}"; it can be 0, 1, auto or shadow'
    for transform in (impute_missing_values, complete_hours):
        with pytest.raises(errors.OptionError, match=re.escape(message)):
            transform(FRAME)


def test_the_engine_is_imported_once(present):
    for _ in range(3):
        chosen()
    assert present == ["rust_data_layer"]


def test_the_reference_does_not_import_the_engine(present, monkeypatch):
    monkeypatch.setenv("USE_RUST", "0")
    chosen()
    chosen(False)
    assert present == []


# Rust is not there


@pytest.mark.parametrize("transform", [impute_missing_values, complete_hours])
def test_a_demand_for_the_absent_engine_is_an_error(transform, absent):
    with pytest.raises(errors.EngineUnavailable) as info:
        transform(FRAME, use_rust=True)
    advice = f'install it with: pip install "energy-data-layer[rust]=={__version__}"'
    assert str(info.value) == f"the Rust engine is not installed; {advice}"


def test_a_wish_for_the_absent_engine_warns_once_and_falls_back(absent, monkeypatch, caplog):
    monkeypatch.setenv("USE_RUST", "1")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            answer, report = impute_missing_values(FRAME, ["ta"], report=True)
    assert answer["ta"].tolist() == [1.0, 2.0, 3.0]
    assert (report.engine, report.engine_reason) == (
        "reference",
        "USE_RUST=1, but the Rust engine is not installed",
    )
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "USE_RUST=1, but the Rust engine is not installed: running on the reference")
    ]


def test_auto_without_the_engine_is_silent(absent, caplog):
    with caplog.at_level(logging.DEBUG):
        assert chosen() == ("reference", "auto: the Rust engine is not installed")
    assert caplog.records == []


def test_build_info_without_the_engine(absent):
    assert build_info() == {
        "version": __version__,
        "rust": None,
        "engine": "reference",
        "engine_reason": "auto: the Rust engine is not installed",
    }


# Rust is of another version


@pytest.mark.parametrize("demand", ["use_rust=True", "USE_RUST=1"])
def test_a_demand_for_an_engine_of_another_version_is_an_error(demand, importing, monkeypatch):
    importing(stand_in("0.0.9"))
    monkeypatch.setenv("USE_RUST", "1")
    with pytest.raises(errors.EngineVersionError) as info:
        chosen(True if demand == "use_rust=True" else None)
    assert str(info.value) == (
        f"rust-data-layer 0.0.9 is installed, energy-data-layer {__version__} needs exactly {__version__}; "
        f'install it with: pip install "energy-data-layer[rust]=={__version__}"'
    )


@pytest.mark.parametrize("version", ["0.0.9", "99.0.0"])
def test_auto_leaves_an_engine_of_another_version_alone_and_says_so_once(version, importing, caplog):
    importing(stand_in(version))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert chosen() == ("reference", f"auto: the Rust engine is version {version}, not {__version__}")
    assert len(caplog.records) == 1
    assert f"rust-data-layer {version} is installed" in caplog.text


def test_build_info_tells_the_version_of_the_engine(importing):
    importing(stand_in("0.0.9"))
    assert build_info()["rust"] == {"version": "0.0.9"}


# Rust is broken


@pytest.mark.parametrize(
    "cause",
    [
        ImportError("libfoo.so.1: cannot open shared object file"),
        ModuleNotFoundError("No module named 'rust_data_layer._native'", name="rust_data_layer._native"),
        ModuleNotFoundError("No module named 'numpy'", name="numpy"),
    ],
    ids=["shared object", "without its binary", "without a dependency"],
)
@pytest.mark.parametrize(("variable", "use_rust"), [("auto", None), ("1", None), ("0", True)])
def test_a_broken_install_is_an_error_with_its_cause(variable, use_rust, cause, importing, monkeypatch):
    importing(cause)
    monkeypatch.setenv("USE_RUST", variable)
    with pytest.raises(ImportError, match=re.escape(str(cause))):
        chosen(use_rust)


def test_a_broken_install_does_not_stop_the_reference(importing, monkeypatch):
    importing(ImportError("broken"))
    assert chosen(False) == ("reference", "use_rust=False")
    monkeypatch.setenv("USE_RUST", "0")
    assert chosen() == ("reference", "USE_RUST=0")


def test_rust_says_that_it_is_absent(absent):
    with pytest.raises(errors.EngineUnavailable, match="the Rust engine is not installed"):
        engine.rust()


# The real one


@pytest.mark.needs_rust
def test_the_installed_engine_runs_and_the_report_says_so():
    _, report = impute_missing_values(FRAME, ["ta"], use_rust=True, report=True)
    assert (report.engine, report.engine_reason) == ("rust", "use_rust=True")


@pytest.mark.needs_rust
def test_auto_takes_the_installed_engine():
    assert chosen() == ("rust", "auto: the Rust engine is installed")
    assert build_info()["rust"]["version"] == __version__


def test_the_reference_s_report_says_so():
    _, report = impute_missing_values(FRAME, ["ta"], use_rust=False, report=True)
    assert (report.engine, report.engine_reason) == ("reference", "use_rust=False")
    assert report.seconds > 0
