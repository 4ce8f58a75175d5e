"""An account can keep its offline keypairs from signing anything outside of releases."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision: str | None = "0045"


def upgrade() -> None:
    op.add_column(
        "accounts",
        sa.Column("offline_certification", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
