"""Add certificates to keypairs, choose the default one, and remove them.

Whether a keypair has a default certificate decides about releases that ask for one. So these
commands lock the release that holds the keypair, and their entries name it where they break it.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from engine.commands.administration.rule_breaks import shortages_with_keypair
from engine.commands.administration.validation import differences, require_permission
from engine.commands.command import Command
from engine.lifecycle.administration import refuse_default_certificate, refuse_x509_certificate
from engine.model.certificates import MAX_KEYPAIR_CERTIFICATES, CertificateKind
from engine.model.errors import Code, Refusal, refuse
from engine.model.events import CertificateAdded, CertificateRemoved, DefaultCertificateSet
from engine.model.events.base import Changes
from engine.model.vocabulary import Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store.administration import certificates, keypairs
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.x509.chain import Chain, ChainFault, check_chain


class CertificateCommand(Command[UUID]):
    """A change of a keypair's certificates; returns the id of the certificate."""

    subject_kind = "Keypair"
    subject_field = "keypair_id"

    keypair_id: UUID

    def lock(self) -> Lock:
        """Return the keypair, and the release that holds it."""
        return Lock(account=Hold.SHARED, keypairs=frozenset({self.keypair_id}), keypair_rows=True)

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_KEYPAIRS`."""
        require_permission(uow, Permission.MANAGE_KEYPAIRS)
        keypair = keypairs.load_keypair(uow, self.keypair_id, "keypair_id")
        return self.change(uow, keypair)

    @abstractmethod
    def change(self, uow: UnitOfWork, keypair: Row[Any]) -> UUID:
        """Change the certificates of the locked keypair."""


@dataclass(frozen=True, kw_only=True)
class AddCertificate(CertificateCommand):
    """Give a keypair an X.509 chain, which is checked; returns the id of the certificate."""

    command_name = "add_certificate"

    keypair_id: UUID
    #: In PEM: the keypair's certificate first, then each that signed the one before it.
    chain: str
    make_default: bool = False
    certificate_id: UUID = field(default_factory=uuid7)

    def change(self, uow: UnitOfWork, keypair: Row[Any]) -> UUID:
        """Check the chain, store it, and make it the default if that was asked for."""
        chain = self._checked_chain(uow, keypair)
        changes = store_chain(
            uow,
            NewChain(self.certificate_id, self.keypair_id, chain, uow.actor.user_id),
            make_default=self.make_default,
        )
        uow.record(
            CertificateAdded(
                subject_id=self.keypair_id,
                certificate_id=self.certificate_id,
                fingerprint=chain.fingerprint,
                changes=changes,
            )
        )
        return self.certificate_id

    def _checked_chain(self, uow: UnitOfWork, keypair: Row[Any]) -> Chain:
        refuse(refuse_x509_certificate(keypair.category))
        try:
            chain = check_chain(self.chain, keypair.public_key, uow.now)
        except ChainFault as fault:
            raise Refusal(Code.INVALID_INPUT, str(fault), "chain") from fault
        if certificates.has_certificate(uow, self.keypair_id, chain.fingerprint):
            message = "The keypair has this certificate already."
            raise Refusal(Code.INVALID_INPUT, message, "chain")
        return chain


@dataclass(frozen=True, kw_only=True)
class SetDefaultCertificate(CertificateCommand):
    """Make one of a keypair's X.509 chains its default; returns the id of the certificate."""

    command_name = "set_default_certificate"

    keypair_id: UUID
    certificate_id: UUID

    def change(self, uow: UnitOfWork, keypair: Row[Any]) -> UUID:
        """Make it the default unless it is that already."""
        row = certificates.load_certificate(uow, self.keypair_id, self.certificate_id)
        if row.is_default:
            return self.certificate_id
        refuse(refuse_default_certificate(row.kind, row.valid_from, row.expires_at, uow.now))
        before = _default_facts(uow, self.keypair_id)
        certificates.set_default(uow, self.keypair_id, row.id)
        uow.record(
            DefaultCertificateSet(
                subject_id=self.keypair_id,
                certificate_id=row.id,
                fingerprint=row.fingerprint,
                changes=differences(before, _default_facts(uow, self.keypair_id)),
            )
        )
        return self.certificate_id


@dataclass(frozen=True, kw_only=True)
class RemoveCertificate(CertificateCommand):
    """Take a certificate from a keypair; returns its id. Its record stays."""

    command_name = "remove_certificate"

    keypair_id: UUID
    certificate_id: UUID

    def change(self, uow: UnitOfWork, keypair: Row[Any]) -> UUID:
        """Remove it; where it was the default, the keypair has none then."""
        row = certificates.load_certificate(uow, self.keypair_id, self.certificate_id)
        before = _default_facts(uow, self.keypair_id)
        if row.is_default:
            certificates.set_default(uow, self.keypair_id, None)
        certificates.remove_certificate(uow, row.id)
        changes: Changes = {"certificate": (row.subject, None)}
        uow.record(
            CertificateRemoved(
                subject_id=self.keypair_id,
                certificate_id=row.id,
                fingerprint=row.fingerprint,
                changes=changes | differences(before, _default_facts(uow, self.keypair_id)),
            )
        )
        return self.certificate_id


def require_room(uow: UnitOfWork, keypair_id: UUID) -> None:
    """Refuse INVALID_INPUT where a keypair has as many certificates as it may."""
    if certificates.count_of_keypair(uow, keypair_id) >= MAX_KEYPAIR_CERTIFICATES:
        message = f"A keypair has at most {MAX_KEYPAIR_CERTIFICATES} certificates. Remove one."
        raise Refusal(Code.INVALID_INPUT, message, "keypair_id")


@dataclass(frozen=True, slots=True)
class NewChain:
    """A checked chain that a keypair is to have, under the id of its certificate."""

    certificate_id: UUID
    keypair_id: UUID
    chain: Chain
    added_by: UUID | None


def store_chain(uow: UnitOfWork, new: NewChain, *, make_default: bool) -> Changes:
    """Store a chain of a locked keypair, as its default if so; returns what the ledger says of it.

    Args:
        uow: The transaction, which holds the keypair and the release that holds the keypair.
        new: The chain.
        make_default: Whether it becomes the keypair's default.

    Raises:
        Refusal: The keypair has no room for it, or it is not valid now and so no default.
    """
    require_room(uow, new.keypair_id)
    chain, before = new.chain, _default_facts(uow, new.keypair_id)
    certificates.insert_chain(uow, new.certificate_id, new.keypair_id, chain, new.added_by)
    if make_default:
        _make_default(uow, new)
    recorded = {"certificate": chain.subject, "expires_at": chain.expires_at}
    return differences({}, recorded) | differences(before, _default_facts(uow, new.keypair_id))


def _make_default(uow: UnitOfWork, new: NewChain) -> None:
    times = new.chain.valid_from, new.chain.expires_at, uow.now
    refuse(refuse_default_certificate(CertificateKind.X509, *times, "make_default"))
    certificates.set_default(uow, new.keypair_id, new.certificate_id)


def _default_facts(uow: UnitOfWork, keypair_id: UUID) -> dict[str, Any]:
    """Return what follows from the keypair's default certificate, as entries show its change."""
    default = certificates.load_default(uow, keypair_id)
    return {
        "default_certificate": default.subject if default is not None else None,
        **shortages_with_keypair(uow, keypair_id),
    }
