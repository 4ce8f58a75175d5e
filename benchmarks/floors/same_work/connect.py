"""Connects the floor to a database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.data.signing_world import Signing
from benchmarks.environment.production import event_loop
from benchmarks.floors.same_work.group_commit import BatchWriter, GroupCommit
from benchmarks.floors.same_work.model import Model
from benchmarks.floors.same_work.postgresql import PostgresqlWriter
from benchmarks.floors.same_work.sqlite import SqliteWriter
from engine.persistence.db.database import Database


def group_commit(stack: ExitStack, url: str, signing: Signing) -> Callable[[int, float], float]:
    """Return what measures the signatures a second of so many callers in so many seconds."""
    database = Database(url)
    with database.reading() as connection:
        model = Model.load(connection, signing)
    writer: BatchWriter = (
        SqliteWriter(url, model) if database.is_sqlite else PostgresqlWriter(url, model)
    )
    database.dispose()
    floor = GroupCommit(writer)
    stack.callback(floor.close)
    loop = stack.enter_context(event_loop())
    return lambda callers, seconds: loop.run(floor.rate(callers, seconds))
