"""The frame of commands that have a keypair sign something about itself.

For an offline keypair these are the only signatures outside of a release, and `_make` is the only
place that uses the key for them. The steps: a transaction checks the command and records what is
intended; the signer signs, outside of any transaction; another transaction stores what was made, or
records that it has failed. Whatever the server dies at, the intention is in the ledger before the
key is used; what has not ended in time has failed, as the worker records then.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Row

from engine.commands.administration.validation import require_permission, require_reason
from engine.commands.advance import advance_again
from engine.commands.command import Command
from engine.commands.reassess import reassess
from engine.commands.transactions import transaction, unit_of_work
from engine.lifecycle.administration import refuse_certification
from engine.model.algorithms import KeypairAlgorithm
from engine.model.certificates import CertificatePurpose
from engine.model.errors import Code, Faults, Refusal, refuse
from engine.model.events import (
    CertificationDone,
    CertificationFailed,
    CertificationIntended,
    Changes,
    Event,
)
from engine.model.facts import Actor
from engine.model.principal import Principal
from engine.model.vocabulary import KeypairState, Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store.administration import keypairs
from engine.persistence.store.administration.certifications import (
    NOT_FINISHED,
    BegunCertification,
    end_certification,
    insert_certification,
)
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.retry import retry
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.base import KeyBinding, Signer, SignerFailed, SigningKey
from engine.system import System

Result = TypeVar("Result", covariant=True)
Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Certification(Generic[Content]):
    """What the first transaction has found in order: whose key signs what."""

    backend: str
    key: SigningKey
    #: What is certified.
    content: Content
    actor: Actor
    now: datetime


@dataclass(frozen=True, kw_only=True)
class CertifyCommand(Command[Result], Generic[Result, Content]):
    """Has a keypair sign something about itself, and nothing else."""

    subject_kind = "Keypair"
    subject_field = "keypair_id"
    account_hold = Hold.SHARED
    is_slow = True
    purpose: ClassVar[CertificatePurpose]

    keypair_id: UUID
    reason: str
    #: Links the entries of one use of the key.
    use_id: UUID = field(default_factory=uuid7)

    def lock(self) -> Lock:
        """Return the keypair, which nobody disables meanwhile."""
        return Lock(account=Hold.SHARED, keypairs=frozenset({self.keypair_id}), keypair_rows=True)

    def run(self, system: System, principal: Principal) -> Result:
        """Record what is intended, sign, and record how that ended."""
        certification = retry(lambda: self._intend(system, principal))
        try:
            text = self._make(system, certification)
            self._complete(system, certification, text)
        except Refusal as refusal:
            self._record_failure(system, certification, refusal)
            raise
        return self.result(text)

    def apply(self, uow: UnitOfWork) -> Result:
        """Raise: the command is more than one transaction."""
        raise NotImplementedError

    @abstractmethod
    def check(self, uow: UnitOfWork, keypair: Row[Any]) -> Content:
        """Return what is to be certified.

        Args:
            uow: The transaction of the intention.
            keypair: The row of the keypair, which is locked.

        Raises:
            Refusal: The input is at fault, or the keypair can certify no such thing.
        """

    @abstractmethod
    def intended(self, content: Content) -> Changes:
        """Return what the ledger says is to be certified."""

    @abstractmethod
    def make(self, signer: Signer, certification: Certification[Content]) -> str:
        """Have the key sign; returns what was made, as text.

        Raises:
            SignerFailed: There is no signature.
            Refusal: What was made is not in order.
        """

    @abstractmethod
    def result(self, text: str) -> Result:
        """Return the result of the command, given what was made."""

    def store(self, uow: UnitOfWork, certification: Certification[Content], text: str) -> Changes:
        """Store what was made, if it is to be stored; returns what the ledger says of that.

        Raises:
            Refusal: What has happened since the intention leaves no place for it.
        """
        return {}

    def _intend(self, system: System, principal: Principal) -> Certification[Content]:
        with unit_of_work(system, principal, self.attempt(), self.lock()) as uow:
            certification = self._checked_intention(uow)
        return certification

    def _checked_intention(self, uow: UnitOfWork) -> Certification[Content]:
        require_permission(uow, Permission.MANAGE_KEYPAIRS)
        row = keypairs.load_keypair(uow, self.keypair_id, "keypair_id")
        faults = Faults()
        with faults:
            content = self.check(uow, row)
        with faults:
            require_reason(self.reason)
        faults.refuse()
        state = KeypairState.of(enabled=row.enabled, retired_at=row.retired_at)
        refuse(refuse_certification(uow.settings, row.type, state))
        changes = self.intended(content)
        uow.record(CertificationIntended(changes=changes, **self._entry()))
        begun = BegunCertification(self.use_id, self.keypair_id, self.purpose, self.reason)
        insert_certification(uow, begun)
        return Certification(row.backend, _key_of(row), content, uow.actor, uow.now)

    def _make(self, system: System, certification: Certification[Content]) -> str:
        """Use the key: the only place where that happens without a release."""
        try:
            return self.make(_signer_of(system, certification.backend), certification)
        except SignerFailed as error:
            raise Refusal(Code.SIGNER_FAILED, str(error)) from error

    def _complete(self, system: System, certification: Certification[Content], text: str) -> None:
        digest = sha256(text.encode()).hexdigest()

        def finish(uow: UnitOfWork) -> Event:
            changes = self.store(uow, certification, text)
            return CertificationDone(digest=digest, changes=changes, **self._entry())

        if not self._finish(system, certification, finish):
            raise Refusal(Code.SIGNER_FAILED, NOT_FINISHED)

    def _record_failure(
        self, system: System, certification: Certification[Content], failure: Refusal
    ) -> None:
        event = CertificationFailed(fault=failure.message, **self._entry())
        self._finish(system, certification, lambda _: event)

    def _finish(
        self,
        system: System,
        certification: Certification[Content],
        finish: Callable[[UnitOfWork], Event],
    ) -> bool:
        """Record how it ended, whoever has been deactivated or what was disabled meanwhile.

        Returns:
            Whether it was in time; if not, it has failed, and the ledger says so.
        """

        def run_once() -> bool:
            account_id = certification.key.binding.account_id
            with transaction(system, account_id, None, self.lock()) as uow:
                in_time = end_certification(uow, self.use_id)
                if in_time:
                    uow.record(finish(uow), actor=certification.actor)
                    reassess(uow)
                    advance_again(uow)
            return in_time

        return retry(run_once)

    def _entry(self) -> dict[str, Any]:
        return {
            "subject_id": self.keypair_id,
            "use_id": self.use_id,
            "purpose": self.purpose,
            "reason": self.reason,
        }


def _key_of(row: Row[Any]) -> SigningKey:
    return SigningKey(
        KeyBinding(row.account_id, row.id),
        KeypairAlgorithm(row.algorithm),
        row.public_key,
        row.material,
        row.master_key_id,
    )


def _signer_of(system: System, backend: str) -> Signer:
    signer = system.signers.get(backend)
    if signer is None:
        raise SignerFailed(f"The signer {backend} is not set up here. Ask an operator.")
    return signer
