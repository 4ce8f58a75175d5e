"""Edit a release (spec sections 3, revise, and 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from engine.commands.releases.draft import release_facts, with_draft
from engine.commands.releases.release_command import ReleaseCommand
from engine.lifecycle import machine
from engine.lifecycle.approvals import required_by_settings
from engine.lifecycle.conditions import is_material
from engine.lifecycle.edit_rules import widens
from engine.model.events import ReleaseRevised
from engine.model.facts import Facts, Release
from engine.model.vocabulary import ReleaseType, Status, Trigger
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.releases import update_release, write_transition
from engine.persistence.store.reservation_expiry import release_expired
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class ReviseRelease(ReleaseCommand[UUID]):
    """Change fields of a release, all or none, based on a revision; returns the release's id."""

    command_name = "revise"

    release_id: UUID
    revision: int
    #: Field names of `ReleaseFields` and their new values; a field left out stays.
    changes: Mapping[str, Any]

    def lock(self) -> Lock:
        """Return the settings, the release, and the keypairs and the name that it would hold."""
        return Lock(
            account=Hold.SHARED,
            releases=frozenset({self.release_id}),
            keypairs=frozenset(self.changes.get("keypair_ids", ())),
            keypair_rows=True,
            name=self.changes.get("name"),
        )

    def details(self) -> dict[str, Any]:
        """Return the revision that was looked at, and the names of the fields to change."""
        return {"revision": self.revision, "fields": sorted(self.changes)}

    def apply(self, uow: UnitOfWork) -> UUID:
        """Decide by the lifecycle table, then write the fields and, if it changes, the status."""
        if "max_signatures" in self.changes:
            release_expired(uow)
        release = uow.release(self.release_id)
        facts = release_facts(uow, release, seen_revision=self.revision)
        facts = with_draft(uow, facts, replace(release.fields, **self.changes))
        target = machine.fire(Trigger.REVISE, facts)
        if not facts.changes:
            return release.id
        after = _revised(release, facts, target)
        update_release(
            uow.connection,
            release,
            after,
            editor_id=uow.actor.user_id,
            material=is_material(facts),
            at=uow.now,
        )
        if target is not release.status:
            after = write_transition(uow, after, target)
        uow.put(after)
        uow.record(_event(facts, after, target))
        return release.id


def _asks_anew(facts: Facts, target: Status) -> bool:
    return is_material(facts) and target is Status.PENDING


def _revised(release: Release, facts: Facts, target: Status) -> Release:
    revision = release.revision + 1
    required = release.required_approvals
    if _asks_anew(facts, target):
        required = required_by_settings(facts)
    elif target is Status.ACTIVE:
        required = 0
    # What was approved is agreed; what was edited since awaits it, in whatever type meanwhile.
    leaves_approval = release.status is Status.APPROVED and target is not Status.APPROVED
    return replace(
        release,
        fields=facts.draft,
        revision=revision,
        material_revision=revision if is_material(facts) else release.material_revision,
        required_approvals=required,
        round_revision=revision if leaves_approval else release.round_revision,
    )


def _event(facts: Facts, after: Release, target: Status) -> ReleaseRevised:
    before = facts.subject
    opened_wider = (
        before.status is Status.IN_PROGRESS
        and before.fields.type is ReleaseType.OFFLINE
        and widens(facts)
    )
    return ReleaseRevised.of(
        before.id,
        from_status=before.status,
        to_status=target,
        revision=after.revision,
        changes={
            name: (getattr(before.fields, name), getattr(after.fields, name))
            for name in sorted(facts.changes)
        },
        material=is_material(facts),
        asks_anew=_asks_anew(facts, target),
        widened=opened_wider,
    )
