"""The engine's tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "name_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("signing_frozen", sa.Boolean(), nullable=False),
        sa.Column("teams_enabled", sa.Boolean(), nullable=False),
        sa.Column("reapprove_on_edit", sa.Boolean(), nullable=False),
        sa.Column("allow_self_approval", sa.Boolean(), nullable=False),
        sa.Column("required_approvals", sa.Integer(), nullable=False),
        sa.Column("enabled_release_types", sa.Text(), nullable=False),
        sa.Column(
            "quota_on_online",
            sa.Enum(
                "REFUSE",
                "UNASSOCIATED",
                name="quota_on_online",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("restrict_signing_to_releases", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("required_approvals >= 1", name=op.f("ck_accounts_quorum")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name_key", name=op.f("uq_accounts_name_key")),
    )
    op.create_table(
        "key_checks",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_key_checks")),
    )
    op.create_table(
        "keypairs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column(
            "alias_key",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "category",
            sa.Enum(
                "STANDARD",
                "GPG",
                name="keypair_category",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "type",
            sa.Enum(
                "ONLINE",
                "OFFLINE",
                "TEST",
                name="release_type",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "access",
            sa.Enum(
                "OPEN",
                "RESTRICTED",
                name="keypair_access",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "algorithm",
            sa.Enum(
                "ECDSA_P256",
                "ECDSA_P384",
                "ED25519",
                "RSA_PSS_2048",
                "RSA_PSS_3072",
                "RSA_PSS_4096",
                "RSA_PKCS1_2048",
                "RSA_PKCS1_3072",
                "RSA_PKCS1_4096",
                "OPENPGP_ED25519",
                "OPENPGP_RSA_4096",
                name="keypair_algorithm",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("has_default_certificate", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("backend", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("material", sa.LargeBinary(), nullable=False),
        sa.Column("master_key_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_keypairs_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keypairs")),
        sa.UniqueConstraint(
            "account_id", "alias_key", name=op.f("uq_keypairs_account_id_alias_key")
        ),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("release_id", sa.Uuid(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_ledger_entries_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "position", name=op.f("pk_ledger_entries")),
    )
    op.create_index(
        op.f("ix_ledger_entries_account_id_actor_id_position"),
        "ledger_entries",
        ["account_id", "actor_id", "position"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ledger_entries_account_id_subject_id_position"),
        "ledger_entries",
        ["account_id", "subject_id", "position"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ledger_entries_release_id_position"),
        "ledger_entries",
        ["release_id", "position"],
        unique=False,
    )

    op.create_table(
        "ledger_heads",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_ledger_heads_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_ledger_heads")),
    )
    op.create_table(
        "roles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "name_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("built_in", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_roles_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_roles_account_id_name_key")),
    )
    op.create_table(
        "teams",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "name_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("required_approvals", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("required_approvals >= 1", name=op.f("ck_teams_quorum")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_teams_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("account_id", "name_key", name=op.f("uq_teams_account_id_name_key")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column(
            "email_key",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("service", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_users_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("account_id", "email_key", name=op.f("uq_users_account_id_email_key")),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_api_tokens_account_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_tokens_secret_hash")),
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"], unique=False)

    op.create_table(
        "keypair_users",
        sa.Column("keypair_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["keypair_id"], ["keypairs.id"], name=op.f("fk_keypair_users_keypair_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_keypair_users_user_id")),
        sa.PrimaryKeyConstraint("keypair_id", "user_id", name=op.f("pk_keypair_users")),
    )
    op.create_index(op.f("ix_keypair_users_user_id"), "keypair_users", ["user_id"], unique=False)

    op.create_table(
        "releases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "name_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("name_held", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "category",
            sa.Enum(
                "STANDARD",
                "GPG",
                name="keypair_category",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "type",
            sa.Enum(
                "ONLINE",
                "OFFLINE",
                "TEST",
                name="release_type",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "PENDING",
                "APPROVED",
                "ACTIVE",
                "IN_PROGRESS",
                "COMPLETED",
                "FAILED",
                "REJECTED",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("status_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("with_default_certificate", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("max_signatures", sa.Integer(), nullable=False),
        sa.Column("signatures_used", sa.Integer(), nullable=False),
        sa.Column("signatures_reserved", sa.Integer(), nullable=False),
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("material_revision", sa.Integer(), nullable=False),
        sa.Column("required_approvals", sa.Integer(), nullable=False),
        sa.Column("round_revision", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_code", sa.Text(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("material_revision <= revision", name=op.f("ck_releases_revisions")),
        sa.CheckConstraint("max_signatures >= 1", name=op.f("ck_releases_maximum")),
        sa.CheckConstraint(
            "signatures_used + signatures_reserved <= max_signatures",
            name=op.f("ck_releases_quota"),
        ),
        sa.CheckConstraint(
            "signatures_used >= 0 AND signatures_reserved >= 0", name=op.f("ck_releases_counts")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_releases_window")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_releases_account_id")
        ),
        sa.ForeignKeyConstraint(["creator_id"], ["users.id"], name=op.f("fk_releases_creator_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_releases_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
    )
    op.create_index(
        op.f("ix_releases_account_id_created_at_id"),
        "releases",
        ["account_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_releases_account_id_ends_at_id"),
        "releases",
        ["account_id", "ends_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_releases_account_id_starts_at_id"),
        "releases",
        ["account_id", "starts_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_releases_creator_id"), "releases", ["creator_id"], unique=False)
    op.create_index(
        "ix_releases_due_to_end",
        "releases",
        ["ends_at"],
        unique=False,
        sqlite_where=sa.text("status IN ('PENDING', 'IN_PROGRESS')"),
        postgresql_where=sa.text("status IN ('PENDING', 'IN_PROGRESS')"),
    )
    op.create_index(
        "ix_releases_due_to_open",
        "releases",
        ["starts_at"],
        unique=False,
        sqlite_where=sa.text("status IN ('APPROVED', 'ACTIVE')"),
        postgresql_where=sa.text("status IN ('APPROVED', 'ACTIVE')"),
    )
    op.create_index("ix_releases_names", "releases", ["account_id", "name_key", "id"], unique=False)
    op.create_index(op.f("ix_releases_team_id"), "releases", ["team_id"], unique=False)
    op.create_index(
        "uq_releases_name",
        "releases",
        ["account_id", "name_key"],
        unique=True,
        sqlite_where=sa.text("name_held"),
        postgresql_where=sa.text("name_held"),
    )

    op.create_table(
        "role_permissions",
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column(
            "permission",
            sa.Enum(
                "REQUEST_RELEASE",
                "APPROVE_RELEASE",
                "VIEW_RELEASES",
                "SIGN",
                "MANAGE_KEYPAIRS",
                "MANAGE_TEAMS",
                "MANAGE_USERS",
                "MANAGE_ACCOUNT",
                "VIEW_LEDGER",
                name="permission",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_role_permissions_role_id")
        ),
        sa.PrimaryKeyConstraint("role_id", "permission", name=op.f("pk_role_permissions")),
    )
    op.create_table(
        "team_keypairs",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("keypair_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["keypair_id"], ["keypairs.id"], name=op.f("fk_team_keypairs_keypair_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_keypairs_team_id")),
        sa.PrimaryKeyConstraint("team_id", "keypair_id", name=op.f("pk_team_keypairs")),
    )
    op.create_index(
        op.f("ix_team_keypairs_keypair_id"), "team_keypairs", ["keypair_id"], unique=False
    )

    op.create_table(
        "team_members",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_members_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_team_members_user_id")),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_team_members")),
    )
    op.create_index(op.f("ix_team_members_user_id"), "team_members", ["user_id"], unique=False)

    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name=op.f("fk_user_roles_role_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_roles_user_id")),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_user_roles")),
    )
    op.create_index(op.f("ix_user_roles_role_id"), "user_roles", ["role_id"], unique=False)

    op.create_table(
        "decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("approver_id", sa.Uuid(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "APPROVE",
                "REJECT",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("material_revision", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "API",
                "EMAIL",
                "DASHBOARD",
                "COMMAND_LINE",
                "CLOCK",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["approver_id"], ["users.id"], name=op.f("fk_decisions_approver_id")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_decisions_release_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint(
            "release_id",
            "material_revision",
            "approver_id",
            name=op.f("uq_decisions_release_id_material_revision_approver_id"),
        ),
    )
    op.create_index(op.f("ix_decisions_approver_id"), "decisions", ["approver_id"], unique=False)

    op.create_table(
        "release_edits",
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("editor_id", sa.Uuid(), nullable=False),
        sa.Column("material", sa.Boolean(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["editor_id"], ["users.id"], name=op.f("fk_release_edits_editor_id")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_release_edits_release_id")
        ),
        sa.PrimaryKeyConstraint("release_id", "revision", name=op.f("pk_release_edits")),
    )
    op.create_table(
        "release_keypairs",
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("keypair_id", sa.Uuid(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["keypair_id"], ["keypairs.id"], name=op.f("fk_release_keypairs_keypair_id")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_release_keypairs_release_id")
        ),
        sa.PrimaryKeyConstraint("release_id", "keypair_id", name=op.f("pk_release_keypairs")),
    )
    op.create_index(
        op.f("ix_release_keypairs_keypair_id"), "release_keypairs", ["keypair_id"], unique=False
    )
    op.create_index(
        "uq_release_keypairs_held",
        "release_keypairs",
        ["keypair_id"],
        unique=True,
        sqlite_where=sa.text("held"),
        postgresql_where=sa.text("held"),
    )

    op.create_table(
        "release_participants",
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_release_participants_release_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_release_participants_user_id")
        ),
        sa.PrimaryKeyConstraint("release_id", "user_id", name=op.f("pk_release_participants")),
    )
    op.create_index(
        op.f("ix_release_participants_user_id"), "release_participants", ["user_id"], unique=False
    )

    op.create_table(
        "signatures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("keypair_id", sa.Uuid(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "RESERVED",
                "MADE",
                "FAILED",
                "LAPSED",
                "DISCARDED",
                name="signature_state",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "digest_algorithm",
            sa.Enum(
                "SHA256",
                "SHA384",
                "SHA512",
                name="digest_algorithm",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("factors", sa.Text(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "API",
                "EMAIL",
                "DASHBOARD",
                "COMMAND_LINE",
                "CLOCK",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "idempotency_key",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_signatures_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["keypair_id"], ["keypairs.id"], name=op.f("fk_signatures_keypair_id")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_signatures_release_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_signatures_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
    )
    op.create_index(
        op.f("ix_signatures_keypair_id_id"), "signatures", ["keypair_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_signatures_release_id_id"), "signatures", ["release_id", "id"], unique=False
    )
    op.create_index(
        "ix_signatures_reserved",
        "signatures",
        ["lapses_at"],
        unique=False,
        sqlite_where=sa.text("state = 'RESERVED'"),
        postgresql_where=sa.text("state = 'RESERVED'"),
    )
    op.create_index(
        "uq_signatures_idempotency",
        "signatures",
        ["user_id", "idempotency_key"],
        unique=True,
        sqlite_where=sa.text("idempotency_key IS NOT NULL AND state IN ('RESERVED', 'MADE')"),
        postgresql_where=sa.text("idempotency_key IS NOT NULL AND state IN ('RESERVED', 'MADE')"),
    )
