"""Uses of keys for certificates that have begun and not ended."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision: str | None = "0049"


def upgrade() -> None:
    op.create_table(
        "certifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("keypair_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_certifications_{column}")
            )
            for column, table in (("account_id", "accounts"), ("keypair_id", "keypairs"))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certifications")),
    )
    for column in ("lapses_at", "keypair_id"):
        op.create_index(op.f(f"ix_certifications_{column}"), "certifications", [column])
