"""Keypairs. The private part is sealed, or lives in a device and `material` names it."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from engine.model.algorithms import KeypairAlgorithm
from engine.model.vocabulary import KeypairAccess, KeypairCategory, ReleaseType
from engine.persistence.db.types import ExactText, enum_column, foreign_key, primary_key, timestamp
from engine.persistence.store.tables.base import metadata

keypairs = Table(
    "keypairs",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    Column("alias", Text, nullable=False),
    Column("alias_key", ExactText, nullable=False),
    Column("category", enum_column(KeypairCategory), nullable=False),
    Column("type", enum_column(ReleaseType), nullable=False),
    Column("access", enum_column(KeypairAccess), nullable=False),
    Column("algorithm", enum_column(KeypairAlgorithm), nullable=False),
    #: Whether one is set, leaving aside when it expires; or was declared, as was possible before
    #: there were certificates.
    Column("has_default_certificate", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("backend", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("material", LargeBinary, nullable=False),
    #: Which master key sealed the material; null where the backend keeps its own keys.
    Column("master_key_id", Text),
    timestamp("created_at"),
    #: Of the category `GPG`: the armored certificate, and when its two keys were made, as their
    #: fingerprints say. The raw key of the keypair is the signing subkey.
    Column("openpgp_certificate", Text),
    timestamp("openpgp_created_at", nullable=True),
    #: Since when it never signs again; it is disabled from then on. Null: it is not retired.
    timestamp("retired_at", nullable=True),
    UniqueConstraint("account_id", "alias_key"),
)

#: Of keypairs of the category `GPG`, the primary keys, which certify and sign nothing else.
openpgp_primary_keys = Table(
    "openpgp_primary_keys",
    metadata,
    #: The id under which the signer knows the key, as `keypairs.id` is that of the subkey.
    primary_key(),
    foreign_key("keypair_id", "keypairs.id"),
    Column("public_key", Text, nullable=False),
    Column("material", LargeBinary, nullable=False),
    Column("master_key_id", Text),
    Column("openpgp_user_id", Text, nullable=False),
    timestamp("expires_at", nullable=True),
    #: Of the last notice that it expires, how many days ahead that one was due; null before any.
    Column("expiry_notice_days", Integer),
    #: What revokes the certificate where it is published.
    Column("revocation", Text, nullable=False),
    UniqueConstraint("keypair_id"),
)

#: Keys that were in a signer before, and have become keypairs: each of one account's, and once.
adopted_keys = Table(
    "adopted_keys",
    metadata,
    #: Empty: whichever signer reaches it. In rows of earlier versions the name of one.
    Column("backend", Text, primary_key=True),
    #: SHA-256 of the public key as `keypairs.public_key` has it.
    Column("public_key_hash", LargeBinary, primary_key=True),
    foreign_key("keypair_id", "keypairs.id"),
    Index(None, "keypair_id"),
)

#: Which keypair took the place of which: each has one successor at most, and one predecessor.
keypair_successors = Table(
    "keypair_successors",
    metadata,
    foreign_key("predecessor_id", "keypairs.id", primary_key=True),
    foreign_key("successor_id", "keypairs.id"),
    UniqueConstraint("successor_id"),
)

keypair_users = Table(
    "keypair_users",
    metadata,
    foreign_key("keypair_id", "keypairs.id", primary_key=True),
    foreign_key("user_id", "users.id", primary_key=True),
    Index(None, "user_id"),
)
