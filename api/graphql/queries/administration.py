"""Keypairs, teams, users, roles, tokens and the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeVar

import sqlalchemy as sa
import strawberry

from api.graphql.context import Info, run_query
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.selection import Selection
from api.graphql.types.arguments import After, Before, First, Last
from api.graphql.types.enums import Direction, KeypairCategory, ReleaseType
from api.graphql.types.history import LedgerEntry
from api.graphql.types.keypair import Keypair
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.people import ApiToken, Role, Team, User
from engine.model.vocabulary import Permission
from engine.persistence.db.pagination import PageArgs
from engine.persistence.store import tables as t
from engine.queries import history, records

Thing = TypeVar("Thing")


@strawberry.input(description="Conditions on keypairs, all of which must hold.")
class KeypairFilter:
    type: list[ReleaseType] | None = strawberry.field(
        default=None, description="The keypair's type is one of these."
    )
    category: list[KeypairCategory] | None = strawberry.field(
        default=None, description="The keypair's category is one of these."
    )
    team_id: strawberry.ID | None = strawberry.field(
        default=None, description="The keypair was granted to this team."
    )
    enabled: bool | None = strawberry.field(
        default=None, description="Whether the keypair is enabled or disabled."
    )
    alias_contains: str | None = strawberry.field(
        default=None, description="The alias contains this text, without regard to letter case."
    )

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The engine's form. Refuses NOT_FOUND for ids that are none."""
        k = t.keypairs.c
        found = records.named_like(k.alias_key, self.alias_contains)
        if self.type is not None:
            found.append(k.type.in_(self.type))
        if self.category is not None:
            found.append(k.category.in_(self.category))
        if self.enabled is not None:
            found.append(k.enabled == self.enabled)
        if self.team_id is not None:
            granted = t.team_keypairs.c
            team_id = from_global(self.team_id, "Team", "filter", "teamId")
            of_team = sa.select(granted.keypair_id).where(granted.team_id == team_id)
            found.append(k.id.in_(of_team))
        return found


@strawberry.input(description="Conditions on users, all of which must hold.")
class UserFilter:
    active: bool | None = strawberry.field(
        default=None, description="Whether the user is active or deactivated."
    )
    service: bool | None = strawberry.field(
        default=None, description="Whether the user is a service user or a person."
    )
    email_contains: str | None = strawberry.field(
        default=None,
        description="The e-mail address contains this text, without regard to letter case.",
    )

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The engine's form."""
        u = t.users.c
        found = records.named_like(u.email_key, self.email_contains)
        if self.active is not None:
            found.append(u.active == self.active)
        if self.service is not None:
            found.append(u.service == self.service)
        return found


@strawberry.input(description="Conditions on ledger entries, all of which must hold.")
class LedgerFilter:
    tags: list[str] | None = strawberry.field(
        default=None, description="The entry's tag is one of these, like `release:approved`."
    )
    actor_id: strawberry.ID | None = strawberry.field(
        default=None, description="The entry was caused by this user."
    )
    release_id: strawberry.ID | None = strawberry.field(
        default=None, description="The entry is about this release."
    )
    since: datetime | None = strawberry.field(
        default=None, description="The entry was recorded at this time or later."
    )
    until: datetime | None = strawberry.field(
        default=None, description="The entry was recorded before this time."
    )

    def wanted(self) -> history.LedgerFilter:
        """The engine's form. Refuses NOT_FOUND for ids that are none."""
        actor, release = self.actor_id, self.release_id
        return history.LedgerFilter(
            tags=tuple(self.tags) if self.tags is not None else None,
            actor_id=from_global(actor, "User", "filter", "actorId") if actor else None,
            release_id=from_global(release, "Release", "filter", "releaseId") if release else None,
            since=self.since,
            until=self.until,
        )


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
        def find(shelf: EntityCache, plan: Selection) -> Connection[Keypair]:
            conditions = (filter or KeypairFilter()).conditions()
            return _listed(
                shelf, plan, Keypair, t.keypairs, PageArgs(first, after, last, before), conditions
            )

        return await run_query(info, find)

    @strawberry.field(description="Returns the account's teams, sorted by name.")
    async def teams(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Team]:
        def find(shelf: EntityCache, plan: Selection) -> Connection[Team]:
            return _listed(shelf, plan, Team, t.teams, PageArgs(first, after, last, before), [])

        return await run_query(info, find)

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
        def find(shelf: EntityCache, plan: Selection) -> Connection[User]:
            conditions = (filter or UserFilter()).conditions()
            return _listed(
                shelf, plan, User, t.users, PageArgs(first, after, last, before), conditions
            )

        return await run_query(info, find)

    @strawberry.field(description="Returns the account's roles, sorted by name.")
    async def roles(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Role]:
        def find(shelf: EntityCache, plan: Selection) -> Connection[Role]:
            return _listed(shelf, plan, Role, t.roles, PageArgs(first, after, last, before), [])

        return await run_query(info, find)

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
        def find(shelf: EntityCache, plan: Selection) -> Connection[ApiToken]:
            actor, conditions = shelf.reading.actor, []
            if Permission.MANAGE_USERS not in actor.permissions:
                conditions = [t.api_tokens.c.user_id == actor.user_id]
            return _listed(
                shelf,
                plan,
                ApiToken,
                t.api_tokens,
                PageArgs(first, after, last, before),
                conditions,
            )

        return await run_query(info, find)

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
        def find(shelf: EntityCache, plan: Selection) -> Connection[LedgerEntry]:
            wanted, window = (
                (filter or LedgerFilter()).wanted(),
                PageArgs(first, after, last, before),
            )
            newest = direction is Direction.DESC
            page = history.ledger(shelf.reading, wanted, window, descending=newest)
            total = history.ledger_count(shelf.reading, wanted) if "totalCount" in plan else None
            items = [LedgerEntry.of(row) for row in page.items]
            return connect(Connection[LedgerEntry], Edge[LedgerEntry], items, page, total)

        return await run_query(info, find)


def _listed(
    shelf: EntityCache,
    plan: Selection,
    kind: type[Thing],
    table: sa.Table,
    window: PageArgs,
    conditions: list[sa.ColumnElement[bool]],
) -> Connection[Thing]:
    page = records.find(shelf.reading, table, window, *conditions)
    total = None
    if "totalCount" in plan:
        total = records.count(shelf.reading, table, *conditions)
    items = shelf.shelve(kind, page.items)
    return connect(
        Connection[kind],  # type: ignore[valid-type]
        Edge[kind],  # type: ignore[valid-type]
        items,
        page,
        total,
    )
