"""Copies of messages are counted, by what they repeat and by who asked for them."""

import sqlalchemy as sa

from engine.persistence.db.concurrent_index import build_index

revision = "0016"
down_revision: str | None = "0015"

INDEXES = {"ix_deliveries_requested": "requested_by", "ix_deliveries_copies": "copy_of"}


def upgrade() -> None:
    for name, column in INDEXES.items():
        only = sa.text(f"{column} IS NOT NULL")
        build_index(
            name, "deliveries", [column, "created_at"], sqlite_where=only, postgresql_where=only
        )
