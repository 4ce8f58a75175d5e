"""Rows of what keypairs of the category `GPG` have besides the key that signs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.openpgp_keys import RETIRED_OPENPGP_BACKEND, OpenPgpPart, OpenPgpSettings

_K, _P = t.keypairs, t.openpgp_primary_keys


def insert_primary_key(uow: UnitOfWork, keypair_id: UUID, part: OpenPgpPart) -> None:
    """Write the primary key of a keypair, and the certificate of both keys."""
    primary = part.primary
    uow.connection.execute(
        _P.insert().values(
            id=primary.binding.keypair_id,
            keypair_id=keypair_id,
            public_key=primary.public_key_pem,
            material=primary.material,
            master_key_id=primary.key_id,
            openpgp_user_id=part.settings.user_id,
            expires_at=part.settings.expires_at,
            revocation=part.certificate.revocation,
        )
    )
    certificate = {
        "openpgp_certificate": part.certificate.armored,
        "openpgp_created_at": part.created_at,
    }
    uow.connection.execute(_K.update().where(_K.c.id == keypair_id).values(**certificate))


def load_primary_key(uow: UnitOfWork, keypair_id: UUID) -> Row[Any] | None:
    """Return the row of a keypair's primary key; None if it has none."""
    query = sa.select(_P).where(_P.c.keypair_id == keypair_id)
    return uow.connection.execute(query).one_or_none()


def replace_certificate(
    uow: UnitOfWork, keypair_id: UUID, armored: str, settings: OpenPgpSettings
) -> None:
    """Write the renewed certificate of a keypair, and what it says."""
    certificate = {"openpgp_certificate": armored}
    uow.connection.execute(_K.update().where(_K.c.id == keypair_id).values(**certificate))
    content = {
        "openpgp_user_id": settings.user_id,
        "expires_at": settings.expires_at,
        "expiry_notice_days": None,
    }
    uow.connection.execute(_P.update().where(_P.c.keypair_id == keypair_id).values(**content))


def load_ids(connection: Connection) -> frozenset[UUID]:
    """Return the ids of the primary keys of all accounts, as their signers know them."""
    return frozenset(connection.execute(sa.select(_P.c.id)).scalars())


def load_unconverted(connection: Connection) -> list[tuple[UUID, UUID]]:
    """Return account and id of the keypairs that are still as earlier versions stored them."""
    is_unconverted = _K.c.backend == RETIRED_OPENPGP_BACKEND
    query = sa.select(_K.c.account_id, _K.c.id).where(is_unconverted).order_by(_K.c.id)
    return [(row.account_id, row.id) for row in connection.execute(query)]


def load_revocation(connection: Connection, keypair_id: UUID) -> str | None:
    """Return what revokes the certificate of a keypair; None if it has none."""
    query = sa.select(_P.c.revocation).where(_P.c.keypair_id == keypair_id)
    return connection.execute(query).scalar_one_or_none()
