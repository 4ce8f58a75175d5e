"""Signatures are found by the digest that was signed, and by that of their artifact."""

import sqlalchemy as sa

from engine.persistence.db.concurrent_index import build_index

revision = "0023"
down_revision: str | None = "0022"

HAS_ARTIFACT = sa.text("artifact_digest IS NOT NULL")


def upgrade() -> None:
    build_index("ix_signatures_digest", "signatures", ["digest"])
    build_index(
        "ix_signatures_artifact_digest",
        "signatures",
        ["artifact_digest"],
        sqlite_where=HAS_ARTIFACT,
        postgresql_where=HAS_ARTIFACT,
    )
