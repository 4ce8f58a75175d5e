"""Rules for the values of settings. Each returns the value, or says what it has to be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr
from sqlalchemy.exc import ArgumentError

from api.config.safe_urls import is_safe
from api.config.secret_strength import is_same_secret, weakness, weakness_of_text
from api.web.http.cross_origin import origins_of
from api.web.http.hosts import hosts_of
from engine.persistence.db.database import normal_url
from engine.signers.keyring import InvalidMasterKeyError, Keyring, master_keys_of, parse_master_key
from notifications.channels.mail_folder import folder_of
from notifications.channels.mime import sender_of
from notifications.channels.smtp import Server

_HOST = re.compile(r"\[[0-9a-fA-F:.]+\]|[^\s:\[\]]+")
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_AWS_REGION = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+", re.ASCII)
#: Prints a key as long and as random as ours have to be.
MAKE_KEY = "openssl rand -base64 32"
SECRET_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Marks a value whose file could not be read."""

    variable: str
    path: str
    reason: str


def is_readable(value: Any) -> Any:
    """Require that the file of a value could be read."""
    if isinstance(value, Unreadable):
        message = f"is to be read from {value.path} ({value.variable}): {value.reason}"
        raise ValueError(message)  # noqa: TRY004 - pydantic collects these
    return value


def database_url(url: str) -> None:
    """Require SQLite in a file, or PostgreSQL."""
    sentence = (
        "must be sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE"
        " (special characters in it are written like %40)"
    )
    try:
        parsed = normal_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(sentence) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ValueError("must name a file: a SQLite database in memory would keep nothing")


def postgresql_url(url: str) -> None:
    """Require PostgreSQL."""
    database_url(url)
    if normal_url(url).get_backend_name() == "sqlite":
        raise ValueError("must be a PostgreSQL: SQLite needs none")


def smtp_url(url: str) -> None:
    """Require a mail server that its channel understands, or a folder."""
    if folder_of(url) is not None:
        return
    try:
        Server.of(url)
    except ValueError:
        message = (
            "must be smtp://USER:PASSWORD@HOST:PORT?tls=starttls (or tls, or none), or log:FOLDER"
        )
        raise ValueError(message) from None


def sender(text: str) -> None:
    """Require a sender: a name and an address."""
    try:
        sender_of(text)
    except Exception:  # noqa: BLE001 - the standard library's parser raises many kinds
        message = 'must be a sender, like "Countersign <countersign@example.com>"'
        raise ValueError(message) from None


def public_url(url: str) -> None:
    """Require a URL to which paths can be appended."""
    if not _is_address(url):
        raise ValueError("must be an address for browsers, like https://countersign.example.com")


def hosts(text: str) -> None:
    """Require a list of host names and addresses."""
    try:
        hosts_of(text)
    except ValueError:
        message = (
            "must be names or addresses without scheme and port, separated by commas,"
            " like countersign.internal,10.0.0.5"
        )
        raise ValueError(message) from None


def origins(text: str) -> None:
    """Require a list of origins, each exactly as browsers write it."""
    try:
        origins_of(text)
    except ValueError:
        message = (
            "must be origins of pages, each exactly as browsers write it and without a path,"
            " separated by commas, like https://dashboard.example.com,http://localhost:5173"
        )
        raise ValueError(message) from None


def trusted_proxies(text: str) -> None:
    """Require addresses and networks; `*` for everybody is possible, with a warning."""
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            if part != "*":
                ip_network(part)
        except ValueError:
            message = (
                "must be addresses or networks, like 10.0.0.5 or 10.0.0.0/8 (without bits behind"
                " the network's own), separated by commas"
            )
            raise ValueError(message) from None


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return named and parts.scheme in {"http", "https"} and not (parts.query or parts.fragment)


def secret_key(text: str) -> None:
    """Require a secret key that is long enough and cannot be guessed."""
    if len(text) < SECRET_KEY_LENGTH:
        message = (
            f"must have at least {SECRET_KEY_LENGTH} characters, and has {len(text)}."
            f" Make one with: {MAKE_KEY}"
        )
        raise ValueError(message)
    _require_strength(weakness_of_text(text))


def master_key(text: str) -> None:
    """Require master keys of which the first cannot be guessed.

    The others only open what was sealed before: a weak one must be there to be replaced.
    """
    try:
        Keyring.parse(text)
    except InvalidMasterKeyError as error:
        message = f"must be 32 bytes in base64. {error} Make one with: {MAKE_KEY}"
        raise ValueError(message) from None
    sealing = parse_master_key(master_keys_of(text)[0])
    typed = "is a text that was typed instead of being random" if _is_printable(sealing) else None
    _require_strength(weakness(sealing) or typed)


def other_keys(master: str, secret: str) -> None:
    """Require that no master key is the secret key, in any spelling."""
    if any(is_same_secret(key, secret) for key in master_keys_of(master)):
        raise ValueError(f"must be another key than SECRET_KEY. Make one with: {MAKE_KEY}")


def _require_strength(fault: str | None) -> None:
    if fault is not None:
        raise ValueError(f"{fault}: it can be guessed. Make one with: {MAKE_KEY}")


def _is_printable(key: bytes) -> bool:
    return key.isascii() and key.decode("ascii").isprintable()


def issuer(url: str) -> None:
    """Require an issuer to which secrets can be sent."""
    if not is_safe(url):
        raise ValueError("must begin with https://")


def tsa_url(url: str) -> None:
    """Require a web address without credentials; nothing secret is sent to it."""
    if not _is_address(url) or "@" in urlsplit(url).netloc:
        raise ValueError("must be a web address like http://timestamp.example.com")


def aws_region(name: str) -> None:
    """Require what names of regions look like; which ones there are changes."""
    if not _AWS_REGION.fullmatch(name):
        raise ValueError("must be a region of AWS, like eu-central-1")


def kms_endpoint_url(url: str) -> None:
    """Require an address that credentials may be sent to."""
    if not is_safe(url):
        raise ValueError("must be an address of KMS with https://, or with http:// on this machine")


def address_and_port(text: str) -> None:
    """Require an address and a port."""
    host, _, port = text.rpartition(":")
    if not _HOST.fullmatch(host) or not _PORT.fullmatch(port) or int(port) > 65535:
        raise ValueError("must be an address and a port, like 127.0.0.1:9464")


def validated_by(rule: Callable[[str], None]) -> AfterValidator:
    """Return a rule as a pydantic validator, for texts and secrets."""

    def keep(value: str | SecretStr) -> str | SecretStr:
        rule(value.get_secret_value() if isinstance(value, SecretStr) else value)
        return value

    return AfterValidator(keep)
