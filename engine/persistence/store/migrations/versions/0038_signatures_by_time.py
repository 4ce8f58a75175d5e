"""Signatures are counted by when they were made."""

from engine.persistence.db.concurrent_index import build_index

revision = "0038"
down_revision: str | None = "0037"


def upgrade() -> None:
    build_index("ix_signatures_account_id_reserved_at", "signatures", ["account_id", "reserved_at"])
