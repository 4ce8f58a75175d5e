"""The messages that people want, and by which channels; without a choice all are sent by mail."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.commands.administration.validation import require_permission
from engine.commands.command import Command
from engine.model.errors import Code, Refusal
from engine.model.events import Event
from engine.model.vocabulary import Permission
from engine.persistence.db.compiled import run_compiled
from engine.persistence.db.sql import id_in
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.tables import preferences
from notifications.vocabulary import CHOOSABLE, EMAIL, NEVER_SILENT, MessageKind

#: The channels of each kind of message; an empty set silences it.
Choice: TypeAlias = Mapping[MessageKind, frozenset[str]]

_CHOSEN = sa.select(preferences.c.user_id, preferences.c.kind, preferences.c.channels).where(
    id_in(preferences.c.user_id),
    preferences.c.kind.in_(sa.bindparam("kinds", expanding=True)),
)


@dataclass(frozen=True, kw_only=True)
class PreferencesUpdated(Event):
    """Somebody changed their preferences; no message is sent about it."""

    tag = "preferences:updated"
    kind = "User"
    chosen: dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class UpdatePreferences(Command[UUID]):
    """One's own; kinds that are left out stay. Answers the user's id."""

    command_name = "update_preferences"
    account_hold = Hold.SHARED

    chosen: Choice
    #: The available channels for people.
    channels: frozenset[str]

    def apply(self, uow: UnitOfWork) -> UUID:
        """Store the choice; needs `MANAGE_OWN_PROFILE`, and some kinds cannot be silenced."""
        require_permission(uow, Permission.MANAGE_OWN_PROFILE)
        actor = uow.actor
        assert actor.user_id is not None
        if actor.service:
            raise Refusal(Code.FORBIDDEN, "A service user gets no messages.")
        for kind, channels in self.chosen.items():
            self._check(kind, channels)
        p = preferences
        is_own = (p.c.user_id == actor.user_id, p.c.kind.in_(sorted(self.chosen)))
        uow.connection.execute(p.delete().where(*is_own))
        stored = {kind: " ".join(sorted(names)) for kind, names in sorted(self.chosen.items())}
        if stored:
            rows = [
                {"user_id": actor.user_id, "kind": kind, "channels": names}
                for kind, names in stored.items()
            ]
            uow.connection.execute(p.insert(), rows)
            channels_by_kind = {str(kind): names.split() for kind, names in stored.items()}
            uow.record(PreferencesUpdated(subject_id=actor.user_id, chosen=channels_by_kind))
        return actor.user_id

    def _check(self, kind: MessageKind, channels: frozenset[str]) -> None:
        if kind not in CHOOSABLE:
            message = f"Messages of kind {kind} cannot be chosen."
            raise Refusal(Code.INVALID_INPUT, message, "preferences")
        if channels - self.channels:
            message = f"There is no such channel. Choose of {', '.join(sorted(self.channels))}."
            raise Refusal(Code.INVALID_INPUT, message, "preferences")
        if kind in NEVER_SILENT and not channels:
            message = "Requests for your approval cannot be silenced. Choose a channel for them."
            raise Refusal(Code.INVALID_INPUT, message, "preferences")


def chosen_by(connection: Connection, user_id: UUID) -> Choice:
    """Return a person's choice for every kind that can be chosen."""
    p = preferences
    query = sa.select(p.c.kind, p.c.channels).where(p.c.user_id == user_id)
    rows = {kind: frozenset(names.split()) for kind, names in connection.execute(query).all()}
    return {kind: rows.get(kind, frozenset({EMAIL})) for kind in MessageKind if kind in CHOOSABLE}


def channels_of(
    connection: Connection,
    people_and_kinds: Collection[tuple[UUID, MessageKind]],
    available: Collection[str],
) -> dict[tuple[UUID, MessageKind], list[str]]:
    """Return the channels of each person and kind; a channel that no longer exists becomes mail."""
    people = {user_id for user_id, _ in people_and_kinds}
    kinds = {kind for _, kind in people_and_kinds}
    rows = run_compiled(connection, _CHOSEN, {"ids": sorted(people), "kinds": sorted(kinds)}).all()
    chosen = {(user_id, kind): names.split() for user_id, kind, names in rows}
    return {
        (user_id, kind): _available(chosen.get((user_id, kind), [EMAIL]), available, kind)
        for user_id, kind in people_and_kinds
    }


def _available(names: list[str], available: Collection[str], kind: MessageKind) -> list[str]:
    if not names and kind not in NEVER_SILENT:
        return []
    return [name for name in names if name in available] or [EMAIL]
