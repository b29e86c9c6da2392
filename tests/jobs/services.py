"""What the tests of the jobs on services share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.settings.services import ServiceSettings
from energy_data_layer.storage.database import Database

if TYPE_CHECKING:
    import pyarrow as pa


def settings_of(simulator, **more):
    """Settings that ask a simulator, fast."""
    values = {
        "services_url": simulator.url,
        "service_key": simulator.options.key,
        "requests_per_second": 2000,
        "backoff_seconds": 0.01,
        "timeout_seconds": 5,
    }
    return ServiceSettings(**values | more)


def stored(url, table, order):
    """A table's rows, sorted."""
    with Database.connect(url) as database:
        return database.read(table).sort_by([(name, "ascending") for name in order])


def assert_same_rows(table: pa.Table, expected: pa.Table):
    """The rows of a table are those expected, in the columns expected."""
    selected = table.select(expected.column_names).cast(expected.schema)
    assert selected.num_rows == expected.num_rows
    for name in expected.column_names:
        assert selected.column(name).equals(expected.column(name)), name


def runs(url):
    """The runs recorded, oldest first."""
    with Database.connect(url) as database:
        return database.read("runs").sort_by("started").to_pylist()
