"""Requests for certificates and self-signed ones, which the keypair itself signs.

For an offline keypair these are the only signatures outside of a release, and `_sign` is the only
place that makes them. The steps: a transaction checks the command and records what is intended; the
signer signs, outside of any transaction; another transaction records that it was done or has
failed. Whatever the server dies at, the intention is in the ledger before the key is used.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import new, sha256
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from engine.commands.administration.validation import require_permission
from engine.commands.advance import advance_again
from engine.commands.command import Command
from engine.commands.keys.certificates import NewChain, require_room, store_chain
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
from engine.model.text import check_text, is_blank
from engine.model.vocabulary import Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store.administration import keypairs
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.retry import retry
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.base import Digest, KeyBinding, Message, SignerFailed, SigningKey
from engine.signers.guard import make_signature
from engine.system import System
from engine.x509.chain import check_chain
from engine.x509.issuing import (
    SignatureMismatchError,
    Unsigned,
    checked_certificate,
    checked_request,
    unsigned_certificate,
    unsigned_request,
)
from engine.x509.names import CertificateNames, parse_alternatives, parse_subject

#: For how many days a self-signed certificate is valid at most: ten years.
MAX_SELF_SIGNED_DAYS = 3653
Result = TypeVar("Result", covariant=True)


@dataclass(frozen=True, slots=True)
class Certification:
    """What the first transaction has found in order: whose key signs what."""

    backend: str
    key: SigningKey
    names: CertificateNames
    actor: Actor
    now: datetime


@dataclass(frozen=True, kw_only=True)
class CertifyCommand(Command[Result], Generic[Result]):
    """Has a keypair sign something about itself, and nothing else."""

    subject_kind = "Keypair"
    subject_field = "keypair_id"
    account_hold = Hold.SHARED
    is_slow = True
    purpose: ClassVar[CertificatePurpose]

    keypair_id: UUID
    #: A distinguished name as of RFC 4514.
    subject: str
    reason: str
    dns_names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    #: Links the entries of one use of the key.
    use_id: UUID = field(default_factory=uuid7)

    def lock(self) -> Lock:
        """Return the keypair, which nobody disables meanwhile."""
        return Lock(account=Hold.SHARED, keypairs=frozenset({self.keypair_id}), keypair_rows=True)

    def run(self, system: System, principal: Principal) -> Result:
        """Record what is intended, sign, and record how that ended."""
        certification = retry(lambda: self._intend(system, principal))
        try:
            pem = self._make(system, certification)
            self._complete(system, certification, pem)
        except Refusal as refusal:
            self._record_failure(system, certification, refusal)
            raise
        return self.result(pem)

    def apply(self, uow: UnitOfWork) -> Result:
        """Raise: the command is more than one transaction."""
        raise NotImplementedError

    @abstractmethod
    def unsigned(self, certification: Certification) -> Unsigned:
        """Return what the key is to sign."""

    @abstractmethod
    def checked(self, signed: bytes, certification: Certification) -> str:
        """Return it in PEM; raises `SignatureMismatchError`."""

    @abstractmethod
    def result(self, pem: str) -> Result:
        """Return the result of the command."""

    def store(self, uow: UnitOfWork, certification: Certification, pem: str) -> Changes:
        """Store what was made, if it is to be stored; returns what the ledger says of that.

        Raises:
            Refusal: What has happened since the intention leaves no place for it.
        """
        return {}

    def check(self, uow: UnitOfWork, keypair: Any) -> None:
        """Refuse what only this kind of certificate cannot have."""

    def _intend(self, system: System, principal: Principal) -> Certification:
        with unit_of_work(system, principal, self.attempt(), self.lock()) as uow:
            certification = self._checked_intention(uow)
        return certification

    def _checked_intention(self, uow: UnitOfWork) -> Certification:
        require_permission(uow, Permission.MANAGE_KEYPAIRS)
        row = keypairs.load_keypair(uow, self.keypair_id, "keypair_id")
        faults = Faults()
        with faults:
            subject = parse_subject(self.subject)
        with faults:
            alternatives = parse_alternatives(self.dns_names, self.emails, self.uris)
        with faults:
            refuse(_reason_fault(self.reason))
        with faults:
            self.check(uow, row)
        faults.refuse()
        refuse(refuse_certification(uow.settings, row.category, row.type, enabled=row.enabled))
        key = SigningKey(
            KeyBinding(row.account_id, row.id),
            KeypairAlgorithm(row.algorithm),
            row.public_key,
            row.material,
            row.master_key_id,
        )
        changes = {"subject": (None, self.subject)}
        uow.record(CertificationIntended(changes=changes, **self._entry()))
        return Certification(
            row.backend, key, CertificateNames(subject, alternatives), uow.actor, uow.now
        )

    def _make(self, system: System, certification: Certification) -> str:
        try:
            return self.checked(self._sign(system, certification), certification)
        except (SignerFailed, SignatureMismatchError, ValueError) as error:
            raise _refusal_of(error) from error

    def _sign(self, system: System, certification: Certification) -> bytes:
        """Use the key: the only place where that happens without a release."""
        signer = system.signers.get(certification.backend)
        if signer is None:
            message = f"The signer {certification.backend} is not set up here. Ask an operator."
            raise SignerFailed(message)
        unsigned = self.unsigned(certification)
        algorithm = unsigned.digest_algorithm
        message_ = (
            Message(unsigned.tbs)
            if algorithm is None
            else Digest(algorithm, new(algorithm.lower(), unsigned.tbs).digest())
        )
        return unsigned.signed(make_signature(signer, certification.key, message_))

    def _complete(self, system: System, certification: Certification, pem: str) -> None:
        digest = sha256(pem.encode()).hexdigest()

        def finish(uow: UnitOfWork) -> Event:
            changes = self.store(uow, certification, pem)
            return CertificationDone(digest=digest, changes=changes, **self._entry())

        self._finish(system, certification, finish)

    def _record_failure(
        self, system: System, certification: Certification, failure: Refusal
    ) -> None:
        event = CertificationFailed(fault=failure.message, **self._entry())
        self._finish(system, certification, lambda _: event)

    def _finish(
        self,
        system: System,
        certification: Certification,
        finish: Callable[[UnitOfWork], Event],
    ) -> None:
        """Record how it ended, whoever has been deactivated or what was disabled meanwhile."""

        def run_once() -> None:
            account_id = certification.key.binding.account_id
            with transaction(system, account_id, None, self.lock()) as uow:
                uow.record(finish(uow), actor=certification.actor)
                reassess(uow)
                advance_again(uow)

        retry(run_once)

    def _entry(self) -> dict[str, Any]:
        return {
            "subject_id": self.keypair_id,
            "use_id": self.use_id,
            "purpose": self.purpose,
            "reason": self.reason,
        }


@dataclass(frozen=True, kw_only=True)
class CreateCertificateRequest(CertifyCommand[str]):
    """Make a request that an authority issues a certificate for; returns it in PEM (PKCS#10)."""

    command_name = "create_certificate_request"
    purpose = CertificatePurpose.REQUEST

    def unsigned(self, certification: Certification) -> Unsigned:
        """Return the request without its signature."""
        key = certification.key
        return unsigned_request(key.algorithm, key.public_key_pem, certification.names)

    def checked(self, signed: bytes, certification: Certification) -> str:
        """Return the request in PEM."""
        return checked_request(signed, certification.key.public_key_pem)

    def result(self, pem: str) -> str:
        """Return the request, which is stored nowhere: it can be made again."""
        return pem


@dataclass(frozen=True, kw_only=True)
class IssueSelfSignedCertificate(CertifyCommand[UUID]):
    """Give a keypair a certificate that it has signed itself; returns the certificate's id."""

    command_name = "issue_self_signed_certificate"
    purpose = CertificatePurpose.SELF_SIGNED

    days: int
    make_default: bool = False

    def check(self, uow: UnitOfWork, keypair: Any) -> None:
        """Refuse a validity out of range, and one certificate too many."""
        if not 1 <= self.days <= MAX_SELF_SIGNED_DAYS:
            message = f"A self-signed certificate is valid for 1 to {MAX_SELF_SIGNED_DAYS} days."
            raise Refusal(Code.INVALID_INPUT, message, "days")
        require_room(uow, keypair.id)

    def unsigned(self, certification: Certification) -> Unsigned:
        """Return the certificate without its signature."""
        key, names = certification.key, certification.names
        return unsigned_certificate(
            key.algorithm, key.public_key_pem, names, certification.now, self.days
        )

    def checked(self, signed: bytes, certification: Certification) -> str:
        """Return the certificate in PEM."""
        return checked_certificate(signed, certification.key.public_key_pem)

    def store(self, uow: UnitOfWork, certification: Certification, pem: str) -> Changes:
        """Store the certificate, and make it the default if that was asked for."""
        chain = check_chain(pem, certification.key.public_key_pem, certification.now)
        new = NewChain(self.use_id, self.keypair_id, chain, certification.actor.user_id)
        return store_chain(uow, new, make_default=self.make_default)

    def result(self, pem: str) -> UUID:
        """Return the id of the certificate."""
        return self.use_id


def _reason_fault(reason: str) -> Refusal | None:
    if is_blank(reason):
        return Refusal(Code.INVALID_INPUT, "Say why, in a few words.", "reason")
    return check_text(reason, "reason", "reason")


def _refusal_of(error: Exception) -> Refusal:
    if isinstance(error, SignerFailed):
        return Refusal(Code.SIGNER_FAILED, str(error))
    if isinstance(error, ValueError):
        message = "No certificate can be made of these names. Check them."
        return Refusal(Code.INVALID_INPUT, message, "subject")
    message = "The signer's signature is not of this keypair. Tell an administrator."
    return Refusal(Code.SIGNER_FAILED, message)
