"""Pipelines' own tokens that were exchanged."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision: str | None = "0030"


def upgrade() -> None:
    op.create_table(
        "used_pipeline_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_used_pipeline_tokens_account_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_used_pipeline_tokens")),
    )
    op.create_index(
        op.f("ix_used_pipeline_tokens_expires_at"), "used_pipeline_tokens", ["expires_at"]
    )
