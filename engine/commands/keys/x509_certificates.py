"""Requests for X.509 certificates and self-signed ones, which the keypair itself signs."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from hashlib import new
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from engine.commands.keys.certificates import NewChain, require_room, store_chain
from engine.commands.keys.certify import Certification, CertifyCommand, Result
from engine.lifecycle.administration import refuse_x509_certificate
from engine.model.certificates import CertificatePurpose
from engine.model.errors import Code, Faults, Refusal, refuse
from engine.model.events import Changes
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.base import Digest, Message, Signer, SignerFailed
from engine.signers.guard import make_signature
from engine.signers.key_proof import SIGNATURE_OF_ANOTHER_KEY
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


@dataclass(frozen=True, kw_only=True)
class X509Command(CertifyCommand[Result, CertificateNames]):
    """Has a keypair sign an X.509 certificate or a request for one, about a subject."""

    #: A distinguished name as of RFC 4514.
    subject: str
    dns_names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()

    def check(self, uow: UnitOfWork, keypair: Row[Any]) -> CertificateNames:
        """Return the names; refuses what has no use for an X.509 certificate."""
        faults = Faults()
        with faults:
            subject = parse_subject(self.subject)
        with faults:
            alternatives = parse_alternatives(self.dns_names, self.emails, self.uris)
        with faults:
            self.check_further(uow, keypair)
        with faults:
            refuse(refuse_x509_certificate(keypair.category))
        faults.refuse()
        return CertificateNames(subject, alternatives)

    def check_further(self, uow: UnitOfWork, keypair: Row[Any]) -> None:
        """Refuse what only this kind of certificate cannot have."""

    def intended(self, content: CertificateNames) -> Changes:
        """Return whom the certificate is to be about."""
        return {"subject": (None, self.subject)}

    def make(self, signer: Signer, certification: Certification[CertificateNames]) -> str:
        """Have the key sign, and return what was made in PEM."""
        try:
            unsigned = self.unsigned(certification)
            signature = make_signature(signer, certification.key, _input_of(unsigned))
            return self.checked(unsigned.signed(signature), certification)
        except SignatureMismatchError as error:
            raise SignerFailed(SIGNATURE_OF_ANOTHER_KEY) from error
        except ValueError as error:
            message = "No certificate can be made of these names. Check them."
            raise Refusal(Code.INVALID_INPUT, message, "subject") from error

    @abstractmethod
    def unsigned(self, certification: Certification[CertificateNames]) -> Unsigned:
        """Return what the key is to sign."""

    @abstractmethod
    def checked(self, signed: bytes, certification: Certification[CertificateNames]) -> str:
        """Return it in PEM; raises `SignatureMismatchError`."""


def _input_of(unsigned: Unsigned) -> Digest | Message:
    algorithm = unsigned.digest_algorithm
    if algorithm is None:
        return Message(unsigned.tbs)
    return Digest(algorithm, new(algorithm.lower(), unsigned.tbs).digest())


@dataclass(frozen=True, kw_only=True)
class CreateCertificateRequest(X509Command[str]):
    """Make a request that an authority issues a certificate for; returns it in PEM (PKCS#10)."""

    command_name = "create_certificate_request"
    purpose = CertificatePurpose.REQUEST

    def unsigned(self, certification: Certification[CertificateNames]) -> Unsigned:
        """Return the request without its signature."""
        key = certification.key
        return unsigned_request(key.algorithm, key.public_key_pem, certification.content)

    def checked(self, signed: bytes, certification: Certification[CertificateNames]) -> str:
        """Return the request in PEM."""
        return checked_request(signed, certification.key.public_key_pem)

    def result(self, text: str) -> str:
        """Return the request, which is stored nowhere: it can be made again."""
        return text


@dataclass(frozen=True, kw_only=True)
class IssueSelfSignedCertificate(X509Command[UUID]):
    """Give a keypair a certificate that it has signed itself; returns the certificate's id."""

    command_name = "issue_self_signed_certificate"
    purpose = CertificatePurpose.SELF_SIGNED

    days: int
    make_default: bool = False

    def check_further(self, uow: UnitOfWork, keypair: Row[Any]) -> None:
        """Refuse a validity out of range, and one certificate too many."""
        if not 1 <= self.days <= MAX_SELF_SIGNED_DAYS:
            message = f"A self-signed certificate is valid for 1 to {MAX_SELF_SIGNED_DAYS} days."
            raise Refusal(Code.INVALID_INPUT, message, "days")
        require_room(uow, keypair.id)

    def unsigned(self, certification: Certification[CertificateNames]) -> Unsigned:
        """Return the certificate without its signature."""
        key, names = certification.key, certification.content
        return unsigned_certificate(
            key.algorithm, key.public_key_pem, names, certification.now, self.days
        )

    def checked(self, signed: bytes, certification: Certification[CertificateNames]) -> str:
        """Return the certificate in PEM."""
        return checked_certificate(signed, certification.key.public_key_pem)

    def store(
        self, uow: UnitOfWork, certification: Certification[CertificateNames], text: str
    ) -> Changes:
        """Store the certificate, and make it the default if that was asked for."""
        chain = check_chain(text, certification.key.public_key_pem, certification.now)
        new = NewChain(self.use_id, self.keypair_id, chain, certification.actor.user_id)
        return store_chain(uow, new, make_default=self.make_default)

    def result(self, text: str) -> UUID:
        """Return the id of the certificate."""
        return self.use_id
