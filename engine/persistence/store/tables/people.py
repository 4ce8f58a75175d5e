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
    text,
)

from engine.model.vocabulary import ROLE_PERMISSIONS, Permission
from engine.persistence.db.types import ExactText, Id, foreign_key, primary_key, timestamp
from engine.persistence.store.tables.base import metadata

_GRANTED = [literal(p.value, literal_execute=True) for p in Permission if p in ROLE_PERMISSIONS]

users = Table(
    "users",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    Column("email", Text, nullable=False),
    Column("email_key", ExactText, nullable=False),
    Column("name", Text, nullable=False),
    #: Names are searched and sorted by it; null where a program before this column wrote them.
    Column("name_key", ExactText),
    Column("time_zone", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("service", Boolean, nullable=False),
    #: The last time. Sign-ins that began before are void, whether or not the user is active again.
    timestamp("deactivated_at", nullable=True),
    #: The last time. What was sent before went to another mailbox.
    timestamp("address_changed_at", nullable=True),
    timestamp("created_at"),
    UniqueConstraint("account_id", "email_key"),
    #: Signing in starts with an address, before any account is known.
    Index(None, "email_key"),
)

roles = Table(
    "roles",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    Column("name", Text, nullable=False),
    Column("name_key", ExactText, nullable=False),
    Column("built_in", Boolean, nullable=False),
    UniqueConstraint("account_id", "name_key"),
)

role_permissions = Table(
    "role_permissions",
    metadata,
    foreign_key("role_id", "roles.id", primary_key=True),
    Column("permission", Enum(Permission, native_enum=False, length=30), primary_key=True),
    #: What everybody holds is granted by no role.
    CheckConstraint(column("permission").in_(_GRANTED), name="permission"),
)

user_roles = Table(
    "user_roles",
    metadata,
    foreign_key("user_id", "users.id", primary_key=True),
    foreign_key("role_id", "roles.id", primary_key=True),
    Index(None, "role_id"),
)

teams = Table(
    "teams",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    Column("name", Text, nullable=False),
    Column("name_key", ExactText, nullable=False),
    Column("required_approvals", Integer, nullable=False),
    #: Grows with every change of the team, its members or its keypairs.
    Column("revision", Integer, nullable=False, server_default="1"),
    timestamp("created_at"),
    UniqueConstraint("account_id", "name_key"),
    CheckConstraint("required_approvals >= 1", name="quorum"),
)

team_members = Table(
    "team_members",
    metadata,
    foreign_key("team_id", "teams.id", primary_key=True),
    foreign_key("user_id", "users.id", primary_key=True),
    Index(None, "user_id"),
)

team_keypairs = Table(
    "team_keypairs",
    metadata,
    foreign_key("team_id", "teams.id", primary_key=True),
    foreign_key("keypair_id", "keypairs.id", primary_key=True),
    Index(None, "keypair_id"),
)

#: What an identity provider knows of a user or a team that it manages (SCIM).
directory_entries = Table(
    "directory_entries",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    #: One of both.
    foreign_key("user_id", "users.id", nullable=True),
    foreign_key("team_id", "teams.id", nullable=True),
    #: The provider's own identifier; it decides nothing here.
    Column("external_id", ExactText, nullable=True),
    #: When the provider deleted the user, who is a deactivated one here. It does not see them any
    #: more unless they are activated again.
    timestamp("removed_at", nullable=True),
    UniqueConstraint("user_id"),
    UniqueConstraint("team_id"),
    CheckConstraint("(user_id IS NULL) <> (team_id IS NULL)", name="subject"),
    Index(None, "account_id", "external_id"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    foreign_key("user_id", "users.id", index=True),
    Column("name", Text, nullable=False),
    #: SHA-256 of the secret: 256 random bits need no slower hash.
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    #: Space-separated permissions; null: all but those that have to be named.
    Column("scopes", Text),
    #: The token it was made with, whose end is its end too.
    Column("parent_id", Id, index=True),
    #: The rule by which a pipeline got it, whose end is its end too; rules are deleted.
    Column("rule_id", Id),
    #: Canonical JSON of what a pipeline's token is limited to, and where it comes from.
    Column("pipeline", Text),
    timestamp("created_at"),
    timestamp("expires_at", nullable=True),
    timestamp("last_used_at", nullable=True),
    timestamp("revoked_at", nullable=True),
    Index(
        "ix_api_tokens_rule_id",
        "rule_id",
        sqlite_where=text("rule_id IS NOT NULL"),
        postgresql_where=text("rule_id IS NOT NULL"),
    ),
)
