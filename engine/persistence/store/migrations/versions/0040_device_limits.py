"""Limits on devices that ask for a session hold over all processes."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision: str | None = "0039"


def upgrade() -> None:
    op.add_column("device_authorizations", sa.Column("client", sa.Text(), nullable=True))
    op.create_table(
        "device_code_attempts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("counted_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_device_code_attempts_user_id")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_device_code_attempts")),
    )
