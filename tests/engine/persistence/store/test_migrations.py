"""The migrations make exactly the tables that the code speaks of, on both databases."""

import subprocess
import sys

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import notifications.tables
from engine.persistence.db.database import Database
from engine.persistence.store import migrate
from engine.persistence.store.schema_version import is_current
from engine.persistence.store.tables import metadata


def test_migrations_and_metadata_agree(database: Database) -> None:
    assert notifications.tables.deliveries.metadata is metadata

    with database.reading() as connection:
        assert is_current(connection)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    migrate.migrate(database)

    with database.reading() as connection:
        assert is_current(connection)


def test_the_engine_does_not_know_notifications() -> None:
    everything = (
        "import pkgutil, importlib, sys, engine\n"
        "for found in pkgutil.walk_packages(engine.__path__, 'engine.'):\n"
        "    if 'migrations' not in found.name and 'pkcs11' not in found.name:\n"
        "        importlib.import_module(found.name)\n"
        "assert not [name for name in sys.modules if name.startswith('notifications')]\n"
    )
    subprocess.run([sys.executable, "-c", everything], check=True)
