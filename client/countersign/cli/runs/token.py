"""What `countersign token` does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from countersign.cli.output import chosen, print_json, print_rows
from countersign.connection.connect import connect
from countersign.operations.tokens import CREATE_TOKEN, REVOKE_TOKEN, TOKENS
from countersign.releases.lookups import user_with_email
from countersign.terminal import note, print_line
from countersign.times import parse_instant, rfc3339, shown_instant

TOKEN_COLUMNS = ("NAME", "USER", "SCOPES", "EXPIRES", "STATE", "ID")


def print_tokens(fields: str | None) -> None:
    """List the tokens that the caller may see."""
    with connect() as connection:
        rows = list(connection.pages(TOKENS))
    print_rows(rows, fields, TOKEN_COLUMNS, _cells)


def _cells(token: Mapping[str, Any]) -> Iterable[str]:
    return (
        token["name"],
        token["user"]["name"],
        ", ".join(token["scopes"]),
        shown_instant(token["expiresAt"]),
        "revoked" if token["revokedAt"] else "",
        token["id"],
    )


def create_token(
    name: str,
    scopes: Sequence[str] | None,
    expires: str | None,
    email: str | None,
    fields: str | None,
) -> None:
    """Make a token and print its secret."""
    values: dict[str, Any] = {"name": name}
    if scopes:
        values["scopes"] = [scope.upper() for scope in scopes]
    if expires is not None:
        values["expiresAt"] = rfc3339(parse_instant(expires, datetime.now(UTC)))
    with connect() as connection:
        if email is not None:
            values["userId"] = user_with_email(connection, email)["id"]
        payload = connection.change(CREATE_TOKEN, values)
    if fields is not None:
        print_json(chosen({**payload["token"], "secret": payload["secret"]}, fields))
        return
    print_line(payload["secret"])
    note("The secret is shown this once. Keep it safe.")


def revoke_token(token_id: str) -> None:
    """Revoke a token."""
    with connect() as connection:
        ended = connection.change(REVOKE_TOKEN, {"id": token_id})["revokedIds"]
    note(f"{len(ended)} tokens ended.")
