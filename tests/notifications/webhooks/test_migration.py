"""What was there before webhooks is there after them."""

from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from engine.persistence.db.database import Database
from engine.persistence.store import migrate
from tests.support.postgres import quickest_place

ID = "0" * 31
BEFORE = (
    f"INSERT INTO accounts VALUES ('{ID}1', 'A', 'a', 0, 1, 1, 0, 1, '', 'REFUSE', 0, 't')",
    f"INSERT INTO users VALUES ('{ID}2', '{ID}1', 'a@b', 'a@b', 'A', 'UTC', 'en', 1, 0, 't')",
    f"""INSERT INTO deliveries (id, account_id, user_id, channel, kind, audiences, facts, state,
        attempts, next_attempt_at, created_at) VALUES ('{ID}3', '{ID}1', '{ID}2', 'email',
        'CLOSED', 'REQUESTER', '', 'SENT', 1, 't', 't')""",
)


@pytest.fixture
def empty_database() -> Iterator[Database]:
    """On SQLite, before the first migration."""
    with TemporaryDirectory(dir=quickest_place()) as folder:
        database = Database(f"sqlite:///{folder}/empty.sqlite")
        yield database
        database.dispose()


def upgrade(database: Database, to: str) -> None:
    alembic = migrate.alembic_config()
    with database.writing() as connection:
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, to)
        connection.commit()


def rows(database: Database, query: str) -> list[Any]:
    with database.reading() as connection:
        return list(connection.execute(sa.text(query)))


def test_deliveries_and_accounts_are_kept(empty_database: Database) -> None:
    upgrade(empty_database, "0003")
    with empty_database.writing() as connection:
        for text in BEFORE:
            connection.execute(sa.text(text))
        connection.commit()

    upgrade(empty_database, "head")

    (kept,) = rows(empty_database, "SELECT id, user_id, webhook_id, state FROM deliveries")
    assert tuple(kept) == (f"{ID}3", f"{ID}2", None, "SENT")
    assert rows(empty_database, "SELECT signed_in_approvals FROM accounts") == [(0,)]


def test_what_webhooks_listen_to_is_on_the_head(empty_database: Database) -> None:
    upgrade(empty_database, "0003")
    with empty_database.writing() as connection:
        connection.execute(sa.text(BEFORE[0]))
        connection.commit()
    upgrade(empty_database, "0004")
    hook = "INSERT INTO webhooks (id, account_id, name, url, tags, active, seed, created_at)"
    with empty_database.writing() as connection:
        for text in (
            f"INSERT INTO ledger_heads (account_id, count, hash) VALUES ('{ID}1', 0, '')",
            f"{hook} VALUES ('{ID}2', '{ID}1', 'W', 'u', 'release:* team:*', 1, '', 't')",
            f"{hook} VALUES ('{ID}3', '{ID}1', 'W', 'u', 'release:* user:*', 1, '', 't')",
            f"{hook} VALUES ('{ID}4', '{ID}1', 'W', 'u', '*', 0, '', 't')",
        ):
            connection.execute(sa.text(text))
        connection.commit()

    upgrade(empty_database, "head")

    assert rows(empty_database, "SELECT heard FROM ledger_heads") == [("release:* team:* user:*",)]
