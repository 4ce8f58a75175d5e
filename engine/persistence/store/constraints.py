"""Translates violated constraints of the database into refusals.

The checks before give better messages; constraints decide the races that the checks cannot see.
"""

import re
import sqlite3
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from engine.model.errors import Code, Refusal
from engine.model.wording import DECIDED_ALREADY
from engine.persistence.store import tables as t

#: Each open release has its keypairs to itself.
KEYPAIR_HELD = "uq_release_keypairs_held"
#: Two first uses of one idempotency key at the same instant: the later finds the earlier's.
IDEMPOTENCY_KEY = "uq_signatures_idempotency"

#: The refusal of each constraint that a race can violate: code, sentence, and field of the input.
CONFLICTS = {
    KEYPAIR_HELD: (
        Code.KEYPAIR_IN_USE,
        "Another release took one of the keypairs just now. Choose another.",
        "keypair_ids",
    ),
    "uq_releases_name": (
        Code.NAME_TAKEN,
        "Another release took the name just now. Choose another.",
        "name",
    ),
    "uq_decisions_release_id_material_revision_approver_id": (
        Code.ALREADY_DECIDED,
        DECIDED_ALREADY,
        "id",
    ),
    "uq_users_account_id_email_key": (
        Code.NAME_TAKEN,
        "Another user has this address.",
        "email",
    ),
    "uq_teams_account_id_name_key": (
        Code.NAME_TAKEN,
        "Another team has this name. Choose another.",
        "name",
    ),
    "uq_roles_account_id_name_key": (
        Code.NAME_TAKEN,
        "Another role has this name. Choose another.",
        "name",
    ),
    "uq_keypairs_account_id_alias_key": (
        Code.NAME_TAKEN,
        "Another keypair has this alias. Choose another.",
        "alias",
    ),
    "uq_certificates_fingerprint": (
        Code.INVALID_INPUT,
        "The keypair has this certificate already.",
        "chain",
    ),
    "pk_adopted_keys": (
        Code.KEYPAIR_IN_USE,
        "Another keypair has this key already. Use that one.",
        "key",
    ),
    "uq_accounts_name_key": (
        Code.NAME_TAKEN,
        "Another account has this name. Choose another.",
        "name",
    ),
    "uq_trusted_issuers_account_id_name_key": (
        Code.NAME_TAKEN,
        "Another issuer has this name. Choose another.",
        "name",
    ),
    "uq_trusted_issuers_account_id_issuer": (
        Code.NAME_TAKEN,
        "The account trusts this issuer already. Change that one, or add rules to it.",
        "url",
    ),
    "uq_pipeline_rules_account_id_name_key": (
        Code.NAME_TAKEN,
        "Another pipeline rule has this name. Choose another.",
        "name",
    ),
    "pk_sessions": (
        Code.NOT_FOUND,
        "This sign-in was used already. Ask for a new one.",
        "session_id",
    ),
}

#: How PostgreSQL names the keypair that two releases want.
_HELD_KEYPAIR = re.compile(r"\(keypair_id\)=\(([0-9a-f-]{36})\)")


def violated_constraint(error: IntegrityError) -> str | None:
    """Return the name of the constraint or unique index that a statement violated, if known.

    PostgreSQL gives the name. SQLite has no field for it: its message lists the columns.
    """
    if isinstance(error.orig, sqlite3.Error):
        return _NAMES_BY_MESSAGE.get(str(error.orig))
    diagnostics = _diagnostics(error)
    return None if diagnostics is None else diagnostics.constraint_name


def _diagnostics(error: IntegrityError) -> Any:
    """Return what PostgreSQL says of an error, by psycopg; None on SQLite."""
    return getattr(error.orig, "diag", None)


def is_key_taken(error: IntegrityError) -> bool:
    """Return whether another call used the idempotency key just now."""
    return violated_constraint(error) == IDEMPOTENCY_KEY


def conflicting_keypair(error: IntegrityError) -> UUID | None:
    """Return the keypair that another release took meanwhile, if that is what the error says.

    None on SQLite: it has one writer, whose checks nobody overtakes.
    """
    diagnostics = _diagnostics(error)
    if violated_constraint(error) != KEYPAIR_HELD or diagnostics is None:
        return None
    match = _HELD_KEYPAIR.search(diagnostics.message_detail or "")
    return UUID(match[1]) if match else None


def refusal_of(error: IntegrityError) -> Refusal:
    """Return the refusal that a violated constraint stands for.

    Raises:
        IntegrityError: The same, if the constraint is not listed here: that is a bug.
    """
    name = violated_constraint(error)
    if name not in CONFLICTS:
        raise error
    code, sentence, field = CONFLICTS[name]
    return Refusal(code, sentence, field)


def _unique_columns() -> Iterator[tuple[str, list[sa.Column[object]]]]:
    """Yield the name and the columns of each unique constraint, unique index and primary key."""
    for table in t.metadata.tables.values():
        for constraint in table.constraints:
            if isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint):
                yield str(constraint.name), list(constraint.columns)
        for index in table.indexes:
            if index.unique:
                yield str(index.name), list(index.columns)


#: What SQLite says when a constraint is violated -> the constraint's name.
_NAMES_BY_MESSAGE = {
    f"UNIQUE constraint failed: {', '.join(map(str, columns))}": name
    for name, columns in _unique_columns()
}
