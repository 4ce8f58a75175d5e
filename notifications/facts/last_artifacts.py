"""What the last signatures of a release were for, as their callers stated it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.model.vocabulary import SignatureState
from engine.persistence.store import tables as t

#: Artifacts that a message names, those of the last signatures.
MAX_ARTIFACTS = 5


def last_artifacts(connection: Connection, release_id: UUID) -> dict[str, Any]:
    """Return `artifacts`, the names of the last ones, and `build`, the context of the very last.

    Both are lists of texts, the last one first, and are left out if nobody stated an artifact.
    """
    s = t.signatures.c
    query = (
        sa.select(s.artifact_name, s.context)
        .where(
            s.release_id == release_id,
            s.state == SignatureState.MADE,
            s.artifact_name.is_not(None),
        )
        .order_by(s.id.desc())
        .limit(MAX_ARTIFACTS)
    )
    rows = connection.execute(query).all()
    if not rows:
        return {}
    context = json.loads(rows[0].context or "{}")
    return {
        "artifacts": list(dict.fromkeys(row.artifact_name for row in rows)),
        # Each on one line: a text with several lines could pass for lines of the message.
        "build": [f"{name}: {' '.join(text.split())}" for name, text in sorted(context.items())],
    }
