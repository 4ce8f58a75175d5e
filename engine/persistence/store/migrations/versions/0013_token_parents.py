"""A token names the token it was made with."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision: str | None = "0012"


def upgrade() -> None:
    op.add_column("api_tokens", sa.Column("parent_id", sa.Uuid(), nullable=True))
