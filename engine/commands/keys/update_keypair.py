"""Change a keypair, and stop the release that holds one that signs no more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from engine.commands.administration.rule_breaks import shortages_with_keypair
from engine.commands.administration.validation import (
    clean_name,
    differences,
    require_permission,
    require_placement,
    require_users,
)
from engine.commands.command import Command
from engine.commands.releases.end_release import record_end
from engine.lifecycle import machine
from engine.lifecycle.administration import (
    refuse_declared_certificate,
    refuse_opening,
    refuse_retired,
)
from engine.lifecycle.schedule import EndReason
from engine.model.errors import Faults, refuse
from engine.model.events import Changes, KeypairUpdated, ReleaseStopped
from engine.model.facts import Facts
from engine.model.text import normalize
from engine.model.vocabulary import (
    KeypairAccess,
    KeypairState,
    Permission,
    Trigger,
)
from engine.persistence.store import loading
from engine.persistence.store.administration import certificates, keypairs
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class UpdateKeypair(Command[UUID]):
    """Change a keypair; returns its id. What is None stays as it is."""

    command_name = "update_keypair"
    subject_kind = "Keypair"
    subject_field = "keypair_id"

    keypair_id: UUID
    alias: str | None = None
    access: KeypairAccess | None = None
    user_ids: frozenset[UUID] | None = None
    #: Users to assign and to unassign, whoever else is by then.
    add_user_ids: frozenset[UUID] = frozenset()
    remove_user_ids: frozenset[UUID] = frozenset()
    has_default_certificate: bool | None = None
    enabled: bool | None = None

    def lock(self) -> Lock:
        """Return the keypair, and the release that holds it."""
        return Lock(
            account=Hold.SHARED,
            keypairs=frozenset({self.keypair_id}),
            keypair_rows=True,
            ledger_head=self.alias is not None,
        )

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_KEYPAIRS`; the credential covers what those mapped to it may do.

        Disabling it stops the open release that holds it.
        """
        require_permission(uow, Permission.MANAGE_KEYPAIRS)
        row = keypairs.load_keypair(uow, self.keypair_id)
        users = keypairs.load_user_ids(uow, self.keypair_id)
        before = {**row._mapping, "user_ids": users}
        changes = differences(before, self._new_values(uow, row) | self._new_users(users))
        self._require_placement(uow, changes)
        shortages_before = shortages_with_keypair(uow, self.keypair_id)
        values = {name: after for name, (_, after) in changes.items()}
        keypairs.update_keypair(uow, self.keypair_id, values)
        if changes:
            shortages_after = shortages_with_keypair(uow, self.keypair_id)
            changes |= differences(shortages_before, shortages_after)
            uow.record(KeypairUpdated(subject_id=row.id, changes=changes))
        if "enabled" in changes and not self.enabled:
            stop_holder(uow, self.keypair_id, "disabled")
        return self.keypair_id

    def _require_no_declaration(self, uow: UnitOfWork, row: Row[Any]) -> None:
        if self.has_default_certificate is not row.has_default_certificate:
            is_set = certificates.load_default(uow, row.id) is not None
            refuse(
                refuse_declared_certificate(declared=self.has_default_certificate, is_set=is_set)
            )

    def _require_placement(self, uow: UnitOfWork, changes: Changes) -> None:
        """Ask it of those newly mapped to it; where it is opened or enabled, of all who sign."""
        before, after = changes.get("user_ids", (frozenset(), frozenset()))
        field = "add_user_ids" if self.add_user_ids else "user_ids"
        require_placement(uow, Permission.MANAGE_KEYPAIRS, after - before, field)
        refuse(refuse_opening(uow.actor, changes))

    def _new_values(self, uow: UnitOfWork, row: Row[Any]) -> dict[str, Any]:
        names = ("access", "has_default_certificate", "enabled")
        values = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        faults = Faults()
        with faults:
            self._require_no_declaration(uow, row)
        if self.enabled:
            with faults:
                state = KeypairState.of(enabled=row.enabled, retired_at=row.retired_at)
                refuse(refuse_retired(state, "enabled"))
        if self.alias is not None:
            with faults:
                values["alias"] = clean_name(normalize(self.alias), "alias", "alias")
        for name in ("user_ids", "add_user_ids", "remove_user_ids"):
            with faults:
                require_users(uow, getattr(self, name) or (), name)
        faults.refuse()
        return values

    def _new_users(self, users: frozenset[UUID]) -> dict[str, Any]:
        """Return who is assigned; those who are already, or are not, make no difference."""
        stay = users if self.user_ids is None else self.user_ids
        return {"user_ids": (stay | self.add_user_ids) - self.remove_user_ids}


def stop_holder(uow: UnitOfWork, keypair_id: UUID, participle: str) -> None:
    """Stop the release that holds a keypair, where there is one that can be stopped.

    Args:
        uow: The transaction, which holds the release and has disabled the keypair.
        keypair_id: The keypair.
        participle: What happened to the keypair, for the reason: `disabled`.
    """
    (keypair,) = loading.load_keypairs(uow.connection, uow.account_id, [keypair_id])
    if keypair.held_by is None:
        return
    release = uow.release(keypair.held_by)
    facts = Facts(now=uow.now, settings=uow.settings, actor=uow.actor, release=release)
    facts = replace(facts, keypairs=(keypair,))
    # A pending release waits on: it is not approved while the keypair is disabled.
    if machine.refusal_of(Trigger.STOP, facts) is not None:
        return
    target = machine.fire(Trigger.STOP, facts)
    ending = EndReason("KEYPAIR_DISABLED", f"Its keypair {keypair.alias} was {participle}.")
    record_end(uow, release, target, ending, ReleaseStopped, code=ending.code)
