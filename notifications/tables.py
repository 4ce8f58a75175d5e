"""Deliveries, action links, webhooks and preferences, on the engine's MetaData."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from engine.persistence.db.types import Id, enum_column, foreign_key, primary_key, timestamp
from engine.persistence.store.tables.base import metadata
from notifications.vocabulary import DeliveryState, LinkPurpose

#: As text, so that the database sees that a partial index serves: a parameter could be anything.
IS_QUEUED = text("state = 'QUEUED'")

action_links = Table(
    "action_links",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    foreign_key("user_id", "users.id"),
    foreign_key("release_id", "releases.id"),
    Column("purpose", enum_column(LinkPurpose), nullable=False),
    #: The revision as it was when the link was made.
    Column("revision", Integer, nullable=False),
    Column("material_revision", Integer, nullable=False),
    #: With the link's id and the link key it makes the token, which is stored nowhere.
    Column("nonce", LargeBinary, nullable=False),
    #: SHA-256 of the token.
    Column("token_hash", LargeBinary, nullable=False),
    timestamp("created_at"),
    timestamp("expires_at"),
    timestamp("used_at", nullable=True),
    #: Ended by something else: the request's end, a new round, its user's deactivation.
    timestamp("voided_at", nullable=True),
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

webhooks = Table(
    "webhooks",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    #: Which ledger entries it is told: space-separated patterns of tags.
    Column("tags", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    #: Why it was switched off, if we did it ourselves.
    Column("disabled_reason", Text),
    #: With the webhook's id and a key it makes the secret, which is stored nowhere.
    Column("seed", LargeBinary, nullable=False),
    #: Of the secret before this one, which signs too until then.
    Column("previous_seed", LargeBinary),
    timestamp("previous_until", nullable=True),
    timestamp("created_at"),
    Index(None, "account_id"),
)

preferences = Table(
    "preferences",
    metadata,
    foreign_key("user_id", "users.id", primary_key=True),
    Column("kind", Text, primary_key=True),
    #: Space-separated names; none: not told. Whoever has no row is told by mail.
    Column("channels", Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    #: Also names the message, so that a repeat is recognised as one.
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    #: A person, or a webhook.
    foreign_key("user_id", "users.id", nullable=True),
    foreign_key("webhook_id", "webhooks.id", nullable=True),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    #: Why this person is told: space-separated audiences.
    Column("audiences", Text, nullable=False),
    foreign_key("release_id", "releases.id", nullable=True),
    Column("revision", Integer),
    foreign_key("action_link_id", "action_links.id", nullable=True),
    #: What the message says that may be different later: canonical JSON.
    Column("facts", Text, nullable=False),
    #: What its calendar file shows, as `calendar_updates` wrote it; null where it has none.
    Column("calendar", Text),
    Column("state", enum_column(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False),
    #: When it is due; while claimed, when the claim lapses.
    timestamp("next_attempt_at"),
    #: Whose turn it is; only they may settle it.
    Column("claim_id", Id),
    #: Of the last try; why it was not sent, if it is void.
    Column("last_error", Text),
    timestamp("created_at"),
    timestamp("settled_at", nullable=True),
    #: Of a message that was sent again: which delivery it repeats, and who asked for that.
    Column("copy_of", Id),
    Column("requested_by", Id),
    #: Another than the user's own: one that they are to have, or had.
    Column("address", Text),
    #: The change of the address whose link it carries.
    Column("address_change_id", Id),
    CheckConstraint("(user_id IS NULL) <> (webhook_id IS NULL)", name="one_recipient"),
    Index(
        "ix_deliveries_due",
        "next_attempt_at",
        "id",
        sqlite_where=IS_QUEUED,
        postgresql_where=IS_QUEUED,
    ),
    #: What one person is to be told about one release, by one channel, in its order.
    Index(
        "ix_deliveries_lane",
        "release_id",
        "user_id",
        "channel",
        "created_at",
        "id",
        sqlite_where=IS_QUEUED,
        postgresql_where=IS_QUEUED,
    ),
    Index(
        "ix_deliveries_requested",
        "requested_by",
        "created_at",
        sqlite_where=text("requested_by IS NOT NULL"),
        postgresql_where=text("requested_by IS NOT NULL"),
    ),
    Index(
        "ix_deliveries_copies",
        "copy_of",
        "created_at",
        sqlite_where=text("copy_of IS NOT NULL"),
        postgresql_where=text("copy_of IS NOT NULL"),
    ),
    Index(None, "release_id", "id"),
    Index(None, "user_id", "id"),
    Index(None, "webhook_id", "id"),
    Index(None, "action_link_id"),
)
