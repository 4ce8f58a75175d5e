"""Finding what a person names: by its name, or by its id."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from countersign.connection.graphql import Connection
from countersign.errors import ClientError, RefusedError
from countersign.operations.keypairs import KEYPAIR, KEYPAIR_ALIASES, KEYPAIR_DETAILS
from countersign.operations.operation import Operation
from countersign.operations.releases import RELEASE, RELEASE_NAMES
from countersign.operations.teams import TEAM, TEAM_NAMES
from countersign.operations.users import USER, USER_EMAILS
from countersign.suggestions import did_you_mean

#: How many names are looked through for what may have been meant.
_MAX_NAMES = 1000
#: By what the schema calls a thing, which verb lists those that there are.
_LISTED_BY = {
    "keypair": " `countersign key list` lists those that you may see.",
    "release": " `countersign release list` lists those that you may see.",
    "team": " `countersign team list` lists those that you may see.",
}
#: Global ids are base64 of a type's name and a number; names of things seldom look like it.
_ID = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}", re.ASCII)


def release_named(connection: Connection, name: str) -> dict[str, Any]:
    """Return a release.

    Raises:
        RefusedError: There is none, or the caller may not see it.
    """
    return dict(_named(connection, RELEASE, RELEASE_NAMES, "release", "name", name)["release"])


def keypair_named(connection: Connection, alias: str) -> dict[str, Any]:
    """Return a keypair, as `release_named` does."""
    return keypair_and_server_clock(connection, alias)[0]


@dataclass(frozen=True, slots=True)
class ServerClock:
    """The clock of the server, by one answer and the time that has passed here since."""

    answered_at: datetime
    #: The seconds of a clock of this machine that nobody sets, when the answer was there.
    seconds: float

    def now(self) -> datetime:
        """Return the time of the server, or one that is earlier by how long its answer took."""
        return self.answered_at + timedelta(seconds=time.monotonic() - self.seconds)


def keypair_and_server_clock(
    connection: Connection, alias: str
) -> tuple[dict[str, Any], ServerClock]:
    """Return a keypair, and the clock of the server that answered."""
    data = _named(connection, KEYPAIR, KEYPAIR_ALIASES, "keypair", "alias", alias)
    answered_at = datetime.fromisoformat(data["serverTime"])
    return dict(data["keypair"]), ServerClock(answered_at, time.monotonic())


@contextmanager
def naming_successors(keypairs: Iterable[dict[str, Any]]) -> Iterator[None]:
    """Add to the refusal of a keypair that is retired which one took its place.

    Raises:
        RefusedError: What was refused inside.
    """
    try:
        yield
    except RefusedError as error:
        successors = {k["alias"]: k["successor"]["alias"] for k in keypairs if k["successor"]}
        if error.code != "KEYPAIR_DISABLED" or not successors:
            raise
        named = " ".join(f"The successor of {old} is {new}." for old, new in successors.items())
        raise RefusedError(error.code, f"{error.message} {named}", error.field) from error


def keypair_details(connection: Connection, alias: str) -> dict[str, Any]:
    """Return a keypair with its teams and what its OpenPGP certificate says."""
    data = _named(connection, KEYPAIR_DETAILS, KEYPAIR_ALIASES, "keypair", "alias", alias)
    return dict(data["keypair"])


def trusted_text(keypair: dict[str, Any]) -> str:
    """Return what signatures of a keypair are verified with: its certificate, or its key in PEM."""
    public_key = keypair["publicKey"]
    return str(public_key["openpgp"] or public_key["pem"])


def team_named(connection: Connection, name: str) -> dict[str, Any]:
    """Return a team, as `release_named` does."""
    return dict(_named(connection, TEAM, TEAM_NAMES, "team", "name", name)["team"])


def user_with_email(connection: Connection, email: str) -> dict[str, Any]:
    """Return a user, as `release_named` does."""
    return dict(_named(connection, USER, USER_EMAILS, "user", "email", email)["user"])


def _named(
    connection: Connection, operation: Operation, names: Operation, field: str, key: str, text: str
) -> dict[str, Any]:
    """Return the answer about a thing that is there.

    It looks for the name first, since that is what people write, and then for the id.

    Args:
        connection: The server.
        operation: Finds one by its name or id.
        names: Lists the names that there are.
        field: What the schema calls such a thing.
        key: What it calls the name.
        text: The name or id.
    """
    data = connection.run(operation, **{key: text})
    if data[field] is None and _ID.fullmatch(text):
        data = _by_id(connection, operation, field, text)
    if data[field] is None:
        message = f"There is no {field} {text!r}, or you may not see it."
        suggestion = did_you_mean(text, _names(connection, names, key)) + _LISTED_BY.get(field, "")
        raise RefusedError("NOT_FOUND", message + suggestion)
    return data


def _names(connection: Connection, names: Operation, key: str) -> list[str]:
    """Return the names that there are; none where the caller may not list them."""
    try:
        return [node[key] for node in islice(connection.pages(names), _MAX_NAMES)]
    except RefusedError:
        return []


def _by_id(connection: Connection, operation: Operation, field: str, id_: str) -> dict[str, Any]:
    try:
        return connection.run(operation, id=id_)
    except ClientError as error:
        if error.code not in {"INVALID_INPUT", "NOT_FOUND", "INVALID_VARIABLES"}:
            raise
        return {field: None}
