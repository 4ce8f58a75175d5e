"""Decides on signatures in one transaction, which also makes those of quick signers.

The calls of many users of an account, on any of its keypairs, are decided together: their facts
are read once, the requests are decided in memory and in their order, and what follows is written
together. The instant of the decision counts, whenever the signature is made.

Signatures of quick signers (`engine.signing.sign.sign_quick`) are made at once and stored as made.
For the others a reservation is stored, which counts, to be signed outside of the transaction and
settled by another one (`engine.signing.settle`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from engine.commands.transactions import notify_committed, transaction
from engine.model.errors import Code, Refusal
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Lock
from engine.persistence.store.reservation_expiry import release_expired
from engine.persistence.store.retry import (
    DATABASE_UNAVAILABLE,
    MAX_TRIES,
    OVERLOADED,
    is_unavailable,
    retry,
)
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signing.account_facts import AccountFacts, FactsCache, KeptFacts, load_facts
from engine.signing.batch_facts import load_batch, refresh_counts
from engine.signing.decide_batch import Answers, decide_batch
from engine.signing.request import Made, Refused, SignCall, Signed
from engine.signing.sign import sign_quick
from engine.signing.write_batch import write_batch
from engine.system import System

_S = t.signatures
_STORED = sa.select(_S.c.id).where(id_in(_S.c.id)).limit(1)


def decide_calls(
    system: System,
    cache: FactsCache,
    account_id: UUID,
    calls: Sequence[SignCall],
    is_abandoned: Callable[[], bool] = lambda: False,
) -> list[Answers]:
    """Decide on the calls of several users of an account in one transaction.

    Args:
        system: The engine.
        cache: What this process keeps of the facts of accounts.
        account_id: The account of the callers.
        calls: Their calls.
        is_abandoned: Whether they were refused meanwhile, because the locks took too long.

    Returns:
        For each call, in their order, an answer for each of its requests or one refusal
        of them all. What time has made due meanwhile is kept in both cases.

    Raises:
        Refusal: OVERLOADED, if the database does not answer. What is stored nevertheless, where
            the connection broke during the commit, is found by its idempotency key.
    """
    if not calls:
        return []
    for request in (request for call in calls for request in call.requests):
        _ = request.stored_digest  # long content is not hashed while locks are held
    decision = _DecisionOnCalls(system, cache, account_id, calls, is_abandoned)
    try:
        return retry(decision.run, is_idempotent=True)
    except Exception as error:
        if decision.is_unconfirmed:
            # Whatever went wrong since: signatures may be stored, and must not be made again.
            raise Refusal(Code.OVERLOADED, DATABASE_UNAVAILABLE) from error
        raise


class _HoldersChangedError(Exception):
    """A release took one of the keypairs after the releases were locked that held them before."""


@dataclass(slots=True)
class _DecisionOnCalls:
    """A decision that may be tried again: a try whose commit was not confirmed is looked up."""

    system: System
    cache: FactsCache
    account_id: UUID
    calls: Sequence[SignCall]
    is_abandoned: Callable[[], bool]
    #: The answers of the last try that came to its commit, and the signatures that it stored.
    answers: list[Answers] = field(default_factory=list)
    stored_ids: list[UUID] = field(default_factory=list)
    #: The connection broke, perhaps during the commit of that try; nobody has looked since.
    is_unconfirmed: bool = False

    def run(self) -> list[Answers]:
        """Try it, again with other locks if it turns out that they are not the right ones."""
        for _ in range(MAX_TRIES):
            try:
                return self._try()
            except _HoldersChangedError:
                self.cache.forget(self.account_id)
            except DBAPIError as error:
                self.is_unconfirmed |= bool(self.stored_ids) and is_unavailable(error)
                raise
        raise Refusal(Code.OVERLOADED, OVERLOADED)

    def _try(self) -> list[Answers]:
        cached = self.cache.get(self.account_id)
        facts = None
        with transaction(self.system, self.account_id, None, self._lock(cached)) as uow:
            if self.is_abandoned():
                # Signatures that nobody gets would be counted all the same.
                raise Refusal(Code.OVERLOADED, DATABASE_UNAVAILABLE)
            if not self._is_stored(uow):
                facts = self._decide(uow, cached)
        if facts is None:
            notify_committed(self.system, self.account_id)
        else:
            self.cache.keep(KeptFacts(self.account_id, uow.locked_head, facts))
        return self.answers

    @property
    def _keypair_ids(self) -> frozenset[UUID]:
        return frozenset(call.keypair_id for call in self.calls)

    def _lock(self, cached: KeptFacts | None) -> Lock:
        if cached is not None and cached.facts.keypairs.keys() >= self._keypair_ids:
            holders = cached.facts.holders(self._keypair_ids)
            return Lock(releases=holders, ledger_head=True)
        return Lock(keypairs=self._keypair_ids, ledger_head=True)

    def _is_stored(self, uow: UnitOfWork) -> bool:
        """Whether an earlier try was committed: its transaction is over, for this has its locks."""
        if not self.stored_ids:
            return False
        is_stored = uow.connection.execute(_STORED, {"ids": self.stored_ids}).first() is not None
        self.is_unconfirmed = is_stored
        return is_stored

    def _decide(self, uow: UnitOfWork, cached: KeptFacts | None) -> AccountFacts:
        if _may_be_overdue(uow, self.calls) and release_expired(uow):
            refresh_counts(uow)
        principals = {call.principal for call in self.calls}
        facts = load_facts(uow, cached, principals, self._keypair_ids)
        if not facts.holders(self._keypair_ids) <= uow.locked:
            raise _HoldersChangedError
        decision = decide_batch(load_batch(uow, facts, self.calls), self.calls)
        signed = write_batch(uow, decision, sign_quick(self.system, decision.reservations))
        self.answers = [_with_made(answers, signed) for answers in decision.answers]
        self.stored_ids = [reserved.signature_id for reserved in decision.reservations[:1]]
        return facts


def _may_be_overdue(uow: UnitOfWork, calls: Sequence[SignCall]) -> bool:
    """Whether a reservation that is over could make a difference: by its count, or by its key."""
    return any(row.signatures_reserved for row in uow.standing) or any(
        request.idempotency_key is not None for call in calls for request in call.requests
    )


def _with_made(answers: Answers, signed: Mapping[UUID, Signed]) -> Answers:
    if isinstance(answers, Refusal):
        return answers
    return [
        Made(answer.signature_id, signed[answer.signature_id])
        if not isinstance(answer, Refused) and answer.signature_id in signed
        else answer
        for answer in answers
    ]
