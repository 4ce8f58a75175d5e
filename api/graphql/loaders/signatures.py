"""Loaders for the signatures of releases, keypairs and users."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from api.graphql.entity_cache import EntityCache
from api.graphql.loaders.connections import connect_pages, direction_of, input_of, page_args_of
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.enums import Direction
from api.graphql.types.filters import SignatureFilter, conditions_of
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import User
from api.graphql.types.release import Release
from api.graphql.types.signature import Signature
from engine.queries import signatures
from engine.queries.signatures import SignatureOwner

_OWNERS = {
    Release: SignatureOwner.RELEASE,
    Keypair: SignatureOwner.KEYPAIR,
    User: SignatureOwner.USER,
}


def _signatures(
    owner: SignatureOwner, cache: EntityCache, owners: Sequence[Any], call: FieldCall
) -> Iterable[Any]:
    ids, reading = [entity.source.id for entity in owners], cache.reading
    filter_ = conditions_of(input_of(call, "filter", SignatureFilter))
    direction = direction_of(call)
    pages = signatures.of_owners(
        reading, owner, ids, filter_, page_args_of(call), descending=direction is Direction.DESC
    )
    count = partial(signatures.counts_of_owners, reading, owner, ids, filter_)
    return connect_pages(owners, call, "signatures", Signature, pages, count, filter_, direction)


for _type, _owner in _OWNERS.items():
    loads(_type, "signatures")(partial(_signatures, _owner))
