"""A newer version's migrations are applied while this one works, and this one goes on.

The migrations are invented: this shows that the kinds of change the rules allow leave a running
program alone. It does not show that an earlier release's own statements still work on today's
tables; there is none yet. What one would leave behind is tested where it is mended.
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.runtime.startup_checks import NotReadyError, require_current
from engine.commands.transactions import bare_transaction
from engine.model.vocabulary import ReleaseType
from engine.persistence.db import postgresql
from engine.persistence.db.database import Database
from engine.persistence.db.timeouts import IDLE_TRANSACTION_SECONDS
from engine.persistence.store.migrate import migrate
from engine.persistence.store.schema_version import SchemaState, revision_of, schema_state
from engine.signing.request import Made
from tests.support.migration_rules import faults
from tests.support.releases import keypair_of
from tests.support.threads import at_once
from tests.support.world import World

HEAD = "import sqlalchemy as sa\nfrom alembic import op\nrevision, down_revision = {!r}, {!r}\n"
EXPAND = """
def upgrade():
    op.add_column("releases", sa.Column("colour", sa.Text(), nullable=True))
    op.create_table("colours", sa.Column("id", sa.Uuid(), primary_key=True))
"""
FILL = """
def upgrade():
    op.add_column("signatures", sa.Column("n", sa.Integer(), nullable=False, server_default="0"))
"""
INDEX = """
from engine.persistence.db.concurrent_index import build_index
def upgrade():
    build_index("ix_signatures_n", "signatures", ["n"])
"""
SLEEP = """
import time
def upgrade():
    time.sleep(1.5)
"""
CONTRACT = """
def upgrade():
    op.drop_table("colours")
"""


@pytest.fixture
def newer(tmp_path: Path, database: Database) -> Path:
    """The migrations of a newer version: three that expand."""
    with database.reading() as connection:
        last = sa.text("SELECT version_num FROM alembic_version")
        known = connection.execute(last).scalar_one()
    names = (known, "9001", "9002", "9003")
    for before, name, text in zip(names, names[1:], (EXPAND, FILL, INDEX), strict=False):
        assert faults(text) == []
        (tmp_path / f"{name}.py").write_text(HEAD.format(name, before) + text)
    return tmp_path


def test_signing_goes_on_while_a_newer_version_expands_the_tables(
    world: World, newer: Path
) -> None:
    keypair_of(world, ReleaseType.ONLINE)
    database, stop, outcomes = world.system.database, threading.Event(), []

    def sign() -> None:
        while not stop.is_set():
            outcomes.extend(world.sign("dev", "online", number=3))

    signers = [threading.Thread(target=sign) for _ in range(3)]
    for signer in signers:
        signer.start()
    other = Database(database.url.render_as_string(hide_password=False))
    migrate(other, newer)
    other.dispose()
    before = len(outcomes)
    while len(outcomes) < before + 30:
        assert any(signer.is_alive() for signer in signers)
    stop.set()
    for signer in signers:
        signer.join()

    assert all(isinstance(outcome, Made) for outcome in outcomes)
    with database.reading() as connection:
        assert schema_state(connection) is SchemaState.FITS
        assert revision_of(connection).number == 9003
        names = {index["name"] for index in sa.inspect(connection).get_indexes("signatures")}
    assert "ix_signatures_n" in names
    world.approved()
    require_current(database)
    migrate(database)  # the older one: there is nothing that it knows and that is missing


def test_once_it_has_contracted_this_version_says_that_it_cannot_run(
    database: Database, newer: Path
) -> None:
    (newer / "9004.py").write_text(HEAD.format("9004.9003", "9003") + CONTRACT)
    migrate(database, newer)
    with database.reading() as connection:
        assert schema_state(connection) is SchemaState.CONTRACTED
    with pytest.raises(NotReadyError, match="Run that version, or a newer one"):
        require_current(database)


def test_a_database_that_is_behind_has_to_be_migrated_first(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0003'"))
        connection.commit()
    with pytest.raises(NotReadyError, match="countersign migrate"):
        require_current(database)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: object
) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server = request.getfixturevalue("postgres_server")
    url = server.create_database()
    yield url
    server.drop_database(url)


def test_nobody_else_migrates_while_a_step_takes_longer_than_a_transaction_may_do_nothing(
    database: Database, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        postgresql, "WRITE", postgresql.WRITE.replace(f"'{IDLE_TRANSACTION_SECONDS}s'", "'1s'")
    )
    (newer / "9004.py").write_text(HEAD.format("9004", "9003") + SLEEP)
    other = Database(database.url.render_as_string(hide_password=False))
    at_once([lambda one=one: migrate(one, newer) for one in (database, other)])
    with database.reading() as connection:
        assert revision_of(connection).number == 9004
    other.dispose()


def test_those_who_begin_with_a_new_file_at_once_wait_for_each_other(tmp_path: Path) -> None:
    for number in range(25):
        opened = [Database(f"sqlite:///{tmp_path / f'{number}.db'}") for _ in range(6)]
        at_once([lambda one=one: bare_transaction(one, lambda _: None) for one in opened])
        for one in opened:
            one.dispose()


def test_processes_that_migrate_at_once_wait_for_each_other(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(4)]
    at_once([lambda database=database: migrate(database) for database in databases])
    for database in databases:
        require_current(database)
        database.dispose()


def test_who_waits_for_long_keeps_no_index_from_being_built(
    database: Database, newer: Path
) -> None:
    index = INDEX.replace("ix_signatures_n", "ix_signatures_n_again")
    for name, before, text in (("9004", "9003", SLEEP), ("9005", "9004", index)):
        (newer / f"{name}.py").write_text(HEAD.format(name, before) + text)
    others = [Database(database.url.render_as_string(hide_password=False)) for _ in range(3)]
    at_once([lambda one=one: migrate(one, newer) for one in (database, *others)])
    with database.reading() as connection:
        assert revision_of(connection).number == 9005
    for other in others:
        other.dispose()
