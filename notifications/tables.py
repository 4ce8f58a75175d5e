"""The tables of deliveries, action links, webhooks and preferences, in the engine's metadata."""

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

#: A text and no parameter, so that the database can use a partial index.
IS_QUEUED = text("state = 'QUEUED'")
#: Is tried again after an attempt that failed, and in no report of deliveries in trouble.
IS_UNREPORTED_FAILING = text(
    "state = 'QUEUED' AND last_error IS NOT NULL AND failing_reported_at IS NULL"
)
#: Failed for good, and in no report of deliveries in trouble.
IS_UNREPORTED_FAILURE = text("state = 'FAILED' AND failure_reported_at IS NULL")

action_links = Table(
    "action_links",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    foreign_key("user_id", "users.id"),
    foreign_key("release_id", "releases.id"),
    Column("purpose", enum_column(LinkPurpose), nullable=False),
    #: The revision when the link was made.
    Column("revision", Integer, nullable=False),
    Column("material_revision", Integer, nullable=False),
    #: The token is derived from it, the link's id and the link key, and stored nowhere.
    Column("nonce", LargeBinary, nullable=False),
    #: SHA-256 of the token.
    Column("token_hash", LargeBinary, nullable=False),
    timestamp("created_at"),
    timestamp("expires_at"),
    timestamp("used_at", nullable=True),
    #: When it ended unused: with the request, a new round, or its user's deactivation.
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
    #: The ledger entries that it is sent: space-separated patterns of tags.
    Column("tags", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    #: Why the service itself switched it off.
    Column("disabled_reason", Text),
    #: The secret is derived from it, the webhook's id and a key, and stored nowhere.
    Column("seed", LargeBinary, nullable=False),
    #: The seed of the former secret, which also signs until `previous_until`.
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
    #: Space-separated names; none silences the kind. Without a row it is sent by mail.
    Column("channels", Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    #: Also the id of the message, by which a repetition is recognized.
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    #: The recipient: a person, or a webhook.
    foreign_key("user_id", "users.id", nullable=True),
    foreign_key("webhook_id", "webhooks.id", nullable=True),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    #: The capacities in which this person is notified: space-separated audiences.
    Column("audiences", Text, nullable=False),
    foreign_key("release_id", "releases.id", nullable=True),
    Column("revision", Integer),
    foreign_key("action_link_id", "action_links.id", nullable=True),
    #: What the message is about, as it was when queued: canonical JSON.
    Column("facts", Text, nullable=False),
    #: What its calendar file shows, as `calendar_updates` wrote it; null where it has none.
    Column("calendar", Text),
    Column("state", enum_column(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False),
    #: When it is due; while claimed, when the claim expires.
    timestamp("next_attempt_at"),
    #: The current claim, which alone may settle it.
    Column("claim_id", Id),
    #: The error of the last attempt, or why it is void.
    Column("last_error", Text),
    timestamp("created_at"),
    timestamp("settled_at", nullable=True),
    #: The delivery that it repeats on request, and who requested that or a test message.
    Column("copy_of", Id),
    Column("requested_by", Id),
    #: An address in place of the user's own: their future or former one.
    Column("address", Text),
    #: The change of address whose link it has.
    Column("address_change_id", Id),
    #: When the ledger recorded that it fails, and that it failed for good.
    timestamp("failing_reported_at", nullable=True),
    timestamp("failure_reported_at", nullable=True),
    CheckConstraint("(user_id IS NULL) <> (webhook_id IS NULL)", name="one_recipient"),
    Index(
        "ix_deliveries_due",
        "next_attempt_at",
        "id",
        sqlite_where=IS_QUEUED,
        postgresql_where=IS_QUEUED,
    ),
    #: The queued deliveries of one lane, in order.
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
    Index(
        "ix_deliveries_failing",
        "created_at",
        "id",
        sqlite_where=IS_UNREPORTED_FAILING,
        postgresql_where=IS_UNREPORTED_FAILING,
    ),
    Index(
        "ix_deliveries_failed",
        "settled_at",
        "id",
        sqlite_where=IS_UNREPORTED_FAILURE,
        postgresql_where=IS_UNREPORTED_FAILURE,
    ),
    Index(None, "release_id", "id"),
    Index(None, "user_id", "id"),
    Index(None, "webhook_id", "id"),
    Index(None, "action_link_id"),
)
