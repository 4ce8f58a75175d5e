"""The edits of a release are found in the ledger by an index of their own."""

import sqlalchemy as sa

from engine.persistence.db.concurrent_index import build_index

revision = "0010"
down_revision: str | None = "0009"


def upgrade() -> None:
    edits = sa.text("tag = 'release:revised'")
    build_index(
        "ix_ledger_entries_release_edits",
        "ledger_entries",
        ["release_id", "position"],
        sqlite_where=edits,
        postgresql_where=edits,
    )
