"""Finding what a person names: by its name, or by its id."""

from __future__ import annotations

import re
from typing import Any

from countersign.connection.graphql import Connection
from countersign.errors import ClientError, RefusedError
from countersign.operations.keypairs import KEYPAIR
from countersign.operations.operation import Operation
from countersign.operations.releases import RELEASE, TEAM, USER

#: Global ids are base64 of a type's name and a number; names of things seldom look like it.
_ID = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}", re.ASCII)


def release_named(connection: Connection, name: str) -> dict[str, Any]:
    """Return a release.

    Raises:
        RefusedError: There is none, or the caller may not see it.
    """
    return _named(connection, RELEASE, "release", "name", name)


def keypair_named(connection: Connection, alias: str) -> dict[str, Any]:
    """Return a keypair, as `release_named` does."""
    return _named(connection, KEYPAIR, "keypair", "alias", alias)


def trusted_text(keypair: dict[str, Any]) -> str:
    """Return what signatures of a keypair are verified with: its certificate, or its key in PEM."""
    public_key = keypair["publicKey"]
    return str(public_key["openpgp"] or public_key["pem"])


def team_named(connection: Connection, name: str) -> dict[str, Any]:
    """Return a team, as `release_named` does."""
    return _named(connection, TEAM, "team", "name", name)


def user_with_email(connection: Connection, email: str) -> dict[str, Any]:
    """Return a user, as `release_named` does."""
    return _named(connection, USER, "user", "email", email)


def _named(
    connection: Connection, operation: Operation, field: str, key: str, text: str
) -> dict[str, Any]:
    """Look for the name first, since that is what people write, and then for the id."""
    row = connection.run(operation, **{key: text})[field]
    if row is None and _ID.fullmatch(text):
        row = _by_id(connection, operation, field, text)
    if row is None:
        message = f"There is no {field} {text!r}, or you may not see it."
        raise RefusedError("NOT_FOUND", message)
    return dict(row)


def _by_id(
    connection: Connection, operation: Operation, field: str, id_: str
) -> dict[str, Any] | None:
    try:
        row: dict[str, Any] | None = connection.run(operation, id=id_)[field]
    except ClientError as error:
        if error.code not in {"INVALID_INPUT", "NOT_FOUND", "INVALID_VARIABLES"}:
            raise
        return None
    return row
