"""OpenPGP as a form over raw keys: the certificate, and the primary key beside the subkey."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision: str | None = "0038"


def upgrade() -> None:
    op.add_column("keypairs", sa.Column("openpgp_certificate", sa.Text(), nullable=True))
    op.add_column(
        "keypairs", sa.Column("openpgp_created_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_table(
        "openpgp_primary_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("keypair_id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("material", sa.LargeBinary(), nullable=False),
        sa.Column("master_key_id", sa.Text(), nullable=True),
        sa.Column("openpgp_user_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revocation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["keypair_id"], ["keypairs.id"], name=op.f("fk_openpgp_primary_keys_keypair_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_openpgp_primary_keys")),
        sa.UniqueConstraint("keypair_id", name=op.f("uq_openpgp_primary_keys_keypair_id")),
    )
