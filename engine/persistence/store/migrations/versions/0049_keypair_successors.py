"""Which keypair took the place of which."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision: str | None = "0048"


def upgrade() -> None:
    op.create_table(
        "keypair_successors",
        sa.Column("predecessor_id", sa.Uuid(), nullable=False),
        sa.Column("successor_id", sa.Uuid(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], ["keypairs.id"], name=op.f(f"fk_keypair_successors_{column}")
            )
            for column in ("predecessor_id", "successor_id")
        ),
        sa.PrimaryKeyConstraint("predecessor_id", name=op.f("pk_keypair_successors")),
        sa.UniqueConstraint("successor_id", name=op.f("uq_keypair_successors_successor_id")),
    )
