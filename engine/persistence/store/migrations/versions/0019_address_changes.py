"""Changes of a user's e-mail address that wait for the new mailbox's answer."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision: str | None = "0018"


def upgrade() -> None:
    op.create_table(
        "address_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_address_changes_{column}")
            )
            for column, table in (
                ("account_id", "accounts"),
                ("user_id", "users"),
                ("requested_by", "users"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_changes")),
    )
    op.create_index(
        "uq_address_changes_live",
        "address_changes",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text("used_at IS NULL AND voided_at IS NULL"),
        postgresql_where=sa.text("used_at IS NULL AND voided_at IS NULL"),
    )
    for column in ("user_id", "requested_by"):
        op.create_index(
            op.f(f"ix_address_changes_{column}_created_at"),
            "address_changes",
            [column, "created_at"],
        )
