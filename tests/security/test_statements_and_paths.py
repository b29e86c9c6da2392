"""No statement is built from data, and no path that data name leaves its folder."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pyarrow as pa
import pytest

import energy_data_layer
from energy_data_layer.core.atomic_file import written_atomically
from energy_data_layer.datasets.dataset import ServiceRequest
from energy_data_layer.engine.shadow.case import read_case
from energy_data_layer.errors import DataLayerError, OptionError, SourceFileError
from energy_data_layer.files.csv_text import matching_files
from energy_data_layer.files.generation import read_generation_files
from energy_data_layer.services.raw import MANIFEST, RawFolder
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.runs import RunLog
from energy_data_layer.transforms.registry import TRANSFORMS

PACKAGE = Path(energy_data_layer.__file__).parent
STATEMENT = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|DROP|MERGE INTO|LOCK TABLE|ANALYZE|SET|WITH)\s"
)

HOSTILE = [
    "'; DROP TABLE runs; --",
    '"; DROP TABLE runs; --',
    '"" OR ""1""=""1',
    "line\nbreak\r\n",
    "$1 {0} %s :name ?",
    "back\\slash",
    "한글 😀",
]


# --- statements ---------------------------------------------------------------------------------------

REVIEWED = {
    "storage/coverage.py": {"daily", "day", "hourly.counts", "names", "values", "where"},
    "storage/database.py": {"column", "conditions", "selected"},
    "storage/migrations.py": {"columns", "dataset.table.name", "key"},
    "storage/postgresql.py": {"same_key"},
    "storage/queries/export.py": {"conditions", "order", "selected", "series", "year"},
    "storage/queries/quality.py": {
        "', '.join(kinds)",
        "Provenance.OBSERVED",
        "Provenance.UNFILLED",
        "called",
        "counts",
        "hourly.series_name",
        "hourly.start",
        "key",
        "order",
        "places",
        "rounding",
        "stamp",
        "total",
        "value",
        "where",
    },
    "storage/queries/weather_history.py": {"observed", "of_stations", "selected", "source", "station", "totals"},
    "storage/runs.py": {"changes", "filters"},
    "storage/stored_files.py": {"database.hash_sql(values)", "same_member"},
    "storage/upsert.py": {"names", "same_key", "staged", "update"},
    "storage/views.py": {"absent", "of_table", "selected", "self.name", "self.query"},
}
"""Parts of statements that were read and found to be made of constants and quoted names alone."""


def statements_in(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            first = node.values[0]
            if isinstance(first, ast.Constant) and STATEMENT.match(first.value):
                yield node


def parts_of(tree):
    for statement in statements_in(tree):
        for part in statement.values:
            if isinstance(part, ast.FormattedValue):
                yield part.value


def is_safe(part):
    """Whether a part of a statement is a quoted name, a constant or a whole number."""
    if isinstance(part, ast.Name):
        return part.id.lstrip("_").isupper()
    return ast.unparse(part).startswith(("quoted(", "int(", "', '.join(map(quoted, "))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_statements_are_made_of_constants_and_quoted_names(path):
    parts = {ast.unparse(part) for part in parts_of(ast.parse(path.read_text())) if not is_safe(part)}
    assert parts == REVIEWED.get(path.relative_to(PACKAGE).as_posix(), set())


def test_a_statement_of_data_is_found():
    tree = ast.parse('database.query(f"SELECT * FROM {table} WHERE name = {name!r} AND {quoted(column)} = {TABLE}")')
    assert [ast.unparse(part) for part in parts_of(tree) if not is_safe(part)] == ["table", "name"]
    assert sum(1 for path in PACKAGE.rglob("*.py") for _ in statements_in(ast.parse(path.read_text()))) > 15


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_and_values_are_kept_as_they_are(database_url, name):
    with Database.connect(database_url) as database:
        log = RunLog(database)
        run_id = log.begin(name, {"plant": name})
        log.finish(run_id, "failed", message=name)
        assert log.latest(1).select(["job", "message"]).to_pylist() == [{"job": name, "message": name}]

        database.execute(f"CREATE TABLE {quoted(name)} ({quoted(name)} VARCHAR PRIMARY KEY, x DOUBLE PRECISION)")
        rows = pa.table({name: [name, "plain"], "x": [1.0, 2.0]})
        database.upsert(name, rows, key=[name])
        database.upsert(name, rows, key=[name])
        assert database.read(name, filters=[(name, "=", name)]).to_pylist() == [{name: name, "x": 1.0}]
        assert database.read(name, filters=[(name, "in", [name])]).num_rows == 1
        assert database.row_count(name) == 2
        database.add_columns(name, {name + "2": pa.int64()})
        assert database.columns(name) == [name, "x", name + "2"]
        assert "runs" in database.tables()


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_can_be_no_name_is_refused(database_url, name):
    with Database.connect(database_url) as database:
        with pytest.raises(OptionError, match="cannot be the name"):
            database.read(name)
        with pytest.raises(OptionError, match="no operator"):
            database.read("runs", filters=[("run_id", "= '' OR 1 =", "x")])


# --- paths --------------------------------------------------------------------------------------------


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("text", [*HOSTILE, "../../x", "/etc/passwd", "nul\0byte"])
def test_what_is_kept_of_answers_stays_in_its_folder(tmp_path, text):
    raw = RawFolder(tmp_path / "a" / "raw")
    request = ServiceRequest(text, (("strOrgCd", text), (text, "../x")))
    raw.keep(request, b"{}")
    assert raw.requests(text) == [request]
    assert raw.body(request) == b"{}"
    assert {Path(name).parent.as_posix() for name in files_in(tmp_path)} == {"a/raw"}


@pytest.mark.parametrize("file", ["../secret", "/etc/passwd", "x/../../secret.gz", "nul\0.gz", ""])
def test_a_manifest_leads_nowhere_else(tmp_path, file):
    RawFolder(tmp_path).keep(ServiceRequest("asos", ()), b"{}")
    manifest = tmp_path / MANIFEST
    manifest.write_text(re.sub(r'"file": "[^"]*"', f'"file": "{file}"', manifest.read_text()).replace("\0", "\\u0000"))
    with pytest.raises(SourceFileError, match=r"manifest\.jsonl, line 1: not a line of a manifest"):
        RawFolder(tmp_path).requests("asos")


@pytest.mark.parametrize(
    "call",
    [
        '{"transform": "build_info", "frames": [], "bodies": [], "options": {}}',
        '{"transform": "__class__", "frames": [], "bodies": [], "options": {}}',
        '{"transform": "impute_missing_values", "frames": ["../other"], "bodies": [], "options": {}}',
        '{"transform": "rows_from_api_payload", "frames": [], "bodies": ["/etc/passwd"], "options": {}}',
        "[" * 100_000,
        "{}",
    ],
)
def test_a_case_of_shadow_mode_names_a_transform_and_its_own_files(tmp_path, call):
    (tmp_path / "call.json").write_text(call)
    with pytest.raises(OptionError, match="holds no case"):
        read_case(tmp_path, TRANSFORMS)


def test_a_link_in_place_of_a_result_stays_and_what_it_names_is_written(tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("before")
    result = tmp_path / "report.json"
    result.symlink_to(other)
    with written_atomically(result) as temporary:
        temporary.write_text("{}")
    assert (other.read_text(), result.read_text(), result.is_symlink()) == ("{}", "{}", True)


@pytest.mark.parametrize("pattern", ["a\0b.csv", "a**b/*.csv", "[", "***", "a" * 5000])
def test_what_is_no_path_is_an_error(tmp_path, pattern):
    with pytest.raises(DataLayerError):
        matching_files(str(tmp_path / pattern))


def test_a_files_name_is_data(tmp_path):
    """The name of a published file becomes a plant's name and nothing else."""
    hours = ",".join(f"{hour}시" for hour in range(1, 25))
    text = f"일자,{hours}\n2024-01-01,{','.join(['1'] * 24)}\n"
    name = "한국남부발전(주)_'; DROP TABLE runs; --_20250228.csv"
    (tmp_path / name).write_text(text)
    (file,) = read_generation_files(tmp_path / name, energy_unit="kWh")
    assert file.layout.plant_name == "'; DROP TABLE runs; --"
