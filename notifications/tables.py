"""Deliveries and action links, on the same MetaData as the engine's tables."""

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from engine.persistence.columns import instant, key, link, word
from engine.persistence.tables.base import metadata
from notifications.vocabulary import DeliveryState, LinkPurpose

action_links = Table(
    "action_links",
    metadata,
    key(),
    link("account_id", "accounts.id"),
    link("user_id", "users.id"),
    link("release_id", "releases.id"),
    Column("purpose", word(LinkPurpose), nullable=False),
    #: The revision as it was when the link was made.
    Column("revision", Integer, nullable=False),
    Column("material_revision", Integer, nullable=False),
    #: With the link's id and the link key it makes the token, which is stored nowhere.
    Column("nonce", LargeBinary, nullable=False),
    #: SHA-256 of the token.
    Column("token_hash", LargeBinary, nullable=False),
    instant("created_at"),
    instant("expires_at"),
    instant("used_at", nullable=True),
    #: Ended by something else: the request's end, a new round, its user's deactivation.
    instant("voided_at", nullable=True),
    Index(
        "uq_action_links_live",
        "release_id",
        "material_revision",
        "user_id",
        "purpose",
        unique=True,
        sqlite_where=text("voided_at IS NULL"),
        postgresql_where=text("voided_at IS NULL"),
    ),
    Index(None, "user_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    #: Also names the message, so that a repeat is recognised as one.
    key(),
    link("account_id", "accounts.id"),
    link("user_id", "users.id"),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    #: Why this person is told: space-separated audiences.
    Column("audiences", Text, nullable=False),
    link("release_id", "releases.id", nullable=True),
    Column("revision", Integer),
    link("action_link_id", "action_links.id", nullable=True),
    #: What the message says that may be different later: canonical JSON.
    Column("facts", Text, nullable=False),
    Column("state", word(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False),
    #: When it is due; while claimed, when the claim lapses.
    instant("next_attempt_at"),
    #: Whose turn it is; only they may settle it.
    Column("claim_id", Uuid),
    Column("last_error", Text),
    instant("created_at"),
    instant("settled_at", nullable=True),
    Index(
        "ix_deliveries_due",
        "next_attempt_at",
        "id",
        sqlite_where=text("state = 'QUEUED'"),
        postgresql_where=text("state = 'QUEUED'"),
    ),
    Index(None, "release_id", "id"),
    Index(None, "user_id", "id"),
    Index(None, "action_link_id"),
)
