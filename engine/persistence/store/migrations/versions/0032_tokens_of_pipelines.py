"""By which rule a pipeline got its token, and what the token is limited to."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision: str | None = "0031"


def upgrade() -> None:
    op.add_column("api_tokens", sa.Column("rule_id", sa.Uuid(), nullable=True))
    op.add_column("api_tokens", sa.Column("pipeline", sa.Text(), nullable=True))
