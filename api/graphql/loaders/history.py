"""Fields of signatures, explanations, ledger entries and deliveries; and of every connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.delivery import Delivery
from api.graphql.types.history import LedgerEntry, Signature, SignExplanation
from api.graphql.types.keypair import Keypair
from api.graphql.types.node import Connection, Edge
from api.graphql.types.people import User
from api.graphql.types.release import Release


@loads(Connection, "edges")
def edges(
    shelf: EntityCache, connections: Sequence[Connection[Any]], call: FieldCall
) -> Iterable[Any]:
    return [edge for connection in connections for edge in connection.edges]


@loads(Edge, "node")
def edge_node(shelf: EntityCache, found: Sequence[Edge[Any]], call: FieldCall) -> Iterable[Any]:
    return [edge.node for edge in found]


@loads(Signature, "signer")
def signer(shelf: EntityCache, signatures: Sequence[Signature], call: FieldCall) -> Iterable[User]:
    users = shelf.users({signature.source.user_id for signature in signatures})
    for signature in signatures:
        signature.signer = users[signature.source.user_id]
    return users.values()


@loads(Signature, "keypair")
def keypair(
    shelf: EntityCache, signatures: Sequence[Signature], call: FieldCall
) -> Iterable[Keypair]:
    keypairs = shelf.keypairs({signature.source.keypair_id for signature in signatures})
    for signature in signatures:
        signature.keypair = keypairs[signature.source.keypair_id]
    return keypairs.values()


@loads(Signature, "release")
def signature_release(
    shelf: EntityCache, found: Sequence[Signature], call: FieldCall
) -> Iterable[Release]:
    return _set_releases(shelf, found, "release", [s.source.release_id for s in found])


@loads(LedgerEntry, "release")
def entry_release(
    shelf: EntityCache, found: Sequence[LedgerEntry], call: FieldCall
) -> Iterable[Release]:
    return _set_releases(shelf, found, "release", [e.source.release_id for e in found])


@loads(SignExplanation, "associatedRelease")
def explained(
    shelf: EntityCache, found: Sequence[SignExplanation], call: FieldCall
) -> Iterable[Release]:
    return _set_releases(shelf, found, "associated_release", [e.release_id for e in found])


@loads(LedgerEntry, "actor")
def entry_actor(
    shelf: EntityCache, found: Sequence[LedgerEntry], call: FieldCall
) -> Iterable[User]:
    users = shelf.users({e.source.actor_id for e in found if e.source.actor_id is not None})
    for entry in found:
        entry.actor = users.get(entry.source.actor_id)
    return users.values()


@loads(Delivery, "recipient")
def recipient(shelf: EntityCache, found: Sequence[Delivery], call: FieldCall) -> Iterable[User]:
    users = shelf.users({delivery.source.user_id for delivery in found})
    for delivery in found:
        delivery.recipient = users[delivery.source.user_id]
    return users.values()


def _set_releases(
    shelf: EntityCache, owners: Sequence[Any], name: str, ids: Sequence[UUID | None]
) -> Iterable[Release]:
    releases = shelf.releases({id_ for id_ in ids if id_ is not None})
    for owner, id_ in zip(owners, ids, strict=True):
        setattr(owner, name, releases.get(id_) if id_ else None)
    return releases.values()
