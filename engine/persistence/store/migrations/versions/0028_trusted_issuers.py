"""Issuers whose tokens an account trusts."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision: str | None = "0027"

EXACT_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "trusted_issuers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", EXACT_TEXT, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "GITHUB_ACTIONS",
                "GITLAB_CI",
                "BUILDKITE",
                "KUBERNETES",
                "OTHER",
                name="issuer_kind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("issuer", EXACT_TEXT, nullable=False),
        sa.Column("audience", EXACT_TEXT, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_trusted_issuers_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_issuers")),
        sa.UniqueConstraint(
            "account_id", "name_key", name=op.f("uq_trusted_issuers_account_id_name_key")
        ),
        sa.UniqueConstraint(
            "account_id", "issuer", name=op.f("uq_trusted_issuers_account_id_issuer")
        ),
    )
