"""Certificates of keypairs, for whoever sees the keypairs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row

from engine.model.certificates import CertificateKind, CertificateWarning
from engine.persistence.db.pagination import Order, Page, PageArgs, fetch_for_owners
from engine.persistence.db.sql import id_in, no_index
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext
from engine.queries.history import counts
from engine.queries.records import SORT_KEYS, Record, RecordKind
from engine.x509.forms import ChainForms

_C = t.certificates
_BY_EXPIRY = SORT_KEYS[RecordKind.CERTIFICATE]["EXPIRES_AT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFilter:
    """Conditions on certificates; None leaves a condition out."""

    keypair_id: UUID | None = None
    kinds: tuple[CertificateKind, ...] | None = None
    is_default: bool | None = None
    expiring_before: datetime | None = None
    #: Whether those that were removed are listed as well.
    with_removed: bool = False

    def conditions(self, context: QueryContext) -> list[ColumnElement[bool]]:
        """Return the conditions as SQL."""
        conditions: list[ColumnElement[bool]] = []
        if not self.with_removed:
            conditions.append(_C.c.removed_at.is_(None))
        if self.keypair_id is not None:
            conditions.append(_C.c.keypair_id == self.keypair_id)
        if self.kinds is not None:
            conditions.append(_C.c.kind.in_(self.kinds))
        if self.is_default is not None:
            conditions.append(_C.c.is_default == self.is_default)
        if self.expiring_before is not None:
            conditions.append(_C.c.expires_at < self.expiring_before)
        return conditions


def of_keypairs(
    context: QueryContext, keypair_ids: Collection[UUID], page_args: PageArgs
) -> dict[UUID, Page[Row[Any]]]:
    """Return a page of the certificates that each keypair has, soonest expired first."""
    query = sa.select(*RecordKind.CERTIFICATE.columns).where(
        _C.c.removed_at.is_(None), no_index(_C.c.account_id) == context.account_id
    )
    order = Order("CERTIFICATES", (_BY_EXPIRY, _C.c.id))
    connection, owner = context.connection, _C.c.keypair_id
    return fetch_for_owners(connection, query, owner, keypair_ids, order, page_args)


def counts_of_keypairs(context: QueryContext, keypair_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many certificates each keypair has."""
    return counts(context, _C, _C.c.keypair_id, keypair_ids, [_C.c.removed_at.is_(None)])


def defaults_of(context: QueryContext, keypair_ids: Collection[UUID]) -> dict[UUID, Record]:
    """Return the default certificate of each keypair that has one which has not expired."""
    query = sa.select(*RecordKind.CERTIFICATE.columns).where(
        id_in(_C.c.keypair_id),
        t.IS_DEFAULT_CERTIFICATE,
        _C.c.expires_at > context.now,
        no_index(_C.c.account_id) == context.account_id,
    )
    rows = context.connection.execute(query, {"ids": sorted(keypair_ids)}).all()
    return {row.keypair_id: row for row in rows}


def with_expired_default(context: QueryContext, keypair_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the keypairs whose default certificate has expired."""
    query = sa.select(_C.c.keypair_id).where(
        id_in(_C.c.keypair_id), t.IS_DEFAULT_CERTIFICATE, _C.c.expires_at <= context.now
    )
    rows = context.connection.execute(query, {"ids": sorted(keypair_ids)})
    return frozenset(rows.scalars())


def warnings_of(row: Record) -> list[CertificateWarning]:
    """Return the warnings about a stored certificate."""
    return [CertificateWarning(word) for word in row.warnings.split()]


def forms_of(row: Record) -> ChainForms | None:
    """Return the forms of an X.509 chain; None for an OpenPGP certificate."""
    return ChainForms(row.content) if row.kind is CertificateKind.X509 else None
