"""Releases, how far their approval has come, and what the viewer can do with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from api.graphql.errors import UserError
from api.graphql.ids import to_global
from api.graphql.types.arguments import After, Before, ByTime, First, Last
from api.graphql.types.delivery import Delivery
from api.graphql.types.enums import (
    DecisionChannel,
    DecisionVerdict,
    Direction,
    KeypairCategory,
    ReleaseAction,
    ReleaseStatus,
    ReleaseType,
)
from api.graphql.types.filters import SignatureFilter, conditions_of
from api.graphql.types.keypair import Keypair
from api.graphql.types.ledger import LedgerEntry
from api.graphql.types.node import Connection, Node
from api.graphql.types.origin import ClaimCondition, Origin
from api.graphql.types.people import Team, User
from api.graphql.types.signature import Signature
from engine.model import facts
from engine.queries.records import Record


@strawberry.type(description="An approver's decision on one material revision of a release.")
class Decision:
    source: strawberry.Private[Record]
    verdict: DecisionVerdict = strawberry.field(
        description="Whether the approver approved or rejected the release."
    )
    comment: str | None = strawberry.field(
        description="The comment that the approver added, if any."
    )
    channel: DecisionChannel = strawberry.field(
        description="The interface through which the approver decided."
    )
    revision: int = strawberry.field(
        description="The revision of the release that the approver had read."
    )
    decided_at: datetime = strawberry.field(description="The time at which the approver decided.")
    release_name: str = strawberry.field(
        description="The name of the release as the approver saw it, without later edits."
    )
    release_version: str | None = strawberry.field(
        description="The version of the release as the approver saw it."
    )
    release_note: str | None = strawberry.field(
        description="The note of the release as the approver saw it."
    )
    labels_changed: bool = strawberry.field(
        description="Whether the release's name, version or note was edited after the"
        " approver read it."
    )
    approver: User = strawberry.field(default=None, description="The user who made the decision.")

    @classmethod
    def of(cls, row: Record, seen: facts.ReleaseFields, now: facts.ReleaseFields) -> Decision:
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


@strawberry.type(description="The progress of a release toward its approval.")
class ApprovalState:
    required: int = strawberry.field(description="The number of approvals that the release needs.")
    received: int = strawberry.field(
        default=0, description="The number of approvals received that count."
    )
    remaining: int = strawberry.field(
        default=0, description="The number of approvals that are still missing."
    )
    decisions: list[Decision] = strawberry.field(
        default_factory=list, description="The decisions on the release, oldest first."
    )
    can_be_met: bool = strawberry.field(
        default=True,
        description="Whether enough people can approve: false while a pending release needs"
        " more approvals than there are people whose approval would count, so"
        " that somebody has to add approvers or edit the release.",
    )
    eligible_approvers: list[User] = strawberry.field(
        default_factory=list,
        description="The people whose approval would be accepted now. They have not decided"
        " yet, and did not request the release themselves unless self-approval"
        " is allowed. The list is empty unless the release is pending and can"
        " be approved as it stands.",
    )


@strawberry.type(description="Tells whether the caller may take one action on a release now.")
class AvailableAction:
    action: ReleaseAction = strawberry.field(description="The action that is described here.")
    allowed: bool = strawberry.field(
        description="Whether the action would be accepted if the caller took it now."
    )
    refusal: UserError | None = strawberry.field(
        description="Why the action would be refused, or null if it would be accepted."
    )


@strawberry.type(
    description="A window of time in which chosen keypairs may be used, by chosen"
    " people, for a limited number of signatures."
)
class Release(Node):
    source: strawberry.Private[facts.Release]
    name: str = strawberry.field(
        description="The name of the release, unique in the account without regard to letter case."
    )
    version: str | None = strawberry.field(
        description="The version of the product that is released, if it was given."
    )
    note: str | None = strawberry.field(
        description="Further information about the release, if it was given."
    )
    category: KeypairCategory = strawberry.field(
        description="The category that all keypairs of the release share."
    )
    type: ReleaseType = strawberry.field(
        description="The type that all keypairs of the release share."
    )
    status: ReleaseStatus = strawberry.field(
        description="The status of the release at this moment."
    )
    with_default_certificate: bool = strawberry.field(
        description="Whether every keypair of the release must have a default certificate."
    )
    origin_condition: list[ClaimCondition] = strawberry.field(
        description="The conditions on the claims of a pipeline that signs in the release, all of"
        " which must hold; if there are none, other users sign, too."
    )
    requested_from: Origin | None = strawberry.field(
        description="Where the pipeline runs that requested the release, or null if it was"
        " requested otherwise."
    )
    starts_at: datetime = strawberry.field(description="The first instant of the window.")
    ends_at: datetime = strawberry.field(description="The first instant after the window.")
    max_signatures: int = strawberry.field(
        description="The number of signatures that may be made in the release."
    )
    signatures_used: int = strawberry.field(
        description="The number of signatures that have been made."
    )
    signatures_left: int = strawberry.field(
        description="The number of signatures that are still available, neither made nor"
        " being made now."
    )
    created_at: datetime = strawberry.field(
        description="The time at which the release was requested."
    )
    revision: int = strawberry.field(
        description="The revision number, which starts at 1 and grows with every edit."
    )
    material_revision: int = strawberry.field(
        description="The revision of the last edit that changed what approvers agree to."
    )
    opened_at: datetime | None = strawberry.field(
        description="The time at which the window opened, or null if it has not opened."
    )
    ended_at: datetime | None = strawberry.field(
        description="The time at which the release ended, or null if it has not ended."
    )
    end_reason: str | None = strawberry.field(
        description="Why the release ended, as a text for people."
    )
    end_code: str | None = strawberry.field(
        description="Why the release ended, as a code for programs like APPROVAL_NOT_OBTAINED."
    )
    team: Team | None = strawberry.field(
        default=None, description="The team that works on the release, if teams are enabled."
    )
    keypairs: list[Keypair] = strawberry.field(
        default_factory=list, description="The keypairs that may be used in the release."
    )
    participants: list[User] = strawberry.field(
        default_factory=list,
        description="The users who may sign in the release: those listed, or the present"
        " members of the team if teams are enabled.",
    )
    requested_by: User = strawberry.field(
        default=None, description="The user who requested the release."
    )
    approval: ApprovalState | None = strawberry.field(
        default=None, description="The progress of the approval, or null if the release needs none."
    )
    available_actions: list[AvailableAction] = strawberry.field(
        default_factory=list,
        description="The actions that the caller can take on the release now, with the"
        " reason why others would be refused.",
    )
    undelivered_count: int = strawberry.field(
        default=0,
        description="The number of messages to people about the release that failed permanently"
        " and are still worth sending: they are true, and were not sent again since.",
    )
    #: Connections read ahead, by field and arguments.
    pages: strawberry.Private[dict[tuple[Any, ...], Any]]

    @strawberry.field(
        description="The signatures that were made in the release, newest first unless another"
        " direction is given."
    )
    def signatures(
        self,
        filter: SignatureFilter | None = None,
        direction: ByTime = Direction.DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Signature]:
        key = ("signatures", first, after, last, before, conditions_of(filter), direction)
        page: Connection[Signature] = self.pages[key]
        return page

    @strawberry.field(
        description="The ledger's entries about the release, newest first unless another"
        " direction is given."
    )
    def history(
        self,
        direction: ByTime = Direction.DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[LedgerEntry]:
        key = ("history", first, after, last, before, direction)
        page: Connection[LedgerEntry] = self.pages[key]
        return page

    @strawberry.field(
        description="The messages that were sent about the release, newest first unless"
        " another direction is given."
    )
    def deliveries(
        self,
        direction: ByTime = Direction.DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Delivery]:
        key = ("deliveries", first, after, last, before, direction)
        page: Connection[Delivery] = self.pages[key]
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
            origin_condition=ClaimCondition.all_of(fields.origin_condition),
            requested_from=Origin.of(release.requested_from),
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
