"""Certificates of keypairs."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision: str | None = "0042"

EXACT_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
KIND = sa.Enum(
    "X509",
    "OPENPGP",
    name="certificate_kind",
    native_enum=False,
    create_constraint=True,
    length=30,
)


def upgrade() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("keypair_id", sa.Uuid(), nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("serial_number", sa.Text(), nullable=True),
        sa.Column("fingerprint", EXACT_TEXT, nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.Uuid(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_certificates_{column}")
            )
            for column, table in (
                ("account_id", "accounts"),
                ("keypair_id", "keypairs"),
                ("added_by", "users"),
                ("removed_by", "users"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
    )
    is_default, is_kept = sa.text("is_default"), sa.text("removed_at IS NULL")
    op.create_index(
        "uq_certificates_default",
        "certificates",
        ["keypair_id"],
        unique=True,
        sqlite_where=is_default,
        postgresql_where=is_default,
    )
    op.create_index(
        "uq_certificates_fingerprint",
        "certificates",
        ["keypair_id", "fingerprint"],
        unique=True,
        sqlite_where=is_kept,
        postgresql_where=is_kept,
    )
    for owner in ("account_id", "keypair_id"):
        op.create_index(
            op.f(f"ix_certificates_{owner}_expires_at_id"),
            "certificates",
            [owner, "expires_at", "id"],
        )
