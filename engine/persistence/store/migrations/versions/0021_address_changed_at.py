"""When a user's address was changed last: links from before then were sent to another mailbox."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision: str | None = "0020"


def upgrade() -> None:
    column = sa.Column("address_changed_at", sa.DateTime(timezone=True), nullable=True)
    op.add_column("users", column)
