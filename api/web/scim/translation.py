"""Translates between the resources of SCIM and what is stored here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from scim2_models import InvalidFilterException, InvalidValueException, Meta, NotFoundException
from scim2_models.path import AttrPath, CompareOperator, Comparison

from api.web.scim.resources import Group, GroupOfUser, MemberOfGroup, RoleOfUser, User
from engine.model import addresses
from engine.model.directory import DirectoryTeam, DirectoryUser, Lookup, version_of
from engine.model.text import lookup_key, storable

DEFAULT_LOCALE = "en"
DEFAULT_TIME_ZONE = "UTC"
_ONE_COMPARISON = "Filter by one attribute with eq: {names}."


def user_of(entry: DirectoryUser) -> User:
    """Return a person as a resource."""
    teams = [
        GroupOfUser(value=str(id_), ref=f"Groups/{id_}", display=name) for id_, name in entry.teams
    ]
    return User(
        id=str(entry.id),
        external_id=entry.external_id,
        user_name=entry.email,
        display_name=entry.name,
        active=entry.active,
        locale=entry.locale,
        timezone=entry.time_zone,
        roles=[RoleOfUser(value=name) for name in entry.roles] or None,
        groups=teams or None,
        meta=_meta("User", entry),
    )


def group_of(entry: DirectoryTeam) -> Group:
    """Return a team as a resource."""
    members = [MemberOfGroup(value=str(id_)) for id_ in entry.member_ids]
    return Group(
        id=str(entry.id),
        external_id=entry.external_id,
        display_name=entry.name,
        members=members or None,
        meta=_meta("Group", entry),
    )


def id_of(text: str | None) -> UUID:
    """Return the id that a resource's address ends in."""
    try:
        return UUID(text or "")
    except ValueError as error:
        raise NotFoundException(detail="There is nothing with this id.") from error


def name_of(user: User) -> str:
    """Return the name of a person: the display name, or what their name's parts come to."""
    name: Any = user.name
    parts = (name.given_name, name.family_name) if name is not None else ()
    formatted = name.formatted if name is not None else None
    joined = " ".join(part for part in parts if part)
    return user.display_name or formatted or joined or str(user.user_name).partition("@")[0]


def role_names(user: User) -> tuple[str, ...]:
    """Return the names of the roles that a person is to have."""
    return tuple(sorted({role.value for role in user.roles or () if role.value}))


def member_ids(group: Group) -> frozenset[UUID]:
    """Return the people who are to be in a team."""
    try:
        return frozenset(UUID(member.value or "") for member in group.members or ())
    except ValueError as error:
        message = "A member's value is no id of a user. Send the id that this service gave them."
        raise InvalidValueException(detail=message) from error


def lookup_of(filter_: Any, searchable: dict[str, str]) -> Lookup:
    """Return what a filter looks for.

    Args:
        filter_: The filter; None: everything.
        searchable: By attribute, in lower case, the member of `Lookup` that it is looked up by.

    Raises:
        InvalidFilterException: It is not one comparison of such an attribute.
    """
    if filter_ is None:
        return Lookup()
    node = filter_.ast
    is_comparison = isinstance(node, Comparison) and node.op is CompareOperator.eq
    member = searchable.get(_attribute(node.attr_path)) if is_comparison else None
    if member is None or not isinstance(node.value, str):
        message = _ONE_COMPARISON.format(names=", ".join(searchable))
        raise InvalidFilterException(filter=str(filter_), detail=message)
    return Lookup(**{member: _LOOKUP_VALUES[member](node.value)})


def _attribute(path: AttrPath) -> str:
    return path.attr.lower() if path.sub_attr is None else f"{path.attr}.{path.sub_attr}".lower()


def _email_keys(text: str) -> frozenset[str]:
    address = addresses.parse(text)
    return frozenset(address.keys) if address is not None else frozenset()


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)  # nobody's


_LOOKUP_VALUES: dict[str, Any] = {
    "id": _id,
    "external_id": storable,
    "email_keys": _email_keys,
    "name_key": lookup_key,
}
#: What people and teams can be found by.
SEARCHABLE_USERS = {"id": "id", "username": "email_keys", "externalid": "external_id"}
SEARCHABLE_TEAMS = {"id": "id", "displayname": "name_key", "externalid": "external_id"}


def _meta(resource_type: str, entry: DirectoryUser | DirectoryTeam) -> Meta:
    version = f'W/"{version_of(entry)}"'
    return Meta(resource_type=resource_type, created=entry.created_at, version=version)
