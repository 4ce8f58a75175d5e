"""Which notice that it expires was sent last for a certificate."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision: str | None = "0046"


def upgrade() -> None:
    op.add_column("certificates", sa.Column("expiry_notice_days", sa.Integer(), nullable=True))
