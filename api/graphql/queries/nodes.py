"""Anything by its id, and who is asking."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graphql.context import Info, run_query
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import parse
from api.graphql.queries.webhooks import webhook_deliveries_found, webhooks_found
from api.graphql.selection import Selection
from api.graphql.types.account import Account, Viewer
from api.graphql.types.delivery import Delivery
from api.graphql.types.history import LedgerEntry, Signature
from api.graphql.types.node import Node
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import Permission
from engine.queries import history
from notifications.delivery.queries import deliveries_by_ids

#: Ids that `nodes` takes at once.
MOST_NODES = 100

Finder = Callable[[EntityCache, Collection[UUID]], dict[UUID, Any]]


def _account(shelf: EntityCache, ids: Collection[UUID]) -> dict[UUID, Any]:
    own = shelf.reading.account_id
    return {own: Account.of(shelf.reading.policy)} if own in ids else {}


def _credentials(find: Finder) -> Finder:
    """One's own, or with MANAGE_USERS everybody's."""

    def found(shelf: EntityCache, ids: Collection[UUID]) -> dict[UUID, Any]:
        actor = shelf.reading.actor
        everybodys = Permission.MANAGE_USERS in actor.permissions
        return {
            id_: thing
            for id_, thing in find(shelf, ids).items()
            if everybodys or thing.source.user_id == actor.user_id
        }

    return found


def _signatures(shelf: EntityCache, ids: Collection[UUID]) -> dict[UUID, Any]:
    found = history.signatures_by_ids(shelf.reading, ids)
    return {id_: Signature.of(row) for id_, row in found.items()}


def _entries(shelf: EntityCache, ids: Collection[UUID]) -> dict[UUID, Any]:
    found = history.entries_at(shelf.reading, [id_.int for id_ in ids])
    return {UUID(int=row.position): LedgerEntry.of(row) for row in found}


def _deliveries(shelf: EntityCache, ids: Collection[UUID]) -> dict[UUID, Any]:
    actor = shelf.reading.actor
    found = deliveries_by_ids(shelf.reading, ids)
    releases = shelf.releases({row.release_id for row in found.values() if row.release_id})
    administers = Permission.MANAGE_ACCOUNT in actor.permissions
    return {
        id_: Delivery.of(row)
        for id_, row in found.items()
        # One about a release is for whoever sees the release; one about the account is not.
        if row.release_id in releases
        or (row.release_id is None and (administers or row.user_id == actor.user_id))
    }


FINDERS: dict[str, Finder] = {
    "Account": _account,
    "ApiToken": _credentials(EntityCache.tokens),
    "Delivery": _deliveries,
    "Identity": _credentials(EntityCache.identities),
    "Keypair": EntityCache.keypairs,
    "LedgerEntry": _entries,
    "Release": EntityCache.releases,
    "Role": EntityCache.roles,
    "Session": _credentials(EntityCache.sessions),
    "Signature": _signatures,
    "Team": EntityCache.teams,
    "User": EntityCache.users,
    "Webhook": webhooks_found,
    "WebhookDelivery": webhook_deliveries_found,
}


def _find(shelf: EntityCache, ids: list[str]) -> list[Any]:
    wanted = [parse(id_) for id_ in ids]
    found: dict[str, dict[UUID, Any]] = {}
    for kind in {known[0] for known in wanted if known is not None} & FINDERS.keys():
        of_kind = {known[1] for known in wanted if known is not None and known[0] == kind}
        found[kind] = FINDERS[kind](shelf, of_kind)
    return [found.get(known[0], {}).get(known[1]) if known else None for known in wanted]


@strawberry.type
class NodeQueries:
    @strawberry.field(
        description="Returns any object by its global id, or null if no such object is"
        " visible to the caller."
    )
    async def node(
        self,
        info: Info,
        id: Annotated[
            strawberry.ID,
            strawberry.argument(description="The global id of an object of any type."),
        ],
    ) -> Node | None:
        def find(shelf: EntityCache, plan: Selection) -> list[Node | None]:
            return _find(shelf, [id])

        return (await run_query(info, find))[0]

    @strawberry.field(
        description="Returns up to 100 objects by their global ids, in the order of the"
        " ids, with null for each one that is not visible to the caller."
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description="Up to 100 global ids, of objects of any type."),
        ],
    ) -> list[Node | None]:
        def find(shelf: EntityCache, plan: Selection) -> list[Any]:
            if len(ids) > MOST_NODES:
                message = f"At most {MOST_NODES} ids at once; {len(ids)} were given."
                raise Refusal(Code.INVALID_INPUT, message, "ids")
            return _find(shelf, list(ids))

        return await run_query(info, find)

    @strawberry.field(
        description="Returns the user who makes the request, the account and the"
        " permissions of the credential in use."
    )
    async def viewer(self, info: Info) -> Viewer:
        def find(shelf: EntityCache, plan: Selection) -> Viewer:
            actor = shelf.reading.actor
            assert actor.user_id is not None
            return Viewer(
                user=shelf.users([actor.user_id])[actor.user_id],
                account=Account.of(shelf.reading.policy),
                permissions=sorted(actor.permissions),
            )

        return await run_query(info, find)
