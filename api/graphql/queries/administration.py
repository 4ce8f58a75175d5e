"""Keypairs, teams, users, roles, tokens and the ledger."""

from __future__ import annotations

from typing import Annotated, TypeVar

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.resolvers import run_query
from api.graphql.selection import Selection
from api.graphql.types.api_token import ApiToken
from api.graphql.types.arguments import After, Before, ByName, First, Last
from api.graphql.types.enums import Direction
from api.graphql.types.filters import KeypairFilter, LedgerFilter, TeamFilter, UserFilter
from api.graphql.types.keypair import Keypair
from api.graphql.types.ledger import LedgerEntry
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.orders import ApiTokenOrder, KeypairOrder, TeamOrder, UserOrder
from api.graphql.types.people import Role, Team, User
from engine.model.vocabulary import Permission
from engine.persistence.db.pagination import Page, PageArgs
from engine.queries import history, records
from engine.queries.records import Record, RecordFilter, RecordKind, TokenFilter

EntityT = TypeVar("EntityT")


@strawberry.type
class AdministrationQueries:
    @strawberry.field(
        description="Returns the account's keypairs, sorted by alias unless another order is given."
    )
    async def keypairs(
        self,
        info: Info,
        filter: KeypairFilter | None = None,
        order_by: KeypairOrder | None = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Keypair]:
        args = PageArgs(first, after, last, before)
        filter, order = filter or KeypairFilter(), order_by or KeypairOrder()
        return await run_query(info, _filtered, Keypair, RecordKind.KEYPAIR, args, filter, order)

    @strawberry.field(
        description="Returns the account's teams, sorted by name unless another order is given."
    )
    async def teams(
        self,
        info: Info,
        filter: TeamFilter | None = None,
        order_by: TeamOrder | None = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Team]:
        args = PageArgs(first, after, last, before)
        filter, order = filter or TeamFilter(), order_by or TeamOrder()
        return await run_query(info, _filtered, Team, RecordKind.TEAM, args, filter, order)

    @strawberry.field(
        description="Returns the account's users, sorted by e-mail address unless another order"
        " is given."
    )
    async def users(
        self,
        info: Info,
        filter: UserFilter | None = None,
        order_by: UserOrder | None = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[User]:
        args = PageArgs(first, after, last, before)
        filter, order = filter or UserFilter(), order_by or UserOrder()
        return await run_query(info, _filtered, User, RecordKind.USER, args, filter, order)

    @strawberry.field(
        description="Returns the account's roles, sorted by name in the given direction."
    )
    async def roles(
        self,
        info: Info,
        direction: ByName = Direction.ASC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Role]:
        args = PageArgs(first, after, last, before)
        return await run_query(info, _roles, args, direction)

    @strawberry.field(
        description="Returns the caller's own API tokens, oldest first unless another order is"
        " given; callers with MANAGE_USERS get the tokens of all users."
    )
    async def api_tokens(
        self,
        info: Info,
        order_by: ApiTokenOrder | None = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ApiToken]:
        args = PageArgs(first, after, last, before)
        return await run_query(info, _api_tokens, args, order_by or ApiTokenOrder())

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
    order: KeypairOrder | TeamOrder | UserOrder,
) -> Connection[EntityT]:
    return _records(cache, selection, type_, kind, args, order, filter.to_filter())


def _roles(
    cache: EntityCache, selection: Selection, args: PageArgs, direction: Direction
) -> Connection[Role]:
    page = records.find(
        cache.reading, RecordKind.ROLE, args, descending=direction is Direction.DESC
    )
    return _connect(cache, selection, Role, RecordKind.ROLE, page)


def _api_tokens(
    cache: EntityCache, selection: Selection, args: PageArgs, order: ApiTokenOrder
) -> Connection[ApiToken]:
    actor = cache.reading.actor
    sees_all = Permission.MANAGE_USERS in actor.permissions
    own = TokenFilter(user_id=None if sees_all else actor.user_id)
    return _records(cache, selection, ApiToken, RecordKind.API_TOKEN, args, order, own)


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
    order: KeypairOrder | TeamOrder | UserOrder | ApiTokenOrder,
    filter: RecordFilter,
) -> Connection[EntityT]:
    """Return a page of records as objects of a type."""
    name, descending = order.field.value, order.direction is Direction.DESC
    page = records.find(cache.reading, kind, args, filter, name, descending=descending)
    return _connect(cache, selection, type_, kind, page, filter)


def _connect(
    cache: EntityCache,
    selection: Selection,
    type_: type[EntityT],
    kind: RecordKind,
    page: Page[Record],
    filter: RecordFilter | None = None,
) -> Connection[EntityT]:
    total = records.count(cache.reading, kind, filter) if "totalCount" in selection else None
    return connect(
        Connection[type_],  # type: ignore[valid-type]
        Edge[type_],  # type: ignore[valid-type]
        cache.put_records(type_, page.items),
        page,
        total,
    )
