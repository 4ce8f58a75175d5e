"""What somebody sees as its creator or in a team is found in every order of lists."""

from engine.persistence.db.concurrent_index import build_index, drop_index

revision = "0008"
down_revision: str | None = "0007"

OWNERS = ("creator_id", "team_id")
ORDERS = ("starts_at", "ends_at", "created_at", "name_key")


def upgrade() -> None:
    for whose in OWNERS:
        for order in ORDERS:
            build_index(f"ix_releases_{whose}_{order}", "releases", [whose, order, "id"])
        # It is the beginning of each of those.
        drop_index(f"ix_releases_{whose}", "releases")
