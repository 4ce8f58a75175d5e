"""Request a release (spec section 3, the three rows of `request`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from engine.commands.command import Command
from engine.commands.releases.draft import with_draft
from engine.lifecycle import machine
from engine.lifecycle.approvals import required_by_settings
from engine.model.events import DecisionRecorded, ReleaseRequested
from engine.model.facts import Facts, Release, ReleaseFields
from engine.model.text import quoted
from engine.model.vocabulary import Status, Trigger, Verdict
from engine.persistence.db.ids import uuid7
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.releases import insert_decision, insert_release
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class RequestRelease(Command[UUID]):
    """Request a release; returns its id."""

    command_name = "request_release"

    fields: ReleaseFields
    #: Request the status Approved at once: only offline, with Teams off.
    as_approved: bool = False

    def lock(self) -> Lock:
        """Return the settings, and the keypairs and the name with the releases that hold them."""
        return Lock(
            account=Hold.SHARED,
            keypairs=self.fields.keypair_ids,
            keypair_rows=True,
            name=self.fields.name,
        )

    def details(self) -> dict[str, Any]:
        """Return the name of the release that was to be made."""
        return {"name": quoted(self.fields.name)}

    def apply(self, uow: UnitOfWork) -> UUID:
        """Decide by the lifecycle table, then write the release, which holds its keypairs."""
        actor_facts = Facts(
            now=uow.now, settings=uow.settings, actor=uow.actor, asks_approved=self.as_approved
        )
        facts = with_draft(uow, actor_facts, self.fields)
        target = machine.fire(
            Trigger.REQUEST, replace(facts, approver_ids=facts.draft_approver_ids)
        )
        release = _new_release(uow, facts, target)
        insert_release(uow.connection, release)
        uow.put(release)
        # Nobody else can have it: it advances with what is locked, so a begun window opens at once.
        uow.locked |= {release.id}
        uow.created |= {release.id}
        uow.record(
            ReleaseRequested.of(
                release.id, to_status=target, name=facts.draft.name, revision=release.revision
            )
        )
        if target is Status.APPROVED:
            _approve_own(uow, release)
        return release.id


def _new_release(uow: UnitOfWork, facts: Facts, status: Status) -> Release:
    assert facts.proposed is not None and uow.actor.user_id is not None
    needs_approval = status is not Status.ACTIVE
    return Release(
        id=uuid7(),
        account_id=uow.account_id,
        fields=facts.proposed,
        status=status,
        status_since=uow.now,
        creator_id=uow.actor.user_id,
        created_at=uow.now,
        revision=1,
        material_revision=1,
        required_approvals=required_by_settings(facts) if needs_approval else 0,
        round_revision=1,
        requested_from=uow.actor.pipeline.origin if uow.actor.pipeline is not None else None,
    )


def _approve_own(uow: UnitOfWork, release: Release) -> None:
    insert_decision(
        uow.connection,
        release,
        release.creator_id,
        Verdict.APPROVE,
        revision=release.revision,
        comment=None,
        channel=uow.actor.channel,
        at=uow.now,
    )
    uow.record(
        DecisionRecorded.of(
            release.id,
            verdict=Verdict.APPROVE,
            revision=release.revision,
            received=1,
            required=release.required_approvals,
            name=release.fields.name,
            version=release.fields.version,
            note=release.fields.note,
        )
    )
