"""A message may go to another address than its user's own."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision: str | None = "0019"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("deliveries", sa.Column("address_change_id", sa.Uuid(), nullable=True))
