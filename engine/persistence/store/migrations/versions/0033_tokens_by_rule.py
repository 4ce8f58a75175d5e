"""Tokens of pipelines are found by their rule."""

import sqlalchemy as sa

from engine.persistence.db.concurrent_index import build_index

revision = "0033"
down_revision: str | None = "0032"

OF_A_RULE = sa.text("rule_id IS NOT NULL")


def upgrade() -> None:
    build_index(
        "ix_api_tokens_rule_id",
        "api_tokens",
        ["rule_id"],
        sqlite_where=OF_A_RULE,
        postgresql_where=OF_A_RULE,
    )
