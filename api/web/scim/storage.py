"""What the SCIM library stores resources in: commands and queries of one caller."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from scim2_models import (
    NotFoundException,
    NotImplementedException,
    ResourceType,
    ResponseParameters,
    SearchRequest,
    UnauthorizedException,
)
from scim2_server.storage import AsyncScimStorage, SearchPage

from api.runtime.runtime import Runtime
from api.web.scim.errors import translated
from api.web.scim.resources import MAX_RESULTS, Group, User
from api.web.scim.translation import (
    DEFAULT_LOCALE,
    DEFAULT_TIME_ZONE,
    SEARCHABLE_TEAMS,
    SEARCHABLE_USERS,
    group_of,
    id_of,
    lookup_of,
    member_ids,
    name_of,
    role_names,
    user_of,
)
from engine.commands.administration.directory import (
    AddDirectoryTeam,
    AddDirectoryUser,
    ChangeDirectoryTeam,
    ChangeDirectoryUser,
    RemoveDirectoryUser,
)
from engine.commands.command import Command
from engine.model.directory import Lookup
from engine.model.principal import Principal
from engine.queries.context import QueryContext
from engine.queries.directory import directory_teams, directory_users

#: No account has so many people; databases count no further than a little beyond.
_MAX_OFFSET = 2**31
_NO_DELETION = (
    "Teams are never deleted, since releases name them. Remove its members, or leave it as it is."
)


class DirectoryStorage(AsyncScimStorage):
    """People and teams of one account, with the rights of one caller."""

    def __init__(
        self, runtime: Runtime, principal: Principal | None, *, keeps_omitted: bool
    ) -> None:
        """Take the caller.

        Args:
            runtime: The engine.
            principal: The caller; None: nothing is read or written.
            keeps_omitted: Whether attributes stay as they are that a resource does not have. A
                replacement (PUT) leaves out what a provider does not manage, and a PATCH what it
                removes (RFC 7644, section 3.5.1).
        """
        self._runtime = runtime
        self._caller = principal
        self._keeps_omitted = keeps_omitted

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Any:
        """Return a person or a team."""
        page = await self._page(resource_type, Lookup(id=id_of(resource_id)), 0, 1)
        if not page.resources:
            raise NotFoundException(detail="There is nothing with this id.")
        return page.resources[0]

    async def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        """Return a page of people or teams."""
        if len(resource_types) != 1:
            raise NotImplementedException(detail="Search /Users or /Groups.")
        (resource_type,) = resource_types
        names = SEARCHABLE_USERS if resource_type.name == "User" else SEARCHABLE_TEAMS
        lookup = lookup_of(search_request.filter, names)
        count = MAX_RESULTS if search_request.count is None else search_request.count
        offset = min(search_request.start_index_0 or 0, _MAX_OFFSET)
        return await self._page(resource_type, lookup, offset, min(count, MAX_RESULTS))

    async def create(self, resource_type: ResourceType, resource: Any) -> Any:
        """Add a person or a team."""
        command = _creation_of_user if resource_type.name == "User" else _creation_of_team
        return await self._run(resource_type, command(resource))

    async def update(
        self, resource_type: ResourceType, resource: Any, *, expected_version: str | None = None
    ) -> Any:
        """Change a person or a team."""
        version = _bare(expected_version)
        if resource_type.name == "User":
            return await self._run(resource_type, self._change_of_user(resource, version))
        return await self._run(resource_type, self._change_of_team(resource, version))

    async def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Deactivate a person; teams cannot be deleted."""
        if resource_type.name != "User":
            raise NotImplementedException(detail=_NO_DELETION)
        command = RemoveDirectoryUser(
            user_id=id_of(resource_id), expected_version=_bare(expected_version)
        )
        await translated(self._runtime.execute(self._principal, command))

    @property
    def _principal(self) -> Principal:
        if self._caller is None:
            raise UnauthorizedException
        return self._caller

    def _change_of_user(self, user: User, version: str | None) -> ChangeDirectoryUser:
        cleared: dict[str, Any] = {"roles": (), "locale": DEFAULT_LOCALE}
        cleared |= {"time_zone": DEFAULT_TIME_ZONE, "name": name_of(user)}
        sent: dict[str, Any] = {
            "roles": role_names(user) or None,
            "locale": user.locale,
            "time_zone": user.timezone,
            "name": name_of(user) if user.display_name or user.name else None,
        }
        values = {name: value for name, value in sent.items() if value is not None}
        if not self._keeps_omitted:
            values = cleared | values
        return ChangeDirectoryUser(
            user_id=id_of(user.id),
            external_id=user.external_id,
            active=user.active,
            expected_version=version,
            **values,
        )

    def _change_of_team(self, group: Group, version: str | None) -> ChangeDirectoryTeam:
        is_kept = group.members is None and self._keeps_omitted
        return ChangeDirectoryTeam(
            team_id=id_of(group.id),
            name=str(group.display_name),
            external_id=group.external_id,
            member_ids=None if is_kept else member_ids(group),
            expected_version=version,
        )

    async def _run(self, resource_type: ResourceType, command: Command[UUID]) -> Any:
        id_ = await translated(self._runtime.execute(self._principal, command))
        return await self.get(resource_type, str(id_))

    async def _page(
        self, resource_type: ResourceType, lookup: Lookup, offset: int, limit: int
    ) -> SearchPage:
        def load(context: QueryContext) -> SearchPage:
            if resource_type.name == "User":
                total, users = directory_users(context, lookup, offset, limit)
                return SearchPage(total, [user_of(user) for user in users])
            total, teams = directory_teams(context, lookup, offset, limit)
            return SearchPage(total, [group_of(team) for team in teams])

        return await translated(self._runtime.read(self._principal, load))


def _creation_of_user(user: User) -> AddDirectoryUser:
    return AddDirectoryUser(
        email=str(user.user_name),
        name=name_of(user),
        external_id=user.external_id,
        roles=role_names(user),
        active=user.active is not False,
        time_zone=user.timezone or DEFAULT_TIME_ZONE,
        locale=user.locale or DEFAULT_LOCALE,
    )


def _creation_of_team(group: Group) -> AddDirectoryTeam:
    return AddDirectoryTeam(
        name=str(group.display_name), external_id=group.external_id, member_ids=member_ids(group)
    )


def _bare(version: str | None) -> str | None:
    """Return the version in an entity tag: `W/"abc"` is `abc`."""
    return None if version is None else version.removeprefix("W/").strip('"')
