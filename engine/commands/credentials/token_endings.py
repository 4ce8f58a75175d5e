"""Revoke API tokens, and with them all tokens that were made with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from engine.model.events import TokenEnded
from engine.persistence.store.credentials import pipeline_tokens
from engine.persistence.store.credentials.api_tokens import revoke_with_descendants
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RevokedTokens:
    """The outcome of revoking one token."""

    token_id: UUID
    #: All that ended with it, itself first.
    ended_ids: tuple[UUID, ...]


def end_tokens(uow: UnitOfWork, ids: Collection[UUID], reason: str) -> Sequence[Row[Any]]:
    """Revoke these tokens and all live ones made with them, directly or not; returns what ended.

    The account's people are held meanwhile, so that none of them makes another one. Each that was
    not named itself gets a ledger entry with the reason.
    """
    rows = revoke_with_descendants(uow, ids)
    for row in rows:
        if row.id not in ids:
            uow.record(
                TokenEnded(subject_id=row.id, reason=reason, name=row.name, parent_id=row.parent_id)
            )
    return rows


def end_tokens_of_rule(uow: UnitOfWork, rule: Row[Any], reason: str) -> None:
    """Revoke the live tokens that pipelines have by a rule; each gets a ledger entry."""
    for row in pipeline_tokens.revoke_tokens_of_rule(uow, rule.id):
        uow.record(TokenEnded(subject_id=row.id, reason=reason, name=row.name, parent_id=None))
