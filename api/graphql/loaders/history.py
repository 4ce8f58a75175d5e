"""Loaders for signatures, explanations, ledger entries, deliveries and every connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.delivery import Delivery
from api.graphql.types.keypair import Keypair
from api.graphql.types.ledger import LedgerEntry
from api.graphql.types.node import Connection, Edge
from api.graphql.types.people import User
from api.graphql.types.release import Release
from api.graphql.types.signature import Signature, SignExplanation


@loads(Connection, "edges")
def edges(
    cache: EntityCache, connections: Sequence[Connection[Any]], call: FieldCall
) -> Iterable[Any]:
    return [edge for connection in connections for edge in connection.edges]


@loads(Edge, "node")
def edge_node(cache: EntityCache, rows: Sequence[Edge[Any]], call: FieldCall) -> Iterable[Any]:
    return [edge.node for edge in rows]


@loads(Signature, "signer")
def signer(cache: EntityCache, signatures: Sequence[Signature], call: FieldCall) -> Iterable[User]:
    users = cache.users({signature.source.user_id for signature in signatures})
    for signature in signatures:
        signature.signer = users[signature.source.user_id]
    return users.values()


@loads(Signature, "keypair")
def keypair(
    cache: EntityCache, signatures: Sequence[Signature], call: FieldCall
) -> Iterable[Keypair]:
    keypairs = cache.keypairs({signature.source.keypair_id for signature in signatures})
    for signature in signatures:
        signature.keypair = keypairs[signature.source.keypair_id]
    return keypairs.values()


@loads(Signature, "release")
def signature_release(
    cache: EntityCache, signatures: Sequence[Signature], call: FieldCall
) -> Iterable[Release]:
    return _set_releases(cache, signatures, "release", [s.source.release_id for s in signatures])


@loads(LedgerEntry, "release")
def entry_release(
    cache: EntityCache, entries: Sequence[LedgerEntry], call: FieldCall
) -> Iterable[Release]:
    return _set_releases(cache, entries, "release", [e.source.release_id for e in entries])


@loads(SignExplanation, "associatedRelease")
def explanation_release(
    cache: EntityCache, explanations: Sequence[SignExplanation], call: FieldCall
) -> Iterable[Release]:
    return _set_releases(
        cache, explanations, "associated_release", [e.release_id for e in explanations]
    )


@loads(LedgerEntry, "actor")
def entry_actor(
    cache: EntityCache, entries: Sequence[LedgerEntry], call: FieldCall
) -> Iterable[User]:
    users = cache.users({e.source.actor_id for e in entries if e.source.actor_id is not None})
    for entry in entries:
        entry.actor = users.get(entry.source.actor_id)
    return users.values()


@loads(Delivery, "recipient")
def recipient(
    cache: EntityCache, deliveries: Sequence[Delivery], call: FieldCall
) -> Iterable[User]:
    users = cache.users({delivery.source.user_id for delivery in deliveries})
    for delivery in deliveries:
        delivery.recipient = users[delivery.source.user_id]
    return users.values()


def _set_releases(
    cache: EntityCache, owners: Sequence[Any], name: str, ids: Sequence[UUID | None]
) -> Iterable[Release]:
    releases = cache.releases({id_ for id_ in ids if id_ is not None})
    for owner, id_ in zip(owners, ids, strict=True):
        setattr(owner, name, releases.get(id_) if id_ else None)
    return releases.values()
