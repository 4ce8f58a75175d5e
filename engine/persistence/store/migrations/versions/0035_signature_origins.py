"""Where the pipeline runs that signed."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision: str | None = "0034"


def upgrade() -> None:
    op.add_column("signatures", sa.Column("origin", sa.Text(), nullable=True))
