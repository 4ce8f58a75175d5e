"""Keypairs, teams, users, roles, tokens and the ledger."""

from __future__ import annotations

from typing import Annotated, TypeVar

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.resolvers import run_query
from api.graphql.selection import Selection
from api.graphql.types.arguments import After, Before, First, Last
from api.graphql.types.enums import Direction
from api.graphql.types.filters import KeypairFilter, LedgerFilter, TeamFilter, UserFilter
from api.graphql.types.history import LedgerEntry
from api.graphql.types.keypair import Keypair
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.people import ApiToken, Role, Team, User
from engine.model.vocabulary import Permission
from engine.persistence.db.pagination import PageArgs
from engine.queries import history, records
from engine.queries.records import RecordFilter, RecordKind, TokenFilter

EntityT = TypeVar("EntityT")


@strawberry.type
class AdministrationQueries:
    @strawberry.field(description="Returns the account's keypairs, sorted by alias.")
    async def keypairs(
        self,
        info: Info,
        filter: KeypairFilter | None = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Keypair]:
        args = PageArgs(first, after, last, before)
        return await run_query(
            info, _filtered, Keypair, RecordKind.KEYPAIR, args, filter or KeypairFilter()
        )

    @strawberry.field(description="Returns the account's teams, sorted by name.")
    async def teams(
        self,
        info: Info,
        filter: TeamFilter | None = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Team]:
        args = PageArgs(first, after, last, before)
        return await run_query(info, _filtered, Team, RecordKind.TEAM, args, filter or TeamFilter())

    @strawberry.field(description="Returns the account's users, sorted by e-mail address.")
    async def users(
        self,
        info: Info,
        filter: UserFilter | None = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[User]:
        args = PageArgs(first, after, last, before)
        return await run_query(info, _filtered, User, RecordKind.USER, args, filter or UserFilter())

    @strawberry.field(description="Returns the account's roles, sorted by name.")
    async def roles(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Role]:
        args = PageArgs(first, after, last, before)
        return await run_query(info, _records, Role, RecordKind.ROLE, args)

    @strawberry.field(
        description="Returns the caller's own API tokens, oldest first; callers with"
        " MANAGE_USERS get the tokens of all users."
    )
    async def api_tokens(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ApiToken]:
        args = PageArgs(first, after, last, before)
        return await run_query(info, _api_tokens, args)

    @strawberry.field(
        description="Returns entries of the account's ledger, newest first unless another"
        " direction is given."
    )
    async def ledger(
        self,
        info: Info,
        filter: LedgerFilter | None = None,
        direction: Annotated[
            Direction,
            strawberry.argument(
                description="Whether the newest or the oldest entries come first, by their"
                " position."
            ),
        ] = Direction.DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[LedgerEntry]:
        args = PageArgs(first, after, last, before)
        return await run_query(info, _ledger, filter or LedgerFilter(), args, direction)


def _filtered(
    cache: EntityCache,
    selection: Selection,
    type_: type[EntityT],
    kind: RecordKind,
    args: PageArgs,
    filter: KeypairFilter | TeamFilter | UserFilter,
) -> Connection[EntityT]:
    return _records(cache, selection, type_, kind, args, filter.to_filter())


def _api_tokens(cache: EntityCache, selection: Selection, args: PageArgs) -> Connection[ApiToken]:
    actor = cache.reading.actor
    sees_all = Permission.MANAGE_USERS in actor.permissions
    own = TokenFilter(user_id=None if sees_all else actor.user_id)
    return _records(cache, selection, ApiToken, RecordKind.API_TOKEN, args, own)


def _ledger(
    cache: EntityCache,
    selection: Selection,
    filter: LedgerFilter,
    args: PageArgs,
    direction: Direction,
) -> Connection[LedgerEntry]:
    conditions, reading = filter.to_filter(), cache.reading
    page = history.ledger(reading, conditions, args, descending=direction is Direction.DESC)
    total = history.ledger_count(reading, conditions) if "totalCount" in selection else None
    entries = [LedgerEntry.of(row) for row in page.items]
    return connect(Connection[LedgerEntry], Edge[LedgerEntry], entries, page, total)


def _records(
    cache: EntityCache,
    selection: Selection,
    type_: type[EntityT],
    kind: RecordKind,
    args: PageArgs,
    filter: RecordFilter | None = None,
) -> Connection[EntityT]:
    """Return a page of records as objects of a type."""
    page = records.find(cache.reading, kind, args, filter)
    total = records.count(cache.reading, kind, filter) if "totalCount" in selection else None
    return connect(
        Connection[type_],  # type: ignore[valid-type]
        Edge[type_],  # type: ignore[valid-type]
        cache.put_records(type_, page.items),
        page,
        total,
    )
