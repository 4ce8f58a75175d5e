"""A revision of each team, so that nobody overwrites a change that they have not seen."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision: str | None = "0026"


def upgrade() -> None:
    op.add_column("teams", sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
