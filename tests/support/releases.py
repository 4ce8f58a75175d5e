"""Releases brought to a status by the commands that lead there."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Table

from engine.commands.releases.close_release import CloseRelease
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.vocabulary import ReleaseType, Status
from tests.support.world import World


def keypair_of(world: World, type_: ReleaseType) -> UUID:
    """Blue's keypair of this type: `vault`, or one named after the type."""
    if type_ is ReleaseType.OFFLINE:
        return world.things["vault"]
    alias = type_.lower()
    if alias not in world.things:
        world.add_keypair(alias, type_)
        granted = [name for name in ("vault", "spare", "online", "test") if name in world.things]
        world.set_team("blue", keypairs=granted)
    return world.things[alias]


def requested(world: World, type_: ReleaseType = ReleaseType.OFFLINE, **changes: Any) -> UUID:
    """A release of dev's of this type."""
    changes.setdefault("keypair_ids", frozenset({keypair_of(world, type_)}))
    return world.request(type=type_, **changes)


def release_in(
    world: World, status: Status, type_: ReleaseType = ReleaseType.OFFLINE, **changes: Any
) -> UUID:
    """A release of dev's in this status, with nothing due on it.

    Offline ones fail by a stop after their approval and are rejected by a withdrawal.
    """
    release = requested(world, type_, **changes)
    if type_ is ReleaseType.OFFLINE and status not in {Status.PENDING, Status.REJECTED}:
        world.decide("ann", release)
        world.decide("bob", release)
    if status in {Status.IN_PROGRESS, Status.COMPLETED}:
        world.clock.instant = world.release(release).fields.starts_at
        touch(world, release)
    if status is Status.COMPLETED:
        world.do("dev", CloseRelease(release_id=release))
    if status is Status.FAILED:
        world.do("ann", StopRelease(release_id=release, reason="The key leaked."))
    if status is Status.REJECTED:
        world.do("dev", WithdrawRelease(release_id=release))
    assert world.release(release).status is status
    return release


def touch(world: World, release_id: UUID) -> None:
    """An edit of nothing, which only applies what time has made due."""
    revision = world.release(release_id).revision
    world.do("dev", ReviseRelease(release_id=release_id, revision=revision, changes={}))


def rows(world: World, table: Table, **where: Any) -> list[Any]:
    """A table's rows with these values."""
    query = sa.select(table)
    for name, value in where.items():
        query = query.where(table.c[name] == value)
    with world.system.database.reading() as connection:
        return list(connection.execute(query))


def moves(world: World, release_id: UUID) -> list[tuple[str | None, str | None, datetime]]:
    """From, to and nominal instant of every transition in the release's history."""

    found = []
    for entry in world.ledger(release_id=release_id):
        body = json.loads(entry.body)
        if body["to"] is not None and body["from"] != body["to"]:
            found.append((body["from"], body["to"], entry.effective_at))
    return found
