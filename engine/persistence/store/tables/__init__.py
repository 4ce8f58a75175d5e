"""The tables, a file for each group of things that change together."""

from engine.persistence.store.tables.accounts import accounts, key_checks
from engine.persistence.store.tables.base import metadata
from engine.persistence.store.tables.certificates import (
    IS_DEFAULT_CERTIFICATE,
    IS_KEPT_CERTIFICATE,
    certificates,
    certifications,
)
from engine.persistence.store.tables.credentials import (
    address_changes,
    device_authorizations,
    device_code_attempts,
    identities,
    sessions,
    sign_ins,
)
from engine.persistence.store.tables.keypairs import (
    adopted_keys,
    keypair_successors,
    keypair_users,
    keypairs,
    openpgp_primary_keys,
)
from engine.persistence.store.tables.ledger import IS_RELEASE_EDIT, ledger_entries, ledger_heads
from engine.persistence.store.tables.people import (
    api_tokens,
    directory_entries,
    role_permissions,
    roles,
    team_keypairs,
    team_members,
    teams,
    user_roles,
    users,
)
from engine.persistence.store.tables.pipelines import (
    pipeline_rules,
    trusted_issuers,
    used_pipeline_tokens,
)
from engine.persistence.store.tables.releases import (
    IS_DUE_TO_END,
    IS_DUE_TO_OPEN,
    IS_HELD,
    decisions,
    release_edits,
    release_keypairs,
    release_participants,
    releases,
)
from engine.persistence.store.tables.signatures import IS_RESERVED, IS_RESERVED_OR_MADE, signatures

__all__ = [
    "IS_DEFAULT_CERTIFICATE",
    "IS_DUE_TO_END",
    "IS_DUE_TO_OPEN",
    "IS_HELD",
    "IS_KEPT_CERTIFICATE",
    "IS_RELEASE_EDIT",
    "IS_RESERVED",
    "IS_RESERVED_OR_MADE",
    "accounts",
    "address_changes",
    "adopted_keys",
    "api_tokens",
    "certificates",
    "certifications",
    "decisions",
    "device_authorizations",
    "device_code_attempts",
    "directory_entries",
    "identities",
    "key_checks",
    "keypair_successors",
    "keypair_users",
    "keypairs",
    "ledger_entries",
    "ledger_heads",
    "metadata",
    "openpgp_primary_keys",
    "pipeline_rules",
    "release_edits",
    "release_keypairs",
    "release_participants",
    "releases",
    "role_permissions",
    "roles",
    "sessions",
    "sign_ins",
    "signatures",
    "team_keypairs",
    "team_members",
    "teams",
    "trusted_issuers",
    "used_pipeline_tokens",
    "user_roles",
    "users",
]
