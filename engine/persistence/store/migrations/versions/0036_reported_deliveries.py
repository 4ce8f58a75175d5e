"""Which deliveries in trouble the ledger has recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision: str | None = "0035"


def upgrade() -> None:
    for name in ("failing_reported_at", "failure_reported_at"):
        op.add_column("deliveries", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
