"""Decides on signatures against the locked release, and counts them before they are made.

The calls of many users are decided in one transaction: the facts are loaded once, the requests are
decided in memory and in their order, and the reservations are written together. The instant of the
reservation decides, whenever the signature is made.
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
from engine.signing.batch_facts import load_batch
from engine.signing.decide_batch import Answers, decide_batch
from engine.signing.request import Reservation, SignCall, SignRequest
from engine.signing.write_batch import write_batch
from engine.system import System


def reserve(
    system: System, principal: Principal, keypair_id: UUID, requests: Sequence[SignRequest]
) -> list[Reservation]:
    """Decide on one user's requests on this keypair.

    Returns:
        An answer for each request, in their order.

    Raises:
        Refusal: There is no such keypair, or the user is deactivated.
    """
    calls = [SignCall(principal, tuple(requests))]
    (answers,) = reserve_all(system, principal.account_id, keypair_id, calls)
    if isinstance(answers, Refusal):
        raise answers
    return answers


def reserve_all(
    system: System, account_id: UUID, keypair_id: UUID, calls: Sequence[SignCall]
) -> list[Answers]:
    """Decide on the calls of several users in one transaction.

    Returns:
        For each call, in their order, an answer for each of its requests or one refusal
        of them all. What time has made due meanwhile is kept in both cases.
    """
    if not calls:
        return []
    return retry(lambda: _reserve_all(system, account_id, keypair_id, calls))


def _reserve_all(
    system: System, account_id: UUID, keypair_id: UUID, calls: Sequence[SignCall]
) -> list[Answers]:
    lock = Lock(keypairs=frozenset({keypair_id}))
    with transaction(system, account_id, None, lock) as uow:
        release_expired(uow)
        decision = decide_batch(load_batch(uow, keypair_id, calls), calls)
        write_batch(uow, decision)
    return decision.answers
