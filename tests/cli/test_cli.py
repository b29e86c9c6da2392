"""The command line: behaviour in this process, exit codes and clean output in a real one."""

from __future__ import annotations

import json
import math
import os
import shlex
import subprocess
import sys
from datetime import date, datetime, timedelta

import pyarrow.feather
import pyarrow.parquet
import pytest
import typer
from typer.testing import CliRunner

from energy_data_layer import __version__, settings
from energy_data_layer.cli import app as app_module
from energy_data_layer.cli.app import COMMANDS, app
from energy_data_layer.cli.options import one_value_each
from energy_data_layer.errors import SourceFileError, StorageError
from energy_data_layer.simulator import Simulator, SimulatorOptions
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database

HOURS = """stnNm,tm,ta,hm,note
서울,2024-01-01 00:00,.5,50,007
서울,2024-01-01 01:00,,51,"a, b"
서울,2024-01-01 02:00,1.5,53,
서울,2024-01-01 04:00,2.5,53,
서울,2024-01-01 05:00,-.5,53,
서울,2024-01-01 06:00,2.5,,
"""


@pytest.fixture(autouse=True)
def plain_environment(own_environment, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sample(tmp_path):
    write_asos_sample(tmp_path / "asos", stations=SAMPLE_STATIONS[:2], since=date(2023, 12, 1), until=date(2024, 2, 1))
    return "asos/*.csv"


@pytest.fixture
def generation(tmp_path):
    write_generation_sample(tmp_path / "generation")
    return "generation/*.csv"


@pytest.fixture
def hours(tmp_path):
    path = tmp_path / "hours.csv"
    path.write_text(HOURS, encoding="utf-8")
    return path


def edl(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})


def edl_process(*arguments, **environment):
    code = "import sys; sys.argv[0] = 'edl'; from energy_data_layer.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"PYTHONUTF8": "1"} | environment,
    )


# --- edl run weather --------------------------------------------------------------------------------


def test_run_weather_as_the_issue_writes_it(sample, tmp_path):
    command = ["run", "weather", "--files", sample, "--db", "duckdb:///energy.duckdb"]
    result = edl(*command, "--columns", "ta", "hm", "ws", "pa", "--since", "2023-12-05")
    assert result.exit_code == 0, result.output
    assert "Filled by method" in result.stdout
    assert "read files" in result.stdout
    report = json.loads((tmp_path / "energy.weather.json").read_text(encoding="utf-8"))
    assert report["arguments"]["columns"] == ["ta", "hm", "ws", "pa"]
    assert report["rows_outside_period"] == 2 * 96
    with Database.connect("duckdb:///energy.duckdb") as database:
        assert database.row_count("weather_asos") == report["rows_inserted"]


@pytest.mark.parametrize(
    "columns",
    [
        ["--columns", "ta", "hm"],
        ["--columns", "ta,hm"],
        ["--columns", "ta, hm"],
        ["--columns", "ta", "--columns", "hm"],
        ["--columns=ta", "--columns=hm"],
    ],
)
def test_columns_in_every_spelling(sample, columns):
    result = edl("run", "weather", "--files", sample, *columns, "--db", "duckdb:///:memory:", "--json")
    assert json.loads(result.stdout)["arguments"]["columns"] == ["ta", "hm"]


def test_several_files_and_patterns(sample, tmp_path):
    first, *others = sorted((tmp_path / "asos").glob("*.csv"))
    result = edl("run", "weather", "--files", first, *others, "--db", "duckdb:///:memory:", "--json")
    assert json.loads(result.stdout)["files"] == [str(first), *map(str, others)]


def test_the_report_goes_where_it_is_told(sample, tmp_path):
    (tmp_path / "reports").mkdir()
    options = ["--report", "reports/today.json", "--picture", "reports/gaps.png", "--engine", "reference"]
    result = edl("run", "weather", "--files", sample, "--db", "duckdb:///energy.duckdb", *options)
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "reports" / "today.json").read_text(encoding="utf-8"))["engine"] == "reference"
    assert (tmp_path / "reports" / "gaps.png").exists()
    assert not (tmp_path / "energy.weather.json").exists()


def test_the_database_of_the_environment(sample, monkeypatch, tmp_path):
    monkeypatch.setenv(settings.DATABASE_URL, "duckdb:///from_environment.duckdb")
    assert edl("run", "weather", "--files", sample).exit_code == 0
    assert (tmp_path / "from_environment.duckdb").exists()


def test_json_is_one_document_and_nothing_else(sample):
    done = edl_process("run", "weather", "--files", sample, "--db", "duckdb:///energy.duckdb", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["job"] == "weather"
    assert "read files took" in done.stderr


def test_with_json_an_error_leaves_standard_output_empty():
    done = edl_process("run", "weather", "--files", "none*.csv", "--db", "duckdb:///energy.duckdb", "--json")
    assert (done.returncode, done.stdout) == (1, "")


# --- edl run generation -----------------------------------------------------------------------------


def test_run_generation_shows_the_balance_and_what_is_wrong(generation, tmp_path):
    result = edl("run", "generation", "--files", generation, "--db", "duckdb:///energy.duckdb", "--engine", "reference")
    assert result.exit_code == 0, result.output
    assert "641 = 634 stored + 1 empty + 1 repeated + 5 rejected" in result.stdout
    assert "15,216 inserted, 0 updated, 0 unchanged" in result.stdout
    assert "Rejected: different rows for one plant and day (2)" in result.stdout
    assert "한국동서발전(주)_가상 태양광 발전량_20240331.csv, line 62: 날짜: 2024-02-30" in result.stdout
    assert "Hours that do not add up to the daily total (1)" in result.stdout
    assert "kospo_solar_file" in result.stdout
    report = json.loads((tmp_path / "energy.generation.json").read_text(encoding="utf-8"))
    assert report["rows_rejected"] == 5
    assert "energy.generation.json" in result.stderr
    with Database.connect("duckdb:///energy.duckdb") as database:
        assert database.row_count("generation_hourly") == report["rows_inserted"]
        assert database.row_count("rejects") == 5
    command = ["run", "generation", "--files", generation, "--db", "duckdb:///energy.duckdb", "--engine", "reference"]
    assert "1, stored already and unchanged (--reread reads them)" in edl(*command).stdout
    again = edl(*command, "--reread")
    assert "0 inserted, 0 updated, 15,216 unchanged" in again.stdout


def test_run_generation_with_everything_told(tmp_path):
    hours = ",".join(f"{hour}시" for hour in range(1, 25))
    (tmp_path / "a.csv").write_text(f"일자,{hours}\n2024-01-01,{','.join(['2'] * 24)}\n", encoding="utf-8")
    unclear = edl("run", "generation", "--files", "a.csv", "--db", "duckdb:///e.duckdb", "--publisher", "ACME")
    assert unclear.exit_code == 1
    assert "; pass --energy-unit kWh, or a layout; " in unclear.stderr
    told = ["--publisher", "ACME", "--energy-unit", "MWh", "--plant-name", "들녘태양광", "--report", "r.json"]
    result = edl("run", "generation", "--files", "a.csv", "--db", "duckdb:///e.duckdb", *told, "--json")
    assert json.loads(result.stdout)["arguments"] == {
        "database": "duckdb:///e.duckdb",
        "publisher": "ACME",
        "layout": None,
        "energy_unit": "MWh",
        "plant_name": "들녘태양광",
        "override": False,
        "missing_values": None,
    }
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8")) == json.loads(result.stdout)
    with Database.connect("duckdb:///e.duckdb") as database:
        first = database.read("generation_hourly").to_pylist()[0]
    assert (first["plant"], first["fuel"], first["kwh"]) == ("들녘태양광", "solar", 2000.0)


# --- exit codes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "weather", "--files", "none*.csv", "--db", "duckdb:///e.duckdb"], 1, "none*.csv"),
        (["run", "weather", "--files", "SAMPLE", "--db", "duckdb:///no/e.duckdb"], 1, "no does not exist"),
        (["run", "weather", "--files", "SAMPLE", "--db", "mysql://a:b@c"], 2, "mysql://a:***@c"),
        (["run", "weather", "--files", "SAMPLE", "--db", "duckdb:///e.duckdb", "--columns", "xx"], 1, '"xx"'),
        (["run", "weather", "--files", "SAMPLE", "--db", "duckdb:///e.duckdb", "--since", "x"], 2, "edl: --since is"),
        (["run", "weather", "--files", "SAMPLE"], 2, "--db"),
        (["run", "weather", "--files", "--db", "duckdb:///e.duckdb"], 2, "--files"),
        (["run", "weather", "--files", "SAMPLE", "--engine", "fortran"], 2, "fortran"),
        (["run", "generation", "--files", "none*.csv", "--db", "duckdb:///e.duckdb"], 1, "none*.csv"),
        (["run", "generation", "--files", "SAMPLE", "--db", "duckdb:///e.duckdb"], 1, "hours 1 to 24"),
        (["run", "generation", "--files", "SAMPLE", "--db", "duckdb:///e.duckdb", "--layout", "x"], 2, '"x"'),
        (["run", "generation", "--files", "SAMPLE", "--db", "duckdb:///e.duckdb", "--energy-unit", "J"], 2, "MWh"),
        (["simulate", "--latency=-1"], 2, "edl: --latency is -1"),
        (["sing"], 2, "sing"),
    ],
)
def test_exit_codes_and_messages_without_traceback(sample, arguments, code, message):
    done = edl(*(sample if argument == "SAMPLE" else argument for argument in arguments))
    assert done.exit_code == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "command",
    [
        *(["run", job, "--files", "SAMPLE"] for job in ("weather", "generation")),
        *(["check"], ["status"], ["doctor"], ["migrate"], ["drift"], ["report"], ["fit"]),
        ["reprocess", "--since", "2024-01-01"],
    ],
    ids=" ".join,
)
def test_a_database_whose_creation_was_cut_short_is_named_by_every_command(request, tmp_path, command):
    Database.connect("duckdb:///energy.duckdb").close()
    content = (tmp_path / "energy.duckdb").read_bytes()[:8192]
    (tmp_path / "energy.duckdb").write_bytes(content)
    files = request.getfixturevalue("generation" if "generation" in command else "sample")
    arguments = [files if argument == "SAMPLE" else argument for argument in command]
    done = edl(*arguments, "--db", "duckdb:///energy.duckdb")
    assert done.exit_code == (4 if command in (["check"], ["drift"]) else 1), done.output
    assert "it holds no rows; remove it with rm energy.duckdb and run again" in done.stderr
    assert (tmp_path / "energy.duckdb").read_bytes() == content


@pytest.mark.parametrize("command", [["status"], ["fit"], ["run", "weather", "--files", "SAMPLE"]])
def test_an_error_of_the_system_is_one_line(sample, command):
    arguments = [sample if argument == "SAMPLE" else argument for argument in command]
    done = edl(*arguments, "--db", f"duckdb:///{'a' * 300}")
    assert done.exit_code == 1
    assert "File name too long" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("edl: ")
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback():
    done = edl("--debug", "run", "weather", "--files", "none.csv", "--db", "duckdb:///e.duckdb")
    assert done.exit_code == 1
    assert isinstance(done.exception, SourceFileError)


def test_version_and_help():
    assert edl("--version").stdout.strip() == f"edl {__version__}"
    assert "Exit codes" in edl("--help").stdout


def test_commands_stand_in_the_order_of_their_use():
    def listed(*group):
        _, _, commands = edl(*group, "--help").stdout.partition("Commands:\n")
        return [line.split()[0] for line in commands.partition("\n\n")[0].splitlines()]

    assert listed() == [
        *(
            "demo",
            "run",
            "layouts",
            "check",
            "status",
            "report",
            "export",
            "doctor",
            "config",
            "migrate",
            "drift",
            "reprocess",
            "fit",
        ),
        *("impute", "score", "simulate", "shadow-report", "shadow-replay"),
    ]
    assert listed("run") == ["weather", "generation", "wind", "solar"]


@pytest.mark.parametrize("markup", [None, "rich"])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_command_says_nothing_of_flags_types_and_ends_with_an_example(monkeypatch, name, markup):
    monkeypatch.setattr(app_module, "MARKUP", markup)
    command = COMMANDS[name]
    result = edl(*filter(None, (command.group, name)), "--help")
    assert result.exit_code == 0, result.output
    assert ("╭" in result.stdout) == (markup == "rich")
    assert "bool" not in result.stdout.lower()
    assert result.stdout.split("Example: ")[1].strip() == command.example
    assert command.example.split()[:2] == ["edl", command.group or name]


@pytest.mark.parametrize("group", [[], ["run"]])
def test_rich_draws_the_list_of_commands_on_a_terminal(monkeypatch, group):
    monkeypatch.setattr(app, "rich_markup_mode", "rich")
    result = edl(*group, "--help")
    assert "╭─ Commands" in result.stdout
    assert "bool" not in result.stdout


@pytest.mark.slow
def test_the_examples_work_as_written(tmp_path, monkeypatch):
    write_asos_sample(tmp_path / "demo" / "asos_hourly", stations=SAMPLE_STATIONS[:1], since=date(2024, 1, 1))
    write_generation_sample(tmp_path / "demo" / "generation")
    (tmp_path / "hours.csv").write_text(HOURS, encoding="utf-8")
    write_year(tmp_path / "year.csv")
    with Simulator(SimulatorOptions(latency_seconds=0.0, today=date(2024, 3, 1))) as simulator:
        for variable, value in simulator.environment.items():
            monkeypatch.setenv(variable, value)
        for name, command in COMMANDS.items():
            # The first has a test of its own, the second goes on until it is ended, the third needs a kept case.
            if name in ("demo", "simulate", "shadow-replay"):
                continue
            result = edl(*shlex.split(command.example)[1:])
            nothing_compared = name == "shadow-report" and "Against switching" in result.stdout
            is_old = name == "check" and " h ago" in result.stdout
            assert result.exit_code == (1 if nothing_compared or is_old else 0), result.output


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("edl sta", "status"),
        ("edl run we", "weather"),
        ("edl status --js", "--json"),
        ("edl run solar --pl", "--plants"),
    ],
)
def test_completion_of_commands_and_their_options(typed, completed):
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    done = edl_process(_EDL_COMPLETE="complete_bash", **words)
    assert done.stdout.split() == [completed], done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_of_each_shell(shell):
    done = edl_process("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0, done.stderr
    assert "_EDL_COMPLETE=complete_" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "modules"),
    [
        (["--help"], set()),
        (["run", "--help"], set()),
        (["status", "--help"], {"status"}),
        (["impute", "--help"], {"impute"}),
        (["score", "--help"], {"score"}),
        (["run", "wind", "--help"], {"wind", "service"}),
    ],
)
def test_a_command_imports_no_other(arguments, modules):
    commands = (name.removeprefix("energy_data_layer.cli.") for name in imported_by(*arguments) if ".cli." in name)
    assert set(commands) == {"app", "console", "ending", "options", *modules}


def imported_by(*arguments):
    """Return the modules that a command leaves imported."""
    code = (
        f"import sys; sys.argv = ['edl', *{list(map(str, arguments))}]\n"
        "from energy_data_layer.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: code = end.code\n"
        "print('', *sys.modules, sep='\\n'); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("command", [(), *(("run", job) for job in ("weather", "generation", "wind", "solar"))])
def test_help_imports_nothing_heavy(command):
    assert not imported_by(*command, "--help") & {
        "pandas",
        "numpy",
        "pyarrow",
        "scipy",
        "duckdb",
        "matplotlib",
        "pydantic",
    }


def test_status_imports_neither_pandas_nor_pydantic(sample):
    database = "duckdb:///energy.duckdb"
    assert edl("run", "weather", "--files", sample, "--db", database).exit_code == 0
    imported = imported_by("status", "--db", database)
    assert "duckdb" in imported
    assert not imported & {"pandas", "scipy", "pydantic", "pyarrow.compute", "urllib.request"}


@pytest.mark.needs_rust
def test_impute_in_rust_imports_neither_pandas_nor_pydantic(hours, tmp_path):
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    for source, output in ((hours, first), (first, second)):
        imported = imported_by("impute", source, "-o", output)
        assert "rust_data_layer" in imported
        assert not imported & {"pandas", "scipy", "pydantic", "pyarrow.compute"}
    assert pyarrow.parquet.read_table(second).equals(pyarrow.parquet.read_table(first))


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_without_the_extra_edl_says_what_to_install(library):
    code = f"import sys; sys.modules[{library!r}] = None; from energy_data_layer.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert 'pip install "energy-data-layer[cli]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_one_value_each():
    lists = {"--files"}
    assert one_value_each(["--files", "a", "b", "--json"], lists) == ["--files", "a", "--files", "b", "--json"]
    for arguments in (["--files", "--json"], ["--json", "--files"]):
        with pytest.raises(typer.BadParameter, match="--files needs at least one value"):
            one_value_each(arguments, lists)
    assert one_value_each(["IN", "-o", "OUT", "--db", "x"], lists) == ["IN", "-o", "OUT", "--db", "x"]


# --- edl impute -------------------------------------------------------------------------------------


@pytest.fixture
def each_engine(engine, monkeypatch):
    monkeypatch.setenv(settings.USE_RUST, str(int(engine)))


@pytest.mark.usefixtures("each_engine")
def test_impute_a_csv_file_leaves_other_cells_as_they_are(hours, tmp_path):
    result = edl("impute", hours, "-o", "out.csv", "--columns", "ta", "hm", "--provenance")
    assert result.exit_code == 0, result.output
    heading, *lines = (tmp_path / "out.csv").read_text(encoding="utf-8").replace('"', "").splitlines()
    assert heading == "stnNm,tm,ta,ta_provenance,hm,hm_provenance,note"
    assert lines[0] == "서울,2024-01-01 00:00,0.5,0,50,0,007"
    assert lines[1].startswith("서울,2024-01-01 01:00,")
    assert lines[1].endswith(",1,51,0,a, b")
    assert lines[-1] == "서울,2024-01-01 06:00,2.5,0,53,3,"
    assert "spline" in result.stdout


@pytest.mark.usefixtures("each_engine")
def test_impute_with_completed_hours(hours):
    edl("impute", hours, "-o", "out.parquet", "--columns", "ta", "--complete-hours", "--carry", "note")
    stamps = pyarrow.parquet.read_table("out.parquet")["tm"].to_pylist()
    assert stamps == [f"2024-01-01 0{hour}:00" for hour in range(7)]


@pytest.mark.usefixtures("each_engine")
def test_impute_gives_the_same_by_every_kind_of_file(hours):
    assert edl("impute", hours, "-o", "out.parquet").exit_code == 0
    assert edl("impute", hours, "-o", "out.arrow").exit_code == 0
    assert edl("impute", "out.arrow", "-o", "again.feather").exit_code == 0
    first = pyarrow.parquet.read_table("out.parquet")
    assert pyarrow.feather.read_table("out.arrow").equals(first)
    assert pyarrow.feather.read_table("again.feather").equals(first)


@pytest.mark.usefixtures("each_engine")
def test_impute_by_another_method_within_bounds(hours, tmp_path):
    options = ("--columns", "ta", "--method", "linear", "--bounds", "ta=:0", "--max-gap", "5", "--interval", "0.9")
    result = edl("impute", hours, "-o", "out.parquet", *options)
    assert result.exit_code == 0, result.output
    filled = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert filled["ta_low"].null_count == filled.num_rows
    assert "set to the bound: ta" in result.stderr


@pytest.mark.parametrize("bounds", ["ta", "ta=1", "ta=low:high"])
def test_bounds_that_cannot_be_read(bounds, hours):
    result = edl("impute", hours, "-o", "out.parquet", "--bounds", bounds)
    assert result.exit_code == 2
    assert "write column=lowest:highest" in result.stderr


@pytest.mark.usefixtures("each_engine")
def test_impute_reads_cp949(hours, tmp_path):
    (tmp_path / "korean.csv").write_text(HOURS, encoding="cp949")
    for source, output in ((hours, "a.parquet"), ("korean.csv", "b.parquet")):
        assert edl("impute", source, "-o", output).exit_code == 0
    assert pyarrow.parquet.read_table("a.parquet").equals(pyarrow.parquet.read_table("b.parquet"))


LOAD = "date,load,remark\n2024-01-01 00:00,1,ok\n"
PORTAL = "지점,지점명,일시,기온(°C),습도(%)\n108,서울,2024-01-01 00:00,1,50\n"


@pytest.mark.parametrize(
    ("text", "command", "absent", "to_type"),
    [
        (
            LOAD,
            "impute table.csv -o out.csv",
            "tm (--date-col) and no stnNm (--station-col) and no ta, hm (--columns); its columns are: date, load, "
            "remark",
            "impute table.csv -o out.csv --date-col date --station-col COLUMN --columns load",
        ),
        (
            LOAD,
            "score table.csv --columns lode --date-col date --gaps 9",
            "stnNm (--station-col) and no lode (--columns); its columns are: date, load, remark",
            "score table.csv --date-col date --gaps 9 --station-col COLUMN --columns load",
        ),
        (
            PORTAL,
            "impute table.csv -o out.csv",
            "tm (--date-col) and no stnNm (--station-col) and no ta, hm (--columns); its columns are: 지점, 지점명, "
            "일시, 기온(°C), 습도(%)",
            "impute table.csv -o out.csv --date-col '일시' --station-col '지점명' --columns '기온(°C)' '습도(%)'",
        ),
    ],
)
def test_all_columns_that_a_table_lacks_are_told_at_once_with_the_command_to_type(
    tmp_path, text, command, absent, to_type
):
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")
    result = edl(*command.split())
    assert (result.exit_code, result.stderr) == (
        1,
        f"edl: table.csv: there is no column {absent}; the command could be: edl {to_type}\n",
    )


def test_no_column_that_is_neither_number_nor_text_is_proposed(tmp_path):
    columns = {"date": ["2024-01-01"], "site": ["a"], "load": [1.5], "kinds": [[1]], "raw": [b"\xff"], "on": [True]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "table.parquet")
    result = edl("score", "table.parquet", "--columns=x")
    assert result.stderr.endswith(
        "the command could be: edl score table.parquet --date-col date --station-col site --columns load\n"
    )


@pytest.mark.usefixtures("each_engine")
def test_impute_refuses_to_overwrite_without_force(hours, tmp_path):
    output = tmp_path / "out.csv"
    output.write_text("precious")
    refused = edl("impute", hours, "-o", output)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert output.read_text() == "precious"
    assert edl("impute", hours, "-o", output, "--force").exit_code == 0
    assert output.read_text(encoding="utf-8") != "precious"


@pytest.mark.usefixtures("each_engine")
def test_impute_that_fails_leaves_no_file(hours, tmp_path, monkeypatch):
    def fail(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pyarrow.parquet, "write_table", fail)
    result = edl("impute", hours, "-o", "out.parquet")
    assert result.exit_code == 1
    assert "No space left" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["hours.csv"]


@pytest.mark.usefixtures("each_engine")
@pytest.mark.parametrize(
    ("name", "content", "code", "message"),
    [
        ("absent.csv", None, 1, "no such file"),
        ("text.parquet", b"hello", 1, "cannot be read as .parquet"),
        ("text.arrow", b"hello", 1, "cannot be read as .arrow"),
        ("bytes.csv", b"stnNm,tm,ta\n\xff\xff,1,2\n", 1, "neither UTF-8 nor cp949"),
        ("short.csv", b"stnNm,tm,ta,hm\na,b\n", 1, "line 2: cells: 2, in the heading: 4"),
        ("open.csv", b'stnNm,tm,ta\na,b,"1\nc,d,2\n', 1, "line 2: cells cannot be separated here"),
        ("nul.csv", b"stnNm,tm,ta\na,b,1\0\n", 1, "line 2: a NUL byte"),
        ("empty.csv", b"", 1, "the file is empty"),
        ("table.xlsx", b"", 2, "must end in one of"),
        ("bad.csv", b"stnNm,tm,ta,hm\nA,noon,1,2\n", 1, "time stamp"),
    ],
)
def test_impute_of_what_is_no_table(tmp_path, name, content, code, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = edl("impute", name, "-o", "out.csv")
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.usefixtures("each_engine")
def test_impute_of_a_heading_without_rows(tmp_path):
    (tmp_path / "empty.csv").write_text("stnNm,tm,ta,hm\n")
    assert edl("impute", "empty.csv", "-o", "out.parquet").exit_code == 0
    assert pyarrow.parquet.read_table("out.parquet").num_rows == 0


# --- edl score --------------------------------------------------------------------------------------


def write_year(path):
    """Write hours of two stations in which a sine of days has a gap every thousand hours."""
    rows = []
    for station in ("서울", "인천"):
        for hour in range(3000):
            ta = 10 + 5 * math.sin(hour / 24 * 2 * math.pi) + math.sin(hour / 37) + (hour * 7919 % 13) / 13
            stamp = datetime(2024, 1, 1) + timedelta(hours=hour)
            rows.append(f"{station},{stamp:%Y-%m-%d %H:%M},{'' if hour % 1000 < 4 else round(ta, 1)},50")
    path.write_text("\n".join(["stnNm,tm,ta,hm", *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def year(tmp_path):
    write_year(tmp_path / "year.csv")
    return tmp_path / "year.csv"


@pytest.mark.usefixtures("each_engine")
def test_score_prints_errors_and_what_it_recommends_and_writes_json_and_picture(year, tmp_path):
    options = ("--gap-lengths", "1", "6", "--gaps", "10", "--seed", "3", "--json", "card.json", "--picture", "card.png")
    result = edl("score", year, "--columns", "ta", *options)
    assert result.exit_code == 0, result.output
    assert [line.split()[0] for line in result.stdout.splitlines() if line][1:] == [
        *("ta", "linear", "spline_climatology", "optimal_interpolation")
    ]
    card = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    assert {(row["length"], row["method"]) for row in card["scores"]} == {
        (length, method) for length in (1, 6) for method in card["methods"]
    }
    assert card["seed"] == 3
    assert f"ta: {card['recommended']['ta']} is recommended" in result.stderr
    assert (tmp_path / "card.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("each_engine")
def test_score_imitates_the_gaps_of_the_table(year):
    result = edl("score", year, "--columns", "ta", "--methods", "linear", "--gap-lengths", "like-mine", "--gaps", "5")
    assert result.exit_code == 0, result.output
    assert "like mine" in result.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--gap-lengths", "1", "like-mine"], "--gap-lengths takes numbers, or like-mine alone, not like-mine"),
        (["--gap-lengths", "0"], "--gap-lengths is 0; it must be an integer of 1 or more"),
        (["--methods", "spline"], "it must be one of spline_climatology"),
        (["--columns", "pa"], "no column pa (--columns)"),
        (["--gap-lengths", "5000"], "no place for gaps of 5000 rows"),
    ],
)
def test_score_of_what_cannot_be(year, options, message):
    result = edl("score", year, *options)
    assert result.exit_code == (1 if options[0] == "--columns" else 2), result.output
    assert message in result.stderr


# --- PostgreSQL -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("job", "files"), [("weather", "sample"), ("generation", "generation")])
def test_jobs_into_postgresql_write_a_report_only_where_they_are_told_to(request, tmp_path, postgres_url, job, files):
    files = request.getfixturevalue(files)
    before = set(tmp_path.iterdir())
    result = edl("run", job, "--files", files, "--db", postgres_url)
    assert result.exit_code == 0, result.output
    assert "report:" not in result.output
    assert set(tmp_path.iterdir()) == before
    result = edl("run", job, "--files", files, "--db", postgres_url, "--report", "again.json")
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))["rows_inserted"] == 0
    result = edl("doctor", "--db", postgres_url)
    assert "2 rows in runs" in result.stdout


def test_a_job_whose_server_is_not_there_is_one_line_without_the_password(sample):
    done = edl_process("run", "weather", "--files", sample, "--db", "postgresql://me:s3cret@localhost:1/x")
    assert done.returncode == 1
    last_line = done.stderr.splitlines()[-1]
    assert last_line.startswith("edl: postgresql://me:***@localhost:1/x: the server is gone or was stopped")
    assert "(connection to server at" in last_line
    assert "s3cret" not in done.stdout + done.stderr


# --- edl doctor ------------------------------------------------------------------------------------


def test_doctor_shows_versions_the_engine_and_variables_without_their_values(monkeypatch):
    monkeypatch.setenv(settings.DATABASE_URL, "duckdb:///secret_name.duckdb")
    monkeypatch.setenv(settings.USE_RUST, "0")
    result = edl("doctor", "--db", "duckdb:///:memory:")
    assert result.exit_code == 0, result.output
    assert __version__ in result.stdout
    assert "USE_RUST=0" in result.stdout
    assert "reachable, without tables yet" in result.stdout
    assert "secret_name" not in result.output
    lines = [line for line in result.stdout.splitlines() if settings.DATABASE_URL in line]
    assert all("not set" not in line for line in lines)


def test_doctor_without_a_database(tmp_path):
    result = edl("doctor")
    assert result.exit_code == 0, result.output
    assert "not tried" in result.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["--db", "duckdb:///absent/energy.duckdb"], {}, "does not exist"),
        (["--db", "postgresql://me:s3cret@db/x"], {}, "postgresql://me:***@db/x"),
        ([], {settings.USE_RUST: "perhaps"}, "USE_RUST"),
    ],
)
def test_doctor_says_what_is_broken(monkeypatch, arguments, environment, message):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = edl("doctor", *arguments)
    assert done.exit_code == 1
    assert message in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


def test_an_error_of_the_package_is_shown_as_one_line(monkeypatch, sample):
    def fail(*_args, **_options):
        raise StorageError("the disk is full")

    monkeypatch.setattr("energy_data_layer.jobs.weather.from_files.run_weather", fail)
    result = edl("run", "weather", "--files", sample, "--db", "duckdb:///energy.duckdb")
    assert (result.exit_code, result.stderr) == (1, "edl: the disk is full\n")
