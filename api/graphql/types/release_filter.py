"""The conditions that lists of releases can be filtered by."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.types.enums import KeypairCategory, ReleaseStatus, ReleaseType
from api.graphql.types.filter_values import id_value, id_values, list_value
from engine.queries import release_filter


@strawberry.input(description="Conditions on releases, all of which must hold.")
class ReleaseFilter:
    status: list[ReleaseStatus] | None = strawberry.field(
        default=None, description="The present status of the release is one of these."
    )
    type: list[ReleaseType] | None = strawberry.field(
        default=None, description="The type of the release is one of these."
    )
    category: list[KeypairCategory] | None = strawberry.field(
        default=None, description="The category of the release is one of these."
    )
    team_id: strawberry.ID | None = strawberry.field(
        default=None, description="The release belongs to this team."
    )
    team_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The release belongs to one of these teams, at most 100."
    )
    keypair_id: strawberry.ID | None = strawberry.field(
        default=None, description="The release names this keypair."
    )
    keypair_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The release names at least one of these keypairs, at most 100."
    )
    requested_by_id: strawberry.ID | None = strawberry.field(
        default=None, description="The release was requested by this user."
    )
    participant_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="This user is one of the participants: listed in the release, or a present"
        " member of its team.",
    )
    mine: bool | None = strawberry.field(
        default=None, description="Whether the release was requested by the caller."
    )
    awaiting_me: bool | None = strawberry.field(
        default=None,
        description="Whether the release waits for the caller's decision, as those in"
        " `approvalInbox` do.",
    )
    overlaps_from: datetime | None = strawberry.field(
        default=None,
        description="The window of the release ends after this instant. The window of a release"
        " that has ended is over at its actual end; one that ended before its window began has no"
        " window.",
    )
    overlaps_until: datetime | None = strawberry.field(
        default=None,
        description="The window of the release starts before this instant; a release that ended"
        " before its window began has no window.",
    )
    ended_from: datetime | None = strawberry.field(
        default=None, description="The release has ended, at this instant or later."
    )
    ended_until: datetime | None = strawberry.field(
        default=None, description="The release has ended, before this instant."
    )
    name_contains: str | None = strawberry.field(
        default=None, description="The name contains this text, without regard to letter case."
    )
    search: str | None = strawberry.field(
        default=None,
        description="The name, version or note of the release, the alias of one of its keypairs,"
        " or the name or e-mail address of its requester contains this text of at most 200"
        " characters, without regard to letter case.",
    )

    def to_filter(self) -> release_filter.ReleaseFilter:
        """Return the engine's form; refuses NOT_FOUND for malformed ids, INVALID_INPUT for many."""
        return release_filter.ReleaseFilter(
            statuses=list_value(self.status, "status"),
            types=list_value(self.type, "type"),
            categories=list_value(self.category, "category"),
            team_id=id_value(self.team_id, "Team", "teamId"),
            team_ids=id_values(self.team_ids, "Team", "teamIds"),
            keypair_id=id_value(self.keypair_id, "Keypair", "keypairId"),
            keypair_ids=id_values(self.keypair_ids, "Keypair", "keypairIds"),
            requested_by_id=id_value(self.requested_by_id, "User", "requestedById"),
            participant_id=id_value(self.participant_id, "User", "participantId"),
            mine=self.mine,
            awaiting_me=self.awaiting_me,
            overlaps_from=self.overlaps_from,
            overlaps_until=self.overlaps_until,
            ended_from=self.ended_from,
            ended_until=self.ended_until,
            name_contains=self.name_contains,
            search=self.search,
        )
