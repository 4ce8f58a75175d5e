"""Users, what roles grant them, teams, and API tokens."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Enum,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    column,
    literal,
)

from engine.model.vocabulary import ROLE_PERMISSIONS, Permission
from engine.persistence.db.sql import ExactText, Id, instant, key, link
from engine.persistence.store.tables.base import metadata

_GRANTED = [literal(p.value, literal_execute=True) for p in Permission if p in ROLE_PERMISSIONS]

users = Table(
    "users",
    metadata,
    key(),
    link("account_id", "accounts.id"),
    Column("email", Text, nullable=False),
    Column("email_key", ExactText, nullable=False),
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("service", Boolean, nullable=False),
    #: The last time. Sign-ins that began before are void, whether or not the user is active again.
    instant("deactivated_at", nullable=True),
    instant("created_at"),
    UniqueConstraint("account_id", "email_key"),
    #: Signing in starts with an address, before any account is known.
    Index(None, "email_key"),
)

roles = Table(
    "roles",
    metadata,
    key(),
    link("account_id", "accounts.id"),
    Column("name", Text, nullable=False),
    Column("name_key", ExactText, nullable=False),
    Column("built_in", Boolean, nullable=False),
    UniqueConstraint("account_id", "name_key"),
)

role_permissions = Table(
    "role_permissions",
    metadata,
    link("role_id", "roles.id", primary_key=True),
    Column("permission", Enum(Permission, native_enum=False, length=30), primary_key=True),
    #: What everybody holds is granted by no role.
    CheckConstraint(column("permission").in_(_GRANTED), name="permission"),
)

user_roles = Table(
    "user_roles",
    metadata,
    link("user_id", "users.id", primary_key=True),
    link("role_id", "roles.id", primary_key=True),
    Index(None, "role_id"),
)

teams = Table(
    "teams",
    metadata,
    key(),
    link("account_id", "accounts.id"),
    Column("name", Text, nullable=False),
    Column("name_key", ExactText, nullable=False),
    Column("required_approvals", Integer, nullable=False),
    instant("created_at"),
    UniqueConstraint("account_id", "name_key"),
    CheckConstraint("required_approvals >= 1", name="quorum"),
)

team_members = Table(
    "team_members",
    metadata,
    link("team_id", "teams.id", primary_key=True),
    link("user_id", "users.id", primary_key=True),
    Index(None, "user_id"),
)

team_keypairs = Table(
    "team_keypairs",
    metadata,
    link("team_id", "teams.id", primary_key=True),
    link("keypair_id", "keypairs.id", primary_key=True),
    Index(None, "keypair_id"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    key(),
    link("account_id", "accounts.id"),
    link("user_id", "users.id", index=True),
    Column("name", Text, nullable=False),
    #: SHA-256 of the secret: 256 random bits need no slower hash.
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    #: Space-separated permissions; null: all but those that have to be named.
    Column("scopes", Text),
    #: The token it was made with, whose end is its end too.
    Column("parent_id", Id, index=True),
    instant("created_at"),
    instant("expires_at", nullable=True),
    instant("last_used_at", nullable=True),
    instant("revoked_at", nullable=True),
)
