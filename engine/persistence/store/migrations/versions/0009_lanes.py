"""What one person is to be told about one release has an order of its own."""

import sqlalchemy as sa

from engine.persistence.db.concurrent_index import build_index

revision = "0009"
down_revision: str | None = "0008"

LANE = ["release_id", "user_id", "channel", "created_at", "id"]
QUEUED = sa.text("state = 'QUEUED'")


def upgrade() -> None:
    build_index(
        "ix_deliveries_lane", "deliveries", LANE, sqlite_where=QUEUED, postgresql_where=QUEUED
    )
