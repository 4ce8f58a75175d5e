"""Keys of signers that keypairs have adopted."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision: str | None = "0044"


def upgrade() -> None:
    op.create_table(
        "adopted_keys",
        sa.Column("backend", sa.Text(), nullable=False),
        sa.Column("public_key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("keypair_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["keypair_id"], ["keypairs.id"], name=op.f("fk_adopted_keys_keypair_id")
        ),
        sa.PrimaryKeyConstraint("backend", "public_key_hash", name=op.f("pk_adopted_keys")),
    )
    op.create_index(op.f("ix_adopted_keys_keypair_id"), "adopted_keys", ["keypair_id"])
