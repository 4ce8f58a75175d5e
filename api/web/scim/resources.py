"""The resources of SCIM that are served, with the attributes that mean something here."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Filter,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    Returned,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

#: Resources of a page at most.
MAX_RESULTS = 200


class Name(ComplexAttribute):
    """The parts of a person's name, of which a display name is made where there is none."""

    formatted: str | None = None
    family_name: str | None = None
    given_name: str | None = None


class RoleOfUser(ComplexAttribute):
    """A role that a person has, by its name."""

    value: str | None = None


class MemberOfGroup(ComplexAttribute):
    """A person who is a member of a team."""

    value: Annotated[str | None, Required.true, Mutability.immutable, CaseExact.true] = None


class Group(Resource):  # type: ignore[type-arg]
    """A team."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    members: list[MemberOfGroup] | None = None

    Members: ClassVar[type[ComplexAttribute]] = MemberOfGroup


class GroupOfUser(ComplexAttribute):
    """A team that a person is a member of."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    ref: Annotated[Reference[Group] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, Mutability.read_only] = None


class User(Resource):  # type: ignore[type-arg]
    """A person; their `userName` is their e-mail address."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Required.true, Uniqueness.server, Mutability.immutable] = None
    name: Annotated[Name | None, Mutability.write_only, Returned.never] = None
    display_name: str | None = None
    active: bool | None = None
    locale: str | None = None
    timezone: str | None = None
    roles: list[RoleOfUser] | None = None
    groups: Annotated[list[GroupOfUser] | None, Mutability.read_only] = None

    Name: ClassVar[type[ComplexAttribute]] = Name
    Roles: ClassVar[type[ComplexAttribute]] = RoleOfUser
    Groups: ClassVar[type[ComplexAttribute]] = GroupOfUser


#: Providers send attributes that mean nothing here, and Microsoft Entra patches in its own way.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


def build_provider() -> ScimProvider:
    """Return the description of this service."""
    config = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MAX_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="API token",
                description="An API token, as Authorization: Bearer. Its user manages users, and"
                " teams where groups are managed.",
            )
        ],
    )
    types = [
        ResourceType(id=model.__name__, name=model.__name__, endpoint=endpoint, schema_=schema)
        for model, endpoint, schema in (
            (User, "/Users", User.__schema__),
            (Group, "/Groups", Group.__schema__),
        )
    ]
    return ScimProvider([User, Group], types, config, POLICY)
