"""Signatures that were made: by id, by what was signed, and of releases, keypairs and users."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row

from engine.model.vocabulary import Permission, SignatureState
from engine.persistence.db.pagination import (
    Order,
    Page,
    PageArgs,
    fetch,
    fetch_for_owners,
    scope_of,
)
from engine.persistence.db.sql import id_in, no_index
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext
from engine.queries.history import counts
from engine.queries.visibility import is_visible

_S = t.signatures
#: A signature with the algorithm of its keypair, on which the forms of its value depend.
_SIGNATURE = (
    *_S.c,
    sa.select(t.keypairs.c.algorithm)
    .where(t.keypairs.c.id == _S.c.keypair_id)
    .scalar_subquery()
    .label("keypair_algorithm"),
)
_IS_MADE = _S.c.state == SignatureState.MADE
#: Whoever has one of these sees every signature of the account.
_SEES_ALL = frozenset({Permission.VIEW_LEDGER, Permission.MANAGE_KEYPAIRS})


class SignatureOwner(StrEnum):
    """What signatures are of, each named by the column that says so."""

    RELEASE = "release_id"
    KEYPAIR = "keypair_id"
    USER = "user_id"

    @property
    def column(self) -> ColumnElement[Any]:
        """The column of the owner's id."""
        return _S.c[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFilter:
    """Conditions that all hold; None leaves one out."""

    #: What was signed, or the digest of the artifact.
    digest: bytes | None = None
    artifact_name: str | None = None
    keypair_id: UUID | None = None
    signer_id: UUID | None = None
    release_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The conditions as SQL."""
        conditions: list[ColumnElement[bool]] = []
        if self.digest is not None:
            conditions.append(
                sa.or_(_S.c.digest == self.digest, _S.c.artifact_digest == self.digest)
            )
        for column, value in (
            (_S.c.artifact_name, self.artifact_name),
            (_S.c.keypair_id, self.keypair_id),
            (_S.c.user_id, self.signer_id),
            (_S.c.release_id, self.release_id),
        ):
            if value is not None:
                conditions.append(column == value)
        if self.since is not None:
            conditions.append(_S.c.reserved_at >= self.since)
        if self.until is not None:
            conditions.append(_S.c.reserved_at < self.until)
        return conditions


def find(
    context: QueryContext,
    filter_: SignatureFilter,
    page_args: PageArgs,
    *,
    descending: bool = True,
) -> Page[Row[Any]]:
    """A page of the signatures that the viewer may see, newest first unless said otherwise."""
    query = sa.select(*_SIGNATURE).where(*matching(context, filter_))
    order = Order("SIGNATURES", (_S.c.id,), descending)
    return fetch(context.connection, query, order, page_args, scope_of(filter_))


def matching(context: QueryContext, filter_: SignatureFilter) -> list[ColumnElement[bool]]:
    """Conditions of which all hold for the visible signatures that the filter finds."""
    return [*_visible(context), *filter_.conditions()]


def count(context: QueryContext, filter_: SignatureFilter) -> int:
    """How many signatures the filter finds."""
    query = sa.select(sa.func.count()).where(*matching(context, filter_))
    return int(context.connection.execute(query).scalar_one())


def by_ids(context: QueryContext, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Those of these signatures that the viewer may see."""
    query = sa.select(*_SIGNATURE).where(id_in(_S.c.id), *_visible(context))
    return {row.id: row for row in context.connection.execute(query, {"ids": sorted(ids)}).all()}


def of_owners(
    context: QueryContext,
    owner: SignatureOwner,
    ids: Collection[UUID],
    filter_: SignatureFilter,
    page_args: PageArgs,
    *,
    descending: bool = True,
) -> dict[UUID, Page[Row[Any]]]:
    """A page of the signatures of each owner, in one statement for all of them.

    Of releases the caller has made sure that the viewer may see them, and so their signatures.
    """
    query = sa.select(*_SIGNATURE).where(*_of(context, owner, filter_))
    order, scope = Order("SIGNATURES", (_S.c.id,), descending), scope_of(filter_)
    connection = context.connection
    return fetch_for_owners(connection, query, owner.column, ids, order, page_args, scope)


def counts_of_owners(
    context: QueryContext, owner: SignatureOwner, ids: Collection[UUID], filter_: SignatureFilter
) -> dict[UUID, int]:
    """How many signatures each owner has, for what `of_owners` lists."""
    return counts(context, _S, owner.column, ids, _of(context, owner, filter_))


def _of(
    context: QueryContext, owner: SignatureOwner, filter_: SignatureFilter
) -> list[ColumnElement[bool]]:
    if owner is SignatureOwner.RELEASE:
        return [_of_account(context), _IS_MADE, *filter_.conditions()]
    return matching(context, filter_)


def _visible(context: QueryContext) -> Iterator[ColumnElement[bool]]:
    """One's own, those of releases that one sees, and all for those who may see all."""
    yield _of_account(context)
    yield _IS_MADE
    if not context.actor.permissions & _SEES_ALL:
        releases = sa.select(t.releases.c.id).where(is_visible(context))
        yield sa.or_(_S.c.user_id == context.actor.user_id, _S.c.release_id.in_(releases))


def _of_account(context: QueryContext) -> ColumnElement[bool]:
    """Match the account's, without its index: lists are read by owner, digest, or newest first."""
    return no_index(_S.c.account_id) == context.account_id
