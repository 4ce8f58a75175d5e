"""Rules about pipelines that prove themselves with a token of a trusted issuer."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision: str | None = "0028"

EXACT_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "pipeline_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", EXACT_TEXT, nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("keypair_ids", sa.Text(), nullable=False),
        sa.Column("lifetime_seconds", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_pipeline_rules_{column}")
            )
            for column, table in (
                ("account_id", "accounts"),
                ("issuer_id", "trusted_issuers"),
                ("user_id", "users"),
            )
        ),
        sa.CheckConstraint(
            "lifetime_seconds BETWEEN 60 AND 900", name=op.f("ck_pipeline_rules_lifetime")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_rules")),
        sa.UniqueConstraint(
            "account_id", "name_key", name=op.f("uq_pipeline_rules_account_id_name_key")
        ),
    )
    for column in ("issuer_id", "user_id"):
        op.create_index(op.f(f"ix_pipeline_rules_{column}"), "pipeline_rules", [column])
