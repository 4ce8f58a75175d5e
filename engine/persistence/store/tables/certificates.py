"""Certificates of keypairs, which keep their rows when they are removed, and uses of keys."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, text

from engine.model.certificates import CertificateKind
from engine.persistence.db.types import ExactText, enum_column, foreign_key, primary_key, timestamp
from engine.persistence.store.tables.base import metadata

#: As text, so that the database sees that a partial index serves.
IS_DEFAULT_CERTIFICATE = text("is_default")
IS_KEPT_CERTIFICATE = text("removed_at IS NULL")

certificates = Table(
    "certificates",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    foreign_key("keypair_id", "keypairs.id"),
    Column("kind", enum_column(CertificateKind), nullable=False),
    #: A chain in PEM with its leaf first, or an armored OpenPGP certificate.
    Column("content", Text, nullable=False),
    Column("subject", Text, nullable=False),
    #: What follows is null where the form has no such thing, as OpenPGP has no issuer.
    Column("issuer", Text),
    Column("serial_number", Text),
    #: Of an X.509 leaf the SHA-256, in hexadecimal digits.
    Column("fingerprint", ExactText, nullable=False),
    timestamp("valid_from"),
    timestamp("expires_at", nullable=True),
    Column("warnings", Text, nullable=False),  # space-separated
    #: Of X.509 alone, and of one for each keypair.
    Column("is_default", Boolean, nullable=False),
    #: Of the last notice that it expires, how many days ahead that one was due; null before any.
    Column("expiry_notice_days", Integer),
    foreign_key("added_by", "users.id"),
    timestamp("created_at"),
    foreign_key("removed_by", "users.id", nullable=True),
    timestamp("removed_at", nullable=True),
    Index(
        "uq_certificates_default",
        "keypair_id",
        unique=True,
        sqlite_where=IS_DEFAULT_CERTIFICATE,
        postgresql_where=IS_DEFAULT_CERTIFICATE,
    ),
    Index(
        "uq_certificates_fingerprint",
        "keypair_id",
        "fingerprint",
        unique=True,
        sqlite_where=IS_KEPT_CERTIFICATE,
        postgresql_where=IS_KEPT_CERTIFICATE,
    ),
    Index(None, "account_id", "expires_at", "id"),
    Index(None, "keypair_id", "expires_at", "id"),
)

#: Uses of keys for certificates and requests of theirs that have begun and not ended.
certifications = Table(
    "certifications",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    foreign_key("keypair_id", "keypairs.id"),
    #: A member of `CertificatePurpose`.
    Column("purpose", Text, nullable=False),
    Column("reason", Text, nullable=False),
    #: When one that has not ended counts as failed.
    timestamp("lapses_at"),
    Index(None, "lapses_at"),
    Index(None, "keypair_id"),
)
