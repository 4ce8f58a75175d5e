"""What was given to be signed, and the namespace of signatures of OpenSSH."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision: str | None = "0043"

EXACT_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("signatures", sa.Column("form", sa.String(), nullable=True))
    op.add_column("signatures", sa.Column("namespace", EXACT_TEXT, nullable=True))
