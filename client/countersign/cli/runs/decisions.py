"""What `countersign inbox`, `approve` and `reject` do."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import typer

from countersign.cli.output import chosen, plural, print_json, print_json_line, print_rows
from countersign.cli.rows import RELEASE_COLUMNS, print_release, release_cells
from countersign.connection.connect import connect
from countersign.connection.events import EventStream
from countersign.connection.graphql import Connection
from countersign.errors import RefusedError, TransientError, UsageError
from countersign.operations.releases import (
    APPROVE_RELEASE,
    INBOX,
    INBOX_EVENTS,
    REJECT_RELEASE,
)
from countersign.operations.viewer import VIEWER
from countersign.releases.lookups import release_named
from countersign.terminal import note, print_line

_MAY_NOT_APPROVE = (
    "Nothing can wait here: this credential may not approve releases. Approve by the link in the"
    " mail or in the dashboard, use a token whose scopes have APPROVE_RELEASE, or ask an"
    " administrator for a role that has this permission."
)
_DECISIONS = {"approve": APPROVE_RELEASE, "reject": REJECT_RELEASE}


def print_inbox(fields: str | None) -> None:
    """List what waits for the caller's decision."""
    with connect() as connection:
        rows = list(connection.pages(INBOX))
        may_approve = bool(rows) or _may_approve(connection)
    print_rows(rows, fields, RELEASE_COLUMNS, release_cells)
    if not may_approve:
        note(_MAY_NOT_APPROVE)
    elif not rows and fields is None:
        note("Nothing waits for your decision.")


def watch_inbox(fields: str | None) -> None:
    """Print what waits for the caller's decision, and what begins to, until interrupted."""
    shown: set[tuple[str, int]] = set()
    with connect() as connection:
        if not _may_approve(connection):
            note(_MAY_NOT_APPROVE)
        for event in EventStream(connection, INBOX_EVENTS):
            waiting = event["began"] if event is not None else _inbox_or_nothing(connection)
            for release in waiting:
                version = (release["id"], release["revision"])
                if version not in shown:
                    shown.add(version)
                    _print_line(release, fields)


def _may_approve(connection: Connection) -> bool:
    return "APPROVE_RELEASE" in connection.run(VIEWER)["viewer"]["permissions"]


def _inbox_or_nothing(connection: Connection) -> list[dict[str, Any]]:
    """Return what waits; nothing while the server is away, which is asked again soon."""
    try:
        return list(connection.pages(INBOX))
    except TransientError:
        return []


def _print_line(release: Mapping[str, Any], fields: str | None) -> None:
    if fields is not None:
        print_json_line(chosen(release, fields))
    else:
        print_line(*release_cells(release))


def decide(
    verb: str,
    name: str,
    comment: str | None,
    revision: int | None,
    *,
    is_confirmed: bool,
    fields: str | None,
) -> None:
    """Approve or reject a release at the revision that the person read.

    Raises:
        UsageError: Nobody said yes to what is shown.
        RefusedError: The decision was refused.
    """
    with connect() as connection:
        release = release_named(connection, name)
        if revision is None:
            if fields is None:
                print_release(release)
            _require_confirmation(verb, is_confirmed=is_confirmed)
            revision = release["revision"]
        values = {"id": release["id"], "revision": revision, "comment": comment}
        release = connection.change(_DECISIONS[verb], values)["release"]
    if fields is not None:
        print_json(chosen(release, fields))
        return
    remaining = (release["approval"] or {}).get("remaining", 0)
    left = plural(remaining, "1 approval remains", "{} approvals remain")
    note(f"{release['name']} is {release['status']} now; {left}.")


def _require_confirmation(verb: str, *, is_confirmed: bool) -> None:
    if is_confirmed:
        return
    if not sys.stdin.isatty():
        raise UsageError("Nobody can be asked here: give --revision of what was read, or --yes.")
    if not typer.confirm(f"Do you {verb} this release?"):
        raise RefusedError("NOT_CONFIRMED", "Nothing was decided.")
