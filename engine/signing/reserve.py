"""Decide on signatures against the locked release, and count them before they are made.

The instant of the reservation decides. Asks of many callers are decided in one transaction, in
memory and in their order, and written set-based; each gets its own answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from engine.commands.transactions import transaction
from engine.model.errors import Refusal
from engine.model.principal import Principal
from engine.persistence.store.locks import Lock
from engine.persistence.store.reservation_expiry import release_expired
from engine.persistence.store.retry import retry
from engine.signing.request import Ask, Reservation, SignRequest
from engine.signing.reservation_batch import ReservationBatch
from engine.system import System

#: What one ask comes to: an answer for each request, or one refusal of them all.
Answers = list[Reservation] | Refusal


def reserve(
    system: System, principal: Principal, keypair_id: UUID, requests: Sequence[SignRequest]
) -> list[Reservation]:
    """An answer for each request on this keypair, in their order. Raises `Refusal`."""
    asks = [Ask(principal, tuple(requests))]
    (answers,) = reserve_all(system, principal.account_id, keypair_id, asks)
    if isinstance(answers, Refusal):
        raise answers
    return answers


def reserve_all(
    system: System, account_id: UUID, keypair_id: UUID, asks: Sequence[Ask]
) -> list[Answers]:
    """The same for several callers at once, in one transaction; what time made due stays."""
    if not asks:
        return []
    return retry(lambda: _reserve_all(system, account_id, keypair_id, asks))


def _reserve_all(
    system: System, account_id: UUID, keypair_id: UUID, asks: Sequence[Ask]
) -> list[Answers]:
    lock = Lock(keypairs=frozenset({keypair_id}))
    with transaction(system, account_id, None, lock) as uow:
        release_expired(uow)
        desk = ReservationBatch(uow, keypair_id, asks)
        answers = [desk.answer(ask) for ask in asks]
        desk.write()
    return answers
