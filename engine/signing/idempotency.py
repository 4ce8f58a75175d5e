"""Signatures that were requested before with the same idempotency keys."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from engine.model.algorithms import DigestAlgorithm
from engine.model.facts import Actor
from engine.model.vocabulary import Permission, SignatureState
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signing.request import SignRequest

#: Keys are unique for each user: the user's id, and the key as the user chose it.
UserKey = tuple[UUID, str]

_S = t.signatures
_PREVIOUS = sa.select(
    _S.c.user_id,
    _S.c.idempotency_key,
    _S.c.id,
    _S.c.keypair_id,
    _S.c.digest,
    _S.c.digest_algorithm,
    _S.c.state,
).where(
    _S.c.user_id.in_(sa.bindparam("users", expanding=True)),
    _S.c.idempotency_key.in_(sa.bindparam("keys", expanding=True)),
    t.IS_RESERVED_OR_MADE,
)


@dataclass(frozen=True, slots=True)
class PreviousSignature:
    """A signature, reserved or made, that has used an idempotency key."""

    id: UUID
    keypair_id: UUID
    digest: bytes
    digest_algorithm: DigestAlgorithm
    state: SignatureState

    def is_for(self, keypair_id: UUID, request: SignRequest) -> bool:
        """Whether a request on this keypair repeats the one that led to this signature."""
        # Content was once recorded under another algorithm; it is the same content all the same.
        return (
            self.keypair_id == keypair_id
            and self.digest == request.digest_by(self.digest_algorithm)
            and (request.content is not None or self.digest_algorithm == request.hash_algorithm)
        )


PreviousSignatures = dict[UserKey, PreviousSignature]


def user_key(actor: Actor, request: SignRequest) -> UserKey | None:
    """The request's idempotency key as its user's; None where it has none.

    Also None for a token that does not reach as far as signing with the keypair, by its scopes or
    by its pipeline's rule: it gets no earlier signature either.
    """
    reaches = actor.covers(Permission.SIGN) and actor.covers_keypair(request.keypair_id)
    if request.idempotency_key is None or not reaches:
        return None
    assert actor.user_id is not None
    return actor.user_id, request.idempotency_key


def load_previous_signatures(uow: UnitOfWork, keys: Collection[UserKey]) -> PreviousSignatures:
    """The signatures that have used these keys, of any keypair of the account."""
    if not keys:
        return {}
    parameters = {
        "users": sorted({user_id for user_id, _ in keys}),
        "keys": sorted({key for _, key in keys}),
    }
    rows = uow.connection.execute(_PREVIOUS, parameters).all()
    return {(user_id, key): PreviousSignature(*columns) for user_id, key, *columns in rows}
