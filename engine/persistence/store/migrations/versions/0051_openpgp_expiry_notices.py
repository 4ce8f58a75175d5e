"""Which notice that it expires was sent last for an OpenPGP certificate."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision: str | None = "0050"


def upgrade() -> None:
    column = sa.Column("expiry_notice_days", sa.Integer(), nullable=True)
    op.add_column("openpgp_primary_keys", column)
