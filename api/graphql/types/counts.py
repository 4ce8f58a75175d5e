"""Counts of releases and signatures, for overviews and charts."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.types.enum_descriptions import describe_enum
from api.graphql.types.enums import KeypairCategory, ReleaseStatus, ReleaseType
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import Team, User
from engine.queries import buckets, counts

ReleaseGrouping = counts.ReleaseGrouping
describe_enum(
    ReleaseGrouping,
    "ReleaseGrouping",
    "The property that the releases of one group have in common.",
    {
        "STATUS": "The releases of a group have the same status at this moment.",
        "TYPE": "The releases of a group are of the same type.",
        "CATEGORY": "The keypairs of all releases of a group are of the same category.",
        "TEAM": "The releases of a group belong to the same team, or to none.",
        "KEYPAIR": "The releases of a group name the same keypair.",
        "REQUESTED_BY": "The releases of a group were requested by the same user.",
    },
)

BucketSize = buckets.BucketSize
describe_enum(
    BucketSize,
    "BucketSize",
    "The length of the stretches of time in which something is counted.",
    {
        "HOUR": "Each stretch is an hour on the clocks of the time zone.",
        "DAY": "Each stretch is a day of the time zone, of 23 or 25 hours where clocks change.",
    },
)


@strawberry.type(
    description="The number of releases in one group. Of the properties, only the one that"
    " releases were grouped by is set."
)
class ReleaseCount:
    grouping: strawberry.Private[counts.ReleaseGrouping]
    key: strawberry.Private[counts.GroupKey]
    count: int = strawberry.field(description="The number of releases in the group.")
    status: ReleaseStatus | None = strawberry.field(
        default=None, description="The status that the releases have, if they were grouped by it."
    )
    type: ReleaseType | None = strawberry.field(
        default=None, description="The type that the releases have, if they were grouped by it."
    )
    category: KeypairCategory | None = strawberry.field(
        default=None, description="The category of the releases, if they were grouped by it."
    )
    team: Team | None = strawberry.field(
        default=None,
        description="The team of the releases, if they were grouped by it; it is null for those"
        " without a team.",
    )
    keypair: Keypair | None = strawberry.field(
        default=None,
        description="The keypair that the releases name, if they were grouped by it.",
    )
    requested_by: User | None = strawberry.field(
        default=None,
        description="The user who requested the releases, if they were grouped by requester.",
    )

    @classmethod
    def of(cls, grouping: ReleaseGrouping, key: counts.GroupKey, count: int) -> ReleaseCount:
        """A group; what has to be read for it by an id is set by a loader."""
        return cls(
            grouping=grouping,
            key=key,
            count=count,
            status=key if isinstance(key, ReleaseStatus) else None,
            type=key if isinstance(key, ReleaseType) else None,
            category=key if isinstance(key, KeypairCategory) else None,
        )


@strawberry.type(description="The number of signatures that were made in one stretch of time.")
class SignatureCount:
    starts_at: datetime = strawberry.field(description="The first instant of the stretch.")
    ends_at: datetime = strawberry.field(description="The first instant after the stretch.")
    count: int = strawberry.field(
        description="The number of signatures that were made in the stretch, which may be zero."
    )
