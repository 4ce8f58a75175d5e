"""Warns of settings that are valid and dangerous, at the start and in `countersign doctor`.

These are warnings and no refusals. A service behind a tunnel may well be reached over http, and
container platforms mount secrets so that every user of the container can read them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import get_args

import structlog
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from api.config.safe_urls import is_safe
from api.config.settings import PREFIX, Settings
from api.config.settings_files import env_file, values_in_env_file
from engine.persistence.db.database import normal_url
from notifications.channels.mail_folder import folder_of

NO_TLS = (
    "People are reached over plain http: secrets can be read on the way, and accounts where"
    " approvers decide signed in cannot decide from mails. Put a proxy that speaks TLS in front,"
    f" and begin {PREFIX}PUBLIC_URL with https://."
)
NO_MAIL = (
    "No mail leaves this machine: each is kept in this folder, and shown to everybody who can"
    " connect to http://{address}/, with links to approve and to sign in. Set"
    f" {PREFIX}SMTP_URL to a mail server before anybody relies on this installation."
)
READABLE_BY_ALL = (
    "Every user of this machine can read the secrets in this file. Let only its owner read it:"
    " chmod 600 {file}"
)
EVERYBODY = (
    "Everybody who can connect is believed to be a proxy, and names the address that limits count"
    f" by: let {PREFIX}TRUSTED_PROXIES name your proxies alone."
)
DATABASE_READABLE_BY_ALL = (
    "Every user of this machine can read the database. Let only its owner read it: chmod 600"
    " {file}*"
)

log = structlog.get_logger("countersign")


@dataclass(frozen=True, slots=True)
class SettingsWarning:
    """A setting that an operator should change."""

    event: str
    #: The setting's value, or the file; never a secret.
    subject: str
    sentence: str


def log_warnings(settings: Settings) -> None:
    """Write each warning to the log."""
    for warning in settings_warnings(settings):
        log.warning(warning.event, subject=warning.subject, meaning=warning.sentence)


def settings_warnings(settings: Settings) -> list[SettingsWarning]:
    """Return what is dangerous about the settings and the files that they were read from."""
    return [
        *_of_mail(settings),
        *_of_public_url(settings),
        *_of_proxies(settings),
        *_of_files(),
        *_of_database(settings),
    ]


def secret_files() -> list[Path]:
    """Return the files with secret settings: `.env`, and those that `..._FILE` names."""
    in_file = values_in_env_file()
    variables = {**in_file, **os.environ}
    secrets = [
        f"{PREFIX}{name.upper()}"
        for name, field in Settings.model_fields.items()
        if _is_secret(field)
    ]
    files = [env_file()] if any(in_file.get(variable) for variable in secrets) else []
    named = (variables.get(f"{variable}_FILE") for variable in secrets)
    return files + [Path(path) for path in named if path]


def is_readable_by_all(file: Path) -> bool:
    """Tell whether users who are neither the owner nor of its group may read or write a file."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & (stat.S_IROTH | stat.S_IWOTH))


def _of_mail(settings: Settings) -> Iterator[SettingsWarning]:
    folder = folder_of(settings.smtp_url.get_secret_value())
    if folder is not None:
        sentence = NO_MAIL.format(address=settings.mail_page_address)
        yield SettingsWarning("mails_are_not_sent", str(folder), sentence)


def _of_public_url(settings: Settings) -> Iterator[SettingsWarning]:
    if not is_safe(settings.public_url):
        yield SettingsWarning("public_url_without_tls", settings.public_url, NO_TLS)


def _of_proxies(settings: Settings) -> Iterator[SettingsWarning]:
    everybody = [
        part
        for part in filter(None, map(str.strip, settings.trusted_proxies.split(",")))
        if part == "*" or ip_network(part).prefixlen == 0
    ]
    if everybody:
        yield SettingsWarning("everybody_is_a_trusted_proxy", ", ".join(everybody), EVERYBODY)


def _of_files() -> Iterator[SettingsWarning]:
    for file in secret_files():
        if is_readable_by_all(file):
            sentence = READABLE_BY_ALL.format(file=file)
            yield SettingsWarning("secret_file_readable_by_all", str(file), sentence)


def _of_database(settings: Settings) -> Iterator[SettingsWarning]:
    url = normal_url(settings.database_url.get_secret_value())
    if url.get_backend_name() != "sqlite":
        return
    file = Path(url.database or "")
    if is_readable_by_all(file):
        sentence = DATABASE_READABLE_BY_ALL.format(file=file)
        yield SettingsWarning("database_file_readable_by_all", str(file), sentence)


def _is_secret(field: FieldInfo) -> bool:
    return _mentions_secret(field.annotation)


def _mentions_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(map(_mentions_secret, get_args(annotation)))
