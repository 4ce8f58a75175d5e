"""Translates violated constraints of the database into refusals.

The checks before give better messages; constraints decide the races that the checks cannot see.
"""

import re
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from engine.model.errors import Code, Refusal

#: What the message of SQLite or PostgreSQL contains -> the refusal.
_CONFLICTS: tuple[tuple[tuple[str, ...], Code, str, str], ...] = (
    (
        ("uq_release_keypairs_held", "release_keypairs.keypair_id"),
        Code.KEYPAIR_IN_USE,
        "Another release took one of the keypairs just now. Choose another.",
        "keypair_ids",
    ),
    (
        ("uq_releases_name", "releases.account_id, releases.name_key"),
        Code.NAME_TAKEN,
        "Another release took the name just now. Choose another.",
        "name",
    ),
    (
        ("uq_decisions_release_id", "decisions.release_id, decisions.material_revision"),
        Code.ALREADY_DECIDED,
        "You have decided on this revision already.",
        "id",
    ),
    (
        ("uq_users_account_id", "users.account_id, users.email_key"),
        Code.NAME_TAKEN,
        "Another user has this address.",
        "email",
    ),
    (
        ("uq_teams_account_id", "teams.account_id, teams.name_key"),
        Code.NAME_TAKEN,
        "Another team has this name. Choose another.",
        "name",
    ),
    (
        ("uq_roles_account_id", "roles.account_id, roles.name_key"),
        Code.NAME_TAKEN,
        "Another role has this name. Choose another.",
        "name",
    ),
    (
        ("uq_keypairs_account_id", "keypairs.account_id, keypairs.alias_key"),
        Code.NAME_TAKEN,
        "Another keypair has this alias. Choose another.",
        "alias",
    ),
    (
        ("uq_accounts_name_key", "accounts.name_key"),
        Code.NAME_TAKEN,
        "Another account has this name. Choose another.",
        "name",
    ),
    (
        ("pk_sessions", "sessions.id"),
        Code.NOT_FOUND,
        "This sign-in was used already. Ask for a new one.",
        "session_id",
    ),
)


#: Two first uses of one idempotency key at the same instant: the later finds the earlier's.
_KEY_TAKEN = ("uq_signatures_idempotency", "signatures.user_id, signatures.idempotency_key")


def is_key_taken(error: IntegrityError) -> bool:
    """Another call used the idempotency key just now."""
    return any(text in str(error.orig) for text in _KEY_TAKEN)


#: How PostgreSQL names the keypair that two releases want; SQLite has one writer, whose checks
#: nobody overtakes.
_TAKEN_KEYPAIR = re.compile(r"\(keypair_id\)=\(([0-9a-f-]{36})\)")


def conflicting_keypair(error: IntegrityError) -> UUID | None:
    """The keypair that another release took meanwhile, if that is what the error says."""
    if "uq_release_keypairs_held" not in str(error.orig):
        return None
    match = _TAKEN_KEYPAIR.search(str(error.orig))
    return UUID(match[1]) if match else None


def refusal_of(error: IntegrityError) -> Refusal:
    """The refusal a violated constraint stands for; a constraint not listed here is a bug."""
    message = str(error.orig)
    for texts, code, sentence, field in _CONFLICTS:
        if any(text in message for text in texts):
            return Refusal(code, sentence, field)
    raise error
