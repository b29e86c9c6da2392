"""``edl migrate``."""

from __future__ import annotations

from energy_data_layer.cli.console import show_text
from energy_data_layer.cli.options import Database  # noqa: TC001  typer reads the annotations


def migrate(db: Database) -> None:
    """Bring the tables of a database to the schema of this release, as the next run of a job does."""
    from energy_data_layer.storage import migrations
    from energy_data_layer.storage.connect import connect
    from energy_data_layer.storage.urls import require_database

    require_database(db)
    with connect(db) as database:
        migrations.migrate(database)
        migrations.make_views(database)
    show_text(migrations.state_of(db))
