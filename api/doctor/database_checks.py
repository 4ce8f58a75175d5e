"""Checks whether the database takes writes, has the right time, and has only keys that open."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.doctor.report import CheckResult, failed, passed
from api.runtime.startup_checks import SKEW
from engine.commands.transactions import bare_transaction
from engine.model.errors import Refusal
from engine.model.vocabulary import Permission
from engine.persistence.db.clock import DatabaseClock, skew
from engine.persistence.db.database import Database
from engine.persistence.db.storage_faults import SENTENCES
from engine.persistence.db.writable import storage_fault
from engine.persistence.store import tables as t
from engine.persistence.store.loading.people import permitted_users
from engine.persistence.store.maintenance.key_checks import (
    load_master_key_check,
    rewrite_master_key_check,
)
from engine.persistence.store.maintenance.sealed_keypairs import master_keys_in_use
from engine.persistence.store.retry import translate_db_error
from engine.signers.keyring import Keyring, WrongMasterKeyError

_CHECK_IT = "Look at COUNTERSIGN_DATABASE_URL, and at the server and its log."
_ADD_KEY = (
    "Add it to COUNTERSIGN_MASTER_KEY, behind the key that seals and a comma: without it they"
    " cannot sign."
)


def check_database(database: Database, keyring: Keyring) -> Iterator[CheckResult]:
    """Yield the results of the checks of a database that can be read."""
    checks: dict[str, Callable[[], CheckResult]] = {
        "database writes": lambda: _check_writes(database),
        "clock": lambda: _check_clock(database),
        "master key": lambda: _check_keys(database, keyring),
    }
    for name, check in checks.items():
        try:
            yield check()
        except (DBAPIError, PoolTimeout) as error:
            yield unusable(name, error)


def unusable(name: str, error: DBAPIError | PoolTimeout) -> CheckResult:
    """Return the result for a database that answers with an error."""
    translated = translate_db_error(error)
    said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    sentence = translated.message if isinstance(translated, Refusal) else "The database refused."
    return failed(name, f"{sentence} ({said})", _CHECK_IT)


def first_administrator(database: Database) -> str | None:
    """Return the address of the first person who can manage users; None if there is none."""
    u = t.users
    query = (
        sa.select(u.c.email)
        .where(u.c.id.in_(permitted_users(Permission.MANAGE_USERS)), u.c.active, ~u.c.service)
        .order_by(u.c.created_at, u.c.id)
        .limit(1)
    )
    with database.reading() as connection:
        return connection.execute(query).scalar_one_or_none()


def backends_in_use(database: Database) -> dict[str, int]:
    """Return how many keypairs each signer has."""
    k = t.keypairs
    query = sa.select(k.c.backend, sa.func.count().label("number")).group_by(k.c.backend)
    with database.reading() as connection:
        return {row.backend: row.number for row in connection.execute(query)}


def _check_writes(database: Database) -> CheckResult:
    """Write a row as it is, and commit it."""
    name = "database writes"
    with database.reading() as connection:
        fault = storage_fault(database, connection)
    if fault is not None:
        return failed(name, SENTENCES[fault], "")

    bare_transaction(database, rewrite_master_key_check)
    return passed(name, "A transaction was committed.")


def _check_clock(database: Database) -> CheckResult:
    name = "clock"
    if database.is_sqlite:
        return passed(name, "Instants are this machine's own.")
    with database.reading() as connection:
        ahead = skew(DatabaseClock(), connection).total_seconds()
    sentence = f"The database's clock is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'}"
    if abs(ahead) > SKEW:
        advice = "Synchronise both with a time server (NTP). Releases follow the database's clock."
        return failed(name, f"{sentence} this machine's.", advice)
    return passed(name, f"{sentence} this machine's.")


def _check_keys(database: Database, keyring: Keyring) -> CheckResult:
    """Check that each master key that sealed something is configured."""
    name = "master key"
    with database.reading() as connection:
        check = load_master_key_check(connection)
        in_use = master_keys_in_use(connection)
    missing = sorted(in_use.keys() - keyring.key_ids)
    if missing:
        which = ", ".join(f"{keypairs(in_use[key])} under {key}" for key in missing)
        return failed(name, f"Keys that are not configured sealed {which}.", _ADD_KEY)
    try:
        if check is not None:
            keyring.verify_check(check)
    except WrongMasterKeyError as error:
        return failed(name, str(error), "")
    sealed = [f"{keypairs(in_use[key])} under {key}" for key in sorted(in_use)]
    sealed_under = f" Sealed are {', '.join(sealed)}, and all can be opened." if sealed else ""
    return passed(name, f"{keyring.sealing_key_id} seals.{sealed_under}")


def keypairs(number: int) -> str:
    """Return a number of keypairs in words."""
    return f"{number} keypair" if number == 1 else f"{number} keypairs"
