"""Releases, the approval inbox, and the signing factors."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.context import Info, run_query
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.selection import Selection
from api.graphql.types.arguments import After, Before, First, Last
from api.graphql.types.enums import (
    Direction,
    KeypairCategory,
    ReleaseOrderField,
    ReleaseStatus,
    ReleaseType,
)
from api.graphql.types.history import Factor, SignExplanation
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.release import Release
from engine.model import facts
from engine.model.errors import Code, Refusal
from engine.persistence.db.pagination import Page, PageArgs
from engine.queries import releases as queries
from engine.queries import signing


@strawberry.input(description="Which releases; every condition given must hold.")
class ReleaseFilter:
    status: list[ReleaseStatus] | None = strawberry.field(
        default=None, description="In one of these, as of now."
    )
    type: list[ReleaseType] | None = strawberry.field(default=None, description="One of these.")
    category: list[KeypairCategory] | None = strawberry.field(
        default=None, description="One of these."
    )
    team_id: strawberry.ID | None = strawberry.field(default=None, description="Of this team.")
    keypair_id: strawberry.ID | None = strawberry.field(
        default=None, description="Names this keypair."
    )
    requested_by_id: strawberry.ID | None = strawberry.field(
        default=None, description="Requested by this user."
    )
    overlaps_from: datetime | None = strawberry.field(
        default=None, description="The window ends after this instant."
    )
    overlaps_until: datetime | None = strawberry.field(
        default=None, description="The window starts before this instant."
    )
    name_contains: str | None = strawberry.field(
        default=None, description="The name has this in it, letter case aside."
    )

    def wanted(self) -> queries.ReleaseFilter:
        """The engine's form. Refuses NOT_FOUND for ids that are none."""
        team, keypair, user = self.team_id, self.keypair_id, self.requested_by_id
        return queries.ReleaseFilter(
            statuses=tuple(self.status) if self.status is not None else None,
            types=tuple(self.type) if self.type is not None else None,
            categories=tuple(self.category) if self.category is not None else None,
            team_id=from_global(team, "Team", "filter", "teamId") if team else None,
            keypair_id=from_global(keypair, "Keypair", "filter", "keypairId") if keypair else None,
            requested_by_id=from_global(user, "User", "filter", "requestedById") if user else None,
            overlaps_from=self.overlaps_from,
            overlaps_until=self.overlaps_until,
            name_contains=self.name_contains,
        )


@strawberry.input(description="How releases are sorted.")
class ReleaseOrder:
    field: ReleaseOrderField = strawberry.field(
        default=ReleaseOrderField.STARTS_AT, description="By what."
    )
    direction: Direction = strawberry.field(default=Direction.DESC, description="Which way.")


@strawberry.input(description="Whose signature, with which keypair, when.")
class ExplainSignInput:
    keypair_id: strawberry.ID = strawberry.field(description="With this keypair.")
    user_id: strawberry.ID | None = strawberry.field(
        default=None, description="By this user; without it oneself. Needs MANAGE_KEYPAIRS."
    )
    at: datetime | None = strawberry.field(
        default=None, description="At this instant; without it now. Needs MANAGE_KEYPAIRS."
    )


@strawberry.type
class ReleaseQueries:
    @strawberry.field(description="One release by its id or its name; null if it does not exist.")
    async def release(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Its id.")] = None,
        name: Annotated[
            str | None, strawberry.argument(description="Or its name, letter case aside.")
        ] = None,
    ) -> Release | None:
        def find(shelf: EntityCache, plan: Selection) -> Release | None:
            if (id is None) == (name is None):
                raise Refusal(Code.INVALID_INPUT, "Give exactly one of id and name.", "id")
            if id is not None:
                id_ = from_global(id, "Release")
                return shelf.releases([id_]).get(id_)
            found = queries.by_name(shelf.reading, name or "")
            return shelf.shelve_releases([found])[0] if found is not None else None

        return await run_query(info, find)

    @strawberry.field(description="The releases the viewer sees.")
    async def releases(
        self,
        info: Info,
        filter: ReleaseFilter | None = None,
        order_by: ReleaseOrder | None = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Release]:
        def find(shelf: EntityCache, plan: Selection) -> Connection[Release]:
            wanted = (filter or ReleaseFilter()).wanted()
            order = order_by or ReleaseOrder()
            window = PageArgs(first, after, last, before)
            page = queries.find(
                shelf.reading,
                wanted,
                order.field.value,
                window,
                descending=order.direction is Direction.DESC,
            )
            total = queries.count(shelf.reading, wanted) if "totalCount" in plan else None
            return _connect(shelf, page, total)

        return await run_query(info, find)

    @strawberry.field(description="What waits for the viewer's decision, soonest start first.")
    async def approval_inbox(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Release]:
        def find(shelf: EntityCache, plan: Selection) -> Connection[Release]:
            page = queries.inbox(shelf.reading, PageArgs(first, after, last, before))
            total = queries.inbox_count(shelf.reading) if "totalCount" in plan else None
            return _connect(shelf, page, total)

        return await run_query(info, find)

    @strawberry.field(description="Would `sign` make a signature? Every factor, without signing.")
    async def explain_sign(self, info: Info, input: ExplainSignInput) -> SignExplanation:
        def find(shelf: EntityCache, plan: Selection) -> SignExplanation:
            user_id = from_global(input.user_id, "User", "userId") if input.user_id else None
            evaluation = signing.explain(
                shelf.reading,
                from_global(input.keypair_id, "Keypair", "keypairId"),
                user_id,
                input.at,
            )
            return SignExplanation(
                allowed=evaluation.allowed,
                factors=[Factor.of(factor) for factor in evaluation.factors],
                release_id=evaluation.release_id,
            )

        return await run_query(info, find)


def _connect(
    shelf: EntityCache, page: Page[facts.Release], total: int | None
) -> Connection[Release]:
    items = shelf.shelve_releases(page.items)
    return connect(Connection[Release], Edge[Release], items, page, total)
