"""Deliveries in trouble that the ledger has not recorded are read by an index."""

import sqlalchemy as sa

from engine.persistence.db.concurrent_index import build_index

revision = "0037"
down_revision: str | None = "0036"

FAILING = sa.text("state = 'QUEUED' AND last_error IS NOT NULL AND failing_reported_at IS NULL")
FAILED = sa.text("state = 'FAILED' AND failure_reported_at IS NULL")


def upgrade() -> None:
    for name, first_column, condition in (
        ("ix_deliveries_failing", "created_at", FAILING),
        ("ix_deliveries_failed", "settled_at", FAILED),
    ):
        build_index(
            name,
            "deliveries",
            [first_column, "id"],
            sqlite_where=condition,
            postgresql_where=condition,
        )
