"""Runs all checks, in the order in which failures are best corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.bootstrap import load_message_settings, signer_options
from api.config.settings import Settings
from api.config.settings_warnings import settings_warnings
from api.doctor import database_checks, signer_checks
from api.doctor.mail_check import check_mail
from api.doctor.public_url_check import check_public_url
from api.doctor.report import CheckResult, failed, passed, skipped
from api.runtime.startup_checks import NotReadyError, open_database, require_current
from engine.model.errors import Refusal
from engine.persistence.db.database import Database
from engine.persistence.store.retry import translate_db_error
from engine.signers.base import SignerContext, SignerFailed
from engine.signers.keyring import Keyring
from engine.signers.loading import load_signers

Examination = TypeVar("Examination")

_OF_DATABASE = ("database writes", "clock", "master key")
_NO_DATABASE = "It was not looked at, because the database cannot be used."


def examine(
    settings: Settings, *, mail_to: str | None = None, public_url: bool = True
) -> Iterator[CheckResult]:
    """Run all checks, and yield each result as soon as it is known.

    Args:
        settings: The settings, which are valid.
        mail_to: Who gets a test mail; the first administrator if None.
        public_url: Whether to ask the public URL for an answer.
    """
    yield passed("settings", "They are all valid, and the keys look random.")
    yield from _warnings(settings)
    if public_url:
        yield check_public_url(settings.public_url)
    else:
        yield skipped("public URL answers", "It was not asked, as you wished.")
    keyring = Keyring.parse(settings.master_key.get_secret_value())
    database, result = _open_database(settings)
    yield result
    if database is None:
        yield from (skipped(name, _NO_DATABASE) for name in _OF_DATABASE)
    else:
        yield from database_checks.check_database(database, keyring)
    yield from _signers(settings, keyring, _backends_in_use(database))
    yield _channels(settings)
    yield check_mail(settings, mail_to or _first_administrator(database))
    if database is not None:
        database.dispose()


def _warnings(settings: Settings) -> Iterator[CheckResult]:
    """Yield a result for each kind of warning about valid settings."""
    names = {
        "secret_file_readable_by_all": "secret files",
        "database_file_readable_by_all": "database file",
        "public_url_without_tls": "public URL is safe",
        "everybody_is_a_trusted_proxy": "trusted proxies",
    }
    fine = {
        "secret_file_readable_by_all": "No file with secrets can be read by every user.",
        "database_file_readable_by_all": "It cannot be read by every user, if there is one.",
        "public_url_without_tls": "It begins with https://, or does not leave this machine.",
        "everybody_is_a_trusted_proxy": "They are named.",
    }
    warnings = settings_warnings(settings)
    for event, name in names.items():
        of_kind = [warning for warning in warnings if warning.event == event]
        if not of_kind:
            yield passed(name, fine[event])
        for warning in of_kind:
            yield failed(name, f"{warning.subject}:", warning.sentence)


def _open_database(settings: Settings) -> tuple[Database | None, CheckResult]:
    """Return the database if it can be used, and the result of the check."""
    name = "database"
    try:
        database = open_database(settings)
        require_current(database)
    except NotReadyError as error:
        return None, failed(name, "It cannot be used.", str(error))
    except (DBAPIError, PoolTimeout) as error:
        return None, database_checks.unusable(name, error)
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    return database, passed(name, f"{kind} answers, and has the tables of this version.")


def _signers(
    settings: Settings, keyring: Keyring, in_use: Mapping[str, int]
) -> Iterator[CheckResult]:
    try:
        signers = load_signers(SignerContext(keyring, signer_options(settings)))
    except SignerFailed as error:
        yield failed("signers", str(error), "Look at the settings that begin with PKCS11_.")
        return
    for signer in signers.values():
        yield signer_checks.check_signer(signer)
    for backend in sorted(in_use.keys() - signers.keys()):
        message = f"{database_checks.keypairs(in_use[backend])} cannot sign: it is not configured."
        yield failed(f"signer {backend}", message, "Configure it again, or install its package.")


def _channels(settings: Settings) -> CheckResult:
    try:
        message_settings = load_message_settings(settings)
    except NotReadyError as error:
        return failed("channels", str(error), "Correct the channel's options.")
    names = ", ".join(sorted(message_settings.channels))
    return passed("channels", f"These are configured: {names}.")


def _backends_in_use(database: Database | None) -> Mapping[str, int]:
    return _examined(database, database_checks.backends_in_use, {})


def _first_administrator(database: Database | None) -> str | None:
    return _examined(database, database_checks.first_administrator, None)


def _examined(
    database: Database | None, query: Callable[[Database], Examination], otherwise: Examination
) -> Examination:
    """Return what the database answers, or `otherwise` if it does not; that was reported before."""
    if database is None:
        return otherwise
    try:
        return query(database)
    except (DBAPIError, PoolTimeout) as error:
        if isinstance(translate_db_error(error), Refusal):
            return otherwise
        raise
