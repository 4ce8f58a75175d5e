"""The first settings of an installation: fresh secrets, and values of an operator."""

from __future__ import annotations

import base64
import io
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from dotenv import dotenv_values
from pydantic import ValidationError

from api.config.settings import PREFIX, Settings
from api.runtime.startup_checks import NotReadyError
from notifications.channels.mail_folder import SCHEME, folder_of

_HEAD = f"""\
# Settings of Countersign, made by `countersign init`. `countersign settings` explains them all.
# There are secrets in this file: only its owner should read it. Without {PREFIX}MASTER_KEY
# the private keys of the local signer are lost: keep a copy of it in a safe place, away from the
# database's backups.
"""
_CREDENTIALS_IN_ADDRESS = (
    "A password does not belong into the mail server's address, where others could read it: give"
    " --mail-user and --mail-password-file."
)


def missing_settings() -> list[str]:
    """Return the names of settings without a default that the environment does not have."""
    try:
        Settings(_env_file=None)
    except ValidationError as error:
        return [str(fault["loc"][0]) for fault in error.errors() if fault["type"] == "missing"]
    return []


def fresh_secrets() -> dict[str, str]:
    """Return two random keys by the names of their settings."""
    return {
        "secret_key": secrets.token_urlsafe(32),
        "master_key": base64.b64encode(os.urandom(32)).decode("ascii"),
    }


def database_beside(file: Path) -> dict[str, str]:
    """Return a SQLite database beside the settings, unless the environment names one.

    Its path is absolute, so that it is the same one from wherever a command is run.
    """
    if any(os.environ.get(f"{PREFIX}DATABASE_URL{suffix}") for suffix in ("", "_FILE")):
        return {}
    return {"database_url": f"sqlite:///{file.resolve().parent / 'countersign.db'}"}


def mail_url(server: str, user: str | None, password: str | None, file: Path) -> str:
    """Return the setting `smtp_url` from its parts.

    Args:
        server: smtp://HOST:PORT?tls=..., without user and password, or log:FOLDER.
        user: The user at that server.
        password: Theirs.
        file: The file with the settings; a folder for mails is named from where that is.

    Raises:
        NotReadyError: The server's address has a password in it, or cannot be read.
    """
    folder = folder_of(server)
    if folder is not None:
        return f"{SCHEME}{file.resolve().parent / folder}"
    try:
        parts = urlsplit(server)
        has_user = parts.username is not None
    except ValueError as error:
        raise NotReadyError("The mail server must be smtp://HOST:PORT, or log:FOLDER.") from error
    if has_user:
        raise NotReadyError(_CREDENTIALS_IN_ADDRESS)
    if user is None:
        return server
    credentials = ":".join(quote(part, safe="") for part in (user, password) if part is not None)
    return parts._replace(netloc=f"{credentials}@{parts.netloc}").geturl()


def sender_for(admin_email: str) -> str:
    """Return the default sender of mails, at the administrator's domain."""
    return f"Countersign <countersign@{admin_email.rpartition('@')[2]}>"


def write_env_file(file: Path, values: Mapping[str, str]) -> None:
    """Write settings to a new file that only this user can read.

    Raises:
        NotReadyError: The file is there already, or cannot be written.
    """
    variables = {f"{PREFIX}{name.upper()}": value for name, value in values.items()}
    text = _HEAD + "".join(f"{name}={_quoted(value)}\n" for name, value in variables.items())
    if dotenv_values(stream=io.StringIO(text)) != variables:
        raise NotReadyError(f"These values cannot be written to {file}: leave out $ and quotes.")
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        raise NotReadyError(f"{file} cannot be written: {error.strerror}.") from error


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
