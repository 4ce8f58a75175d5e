"""Since when a keypair is retired."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision: str | None = "0047"


def upgrade() -> None:
    retired_at = sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True)
    op.add_column("keypairs", retired_at)
