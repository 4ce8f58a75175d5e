"""Anything by its id, and who is asking."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import parse
from api.graphql.queries.webhooks import webhook_deliveries_by_ids, webhooks_by_ids
from api.graphql.resolvers import run_query
from api.graphql.selection import Selection
from api.graphql.types.account import Account, Viewer
from api.graphql.types.delivery import Delivery
from api.graphql.types.ledger import LedgerEntry
from api.graphql.types.node import Node
from api.graphql.types.signature import Signature
from api.graphql.types.vocabulary import Vocabulary
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import Permission
from engine.queries import history, signatures
from notifications.delivery.queries import deliveries_by_ids

#: The number of ids that `nodes` takes at once.
MAX_NODES = 100

#: Reads the nodes of one type that are visible to the viewer.
NodeReader = Callable[[EntityCache, Collection[UUID]], dict[UUID, Any]]


def _account(cache: EntityCache, ids: Collection[UUID]) -> dict[UUID, Any]:
    own = cache.reading.account_id
    return {own: Account.of(cache.reading.settings)} if own in ids else {}


def _own_credentials(
    read: NodeReader, cache: EntityCache, ids: Collection[UUID]
) -> dict[UUID, Any]:
    """Return the viewer's own credentials, or with MANAGE_USERS everybody's."""
    actor = cache.reading.actor
    sees_all = Permission.MANAGE_USERS in actor.permissions
    return {
        id_: credential
        for id_, credential in read(cache, ids).items()
        if sees_all or credential.source.user_id == actor.user_id
    }


def _for_managers(read: NodeReader, cache: EntityCache, ids: Collection[UUID]) -> dict[UUID, Any]:
    """Return what only those see who manage users."""
    return read(cache, ids) if Permission.MANAGE_USERS in cache.reading.actor.permissions else {}


def _signatures(cache: EntityCache, ids: Collection[UUID]) -> dict[UUID, Any]:
    rows = signatures.by_ids(cache.reading, ids)
    return {id_: Signature.of(row) for id_, row in rows.items()}


def _entries(cache: EntityCache, ids: Collection[UUID]) -> dict[UUID, Any]:
    rows = history.entries_at(cache.reading, [id_.int for id_ in ids])
    return {UUID(int=row.position): LedgerEntry.of(row) for row in rows}


def _deliveries(cache: EntityCache, ids: Collection[UUID]) -> dict[UUID, Any]:
    actor = cache.reading.actor
    rows = deliveries_by_ids(cache.reading, ids)
    releases = cache.releases({row.release_id for row in rows.values() if row.release_id})
    sees_all = Permission.MANAGE_ACCOUNT in actor.permissions
    return {
        id_: Delivery.of(row)
        for id_, row in rows.items()
        # One about a release is for whoever sees the release; one about the account is not.
        if row.release_id in releases
        or (row.release_id is None and (sees_all or row.user_id == actor.user_id))
    }


NODE_READERS: dict[str, NodeReader] = {
    "Account": _account,
    "ApiToken": partial(_own_credentials, EntityCache.tokens),
    "Certificate": EntityCache.certificates,
    "Delivery": _deliveries,
    "Identity": partial(_own_credentials, EntityCache.identities),
    "Keypair": EntityCache.keypairs,
    "LedgerEntry": _entries,
    "PipelineRule": partial(_for_managers, EntityCache.pipeline_rules),
    "Release": EntityCache.releases,
    "Role": EntityCache.roles,
    "Session": partial(_own_credentials, EntityCache.sessions),
    "Signature": _signatures,
    "Team": EntityCache.teams,
    "TrustedIssuer": partial(_for_managers, EntityCache.trusted_issuers),
    "User": EntityCache.users,
    "Webhook": webhooks_by_ids,
    "WebhookDelivery": webhook_deliveries_by_ids,
}


def _nodes(cache: EntityCache, selection: Selection, ids: list[str]) -> list[Any]:
    if len(ids) > MAX_NODES:
        message = f"At most {MAX_NODES} ids at once; {len(ids)} were given."
        raise Refusal(Code.INVALID_INPUT, message, "ids")
    parsed = [parse(id_) for id_ in ids]
    nodes: dict[str, dict[UUID, Any]] = {}
    for kind in {node_id[0] for node_id in parsed if node_id is not None} & NODE_READERS.keys():
        of_kind = {node_id[1] for node_id in parsed if node_id is not None and node_id[0] == kind}
        nodes[kind] = NODE_READERS[kind](cache, of_kind)
    return [nodes.get(node_id[0], {}).get(node_id[1]) if node_id else None for node_id in parsed]


def _viewer(cache: EntityCache, selection: Selection) -> Viewer:
    actor = cache.reading.actor
    assert actor.user_id is not None
    return Viewer(
        user=cache.users([actor.user_id])[actor.user_id],
        account=Account.of(cache.reading.settings),
        permissions=sorted(actor.permissions),
    )


def _vocabulary(cache: EntityCache, selection: Selection, locale: str | None) -> Vocabulary:
    if locale is not None:
        return Vocabulary.of(locale)
    user_id = cache.reading.actor.user_id
    assert user_id is not None
    return Vocabulary.of(cache.users([user_id])[user_id].locale)


def _server_time(cache: EntityCache, selection: Selection) -> datetime:
    return cache.reading.now


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
        nodes: list[Node | None] = await run_query(info, _nodes, [id])
        return nodes[0]

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
        return await run_query(info, _nodes, list(ids))

    @strawberry.field(
        description="Returns the user who makes the request, the account and the"
        " permissions of the credential in use."
    )
    async def viewer(self, info: Info) -> Viewer:
        return await run_query(info, _viewer)

    @strawberry.field(
        description="Returns the time of the server, as of which statuses are computed; a client"
        " compares its own clock with it to show how long a window stays open."
    )
    async def server_time(self, info: Info) -> datetime:
        return await run_query(info, _server_time)

    @strawberry.field(
        description="Returns what statuses, types, actions, permissions, events, conditions of"
        " signatures and refusals are called, in English or German."
    )
    async def vocabulary(
        self,
        info: Info,
        locale: Annotated[
            str | None,
            strawberry.argument(
                description="A language tag like `en` or `de-AT`; it is the caller's own if left"
                " out."
            ),
        ] = None,
    ) -> Vocabulary:
        return await run_query(info, _vocabulary, locale)
