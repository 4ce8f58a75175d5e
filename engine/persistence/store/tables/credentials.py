"""Sessions, what is on the way to one, and identities at a sign-in service."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from engine.model.vocabulary import SignInMethod
from engine.persistence.db.types import ExactText, enum_column, foreign_key, primary_key, timestamp
from engine.persistence.store.tables.base import metadata

sessions = Table(
    "sessions",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    foreign_key("user_id", "users.id", index=True),
    #: SHA-256 of the cookie's value: 256 random bits need no slower hash.
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("method", enum_column(SignInMethod), nullable=False),
    #: What the browser calls itself, for the person who looks at their sessions.
    Column("user_agent", Text, nullable=False),
    #: What the device calls itself where the session is a command line's, not a browser's.
    Column("device_name", Text, nullable=True),
    timestamp("created_at"),
    #: Written at most once a minute, so it may lag by as much.
    timestamp("last_seen_at"),
    timestamp("expires_at"),
    timestamp("ended_at", nullable=True),
)

#: Somebody asked for a mail to sign in with. Whether anybody has the address is looked up when
#: the mail is due, and never on the way to the answer.
sign_ins = Table(
    "sign_ins",
    metadata,
    primary_key(),
    Column("address", Text, nullable=False),
    #: SHA-256 of the secret in the cookie of the browser that asked.
    Column("browser_hash", LargeBinary, nullable=False, index=True),
    #: With the row's id and the link key it makes token and code, which are stored nowhere.
    Column("nonce", LargeBinary, nullable=False),
    timestamp("created_at", index=True),
    timestamp("expires_at"),
    #: When its mail is due; null once there is nothing to send any more.
    timestamp("due_at", nullable=True),
    Column("mail_attempts", Integer, nullable=False),
    Column("code_attempts", Integer, nullable=False),
    timestamp("used_at", nullable=True),
    Index(
        "ix_sign_ins_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
)

#: Somebody asked for another address of a user; it becomes theirs once its mailbox has answered.
address_changes = Table(
    "address_changes",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    foreign_key("user_id", "users.id"),
    foreign_key("requested_by", "users.id"),
    Column("address", Text, nullable=False),
    #: With the row's id and a key it makes the link's token, which is stored nowhere.
    Column("nonce", LargeBinary, nullable=False),
    #: SHA-256 of the token.
    Column("token_hash", LargeBinary, nullable=False),
    timestamp("created_at"),
    timestamp("expires_at"),
    timestamp("used_at", nullable=True),
    #: Ended by a newer request, or by its user's deactivation.
    timestamp("voided_at", nullable=True),
    Index(
        "uq_address_changes_live",
        "user_id",
        unique=True,
        sqlite_where=text("used_at IS NULL AND voided_at IS NULL"),
        postgresql_where=text("used_at IS NULL AND voided_at IS NULL"),
    ),
    Index(None, "user_id", "created_at"),
    Index(None, "requested_by", "created_at"),
)

#: Matched by issuer and subject, never by an address. One identity may stand for a person's users
#: in several accounts.
identities = Table(
    "identities",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    foreign_key("user_id", "users.id", index=True),
    Column("issuer", ExactText, nullable=False),
    Column("subject", ExactText, nullable=False),
    timestamp("created_at"),
    UniqueConstraint("issuer", "subject", "user_id"),
)

#: A device asks for a session (RFC 8628), which somebody confirms or denies in a browser.
device_authorizations = Table(
    "device_authorizations",
    metadata,
    primary_key(),
    #: SHA-256 of the device code, 256 random bits that only the device has.
    Column("device_code_hash", LargeBinary, nullable=False, unique=True),
    #: HMAC of the short code that a person types.
    Column("user_code_hash", LargeBinary, nullable=False, unique=True),
    #: What the device calls itself, where it comes from, and what its program calls itself.
    Column("device_name", Text, nullable=False),
    Column("address", Text, nullable=False),
    #: What its requests are counted by: the address, or for IPv6 its network.
    Column("client", Text),
    Column("user_agent", Text, nullable=False),
    timestamp("created_at"),
    timestamp("expires_at", index=True),
    timestamp("last_polled_at", nullable=True),
    Column("interval_seconds", Integer, nullable=False),
    #: Null until somebody has decided.
    Column("confirmed", Boolean, nullable=True),
    foreign_key("account_id", "accounts.id", nullable=True),
    foreign_key("user_id", "users.id", nullable=True),
    #: The browser session in which it was decided.
    foreign_key("session_id", "sessions.id", nullable=True),
    #: When the device got its session; it gets one only.
    timestamp("used_at", nullable=True),
)

#: How many user codes somebody has typed lately, in whichever process and session.
device_code_attempts = Table(
    "device_code_attempts",
    metadata,
    foreign_key("user_id", "users.id", primary_key=True),
    #: When they began to be counted.
    timestamp("counted_since"),
    Column("attempts", Integer, nullable=False),
)
