"""Approve or reject a pending release (spec section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from engine.commands.releases.draft import standing_facts
from engine.commands.releases.release_command import ReleaseCommand
from engine.commands.transactions import Attempt
from engine.lifecycle import machine
from engine.lifecycle.approvals import Resolution, resolve_as_it_stands, resolve_with_actor
from engine.lifecycle.release_changes import fields_at
from engine.lifecycle.schedule import EndReason
from engine.model.events import DecisionRecorded, ReleaseApproved, ReleaseRejected
from engine.model.facts import Facts, Release, ReleaseFields
from engine.model.text import optional_text
from engine.model.vocabulary import Status, Trigger, Verdict
from engine.persistence.store import loading
from engine.persistence.store.releases import insert_decision, write_transition
from engine.persistence.store.unit_of_work import UnitOfWork

_TRIGGERS = {Verdict.APPROVE: Trigger.APPROVE, Verdict.REJECT: Trigger.REJECT}


@dataclass(frozen=True, kw_only=True)
class Decide(ReleaseCommand[UUID]):
    """Approve or reject a release at the revision that the approver saw; returns its id."""

    release_id: UUID
    revision: int
    verdict: Verdict
    comment: str | None = None

    def attempt(self) -> Attempt:
        """Return an entry of the release's history, named by the verdict."""
        return Attempt(
            command=self.verdict.lower(),
            subject_kind="Release",
            subject_id=self.release_id,
            details={"revision": self.revision},
        )

    def apply(self, uow: UnitOfWork) -> UUID:
        """Decide by the lifecycle table; record the decision, and a transition if there is one."""
        release = uow.release(self.release_id)
        comment = optional_text(self.comment)
        facts = standing_facts(uow, release, seen_revision=self.revision, reason=comment)
        target = machine.fire(_TRIGGERS[self.verdict], facts)
        self._insert(uow, facts)
        uow.record(self._recorded(facts, self._fields_looked_at(uow, release)))
        if target is Status.APPROVED:
            uow.put(write_transition(uow, release, target))
            uow.record(ReleaseApproved.of(release.id, from_status=release.status, to_status=target))
        elif target is Status.REJECTED:
            ending = EndReason("REJECTED", comment)
            uow.put(write_transition(uow, release, target, ending))
            uow.record(
                ReleaseRejected.of(
                    release.id, from_status=release.status, to_status=target, reason=comment
                )
            )
        return release.id

    def _insert(self, uow: UnitOfWork, facts: Facts) -> None:
        assert uow.actor.user_id is not None
        insert_decision(
            uow.connection,
            facts.subject,
            uow.actor.user_id,
            self.verdict,
            revision=self.revision,
            comment=facts.reason,
            channel=uow.actor.channel,
            at=uow.now,
        )

    def _fields_looked_at(self, uow: UnitOfWork, release: Release) -> ReleaseFields:
        if self.revision == release.revision:
            return release.fields
        edits = loading.load_edits(uow.connection, [release.id])[release.id]
        return fields_at(release.fields, edits, self.revision)

    def _recorded(self, facts: Facts, looked_at: ReleaseFields) -> DecisionRecorded:
        counted = self._resolution(facts)
        return DecisionRecorded.of(
            self.release_id,
            reason=facts.reason,
            verdict=self.verdict,
            revision=self.revision,
            received=counted.received,
            required=counted.required,
            name=looked_at.name,
            version=looked_at.version,
            note=looked_at.note,
        )

    def _resolution(self, facts: Facts) -> Resolution:
        if self.verdict is Verdict.APPROVE:
            return resolve_with_actor(facts)
        return resolve_as_it_stands(facts)
