"""What a batch of signing requests is decided on, read under the locks of its transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from engine.model.errors import Refusal
from engine.model.facts import AccountSettings, Actor, Release
from engine.model.principal import Principal
from engine.persistence.db.ids import uuid7s
from engine.persistence.store import locks
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signing.account_facts import AccountFacts, StoredKeypair
from engine.signing.forms import check_for_keypair
from engine.signing.idempotency import PreviousSignatures, load_previous_signatures, user_key
from engine.signing.request import SignCall


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFacts:
    """Everything that the decision on a batch may look at."""

    #: The instant of the decision, read after the locks were held.
    now: datetime
    settings: AccountSettings
    #: The callers that are users of this account, active or not.
    actors: Mapping[Principal, Actor]
    #: Of these, those whose token or session was ended since they called.
    ended_callers: Mapping[Principal, Refusal] = field(default_factory=dict)
    #: The keypairs of the account among those that are to sign.
    keypairs: Mapping[UUID, StoredKeypair]
    #: The releases that hold them, with their counts as of now.
    releases: Mapping[UUID, Release]
    #: By user and idempotency key, what was requested before.
    previous: PreviousSignatures
    #: Ids for the signatures that will be reserved; there is one for each request.
    signature_ids: Sequence[UUID]


def load_batch(uow: UnitOfWork, facts: AccountFacts, calls: Sequence[SignCall]) -> BatchFacts:
    """The facts for these calls: those of the account, and what is read anew for each batch."""
    return BatchFacts(
        now=uow.now,
        settings=facts.settings,
        actors=facts.actors,
        ended_callers=facts.ended_callers,
        keypairs=facts.keypairs,
        releases=_with_counts(facts.releases, uow.standing),
        previous=_load_previous(uow, facts, calls),
        signature_ids=uuid7s(sum(len(call.requests) for call in calls)),
    )


def _with_counts(
    releases: Mapping[UUID, Release], standing: Iterable[Row[Any]]
) -> dict[UUID, Release]:
    return {
        row.id: replace(
            releases[row.id],
            signatures_used=row.signatures_used,
            signatures_reserved=row.signatures_reserved,
        )
        for row in standing
    }


def _load_previous(
    uow: UnitOfWork, facts: AccountFacts, calls: Sequence[SignCall]
) -> PreviousSignatures:
    keys = set()
    for call in calls:
        actor, stored = facts.actors.get(call.principal), facts.keypairs.get(call.keypair_id)
        if actor is None or not actor.active or stored is None:
            continue
        # A malformed key is refused by its own rule; the database need not see it.
        keys |= {
            user_key(actor, request)
            for request in call.requests
            if request.idempotency_key is not None and check_for_keypair(request, stored) is None
        }
    return load_previous_signatures(uow, {key for key in keys if key is not None})


def refresh_counts(uow: UnitOfWork) -> None:
    """Read the counts of the locked releases again, after some were given back."""
    uow.standing = locks.load_schedules(uow.connection, uow.locked)
