"""What an identity provider knows of the users and teams that it manages."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision: str | None = "0029"


def upgrade() -> None:
    op.create_table(
        "directory_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column(
            "external_id",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(user_id IS NULL) <> (team_id IS NULL)", name=op.f("ck_directory_entries_subject")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_directory_entries_{column}")
            )
            for column, table in (
                ("account_id", "accounts"),
                ("user_id", "users"),
                ("team_id", "teams"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_entries")),
        sa.UniqueConstraint("user_id", name=op.f("uq_directory_entries_user_id")),
        sa.UniqueConstraint("team_id", name=op.f("uq_directory_entries_team_id")),
    )
    op.create_index(
        op.f("ix_directory_entries_account_id_external_id"),
        "directory_entries",
        ["account_id", "external_id"],
    )
