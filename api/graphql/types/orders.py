"""The orders that lists can be sorted in; the id decides between equal rows."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from api.graphql.types.enum_descriptions import describe_enum
from api.graphql.types.enums import Direction


class ReleaseOrderField(StrEnum):
    """What releases are sorted by."""

    STARTS_AT = "STARTS_AT"
    ENDS_AT = "ENDS_AT"
    CREATED_AT = "CREATED_AT"
    NAME = "NAME"


describe_enum(
    ReleaseOrderField,
    "ReleaseOrderField",
    "The property by which releases are sorted.",
    {
        "STARTS_AT": "Sort by the start of the window.",
        "ENDS_AT": "Sort by the end of the window.",
        "CREATED_AT": "Sort by the time of the request.",
        "NAME": "Sort by name, without regard to letter case.",
    },
)


@strawberry.input(description="The order in which releases are sorted.")
class ReleaseOrder:
    field: ReleaseOrderField = strawberry.field(
        default=ReleaseOrderField.STARTS_AT,
        description="The property by which releases are sorted.",
    )
    direction: Direction = strawberry.field(
        default=Direction.DESC, description="The direction in which releases are sorted."
    )


class KeypairOrderField(StrEnum):
    """What keypairs are sorted by."""

    ALIAS = "ALIAS"
    CREATED_AT = "CREATED_AT"


describe_enum(
    KeypairOrderField,
    "KeypairOrderField",
    "The property by which keypairs are sorted.",
    {
        "ALIAS": "Sort by alias, without regard to letter case.",
        "CREATED_AT": "Sort by the time at which the keypair was created.",
    },
)


@strawberry.input(description="The order in which keypairs are sorted.")
class KeypairOrder:
    field: KeypairOrderField = strawberry.field(
        default=KeypairOrderField.ALIAS,
        description="The property by which keypairs are sorted.",
    )
    direction: Direction = strawberry.field(
        default=Direction.ASC, description="The direction in which keypairs are sorted."
    )


class TeamOrderField(StrEnum):
    """What teams are sorted by."""

    NAME = "NAME"
    CREATED_AT = "CREATED_AT"


describe_enum(
    TeamOrderField,
    "TeamOrderField",
    "The property by which teams are sorted.",
    {
        "NAME": "Sort by name, without regard to letter case.",
        "CREATED_AT": "Sort by the time at which the team was created.",
    },
)


@strawberry.input(description="The order in which teams are sorted.")
class TeamOrder:
    field: TeamOrderField = strawberry.field(
        default=TeamOrderField.NAME,
        description="The property by which teams are sorted.",
    )
    direction: Direction = strawberry.field(
        default=Direction.ASC, description="The direction in which teams are sorted."
    )


class UserOrderField(StrEnum):
    """What users are sorted by."""

    EMAIL = "EMAIL"
    NAME = "NAME"
    CREATED_AT = "CREATED_AT"


describe_enum(
    UserOrderField,
    "UserOrderField",
    "The property by which users are sorted.",
    {
        "EMAIL": "Sort by e-mail address, without regard to letter case.",
        "NAME": "Sort by name, without regard to letter case.",
        "CREATED_AT": "Sort by the time at which the user was added.",
    },
)


@strawberry.input(description="The order in which users are sorted.")
class UserOrder:
    field: UserOrderField = strawberry.field(
        default=UserOrderField.EMAIL,
        description="The property by which users are sorted.",
    )
    direction: Direction = strawberry.field(
        default=Direction.ASC, description="The direction in which users are sorted."
    )


class ApiTokenOrderField(StrEnum):
    """What API tokens are sorted by."""

    CREATED_AT = "CREATED_AT"
    EXPIRES_AT = "EXPIRES_AT"
    LAST_USED_AT = "LAST_USED_AT"


describe_enum(
    ApiTokenOrderField,
    "ApiTokenOrderField",
    "The property by which API tokens are sorted.",
    {
        "CREATED_AT": "Sort by the time at which the token was created.",
        "EXPIRES_AT": "Sort by the time at which the token expires; never is the latest.",
        "LAST_USED_AT": "Sort by the time at which the token was last used; never is the earliest.",
    },
)


@strawberry.input(description="The order in which API tokens are sorted.")
class ApiTokenOrder:
    field: ApiTokenOrderField = strawberry.field(
        default=ApiTokenOrderField.CREATED_AT,
        description="The property by which API tokens are sorted.",
    )
    direction: Direction = strawberry.field(
        default=Direction.ASC, description="The direction in which API tokens are sorted."
    )
