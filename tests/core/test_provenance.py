"""What the provenance codes mean, in Python, Arrow and SQL; and that nobody takes their order for a meaning."""

from __future__ import annotations

import ast
from pathlib import Path

import pyarrow as pa

import energy_data_layer
from energy_data_layer.core.provenance import Provenance, is_fill, is_fill_sql, is_interpolated
from energy_data_layer.storage.database import Database

PACKAGE = Path(energy_data_layer.__file__).parent
CODES = pa.table({"code": pa.array([*Provenance, None, 99], pa.uint8())})


def test_every_code_is_observed_interpolated_a_mean_or_unfilled():
    assert [method.name for method in Provenance if not method.is_fill] == ["OBSERVED"]
    assert [method.name for method in Provenance if method.is_interpolated] == [
        "SPLINE",
        "LINEAR",
        "NEAREST",
        "OPTIMAL_INTERPOLATION",
        "OPTIMAL_INTERPOLATION_NEIGHBOURS",
        "BORROWED_CLIMATOLOGY",
    ]
    assert [method.name for method in Provenance if method.is_mean] == ["CLIMATOLOGY", "STATION_MEAN", "GLOBAL_MEAN"]


def test_arrow_and_sql_say_the_same_as_the_codes(database_url):
    expected = [method.is_fill for method in Provenance] + [False, True]
    assert is_fill(CODES["code"]).to_pylist() == expected
    assert is_interpolated(CODES["code"]).to_pylist()[:-2] == [method.is_interpolated for method in Provenance]
    with Database.connect(database_url) as database:
        query = f"SELECT code, {is_fill_sql('code')} AS is_fill FROM codes"
        found = database.query(query, tables={"codes": CODES}).to_pylist()
    assert {row["code"]: row["is_fill"] for row in found} == dict(zip(CODES["code"].to_pylist(), expected, strict=True))


def ordered_codes(tree):
    """Comparisons by order in which a code takes part."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Compare)
            and any(isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for operator in node.ops)
            and any("Provenance" in ast.unparse(side) for side in (node.left, *node.comparators))
        ):
            yield ast.unparse(node)


def test_no_code_is_compared_by_order():
    assert list(ordered_codes(ast.parse("filled = codes > Provenance.OBSERVED"))) == ["codes > Provenance.OBSERVED"]
    for path in PACKAGE.rglob("*.py"):
        assert list(ordered_codes(ast.parse(path.read_text()))) == [], path
