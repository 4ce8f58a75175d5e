"""Signatures: reserved, then settled. Only a reserved one can be settled."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text, text

from engine.model.algorithms import DigestAlgorithm
from engine.model.vocabulary import Channel, SignatureState
from engine.persistence.db.sql import ExactText, instant, key, link, word
from engine.persistence.store.tables.base import metadata

#: As text, so that the database sees that a partial index serves: a parameter could be anything.
IS_RESERVED = text("state = 'RESERVED'")
IS_RESERVED_OR_MADE = text("state IN ('RESERVED', 'MADE')")

signatures = Table(
    "signatures",
    metadata,
    key(),
    link("account_id", "accounts.id"),
    link("user_id", "users.id"),
    link("keypair_id", "keypairs.id"),
    #: The release it counts toward; null when unassociated.
    link("release_id", "releases.id", nullable=True),
    Column("state", word(SignatureState), nullable=False),
    #: Of the content, where content was signed.
    Column("digest", LargeBinary, nullable=False),
    Column("digest_algorithm", word(DigestAlgorithm), nullable=False),
    Column("value", LargeBinary),
    Column("factors", Text, nullable=False),  # canonical JSON
    Column("channel", word(Channel), nullable=False),
    Column("idempotency_key", ExactText),
    instant("reserved_at"),
    #: When an unsettled reservation is given back.
    instant("lapses_at"),
    instant("settled_at", nullable=True),
    Index(
        "uq_signatures_idempotency",
        "user_id",
        "idempotency_key",
        unique=True,
        sqlite_where=text("idempotency_key IS NOT NULL AND state IN ('RESERVED', 'MADE')"),
        postgresql_where=text("idempotency_key IS NOT NULL AND state IN ('RESERVED', 'MADE')"),
    ),
    Index(
        "ix_signatures_reserved",
        "lapses_at",
        sqlite_where=IS_RESERVED,
        postgresql_where=IS_RESERVED,
    ),
    Index(None, "release_id", "id"),
    Index(None, "keypair_id", "id"),
)
