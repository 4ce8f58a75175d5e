"""A delivery keeps what its calendar file shows, so that later ones follow from it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("calendar", sa.Text(), nullable=True))
