"""Rows of certificates: what the commands on them read and write."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.model.certificates import CertificateKind
from engine.model.errors import not_found
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.x509.chain import Chain

_C, _K = t.certificates, t.keypairs
_IS_KEPT = _C.c.removed_at.is_(None)


def insert_chain(
    uow: UnitOfWork, certificate_id: UUID, keypair_id: UUID, chain: Chain, added_by: UUID | None
) -> None:
    """Write a new X.509 chain of a keypair, which is not its default yet."""
    uow.connection.execute(
        _C.insert().values(
            id=certificate_id,
            account_id=uow.account_id,
            keypair_id=keypair_id,
            kind=CertificateKind.X509,
            content=chain.pem,
            subject=chain.subject,
            issuer=chain.issuer,
            serial_number=chain.serial_number,
            fingerprint=chain.fingerprint,
            valid_from=chain.valid_from,
            expires_at=chain.expires_at,
            warnings=" ".join(chain.warnings),
            is_default=False,
            added_by=added_by,
            created_at=uow.now,
        )
    )


def load_certificate(uow: UnitOfWork, keypair_id: UUID, certificate_id: UUID) -> Row[Any]:
    """Return the row of a certificate that a keypair has; refuses NOT_FOUND."""
    query = sa.select(_C).where(
        _C.c.id == certificate_id,
        _C.c.keypair_id == keypair_id,
        _C.c.account_id == uow.account_id,
        _IS_KEPT,
    )
    row = uow.connection.execute(query).one_or_none()
    if row is None:
        raise not_found("certificate", "certificate_id")
    return row


def count_of_keypair(uow: UnitOfWork, keypair_id: UUID) -> int:
    """Return how many certificates a keypair has."""
    query = sa.select(sa.func.count()).where(_C.c.keypair_id == keypair_id, _IS_KEPT)
    return int(uow.connection.execute(query).scalar_one())


def has_certificate(uow: UnitOfWork, keypair_id: UUID, fingerprint: str) -> bool:
    """Return whether a keypair has the certificate with this fingerprint."""
    query = sa.select(_C.c.id).where(
        _C.c.keypair_id == keypair_id, _C.c.fingerprint == fingerprint, _IS_KEPT
    )
    return uow.connection.execute(query).first() is not None


def load_default(uow: UnitOfWork, keypair_id: UUID) -> Row[Any] | None:
    """Return the row of a keypair's default chain, whether or not it has expired."""
    query = sa.select(_C).where(_C.c.keypair_id == keypair_id, _C.c.is_default)
    return uow.connection.execute(query).one_or_none()


def set_default(uow: UnitOfWork, keypair_id: UUID, certificate_id: UUID | None) -> None:
    """Make a chain the keypair's default, or none."""
    unset = _C.update().where(_C.c.keypair_id == keypair_id, _C.c.is_default)
    uow.connection.execute(unset.values(is_default=False))
    if certificate_id is not None:
        set_ = _C.update().where(_C.c.id == certificate_id)
        uow.connection.execute(set_.values(is_default=True))
    flag = _K.update().where(_K.c.id == keypair_id)
    uow.connection.execute(flag.values(has_default_certificate=certificate_id is not None))


def remove_certificate(uow: UnitOfWork, certificate_id: UUID) -> None:
    """Mark a certificate as removed; it is no keypair's default by then."""
    uow.connection.execute(
        _C.update()
        .where(_C.c.id == certificate_id)
        .values(removed_at=uow.now, removed_by=uow.actor.user_id)
    )
