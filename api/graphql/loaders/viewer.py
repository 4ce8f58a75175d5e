"""Loaders for the fields of the viewer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from api.graphql.entity_cache import EntityCache
from api.graphql.loaders.connections import PAGE_ARGUMENTS, page_args_of
from api.graphql.loaders.notifications import preferences_of
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.subscriptions.cursors import newest_cursor
from api.graphql.types.account import Viewer
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.people import Team, User
from engine.queries import releases, request_form


@loads(Viewer, "user")
def user(cache: EntityCache, viewers: Sequence[Viewer], call: FieldCall) -> Iterable[User]:
    return [viewer.user for viewer in viewers]


@loads(Viewer, "notificationPreferences")
def preferences(cache: EntityCache, viewers: Sequence[Viewer], call: FieldCall) -> Iterable[Any]:
    for viewer in viewers:
        viewer.notification_preferences = preferences_of(cache, viewer.user.source.id)
    return ()


@loads(Viewer, "inboxCount")
def inbox_count(cache: EntityCache, viewers: Sequence[Viewer], call: FieldCall) -> Iterable[Any]:
    for viewer in viewers:
        viewer.inbox_count = releases.inbox_count(cache.reading)
    return ()


@loads(Viewer, "eventCursor")
def event_cursor(cache: EntityCache, viewers: Sequence[Viewer], call: FieldCall) -> Iterable[Any]:
    for viewer in viewers:
        viewer.event_cursor = newest_cursor(cache.reading)
    return ()


@loads(Viewer, "teamsToRequestFor")
def teams_to_request_for(
    cache: EntityCache, viewers: Sequence[Viewer], call: FieldCall
) -> Iterable[Any]:
    key = ("teamsToRequestFor", *(call.arguments.get(name) for name in PAGE_ARGUMENTS))
    for viewer in viewers:
        page = request_form.teams(cache.reading, page_args_of(call))
        counts = "totalCount" in call.selection
        total = request_form.team_count(cache.reading) if counts else None
        teams = cache.put_records(Team, page.items)
        viewer.pages[key] = connect(Connection[Team], Edge[Team], teams, page, total)
    return [viewer.pages[key] for viewer in viewers]
