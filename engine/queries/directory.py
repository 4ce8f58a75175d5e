"""People and teams for an identity provider (SCIM), a page at a time."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.directory import DirectoryTeam, DirectoryUser, Lookup
from engine.model.grants import missing_permission
from engine.model.vocabulary import Permission
from engine.persistence.store.administration import directory
from engine.queries.context import QueryContext


def directory_users(
    context: QueryContext, lookup: Lookup, offset: int, limit: int
) -> tuple[int, Sequence[DirectoryUser]]:
    """Return how many people match, and those of a page. Needs `MANAGE_USERS`."""
    _require(context, Permission.MANAGE_USERS)
    place = context.connection, context.account_id, lookup
    return directory.count_users(*place), directory.load_users(*place, offset, limit)


def directory_teams(
    context: QueryContext, lookup: Lookup, offset: int, limit: int
) -> tuple[int, Sequence[DirectoryTeam]]:
    """Return how many teams match, and those of a page. Needs `MANAGE_TEAMS`."""
    _require(context, Permission.MANAGE_TEAMS)
    place = context.connection, context.account_id, lookup
    return directory.count_teams(*place), directory.load_teams(*place, offset, limit)


def _require(context: QueryContext, permission: Permission) -> None:
    refusal = missing_permission(context.actor, permission)
    if refusal is not None:
        raise refusal
