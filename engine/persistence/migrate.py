"""Bring a database to the schema this version needs, or say that it is not there yet."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from engine.persistence.database import Database

#: Only one process migrates at a time; an arbitrary number of our own.
_ADVISORY_LOCK = 7_266_736_001


def config() -> Config:
    """Alembic's configuration, without a file."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.set_main_option("path_separator", "os")
    return made


def migrate(database: Database) -> None:
    """Apply every step that is missing, in one transaction."""
    alembic = config()
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "head")
        connection.commit()


def is_current(connection: Connection) -> bool:
    """The database has every step this version knows."""
    heads = set(ScriptDirectory.from_config(config()).get_heads())
    return heads <= set(MigrationContext.configure(connection).get_current_heads())
