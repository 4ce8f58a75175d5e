"""What `countersign release` does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from countersign.cli.output import chosen, print_json, print_json_line, print_rows
from countersign.cli.rows import RELEASE_COLUMNS, print_release, release_cells
from countersign.cli.waiting import tell_status, wait_limit
from countersign.connection.connect import connect
from countersign.connection.events import EventStream
from countersign.connection.graphql import Connection
from countersign.errors import RefusedError, UsageError
from countersign.operations.releases import (
    CLOSE_RELEASE,
    CREATE_RELEASE,
    RELEASE_EVENTS,
    RELEASE_PARTICIPANTS,
    RELEASES,
    STOP_RELEASE,
    WITHDRAW_RELEASE,
)
from countersign.operations.viewer import SERVER_TIME
from countersign.releases.lookups import (
    keypair_named,
    naming_successors,
    release_named,
    team_named,
    user_with_email,
)
from countersign.releases.terms import Terms
from countersign.releases.waiting import AWAITED, OPEN, wait_until_open
from countersign.terminal import note, print_line
from countersign.times import is_relative, parse_instant, parse_length, rfc3339, shown_instant

#: Each edit of a release makes another one of it.
_FIRST_REVISION = 1
#: What to do on the command line where the server asks for a team.
_NAME_TEAM = "Give --team TEAM; `countersign team list` lists the teams."
#: By the verb, what ends a release.
_ENDINGS = {"withdraw": WITHDRAW_RELEASE, "close": CLOSE_RELEASE, "stop": STOP_RELEASE}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOptions:
    """What is requested; the help of `countersign release request` says what each of it means."""

    name: str
    keys: Sequence[str]
    max_signatures: int
    starts: str
    ends: str | None
    duration: str | None
    team: str | None
    participants: Sequence[str]
    version: str | None
    note: str | None

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the start and the end.

        Raises:
            UsageError: One of them is not said, or said twice.
        """
        starts_at = parse_instant(self.starts, now)
        if self.ends is not None and self.duration is None:
            return starts_at, parse_instant(self.ends, now)
        if self.duration is not None and self.ends is None:
            return starts_at, starts_at + parse_length(self.duration)
        raise UsageError("Say when the window ends: either --ends or --for.")

    def terms(
        self,
        keypairs: Iterable[Mapping[str, Any]],
        team: str | None,
        users: Iterable[Mapping[str, Any]],
    ) -> Terms:
        """Return what a release that an earlier run requested has to have.

        Args:
            keypairs: The keypairs that the options name.
            team: The name of the team.
            users: The participants that the options name.
        """
        now = datetime.now(UTC)
        starts, ends = self.starts, self.ends
        return Terms(
            keypairs=[keypair["alias"] for keypair in keypairs],
            max_signatures=self.max_signatures,
            team=team,
            version=self.version,
            note=self.note,
            starts_at=None if is_relative(starts) else parse_instant(starts, now),
            ends_at=None if ends is None or is_relative(ends) else parse_instant(ends, now),
            length=None if self.duration is None else parse_length(self.duration),
            participants=[user["email"] for user in users],
        )


def request_release(options: RequestOptions, *, wait: str | None, fields: str | None) -> None:
    """Request a release or find it, and wait for it if that is wanted."""
    starts_at, ends_at = options.window(datetime.now(UTC))
    limit = wait_limit(wait)
    with connect() as connection:
        keypairs = [keypair_named(connection, key) for key in options.keys]
        values = {
            "name": options.name,
            "type": keypairs[0]["type"],
            "category": keypairs[0]["category"],
            "keypairIds": [keypair["id"] for keypair in keypairs],
            "startsAt": rfc3339(starts_at),
            "endsAt": rfc3339(ends_at),
            "maxSignatures": options.max_signatures,
            "version": options.version,
            "note": options.note,
        }
        team = team_named(connection, options.team) if options.team is not None else None
        if team is not None:
            values["teamId"] = team["id"]
        users = [user_with_email(connection, email) for email in options.participants]
        if users:
            values["participantIds"] = [user["id"] for user in users]
        terms = options.terms(keypairs, team["name"] if team is not None else None, users)
        with naming_successors(keypairs):
            release = _request_or_find(connection, values, terms)
        if wait is not None:
            release = wait_until_open(connection, release, limit, tell_status)
    _print(release, fields)


def _request_or_find(
    connection: Connection, values: Mapping[str, Any], terms: Terms
) -> dict[str, Any]:
    """Return the new release, or the one of the same name that an earlier run requested.

    Raises:
        RefusedError: The request was refused; also if the release of this name has ended, has
            other keypairs, or was requested with other terms. What people have edited since, such
            as a later end, is noted.
    """
    try:
        return dict(connection.change(CREATE_RELEASE, dict(values))["release"])
    except RefusedError as error:
        if error.code == "TEAM_REQUIRED":
            raise RefusedError(error.code, f"{error.message} {_NAME_TEAM}") from error
        if error.code not in {"NAME_TAKEN", "KEYPAIR_IN_USE"}:
            raise
        release = _earlier_request(connection, values["name"])
        if release is None:
            raise
        different = terms.differences(_with_participants(connection, release, terms))
        was_edited = release["revision"] > _FIRST_REVISION
        if different and not (terms.has_keypairs(release) and was_edited):
            raise _conflict(release, different) from error
    edited = f", and has been edited since: {', '.join(different)}" if different else ""
    note(f"{release['name']} was requested already{edited}.")
    return release


def _earlier_request(connection: Connection, name: str) -> dict[str, Any] | None:
    """Return the release of this name, if it has not ended."""
    try:
        release = release_named(connection, name)
    except RefusedError:
        return None
    return release if release["status"] in {OPEN, *AWAITED} else None


def _with_participants(
    connection: Connection, release: Mapping[str, Any], terms: Terms
) -> dict[str, Any]:
    """Return a release with its participants if the terms name some."""
    if not terms.participants:
        return dict(release)
    return {**release, **connection.run(RELEASE_PARTICIPANTS, id=release["id"])["release"]}


def _conflict(release: Mapping[str, Any], different: Sequence[str]) -> RefusedError:
    return RefusedError(
        "NAME_TAKEN",
        f"{release['name']} was requested already, with other terms: {', '.join(different)}."
        " Ask for what it has, edit or withdraw it, or give another name.",
    )


def print_releases(conditions: Mapping[str, Any], limit: int, fields: str | None) -> None:
    """List releases."""
    with connect() as connection:
        pages = connection.pages(RELEASES, filter=dict(conditions), first=min(limit, 100))
        rows = list(islice(pages, limit))
    print_rows(rows, fields, RELEASE_COLUMNS, release_cells)


def show_release(name: str, fields: str | None) -> None:
    """Show a release."""
    with connect() as connection:
        _print(release_named(connection, name), fields)


def wait_for_release(name: str, limit: str, fields: str | None) -> None:
    """Wait until a release opens."""
    longest = wait_limit(limit)
    with connect() as connection:
        release = release_named(connection, name)
        release = wait_until_open(connection, release, longest, tell_status)
    _print(release, fields)


def watch_releases(name: str | None, fields: str | None) -> None:
    """Print what happens, until it is interrupted."""
    with connect() as connection:
        release_id = release_named(connection, name)["id"] if name is not None else None
        # A stream waits for its server for ever: say first what is wrong if there is none.
        connection.run(SERVER_TIME)
        for event in EventStream(connection, RELEASE_EVENTS, releaseId=release_id):
            if event is None:
                continue
            row = {"tag": event["tag"], "cursor": event["cursor"], **event["release"]}
            if fields is not None:
                print_json_line(chosen(row, fields))
            else:
                at = shown_instant(datetime.now(UTC).isoformat())
                print_line(f"{at}  {row['name']}  {row['tag']}  {row['status']}")


def end_release(verb: str, name: str, reason: str | None, fields: str | None) -> None:
    """Withdraw, close or stop a release."""
    with connect() as connection:
        release = release_named(connection, name)
        values = {"id": release["id"], "reason": reason}
        release = connection.change(_ENDINGS[verb], values)["release"]
    _print(release, fields)


def _print(release: Mapping[str, Any], fields: str | None) -> None:
    if fields is not None:
        print_json(chosen(release, fields))
    else:
        print_release(release)
