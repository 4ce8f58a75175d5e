"""What a batch of signing requests on one keypair is decided on, loaded once under its lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from engine.model.algorithms import KeypairAlgorithm
from engine.model.facts import AccountSettings, Actor, Keypair, Release
from engine.model.principal import Principal
from engine.persistence.db.ids import uuid7s
from engine.persistence.store import loading
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.base import KeyBinding, SigningKey
from engine.signing.idempotency import PreviousSignature, load_previous_signatures, user_key
from engine.signing.request import SignCall, SignRequest, check_for_keypair


@dataclass(frozen=True, slots=True, kw_only=True)
class KeypairFacts:
    """The keypair, the release that holds it, and the account's settings."""

    keypair: Keypair
    #: The key and the name of the signer that makes its signatures.
    signing_key: SigningKey
    signer_name: str
    #: The release that holds the keypair, if it was locked before the instant of the decision.
    release_id: UUID | None
    #: By user and idempotency key, what was requested before.
    previous: Mapping[tuple[UUID, str], PreviousSignature]
    #: The release and the settings are None where no request comes as far as the signing factors.
    release: Release | None
    settings: AccountSettings | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFacts:
    """Everything that the decision on a batch may look at."""

    #: The instant of the decision, read after the lock was held.
    now: datetime
    #: The callers that are users of this installation, active or not.
    actors: Mapping[Principal, Actor]
    #: None: the account has no such keypair, or no active user calls.
    target: KeypairFacts | None
    #: Ids for the signatures that will be reserved; there is one for each request.
    signature_ids: Sequence[UUID]


def load_batch(uow: UnitOfWork, keypair_id: UUID, calls: Sequence[SignCall]) -> BatchFacts:
    """Load the facts for all calls, with no more statements than for one of them."""
    actors = loading.load_actors(uow.connection, {call.principal for call in calls})
    requests = [
        (actor, request)
        for call in calls
        if (actor := actors.get(call.principal)) is not None and actor.active
        for request in call.requests
    ]
    is_any_active = any(actor.active for actor in actors.values())
    return BatchFacts(
        now=uow.now,
        actors=actors,
        target=_load_target(uow, keypair_id, requests) if is_any_active else None,
        signature_ids=uuid7s(sum(len(call.requests) for call in calls)),
    )


def _load_target(
    uow: UnitOfWork, keypair_id: UUID, requests: Sequence[tuple[Actor, SignRequest]]
) -> KeypairFacts | None:
    rows = loading.load_keypair_rows(uow.connection, uow.account_id, [keypair_id])
    if not rows:
        return None
    keypair = loading.keypair_of(rows[0])
    # A malformed key is refused by its own rule; the database need not see it.
    valid = [(a, request) for a, request in requests if check_for_keypair(request, keypair) is None]
    keys = [user_key(actor, request) for actor, request in valid]
    previous = load_previous_signatures(uow, {key for key in keys if key is not None})
    is_any_new = any(key not in previous for key in keys)
    # A release that is not locked took the keypair after the instant of this decision.
    release_id = keypair.held_by if keypair.held_by in uow.locked else None
    return KeypairFacts(
        keypair=keypair,
        signing_key=_signing_key(rows[0]),
        signer_name=rows[0].backend,
        release_id=release_id,
        previous=previous,
        release=uow.get_many([release_id])[release_id] if release_id and is_any_new else None,
        settings=uow.settings if is_any_new else None,
    )


def _signing_key(row: Row[Any]) -> SigningKey:
    return SigningKey(
        binding=KeyBinding(row.account_id, row.id),
        algorithm=KeypairAlgorithm(row.algorithm),
        public_key_pem=row.public_key,
        material=row.material,
        key_id=row.master_key_id,
    )
