"""Which pipelines a release signs for, and which one requested it."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision: str | None = "0033"


def upgrade() -> None:
    op.add_column("releases", sa.Column("origin_condition", sa.Text(), nullable=True))
    op.add_column("releases", sa.Column("requested_from", sa.Text(), nullable=True))
