"""Issuers whose tokens an account trusts, and the rules about pipelines that prove themselves."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from engine.model.origins import IssuerKind
from engine.persistence.db.types import ExactText, enum_column, foreign_key, primary_key, timestamp
from engine.persistence.store.tables.base import metadata

trusted_issuers = Table(
    "trusted_issuers",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    Column("name", Text, nullable=False),
    Column("name_key", ExactText, nullable=False),
    Column("kind", enum_column(IssuerKind), nullable=False),
    #: The `iss` of its tokens.
    Column("issuer", ExactText, nullable=False),
    #: The `aud` of its tokens; null: the public URL of this service.
    Column("audience", ExactText),
    timestamp("created_at"),
    UniqueConstraint("account_id", "name_key"),
    UniqueConstraint("account_id", "issuer"),
)

pipeline_rules = Table(
    "pipeline_rules",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    foreign_key("issuer_id", "trusted_issuers.id", index=True),
    #: The service user that the pipeline acts as.
    foreign_key("user_id", "users.id", index=True),
    Column("name", Text, nullable=False),
    Column("name_key", ExactText, nullable=False),
    Column("conditions", Text, nullable=False),  # canonical JSON
    Column("scopes", Text, nullable=False),  # space-separated permissions
    Column("keypair_ids", Text, nullable=False),  # space-separated
    Column("lifetime_seconds", Integer, nullable=False),
    timestamp("created_at"),
    UniqueConstraint("account_id", "name_key"),
    CheckConstraint("lifetime_seconds BETWEEN 60 AND 900", name="lifetime"),
)

#: Pipelines' own tokens that were exchanged, until they have expired: none is exchanged twice.
used_pipeline_tokens = Table(
    "used_pipeline_tokens",
    metadata,
    #: SHA-256 of issuer and `jti`, or of what is signed in a token without one.
    Column("token_hash", LargeBinary, primary_key=True),
    foreign_key("account_id", "accounts.id"),
    timestamp("expires_at", index=True),
)
