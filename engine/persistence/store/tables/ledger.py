"""The ledger: entries chained by hash, and each account's head, locked last."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, text

from engine.persistence.db.types import Id, foreign_key, timestamp
from engine.persistence.store.tables.base import metadata

#: As text, so that the database sees that a partial index serves: a parameter could be anything.
IS_RELEASE_EDIT = text("tag = 'release:revised'")

ledger_heads = Table(
    "ledger_heads",
    metadata,
    foreign_key("account_id", "accounts.id", primary_key=True),
    #: Entries so far; the last one's position.
    Column("count", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    #: The tags that webhooks subscribe to, separated by spaces, some ending in `*`. The database
    #: keeps the name that the column was created with.
    Column("heard", Text, key="subscribed_tags", nullable=False, server_default=""),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    foreign_key("account_id", "accounts.id", primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("tag", Text, nullable=False),
    # No references: the ledger outlives what it speaks of.
    Column("actor_id", Id),
    Column("subject_id", Id),
    Column("release_id", Id),
    timestamp("effective_at"),
    timestamp("recorded_at"),
    #: What is hashed: canonical JSON, exactly these characters.
    Column("body", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index(None, "release_id", "position"),
    #: Edits are few among what happens to a release.
    Index(
        "ix_ledger_entries_release_edits",
        "release_id",
        "position",
        sqlite_where=IS_RELEASE_EDIT,
        postgresql_where=IS_RELEASE_EDIT,
    ),
    Index(None, "account_id", "subject_id", "position"),
    Index(None, "account_id", "actor_id", "position"),
)
