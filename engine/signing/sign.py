"""The whole of signing, one after the other, for callers with a thread of their own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from engine.errors import Code, Refusal
from engine.persistence import tables as t
from engine.principal import Principal
from engine.signing.make import make
from engine.signing.request import Existing, Made, Outcome, Refused, Reserved, SignRequest
from engine.signing.reserve import reserve
from engine.signing.settle import settle
from engine.system import System
from engine.vocabulary import SignatureState

#: Seconds between two looks at a signature somebody else is making.
PAUSE = 0.02
NOTHING_CAME = Refusal(
    Code.SIGNER_FAILED,
    "The first call with this idempotency key came to nothing. Send it again.",
)


def sign(
    system: System, principal: Principal, keypair_id: UUID, requests: Sequence[SignRequest]
) -> list[Outcome]:
    """Reserve, make and settle requests on one keypair; an outcome for each, in their order."""
    reservations = reserve(system, principal, keypair_id, requests)
    mine = [r for r in reservations if isinstance(r, Reserved)]
    settled = dict(
        zip(
            (r.signature_id for r in mine),
            settle(system, principal.account_id, make(system, mine)),
            strict=True,
        )
    )
    return [
        r
        if isinstance(r, Refused)
        else settled[r.signature_id]
        if isinstance(r, Reserved)
        else settled.get(r.signature_id) or _await(system, r)
        for r in reservations
    ]


def _await(system: System, existing: Existing) -> Outcome:
    """While the first call is under way, the second waits for it."""
    if existing.settled:
        return Made(existing.signature_id)
    for _ in range(int(system.reservation_seconds / PAUSE)):
        state = state_of(system, existing.signature_id)
        if state is SignatureState.MADE:
            return Made(existing.signature_id)
        if state is not SignatureState.RESERVED:
            break
        time.sleep(PAUSE)
    return Refused(NOTHING_CAME)


def state_of(system: System, signature_id: UUID) -> SignatureState:
    """Where a signature stands now."""
    s = t.signatures
    with system.database.reading() as connection:
        query = sa.select(s.c.state).where(s.c.id == signature_id)
        state: SignatureState = connection.execute(query).scalar_one()
    return state
