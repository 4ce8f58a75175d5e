"""Releases, what they hold, who takes part, who decided and who edited.

What must never happen is a constraint here (spec section 2): a keypair held twice, a decision
made twice, a signature over the maximum, a name used twice.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from engine.model.vocabulary import Channel, KeypairCategory, ReleaseType, Status, Verdict
from engine.persistence.db.types import ExactText, enum_column, foreign_key, primary_key, timestamp
from engine.persistence.store.tables.base import metadata

#: What starts, and what ends, as time passes. As text, so that the database sees that a partial
#: index serves: a parameter could be anything.
IS_DUE_TO_OPEN = text("status IN ('APPROVED', 'ACTIVE')")
IS_DUE_TO_END = text("status IN ('PENDING', 'IN_PROGRESS')")

#: As text, so that the database sees that a partial index serves: `held = 1` it would not.
IS_HELD = text("held")

releases = Table(
    "releases",
    metadata,
    primary_key(),
    foreign_key("account_id", "accounts.id"),
    Column("name", Text, nullable=False),
    Column("name_key", ExactText, nullable=False),
    #: False once a release that never opened has ended: it gives its name back.
    Column("name_held", Boolean, nullable=False),
    Column("version", Text),
    Column("note", Text),
    Column("category", enum_column(KeypairCategory), nullable=False),
    Column("type", enum_column(ReleaseType), nullable=False),
    Column("status", enum_column(Status), nullable=False),
    timestamp("status_since"),
    foreign_key("team_id", "teams.id", nullable=True),
    Column("with_default_certificate", Boolean, nullable=False),
    timestamp("starts_at"),
    timestamp("ends_at"),
    Column("max_signatures", Integer, nullable=False),
    #: Canonical JSON of conditions on the claims of a pipeline that signs; null: none.
    Column("origin_condition", Text),
    #: Canonical JSON of where the pipeline runs that requested it.
    Column("requested_from", Text),
    Column("signatures_used", Integer, nullable=False),
    Column("signatures_reserved", Integer, nullable=False),
    foreign_key("creator_id", "users.id"),
    timestamp("created_at"),
    Column("revision", Integer, nullable=False),
    Column("material_revision", Integer, nullable=False),
    Column("required_approvals", Integer, nullable=False),
    Column("round_revision", Integer, nullable=False),
    timestamp("opened_at", nullable=True),
    timestamp("ended_at", nullable=True),
    Column("end_code", Text),
    Column("end_reason", Text),
    #: Version and note as they are searched; null where a program before this column wrote them.
    Column("search_text", Text),
    CheckConstraint("max_signatures >= 1", name="maximum"),
    CheckConstraint("signatures_used >= 0 AND signatures_reserved >= 0", name="counts"),
    CheckConstraint("signatures_used + signatures_reserved <= max_signatures", name="quota"),
    CheckConstraint("starts_at < ends_at", name="window"),
    CheckConstraint("material_revision <= revision", name="revisions"),
    Index(
        "uq_releases_name",
        "account_id",
        "name_key",
        unique=True,
        sqlite_where=text("name_held"),
        postgresql_where=text("name_held"),
    ),
    Index(
        "ix_releases_due_to_open",
        "starts_at",
        sqlite_where=IS_DUE_TO_OPEN,
        postgresql_where=IS_DUE_TO_OPEN,
    ),
    Index(
        "ix_releases_due_to_end",
        "ends_at",
        sqlite_where=IS_DUE_TO_END,
        postgresql_where=IS_DUE_TO_END,
    ),
    #: What waits for a decision, whatever lies behind it.
    Index(None, "account_id", "status", "starts_at", "id"),
    Index(None, "account_id", "starts_at", "id"),
    Index(None, "account_id", "ends_at", "id"),
    Index(None, "account_id", "created_at", "id"),
    Index("ix_releases_names", "account_id", "name_key", "id"),
    #: What somebody sees as its creator or in a team, in every order of lists.
    *(
        Index(f"ix_releases_{whose}_{order}", whose, order, "id")
        for whose in ("creator_id", "team_id")
        for order in ("starts_at", "ends_at", "created_at", "name_key")
    ),
)

release_keypairs = Table(
    "release_keypairs",
    metadata,
    foreign_key("release_id", "releases.id", primary_key=True),
    foreign_key("keypair_id", "keypairs.id", primary_key=True),
    #: True while the release has not ended.
    Column("held", Boolean, nullable=False),
    Index(
        "uq_release_keypairs_held",
        "keypair_id",
        unique=True,
        sqlite_where=IS_HELD,
        postgresql_where=IS_HELD,
    ),
    Index(None, "keypair_id"),
)

release_participants = Table(
    "release_participants",
    metadata,
    foreign_key("release_id", "releases.id", primary_key=True),
    foreign_key("user_id", "users.id", primary_key=True),
    Index(None, "user_id"),
)

decisions = Table(
    "decisions",
    metadata,
    primary_key(),
    foreign_key("release_id", "releases.id"),
    foreign_key("approver_id", "users.id"),
    Column("verdict", enum_column(Verdict), nullable=False),
    Column("material_revision", Integer, nullable=False),
    #: The revision that was looked at.
    Column("revision", Integer, nullable=False),
    Column("comment", Text),
    Column("channel", enum_column(Channel), nullable=False),
    timestamp("decided_at"),
    UniqueConstraint("release_id", "material_revision", "approver_id"),
    Index(None, "approver_id"),
)

release_edits = Table(
    "release_edits",
    metadata,
    foreign_key("release_id", "releases.id", primary_key=True),
    Column("revision", Integer, primary_key=True),
    foreign_key("editor_id", "users.id"),
    Column("material", Boolean, nullable=False),
    timestamp("edited_at"),
)
