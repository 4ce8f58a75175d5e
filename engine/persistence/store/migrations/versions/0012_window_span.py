"""How long a release's window may be at most, in days."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision: str | None = "0011"


def upgrade() -> None:
    op.add_column(
        "accounts",
        sa.Column("max_window_days", sa.Integer(), nullable=False, server_default=sa.text("366")),
    )
