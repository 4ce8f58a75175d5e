"""Of a message that was sent again: which one it repeats, and who asked for that."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision: str | None = "0014"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("copy_of", sa.Uuid(), nullable=True))
    op.add_column("deliveries", sa.Column("requested_by", sa.Uuid(), nullable=True))
