"""What waits for a decision is found by an index, however much lies behind it."""

from engine.persistence.db.concurrent_index import build_index

revision = "0006"
down_revision: str | None = "0005"


def upgrade() -> None:
    columns = ["account_id", "status", "starts_at", "id"]
    build_index("ix_releases_account_id_status_starts_at_id", "releases", columns)
