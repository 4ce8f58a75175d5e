"""The inputs of the mutations of releases, and the commands that they describe."""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry import UNSET

from api.graphql.ids import from_global, local_id, local_ids
from api.graphql.mutations.payload import present_fields
from api.graphql.types.enums import KeypairCategory, ReleaseStatus, ReleaseType
from api.graphql.types.origin import ClaimConditionInput, to_conditions
from api.runtime.runtime import Runtime
from engine.commands.releases.close_release import CloseRelease
from engine.commands.releases.decide import Decide
from engine.commands.releases.request_release import RequestRelease
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.errors import Code, Refusal
from engine.model.facts import ReleaseFields
from engine.model.principal import Principal
from engine.model.text import normalize, optional_text
from engine.model.vocabulary import Verdict


@strawberry.input(description="The properties of the release to request.")
class CreateReleaseInput:
    name: str = strawberry.field(
        description="The name of the release, on one line and unique in the account."
    )
    type: ReleaseType = strawberry.field(
        description="The type that all keypairs of the release share."
    )
    keypair_ids: list[strawberry.ID] = strawberry.field(
        description="The ids of one or more keypairs that may be used in the release."
    )
    starts_at: datetime = strawberry.field(description="The first instant of the window.")
    ends_at: datetime = strawberry.field(description="The first instant after the window.")
    max_signatures: int = strawberry.field(
        description="The number of signatures that may be made in the release, at least 1."
    )
    version: str | None = strawberry.field(
        default=None, description="The version of the product that is released."
    )
    note: str | None = strawberry.field(
        default=None, description="Further information about the release, for people."
    )
    category: KeypairCategory = strawberry.field(
        default=KeypairCategory.STANDARD,
        description="The category that all keypairs of the release share.",
    )
    team_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the team that works on the release, required if teams are enabled.",
    )
    participant_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of the users who may sign, required if teams are disabled.",
    )
    with_default_certificate: bool = strawberry.field(
        default=False,
        description="Whether every keypair of the release must have a default certificate.",
    )
    origin_condition: list[ClaimConditionInput] | None = strawberry.field(
        default=None,
        description="The conditions on the claims of a pipeline that signs in the release, all"
        " of which must hold, such as its `repository_id` and its `ref`. Nobody else can sign"
        " with offline keypairs then.",
    )
    status: ReleaseStatus | None = strawberry.field(
        default=None,
        description="The status to start with, PENDING or APPROVED, for an offline release"
        " while teams are disabled.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> RequestRelease:
        """Return the command; refuses other statuses."""
        if self.status not in (None, ReleaseStatus.PENDING, ReleaseStatus.APPROVED):
            message = "A release is requested as PENDING or APPROVED. Leave the status out."
            raise Refusal(Code.INVALID_INPUT, message, "status")
        fields = ReleaseFields(
            name=normalize(self.name),
            version=optional_text(self.version),
            note=optional_text(self.note),
            category=self.category,
            type=self.type,
            team_id=local_id(self.team_id) if self.team_id else None,
            participant_ids=local_ids(self.participant_ids or ()),
            with_default_certificate=self.with_default_certificate,
            keypair_ids=local_ids(self.keypair_ids),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            max_signatures=self.max_signatures,
            origin_condition=to_conditions(self.origin_condition or ()),
        )
        return RequestRelease(fields=fields, as_approved=self.status is ReleaseStatus.APPROVED)


@strawberry.input(
    description="The changes of a release; a field that is left out stays as it is, and"
    " null clears the version and the note."
)
class UpdateReleaseInput:
    id: strawberry.ID = strawberry.field(description="The id of the release to edit.")
    revision: int = strawberry.field(
        description="The revision that the edit is based on; the edit is refused if there"
        " is a newer one."
    )
    name: str | None = strawberry.field(default=UNSET, description="The new name of the release.")
    version: str | None = strawberry.field(
        default=UNSET,
        description="The new version, which has to be approved again if the window has not"
        " started.",
    )
    note: str | None = strawberry.field(default=UNSET, description="The new note of the release.")
    category: KeypairCategory | None = strawberry.field(
        default=UNSET, description="The new category, together with keypairs of that category."
    )
    type: ReleaseType | None = strawberry.field(
        default=UNSET, description="The new type, together with keypairs of that type."
    )
    team_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The id of the team that works on the release from now on."
    )
    participant_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET,
        description="The ids of all users who may sign, including those who are to stay.",
    )
    with_default_certificate: bool | None = strawberry.field(
        default=UNSET,
        description="Whether every keypair of the release must have a default certificate.",
    )
    keypair_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET,
        description="The ids of all keypairs of the release, including those that are to stay.",
    )
    starts_at: datetime | None = strawberry.field(
        default=UNSET, description="The new first instant of the window."
    )
    ends_at: datetime | None = strawberry.field(
        default=UNSET, description="The new first instant after the window."
    )
    max_signatures: int | None = strawberry.field(
        default=UNSET, description="The new number of signatures that may be made in the release."
    )

    origin_condition: list[ClaimConditionInput] | None = strawberry.field(
        default=UNSET,
        description="All conditions on the claims of a pipeline that signs, including those that"
        " are to stay; an empty list removes them.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> ReviseRelease:
        """Return the command; refuses ids of other types."""
        plain = ("category", "type", "with_default_certificate", "starts_at", "ends_at")
        changes = present_fields(self, *plain, "name", "max_signatures", "team_id")
        if "name" in changes:
            changes["name"] = normalize(changes["name"])
        if "team_id" in changes:
            changes["team_id"] = local_id(changes["team_id"])
        for name in ("version", "note"):
            if (text := getattr(self, name)) is not UNSET:
                changes[name] = optional_text(text)
        if self.origin_condition not in (UNSET, None):
            changes["origin_condition"] = to_conditions(self.origin_condition or ())
        lists = present_fields(self, "participant_ids", "keypair_ids")
        changes |= {name: local_ids(ids) for name, ids in lists.items()}
        return ReviseRelease(
            release_id=from_global(self.id, "Release"), revision=self.revision, changes=changes
        )


@strawberry.input(description="An approval of one revision of a release.")
class ApproveReleaseInput:
    id: strawberry.ID = strawberry.field(description="The id of the release to approve.")
    revision: int = strawberry.field(
        description="The revision of the release that the approver has read."
    )
    comment: str | None = strawberry.field(
        default=None, description="A comment for everyone concerned with the release."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> Decide:
        """Return the command; refuses ids of other types."""
        return Decide(
            release_id=from_global(self.id, "Release"),
            revision=self.revision,
            verdict=Verdict.APPROVE,
            comment=self.comment,
        )


@strawberry.input(description="A rejection of one revision of a release, which ends the release.")
class RejectReleaseInput:
    id: strawberry.ID = strawberry.field(description="The id of the release to reject.")
    revision: int = strawberry.field(
        description="The revision of the release that the approver has read."
    )
    comment: str | None = strawberry.field(
        default=None, description="The reason for everyone concerned, which must not be empty."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> Decide:
        """Return the command; refuses ids of other types."""
        return Decide(
            release_id=from_global(self.id, "Release"),
            revision=self.revision,
            verdict=Verdict.REJECT,
            comment=self.comment,
        )


@strawberry.input(description="The withdrawal of a release before its window starts.")
class WithdrawReleaseInput:
    id: strawberry.ID = strawberry.field(description="The id of the release to withdraw.")
    reason: str | None = strawberry.field(
        default=None, description="The reason for everyone concerned with the release."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> WithdrawRelease:
        """Return the command; refuses ids of other types."""
        return WithdrawRelease(release_id=from_global(self.id, "Release"), reason=self.reason)


@strawberry.input(description="The close of a release before its window ends.")
class CloseReleaseInput:
    id: strawberry.ID = strawberry.field(description="The id of the release to close.")
    reason: str | None = strawberry.field(
        default=None, description="The reason for everyone concerned with the release."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> CloseRelease:
        """Return the command; refuses ids of other types."""
        return CloseRelease(release_id=from_global(self.id, "Release"), reason=self.reason)


@strawberry.input(description="The emergency stop of a release.")
class StopReleaseInput:
    id: strawberry.ID = strawberry.field(description="The id of the release to stop.")
    reason: str = strawberry.field(
        description="The reason for everyone concerned with the release."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> StopRelease:
        """Return the command; refuses ids of other types."""
        return StopRelease(release_id=from_global(self.id, "Release"), reason=self.reason)
