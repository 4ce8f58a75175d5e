"""Webhooks, what people want to be told, and approvals by people signed in."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    # Existing accounts go on as they were.
    op.add_column(
        "accounts",
        sa.Column("signed_in_approvals", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("previous_seed", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_webhooks_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index(op.f("ix_webhooks_account_id"), "webhooks", ["account_id"], unique=False)
    op.create_table(
        "preferences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_preferences_user_id")),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_preferences")),
    )
    # SQLite makes the table anew, from this: it cannot read back its own CHECK constraints.
    with op.batch_alter_table("deliveries", copy_from=_deliveries()) as batch:
        batch.alter_column("user_id", existing_type=sa.Uuid(), nullable=True)
        batch.add_column(sa.Column("webhook_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_deliveries_webhook_id"), "webhooks", ["webhook_id"], ["id"]
        )
        batch.create_check_constraint(
            op.f("ck_deliveries_one_recipient"), "(user_id IS NULL) <> (webhook_id IS NULL)"
        )
    op.create_index(
        op.f("ix_deliveries_webhook_id_id"), "deliveries", ["webhook_id", "id"], unique=False
    )


def _deliveries() -> sa.Table:
    """As 0002 made it."""
    queued = sa.text("state = 'QUEUED'")
    return sa.Table(
        "deliveries",
        sa.MetaData(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("audiences", sa.Text(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("action_link_id", sa.Uuid(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('QUEUED', 'SENT', 'FAILED', 'VOID')",
            name=op.f("ck_deliveries_delivery_state"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_deliveries_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["action_link_id"], ["action_links.id"], name=op.f("fk_deliveries_action_link_id")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_deliveries_release_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_deliveries_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.Index("ix_deliveries_due", "next_attempt_at", "id", sqlite_where=queued),
        sa.Index(op.f("ix_deliveries_release_id_id"), "release_id", "id"),
        sa.Index(op.f("ix_deliveries_user_id_id"), "user_id", "id"),
        sa.Index(op.f("ix_deliveries_action_link_id"), "action_link_id"),
    )
