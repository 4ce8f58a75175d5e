"""Where a login's secret is kept: in the keyring of the system, or in a private file.

The keyring is used where the package `keyring` is installed and has a place to keep secrets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from countersign.connection.paths import config_folder, write_private
from countersign.errors import UsageError

_SERVICE = "countersign"


def store_login(environ: Mapping[str, str], server: str, secret: str) -> str:
    """Keep the secret of a session with a server, and return where it is now."""
    keyring = _keyring()
    if keyring is not None:
        keyring.set_password(_SERVICE, server, secret)
        return "the keyring"
    logins = _read(environ)
    logins[server] = secret
    write_private(_file(environ), json.dumps(logins, indent=2) + "\n")
    return str(_file(environ))


def stored_login(environ: Mapping[str, str], server: str) -> str | None:
    """Return the secret for a server, if one is kept."""
    keyring = _keyring()
    stored = keyring.get_password(_SERVICE, server) if keyring is not None else None
    return stored or _read(environ).get(server)


def forget_login(environ: Mapping[str, str], server: str) -> None:
    """Delete the secret for a server wherever it is kept."""
    keyring = _keyring()
    if keyring is not None and keyring.get_password(_SERVICE, server) is not None:
        keyring.delete_password(_SERVICE, server)
    logins = _read(environ)
    if logins.pop(server, None) is not None:
        write_private(_file(environ), json.dumps(logins, indent=2) + "\n")


def _keyring() -> Any:
    """Return the module `keyring` if it is installed and has a place to keep secrets."""
    try:
        import keyring
        from keyring.backends.fail import Keyring as NoPlace
    except ImportError:
        return None
    return None if isinstance(keyring.get_keyring(), NoPlace) else keyring


def _read(environ: Mapping[str, str]) -> dict[str, str]:
    try:
        logins = json.loads(_file(environ).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{_file(environ)} cannot be read: {error}") from error
    return logins if isinstance(logins, dict) else {}


def _file(environ: Mapping[str, str]) -> Path:
    return config_folder(environ) / "logins.json"
