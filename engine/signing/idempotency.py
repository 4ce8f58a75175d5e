"""Signatures that were asked for before with the same idempotency keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signing.request import Ask, malformed

#: An earlier signature, by who asked for it and their idempotency key.
IdempotentResult = dict[tuple[UUID, str], dict[str, Any]]

_S = t.signatures
_EARLIER = sa.select(
    _S.c.user_id,
    _S.c.idempotency_key,
    _S.c.id,
    _S.c.keypair_id,
    _S.c.digest,
    _S.c.digest_algorithm,
    _S.c.state,
).where(
    _S.c.user_id.in_(sa.bindparam("users", expanding=True)),
    _S.c.idempotency_key.in_(sa.bindparam("keys", expanding=True)),
    t.IS_RESERVED_OR_MADE,
)


def load_idempotent_results(uow: UnitOfWork, asks: Sequence[Ask]) -> IdempotentResult:
    """Reserved or made, of whatever keypair."""
    # A malformed key is refused by its own rule; the database need not see it.
    given = {
        (ask.principal.user_id, request.idempotency_key)
        for ask in asks
        for request in ask.requests
        if request.idempotency_key is not None and malformed(request) is None
    }
    if not given:
        return {}
    asked = {
        "users": sorted({user_id for user_id, _ in given}),
        "keys": sorted({key for _, key in given}),
    }
    rows = uow.connection.execute(_EARLIER, asked).all()
    return {(row.user_id, row.idempotency_key): dict(row._mapping) for row in rows}
