"""The context of a query: one transaction, one instant, one viewer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection

from engine.model.errors import Code, Refusal
from engine.model.facts import AccountSettings, Actor
from engine.model.principal import Principal
from engine.persistence.store import loading
from engine.system import System

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class QueryContext:
    """What every query receives."""

    connection: Connection
    #: The instant as of which statuses are computed.
    now: datetime
    settings: AccountSettings
    #: The viewer, with the permissions held at this moment.
    actor: Actor

    @property
    def account_id(self) -> UUID:
        """The viewer's account, the only one that is read."""
        return self.settings.account_id


def read(system: System, principal: Principal, query: Callable[[QueryContext], Result]) -> Result:
    """Run a query for a user. Raises `Refusal` UNAUTHENTICATED for a deactivated user."""
    with system.database.reading() as connection:
        actor, settings, _ = loading.load_caller(connection, principal)
        if not actor.active:
            raise Refusal(Code.UNAUTHENTICATED, "This user is deactivated. Ask an administrator.")
        return query(QueryContext(connection, system.clock.now(connection), settings, actor))
