"""Signatures that were requested before with the same idempotency keys."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa

from engine.model.algorithms import DigestAlgorithm
from engine.model.facts import Actor
from engine.model.origins import Origin
from engine.model.vocabulary import Permission, SignatureForm, SignatureState
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signing.request import SignRequest

#: Keys are unique for each user: the user's id, and the key as the user chose it.
UserKey = tuple[UUID, str]

_EARLIER_FORMS = frozenset({SignatureForm.DIGEST, SignatureForm.CONTENT})
_S = t.signatures
_PREVIOUS = sa.select(
    _S.c.user_id,
    _S.c.idempotency_key,
    _S.c.id,
    _S.c.keypair_id,
    _S.c.digest,
    _S.c.digest_algorithm,
    _S.c.state,
    _S.c.release_id,
    _S.c.origin,
    _S.c.form,
    _S.c.namespace,
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
    release_id: UUID | None
    #: Canonical JSON of where the pipeline runs that signed; None: no pipeline has.
    origin: str | None
    #: None: an earlier version made it, of a digest or of content.
    form: SignatureForm | None
    namespace: str | None

    def is_for(self, keypair_id: UUID, request: SignRequest, actor: Actor) -> bool:
        """Whether a request on this keypair repeats the one that led to this signature.

        A later run of a pipeline for the same commit repeats the earlier one; another pipeline, or
        another commit, does not.
        """
        # Content was once recorded under another algorithm; it is the same content all the same.
        return (
            self.keypair_id == keypair_id
            and self._is_of_form(request)
            and self.digest == request.digest_by(self.digest_algorithm)
            and (request.content is not None or self.digest_algorithm == request.hash_algorithm)
            and request.release_id in {None, self.release_id}
            and self._source == _source_of(actor)
        )

    @property
    def _source(self) -> Origin | None:
        if self.origin is None:
            return None
        return replace(Origin.from_json(json.loads(self.origin)), run=None)

    def _is_of_form(self, request: SignRequest) -> bool:
        if self.form is None:
            return request.form in _EARLIER_FORMS
        return (self.form, self.namespace) == (request.form, request.namespace)


def _source_of(actor: Actor) -> Origin | None:
    """Return which pipeline acts and for which commit, in whatever run; None for no pipeline."""
    return replace(actor.pipeline.origin, run=None) if actor.pipeline is not None else None


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
