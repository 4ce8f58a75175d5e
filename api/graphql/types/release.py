"""Releases, how far their approval has come, and what the viewer can do with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy import Row

from api.graphql.errors import UserError
from api.graphql.ids import to_global
from api.graphql.types.arguments import After, Before, First, Last
from api.graphql.types.delivery import Delivery
from api.graphql.types.enums import (
    DecisionChannel,
    DecisionVerdict,
    KeypairCategory,
    ReleaseAction,
    ReleaseStatus,
    ReleaseType,
)
from api.graphql.types.history import LedgerEntry, Signature
from api.graphql.types.keypair import Keypair
from api.graphql.types.node import Connection, Node
from api.graphql.types.people import Team, User
from engine.model import facts


@strawberry.type(description="One approver's decision on one material revision.")
class Decision:
    source: strawberry.Private[Row[Any]]
    verdict: DecisionVerdict = strawberry.field(description="Approved or rejected.")
    comment: str | None = strawberry.field(description="What the approver added.")
    channel: DecisionChannel = strawberry.field(description="Through which face.")
    revision: int = strawberry.field(description="The revision that was looked at.")
    decided_at: datetime = strawberry.field(description="When.")
    release_name: str = strawberry.field(
        description="The release's name as the approver saw it; later edits of it do not show here."
    )
    release_version: str | None = strawberry.field(
        description="The release's version as the approver saw it."
    )
    release_note: str | None = strawberry.field(
        description="The release's note as the approver saw it."
    )
    labels_changed: bool = strawberry.field(
        description="The release's name, version or note has been edited since the approver"
        " looked at it."
    )
    approver: User = strawberry.field(default=None, description="Who decided.")

    @classmethod
    def of(cls, row: Row[Any], seen: facts.ReleaseFields, now: facts.ReleaseFields) -> Decision:
        """A decision from its row, and the release's fields as they were looked at and are."""
        return cls(
            source=row,
            verdict=row.verdict,
            comment=row.comment,
            channel=DecisionChannel(row.channel.value),
            revision=row.revision,
            decided_at=row.decided_at,
            release_name=seen.name,
            release_version=seen.version,
            release_note=seen.note,
            labels_changed=bool(seen.changed_from(now) & facts.LABEL_FIELDS),
        )


@strawberry.type(description="How far a release's approval has come.")
class ApprovalState:
    required: int = strawberry.field(description="Approvals the round asks for.")
    received: int = strawberry.field(description="Approvals that count.")
    remaining: int = strawberry.field(description="Approvals still missing.")
    decisions: list[Decision] = strawberry.field(description="The decisions, oldest first.")
    can_be_met: bool = strawberry.field(
        description="False while a pending release asks for more approvals than there are people"
        " whose approval would count. Somebody has to add approvers or change the request then."
    )
    eligible_approvers: list[User] = strawberry.field(
        description="The people whose approval would be accepted at this moment: not those who have"
        " decided already, nor, unless self-approval is on, those whose own request it is. Empty"
        " unless the release is pending and can be approved as it stands."
    )


@strawberry.type(description="One thing to do with a release: may the viewer, now?")
class AvailableAction:
    action: ReleaseAction = strawberry.field(description="What.")
    allowed: bool = strawberry.field(description="It would not be refused.")
    refusal: UserError | None = strawberry.field(description="Why it would be refused.")


@strawberry.type(
    description="A window of time in which chosen keypairs may be used by chosen people for a"
    " limited number of signatures."
)
class Release(Node):
    source: strawberry.Private[facts.Release]
    name: str = strawberry.field(description="Unique in the account, letter case aside.")
    version: str | None = strawberry.field(description="What is released, if told.")
    note: str | None = strawberry.field(description="More about it, if told.")
    category: KeypairCategory = strawberry.field(description="Of all its keypairs.")
    type: ReleaseType = strawberry.field(description="Of all its keypairs.")
    status: ReleaseStatus = strawberry.field(description="True at this moment.")
    with_default_certificate: bool = strawberry.field(
        description="Every keypair must have a default certificate."
    )
    starts_at: datetime = strawberry.field(description="The window's first instant.")
    ends_at: datetime = strawberry.field(description="The first instant after the window.")
    max_signatures: int = strawberry.field(description="Signatures that may be made in it.")
    signatures_used: int = strawberry.field(description="Signatures made.")
    signatures_left: int = strawberry.field(description="Neither made nor under way.")
    created_at: datetime = strawberry.field(description="When it was requested.")
    revision: int = strawberry.field(description="Counts every edit, from 1.")
    material_revision: int = strawberry.field(
        description="The revision of the last edit that touched what approvers agree to."
    )
    opened_at: datetime | None = strawberry.field(description="When its window opened.")
    ended_at: datetime | None = strawberry.field(description="When it ended.")
    end_reason: str | None = strawberry.field(description="Why it ended, for people.")
    end_code: str | None = strawberry.field(
        description="Why it ended, for programs, like APPROVAL_NOT_OBTAINED."
    )
    team: Team | None = strawberry.field(default=None, description="Who works on it (Teams on).")
    keypairs: list[Keypair] = strawberry.field(
        default_factory=list, description="What may be used."
    )
    participants: list[User] = strawberry.field(
        default_factory=list,
        description="Who may sign: the listed users, or with Teams on the team's members now.",
    )
    requested_by: User = strawberry.field(default=None, description="Who requested it.")
    approval: ApprovalState | None = strawberry.field(
        default=None, description="Null where none is needed."
    )
    available_actions: list[AvailableAction] = strawberry.field(
        default_factory=list, description="What the viewer can do with it now, and why not."
    )
    #: Connections read ahead, by field and arguments.
    pages: strawberry.Private[dict[tuple[Any, ...], Any]]

    @strawberry.field(description="The signatures made in it, newest first.")
    def signatures(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Signature]:
        page: Connection[Signature] = self.pages["signatures", first, after, last, before]
        return page

    @strawberry.field(description="The ledger's entries about it, newest first.")
    def history(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[LedgerEntry]:
        page: Connection[LedgerEntry] = self.pages["history", first, after, last, before]
        return page

    @strawberry.field(description="The messages about it, newest first.")
    def deliveries(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Delivery]:
        page: Connection[Delivery] = self.pages["deliveries", first, after, last, before]
        return page

    @classmethod
    def of(cls, release: facts.Release) -> Release:
        """A release as of now."""
        fields = release.fields
        return cls(
            id=strawberry.ID(to_global("Release", release.id)),
            source=release,
            pages={},
            name=fields.name,
            version=fields.version,
            note=fields.note,
            category=fields.category,
            type=fields.type,
            status=release.status,
            with_default_certificate=fields.with_default_certificate,
            starts_at=fields.starts_at,
            ends_at=fields.ends_at,
            max_signatures=fields.max_signatures,
            signatures_used=release.signatures_used,
            signatures_left=release.signatures_left,
            created_at=release.created_at,
            revision=release.revision,
            material_revision=release.material_revision,
            opened_at=release.opened_at,
            ended_at=release.ended_at,
            end_reason=release.end_reason,
            end_code=release.end_code,
        )
