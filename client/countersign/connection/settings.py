"""Settings of the client: which server, by the environment or by a profile.

Profiles are in `profiles.json` in the client's folder; `countersign login` writes it:

    {"default": "work", "profiles": {"work": {"server": "https://countersign.example.com"}}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from countersign.connection.paths import config_folder, write_private
from countersign.errors import UsageError

DEFAULT_PROFILE = "default"
#: Set to `true`, it lets tokens be sent over plain http to another machine.
PLAIN_HTTP = "COUNTERSIGN_PLAIN_HTTP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Which server, and how pipelines prove themselves to it."""

    #: Its public URL, without a slash at the end.
    server: str
    #: The name under which the login is stored, or None if the server was named directly.
    profile: str | None = None
    #: The id of the rule by which a pipeline's own token is exchanged.
    rule: str | None = None
    #: The audience of a pipeline's own token.
    audience: str | None = None


def load_settings(
    environ: Mapping[str, str], *, server: str | None = None, profile: str | None = None
) -> Settings:
    """Return the settings: what the caller names goes before the environment, that before files.

    Raises:
        UsageError: No server is named anywhere, or what is named is no URL.
    """
    server = server or environ.get("COUNTERSIGN_URL")
    name = profile or environ.get("COUNTERSIGN_PROFILE")
    if server is None or name is not None:
        name, server = _profile(environ, name, server)
    server = checked_url(server, environ)
    return Settings(
        server=server,
        profile=name,
        rule=environ.get("COUNTERSIGN_RULE"),
        audience=environ.get("COUNTERSIGN_AUDIENCE") or server,
    )


def _profile(environ: Mapping[str, str], name: str | None, server: str | None) -> tuple[str, str]:
    stored = read_profiles(environ)
    name = name or stored.get("default", DEFAULT_PROFILE)
    server = server or stored.get("profiles", {}).get(name, {}).get("server")
    if server is None:
        raise UsageError(
            f"There is no server for the profile {name!r}. Run `countersign login URL`,"
            " or set COUNTERSIGN_URL."
        )
    return name, server


def checked_url(url: str, environ: Mapping[str, str]) -> str:
    """Return a server's URL without a slash, or the path of its GraphQL, at the end.

    Raises:
        UsageError: It is no http or https URL, carries a credential, or is one of plain http to
            another machine, which the environment does not allow.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise UsageError(f"{url!r} is no URL of a server, like https://countersign.example.com.")
    is_plain = parts.scheme == "http" and not _is_loopback(parts.hostname)
    if is_plain and environ.get(PLAIN_HTTP) != "true":
        raise UsageError(
            f"{url!r} is plain http, by which others on the way can read tokens. Use https, or set"
            f" {PLAIN_HTTP}=true in a network where nobody can."
        )
    return url.rstrip("/").removesuffix("/graphql").rstrip("/")


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine; names by RFC 6761, section 6.3."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_profiles(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what the file of profiles holds; nothing if there is none."""
    path = profiles_file(environ)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if not isinstance(stored, dict):
        raise UsageError(f"{path} holds no JSON object.")
    return stored


def write_profile(environ: Mapping[str, str], name: str, server: str) -> None:
    """Store a profile, and make it the default if there was none."""
    stored = read_profiles(environ)
    stored.setdefault("default", name)
    stored.setdefault("profiles", {})[name] = {"server": server}
    write_private(profiles_file(environ), json.dumps(stored, indent=2) + "\n")


def profiles_file(environ: Mapping[str, str]) -> Path:
    """Return where profiles are stored."""
    return config_folder(environ) / "profiles.json"
