"""Request, edit, decide, withdraw, close and stop releases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import strawberry
from strawberry import UNSET

from api.graphql.context import Info, run_mutation
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global, from_globals
from api.graphql.mutations.payload import Payload, given, one
from api.graphql.types.enums import KeypairCategory, ReleaseStatus, ReleaseType
from api.graphql.types.release import Release
from api.runtime.runtime import Runtime
from engine.commands.command import Command
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

Answer = TypeVar("Answer")


@strawberry.input(description="A release to request.")
class CreateReleaseInput:
    name: str = strawberry.field(description="Unique in the account; one line.")
    type: ReleaseType = strawberry.field(description="Of all its keypairs.")
    keypair_ids: list[strawberry.ID] = strawberry.field(description="One or more.")
    starts_at: datetime = strawberry.field(description="The window's first instant.")
    ends_at: datetime = strawberry.field(description="The first instant after the window.")
    max_signatures: int = strawberry.field(description="At least 1.")
    version: str | None = strawberry.field(default=None, description="What is released.")
    note: str | None = strawberry.field(default=None, description="More about it.")
    category: KeypairCategory = strawberry.field(
        default=KeypairCategory.STANDARD, description="Of all its keypairs."
    )
    team_id: strawberry.ID | None = strawberry.field(
        default=None, description="Required with Teams on."
    )
    participant_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Who may sign; required with Teams off."
    )
    with_default_certificate: bool = strawberry.field(
        default=False, description="True: every keypair must have one."
    )
    status: ReleaseStatus | None = strawberry.field(
        default=None, description="PENDING or APPROVED, for an offline release with Teams off."
    )

    def command(self) -> RequestRelease:
        """The engine's form. Refuses what is no id and what is no first status."""
        if self.status not in (None, ReleaseStatus.PENDING, ReleaseStatus.APPROVED):
            message = "A release is requested as PENDING or APPROVED. Leave the status out."
            raise Refusal(Code.INVALID_INPUT, message, "status")
        fields = ReleaseFields(
            name=normalize(self.name),
            version=optional_text(self.version),
            note=optional_text(self.note),
            category=self.category,
            type=self.type,
            team_id=from_global(self.team_id, "Team", "team_id") if self.team_id else None,
            participant_ids=from_globals(self.participant_ids or (), "User", "participant_ids"),
            with_default_certificate=self.with_default_certificate,
            keypair_ids=from_globals(self.keypair_ids, "Keypair", "keypair_ids"),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            max_signatures=self.max_signatures,
        )
        return RequestRelease(fields=fields, as_approved=self.status is ReleaseStatus.APPROVED)


@strawberry.input(description="An edit. A field left out stays; version and note can be nulled.")
class UpdateReleaseInput:
    id: strawberry.ID = strawberry.field(description="Which release.")
    revision: int = strawberry.field(description="The revision the edit is based on.")
    name: str | None = strawberry.field(default=UNSET, description="A new name.")
    version: str | None = strawberry.field(
        default=UNSET,
        description="A new version. Before the start of the window it has to be approved anew.",
    )
    note: str | None = strawberry.field(default=UNSET, description="A new note.")
    category: KeypairCategory | None = strawberry.field(
        default=UNSET, description="Another category, with keypairs of it."
    )
    type: ReleaseType | None = strawberry.field(
        default=UNSET, description="Another type, with keypairs of it."
    )
    team_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Another team.")
    participant_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="All participants, the old ones too."
    )
    with_default_certificate: bool | None = strawberry.field(
        default=UNSET, description="Ask for default certificates, or no longer."
    )
    keypair_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="All keypairs, the old ones too."
    )
    starts_at: datetime | None = strawberry.field(default=UNSET, description="A new start.")
    ends_at: datetime | None = strawberry.field(default=UNSET, description="A new end.")
    max_signatures: int | None = strawberry.field(default=UNSET, description="A new maximum.")

    def command(self) -> ReviseRelease:
        """The engine's form. Refuses what is no id."""
        plain = ("category", "type", "with_default_certificate", "starts_at", "ends_at")
        changes = given(self, *plain, "name", "max_signatures", "team_id")
        if "name" in changes:
            changes["name"] = normalize(changes["name"])
        if "team_id" in changes:
            changes["team_id"] = from_global(changes["team_id"], "Team", "team_id")
        for name in ("version", "note"):
            if (text := getattr(self, name)) is not UNSET:
                changes[name] = optional_text(text)
        for name, kind in (("participant_ids", "User"), ("keypair_ids", "Keypair")):
            changes |= {n: from_globals(ids, kind, n) for n, ids in given(self, name).items()}
        return ReviseRelease(
            release_id=from_global(self.id, "Release"), revision=self.revision, changes=changes
        )


@strawberry.input(description="An approval.")
class ApproveReleaseInput:
    id: strawberry.ID = strawberry.field(description="Which release.")
    revision: int = strawberry.field(description="The revision that was looked at.")
    comment: str | None = strawberry.field(default=None, description="For everyone concerned.")


@strawberry.input(description="A rejection, which ends the request.")
class RejectReleaseInput:
    id: strawberry.ID = strawberry.field(description="Which release.")
    revision: int = strawberry.field(description="The revision that was looked at.")
    comment: str | None = strawberry.field(
        default=None, description="Why, for everyone concerned. It must say something."
    )


@strawberry.input(description="A withdrawal before the start.")
class WithdrawReleaseInput:
    id: strawberry.ID = strawberry.field(description="Which release.")
    reason: str | None = strawberry.field(default=None, description="For everyone concerned.")


@strawberry.input(description="An early close.")
class CloseReleaseInput:
    id: strawberry.ID = strawberry.field(description="Which release.")
    reason: str | None = strawberry.field(default=None, description="For everyone concerned.")


@strawberry.input(description="A stop: the kill switch.")
class StopReleaseInput:
    id: strawberry.ID = strawberry.field(description="Which release.")
    reason: str = strawberry.field(description="For everyone concerned.")


@strawberry.type(description="The requested release.")
class CreateReleasePayload(Payload):
    release: Release | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="The edited release.")
class UpdateReleasePayload(Payload):
    release: Release | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="The release after the approval.")
class ApproveReleasePayload(Payload):
    release: Release | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="The rejected release.")
class RejectReleasePayload(Payload):
    release: Release | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="The withdrawn release.")
class WithdrawReleasePayload(Payload):
    release: Release | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="The closed release.")
class CloseReleasePayload(Payload):
    release: Release | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="The stopped release.")
class StopReleasePayload(Payload):
    release: Release | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type
class ReleaseMutations:
    @strawberry.mutation(description="Request a release. Needs REQUEST_RELEASE.")
    async def create_release(self, info: Info, input: CreateReleaseInput) -> CreateReleasePayload:
        return await _change(info, CreateReleasePayload, input.command)

    @strawberry.mutation(description="Edit a release: all or nothing, based on a revision.")
    async def update_release(self, info: Info, input: UpdateReleaseInput) -> UpdateReleasePayload:
        return await _change(info, UpdateReleasePayload, input.command)

    @strawberry.mutation(description="Approve a pending release.")
    async def approve_release(
        self, info: Info, input: ApproveReleaseInput
    ) -> ApproveReleasePayload:
        return await _change(info, ApproveReleasePayload, lambda: _decide(input, Verdict.APPROVE))

    @strawberry.mutation(description="Reject a pending release, which ends it.")
    async def reject_release(self, info: Info, input: RejectReleaseInput) -> RejectReleasePayload:
        return await _change(info, RejectReleasePayload, lambda: _decide(input, Verdict.REJECT))

    @strawberry.mutation(description="Withdraw a release before it starts.")
    async def withdraw_release(
        self, info: Info, input: WithdrawReleaseInput
    ) -> WithdrawReleasePayload:
        def command() -> WithdrawRelease:
            id_ = from_global(input.id, "Release")
            return WithdrawRelease(release_id=id_, reason=input.reason)

        return await _change(info, WithdrawReleasePayload, command)

    @strawberry.mutation(description="Close an open release before its window ends.")
    async def close_release(self, info: Info, input: CloseReleaseInput) -> CloseReleasePayload:
        def command() -> CloseRelease:
            return CloseRelease(release_id=from_global(input.id, "Release"), reason=input.reason)

        return await _change(info, CloseReleasePayload, command)

    @strawberry.mutation(description="Stop a release at once; what is being signed is discarded.")
    async def stop_release(self, info: Info, input: StopReleaseInput) -> StopReleasePayload:
        def command() -> StopRelease:
            return StopRelease(release_id=from_global(input.id, "Release"), reason=input.reason)

        return await _change(info, StopReleasePayload, command)


def _decide(input: ApproveReleaseInput | RejectReleaseInput, verdict: Verdict) -> Decide:
    return Decide(
        release_id=from_global(input.id, "Release"),
        revision=input.revision,
        verdict=verdict,
        comment=input.comment,
    )


async def _change(
    info: Info, payload: Callable[..., Answer], command: Callable[[], Command[UUID]]
) -> Answer:
    async def act(runtime: Runtime, principal: Principal) -> UUID:
        return await runtime.execute(principal, command())

    return await run_mutation(info, payload, act, release=one(EntityCache.releases))
