"""Shorthand to look into a world's outbox: who was told what, and with which link."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import Row

from engine.persistence.store import tables as t
from engine.system import EventHandler
from notifications import tables as n
from notifications.links import action_links, keys
from notifications.outbox.outbox import Outbox
from notifications.vocabulary import MessageKind
from tests.support.world import World

LINK_KEY = keys.derive("a secret for tests", keys.ACTION_LINKS)


def with_outbox(world: World, *more: EventHandler, **options: Any) -> World:
    """The world, with an outbox that hears of what happens from now on, as `more` does."""
    handlers = (Outbox(LINK_KEY, **options), *more)
    world.system = replace(world.system, event_handlers=handlers)
    return world


def add_administrator(world: World) -> UUID:
    """Meg, who administers the account too, and so is told what `admin` does; her id."""
    meg = world.add_user("meg", "ADMIN")
    with world.system.database.writing() as connection:
        connection.execute(sa.delete(n.deliveries).where(n.deliveries.c.user_id == meg))
        connection.commit()
    return meg


@dataclass
class Notices:
    """The outbox of a world."""

    world: World

    def rows(self, **where: Any) -> list[Row[Any]]:
        """Deliveries in the order they were queued, with their user's name.

        Invitations of users that a test adds are among them only where `kind` asks for them.
        """
        d = n.deliveries
        query = sa.select(d, t.users.c.email).join(t.users, t.users.c.id == d.c.user_id)
        if "kind" not in where:
            query = query.where(d.c.kind != MessageKind.INVITATION)
        for name, value in where.items():
            query = query.where(d.c[name] == value)
        with self.world.system.database.reading() as connection:
            return list(connection.execute(query.order_by(d.c.id)))

    def recipients(self, **where: Any) -> list[tuple[str, str]]:
        """(who, what) of every delivery, sorted."""
        return sorted((row.email.partition("@")[0], row.kind) for row in self.rows(**where))

    def links(self, **where: Any) -> list[Row[Any]]:
        """Action links, oldest first."""
        query = sa.select(n.action_links)
        for name, value in where.items():
            query = query.where(n.action_links.c[name] == value)
        with self.world.system.database.reading() as connection:
            return list(connection.execute(query.order_by(n.action_links.c.id)))

    def spelling(self, name: str, release_id: UUID) -> str:
        """The last part of the URL in the newest mail to this approver about this release."""
        user_id = self.world.people[name]
        link = self.links(user_id=user_id, release_id=release_id)[-1]
        return f"{link.id.hex}.{action_links.token_of(LINK_KEY, link.id, link.nonce)}"


@pytest.fixture(name="world")
def outbox_world(world: World) -> World:
    """The small account, with an outbox; for a `conftest.py` to import."""
    return with_outbox(world)


@pytest.fixture
def notices(world: World) -> Notices:
    """What the outbox of that world holds."""
    return Notices(world)
