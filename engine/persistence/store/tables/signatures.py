"""Signatures: reserved, then settled. Only a reserved one can be settled."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, text

from engine.model.algorithms import DigestAlgorithm
from engine.model.vocabulary import Channel, SignatureForm, SignatureState
from engine.persistence.db.types import ExactText, enum_column, foreign_key, primary_key, timestamp
from engine.persistence.store.tables.base import metadata

#: As text, so that the database sees that a partial index serves: a parameter could be anything.
IS_RESERVED = text("state = 'RESERVED'")
IS_RESERVED_OR_MADE = text("state IN ('RESERVED', 'MADE')")

signatures = Table(
    "signatures",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    foreign_key("user_id", "users.id"),
    foreign_key("keypair_id", "keypairs.id"),
    #: The release it counts toward; null when unassociated.
    foreign_key("release_id", "releases.id", nullable=True),
    Column("state", enum_column(SignatureState), nullable=False),
    #: Of the content or message, where one was signed.
    Column("digest", LargeBinary, nullable=False),
    Column("digest_algorithm", enum_column(DigestAlgorithm), nullable=False),
    Column("value", LargeBinary),
    #: Null in rows of earlier versions, which signed digests and content.
    Column("form", enum_column(SignatureForm)),
    #: Of the form `SSHSIG`.
    Column("namespace", ExactText),
    Column("factors", Text, nullable=False),  # canonical JSON
    Column("channel", enum_column(Channel), nullable=False),
    Column("idempotency_key", ExactText),
    #: What the signature is for, as its caller said.
    Column("artifact_name", Text),
    Column("artifact_size", BigInteger),
    Column("artifact_digest", LargeBinary),
    Column("artifact_digest_algorithm", enum_column(DigestAlgorithm)),
    Column("context", Text),  # canonical JSON
    #: Canonical JSON of where the pipeline runs that signed; null: no pipeline has.
    Column("origin", Text),
    timestamp("reserved_at"),
    #: When an unsettled reservation is given back.
    timestamp("lapses_at"),
    timestamp("settled_at", nullable=True),
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
    Index(None, "digest"),
    Index(
        None,
        "artifact_digest",
        sqlite_where=text("artifact_digest IS NOT NULL"),
        postgresql_where=text("artifact_digest IS NOT NULL"),
    ),
    Index(None, "release_id", "id"),
    Index(None, "keypair_id", "id"),
    #: For counts by hour or day alone; lists are read in the order of their ids.
    Index(None, "account_id", "reserved_at"),
)
