"""An account can keep its users from renaming themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"


def upgrade() -> None:
    op.add_column(
        "accounts",
        sa.Column(
            "users_may_rename_themselves", sa.Boolean(), nullable=False, server_default=sa.true()
        ),
    )
