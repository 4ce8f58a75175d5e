"""Accounts, and the check that the master key is the one the private keys were sealed with."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
    true,
)

from engine.model.vocabulary import QuotaOnOnline
from engine.persistence.db.types import ExactText, enum_column, primary_key, timestamp
from engine.persistence.store.tables.base import metadata

accounts = Table(
    "accounts",
    metadata,
    primary_key(),
    Column("name", Text, nullable=False),
    Column("name_key", ExactText, nullable=False, unique=True),
    Column("signing_frozen", Boolean, nullable=False),
    Column("teams_enabled", Boolean, nullable=False),
    Column("reapprove_on_edit", Boolean, nullable=False),
    Column("allow_self_approval", Boolean, nullable=False),
    Column("required_approvals", Integer, nullable=False),
    Column("enabled_release_types", Text, nullable=False),  # space-separated words
    Column("quota_on_online", enum_column(QuotaOnOnline), nullable=False),
    Column("restrict_signing_to_releases", Boolean, nullable=False),
    Column("signed_in_approvals", Boolean, nullable=False),
    Column("users_may_rename_themselves", Boolean, nullable=False, server_default=true()),
    #: Programs of the version before this one write none.
    Column("max_window_days", Integer, nullable=False, server_default=text("366")),
    Column("offline_certification", Boolean, nullable=False, server_default=true()),
    timestamp("created_at"),
    CheckConstraint("required_approvals >= 1", name="quorum"),
)

key_checks = Table(
    "key_checks",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
