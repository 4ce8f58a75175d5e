"""The tokens that were made with a token are found by an index."""

from engine.persistence.db.concurrent_index import build_index

revision = "0014"
down_revision: str | None = "0013"


def upgrade() -> None:
    build_index("ix_api_tokens_parent_id", "api_tokens", ["parent_id"])
