"""What a manifest says: a release with its approvals, and the signatures made in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.model.facts import Release
from engine.model.vocabulary import SignatureState
from engine.persistence.db.sql import no_index
from engine.persistence.store import tables as t
from engine.queries import decisions, records, releases
from engine.queries.context import QueryContext
from engine.queries.records import Record, RecordKind

_S = t.signatures
#: Before the first signature.
FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """A release as its manifest names it."""

    release: Release
    requester: Record
    team: Record | None
    #: The decisions by which it was approved, each with its approver.
    decisions: Sequence[tuple[Row[Any], Record]]


def release_record(context: QueryContext, release_id: UUID) -> ReleaseRecord | None:
    """The release, or None if the viewer may not see it."""
    release = releases.by_ids(context, [release_id]).get(release_id)
    if release is None:
        return None
    rows = decisions.of_releases(context, [release])[release_id]
    user_ids = {release.creator_id, *(row.approver_id for row in rows)}
    users = records.by_ids(context, RecordKind.USER, user_ids)
    team_id = release.fields.team_id
    teams = records.by_ids(context, RecordKind.TEAM, [team_id] if team_id is not None else [])
    return ReleaseRecord(
        release,
        users[release.creator_id],
        teams[team_id] if team_id is not None else None,
        [(row, users[row.approver_id]) for row in rows],
    )


def signature_rows(
    context: QueryContext, release_id: UUID, after: UUID = FIRST, limit: int = 1000
) -> Sequence[Row[Any]]:
    """The next signatures of a release, oldest first.

    Whether the viewer may see the release was decided by `release_record`, in the same transaction.

    Args:
        context: Of the query.
        release_id: The release.
        after: The id of the last signature that is known already.
        limit: How many are returned at most.

    Returns:
        The rows of the signatures, with `alias` and `algorithm` of the keypair, and with
        `signer_name` and `signer_email`.
    """
    k, u = t.keypairs, t.users
    query = (
        sa.select(
            _S,
            k.c.alias,
            k.c.algorithm,
            u.c.name.label("signer_name"),
            u.c.email.label("signer_email"),
        )
        .join(k, k.c.id == _S.c.keypair_id)
        .join(u, u.c.id == _S.c.user_id)
        .where(
            _S.c.release_id == release_id,
            _S.c.state == SignatureState.MADE,
            _S.c.id > after,
            no_index(_S.c.account_id) == context.account_id,
        )
        .order_by(_S.c.id)
        .limit(limit)
    )
    return context.connection.execute(query).all()
