"""Change a keypair: alias, access, users, certificate, or whether it is enabled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.commands.administration.rule_breaks import shortages_with_keypair
from engine.commands.administration.validation import (
    clean_name,
    differences,
    refuse,
    replace_set,
    require_all,
    require_permission,
    require_placement,
)
from engine.commands.command import Command
from engine.lifecycle import machine
from engine.lifecycle.schedule import EndReason
from engine.model import grants
from engine.model.errors import not_found
from engine.model.events import Changes, KeypairUpdated, ReleaseStopped
from engine.model.facts import Facts
from engine.model.text import name_key, normalize
from engine.model.vocabulary import KeypairAccess, Permission, Trigger
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.releases import move
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class UpdateKeypair(Command[UUID]):
    """Answers the keypair's id. What is None stays as it is."""

    command_name = "update_keypair"
    subject_kind = "Keypair"
    subject_field = "keypair_id"

    keypair_id: UUID
    alias: str | None = None
    access: KeypairAccess | None = None
    user_ids: frozenset[UUID] | None = None
    has_default_certificate: bool | None = None
    enabled: bool | None = None

    def lock(self) -> Lock:
        """The keypair, and the release that holds it."""
        return Lock(account=Hold.SHARED, keypairs=frozenset({self.keypair_id}), keypair_rows=True)

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_KEYPAIRS`; the credential covers what those mapped to it may do.

        Disabling it stops the open release that holds it.
        """
        require_permission(uow, Permission.MANAGE_KEYPAIRS)
        k = t.keypairs
        row = uow.connection.execute(
            sa.select(k).where(k.c.id == self.keypair_id, k.c.account_id == uow.account_id)
        ).one_or_none()
        if row is None:
            raise not_found("keypair", "id")
        mapped = loading.column_set(
            uow.connection, t.keypair_users.c.user_id, keypair_id=self.keypair_id
        )
        changes = differences(dict(row._mapping) | {"user_ids": mapped}, self._asked(uow))
        self._require_placement(uow, changes)
        broken = shortages_with_keypair(uow, self.keypair_id)
        columns = {n: after for n, (_, after) in changes.items() if n in k.c}
        if "alias" in columns:
            columns["alias_key"] = name_key(columns["alias"])
        if columns:
            uow.connection.execute(k.update().where(k.c.id == row.id).values(**columns))
        if "user_ids" in changes:
            owner = ("keypair_id", self.keypair_id)
            replace_set(uow, t.keypair_users, owner, "user_id", changes["user_ids"][1])
        if changes:
            changes |= differences(broken, shortages_with_keypair(uow, self.keypair_id))
            uow.record(KeypairUpdated(subject_id=row.id, changes=changes))
        if "enabled" in changes and not self.enabled:
            self._stop_holder(uow)
        return self.keypair_id

    def _require_placement(self, uow: UnitOfWork, changes: Changes) -> None:
        """Of those newly mapped to it; opened, of everybody who signs."""
        before, after = changes.get("user_ids", (frozenset(), frozenset()))
        require_placement(uow, Permission.MANAGE_KEYPAIRS, after - before, "user_ids")
        if changes.get("access", (None, None))[1] is KeypairAccess.OPEN:
            refuse(grants.refuse_placement(uow.actor, frozenset({Permission.SIGN}), "access"))

    def _asked(self, uow: UnitOfWork) -> dict[str, Any]:
        names = ("access", "user_ids", "has_default_certificate", "enabled")
        asked = {n: getattr(self, n) for n in names if getattr(self, n) is not None}
        if self.alias is not None:
            asked["alias"] = clean_name(normalize(self.alias), "alias", "alias")
        if self.user_ids is not None:
            require_all(uow, t.users, self.user_ids, "user", "user_ids")
        return asked

    def _stop_holder(self, uow: UnitOfWork) -> None:
        asked = [self.keypair_id]
        (keypair,) = loading.load_keypairs(uow.connection, uow.account_id, asked)
        if keypair.held_by is None:
            return
        release = uow.release(keypair.held_by)
        facts = Facts(now=uow.now, policy=uow.policy, actor=uow.actor, release=release)
        facts = replace(facts, keypairs=(keypair,))
        # A pending release waits on: it is not approved while the keypair is disabled.
        if machine.refusal_of(Trigger.STOP, facts) is not None:
            return
        target = machine.fire(Trigger.STOP, facts)
        reason = f"Its keypair {keypair.alias} was disabled."
        ending = EndReason("KEYPAIR_DISABLED", reason)
        uow.record(
            ReleaseStopped.of(
                release.id,
                from_status=release.status,
                to_status=target,
                reason=reason,
                code="KEYPAIR_DISABLED",
            )
        )
        uow.put(move(uow, release, target, ending))
