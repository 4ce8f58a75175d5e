"""Waiting until a release opens, however often the server is restarted meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from countersign.connection.events import SILENCE_SECONDS, EventStream
from countersign.connection.graphql import Connection
from countersign.errors import PendingError, RefusedError, TransientError, WaitRanOutError
from countersign.operations.releases import RELEASE, RELEASE_EVENTS

OPEN = "IN_PROGRESS"
#: What a release that has not opened yet waits for.
AWAITED = {
    "PENDING": "waits for approval",
    "APPROVED": "is approved and waits for its start",
    "ACTIVE": "waits for its start",
}


def is_open(release: dict[str, Any]) -> bool:
    """Tell whether a release's window is open.

    Raises:
        RefusedError: It has ended, and will not open.
    """
    if release["status"] in AWAITED:
        return False
    if release["status"] != OPEN:
        reason = release["endReason"] or release["status"].lower()
        message = f"The release {release['name']!r} has ended ({reason}). Request another one."
        raise RefusedError("OUTSIDE_WINDOW", message)
    return True


def require_open(release: dict[str, Any]) -> None:
    """Let only an open release pass.

    Raises:
        PendingError: It has not opened yet.
        RefusedError: It has ended.
    """
    if not is_open(release):
        message = f"The release {release['name']!r} {AWAITED[release['status']]}. Use --wait."
        raise PendingError(message)


def wait_until_open(
    connection: Connection,
    release: dict[str, Any],
    limit: timedelta | None,
    report: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Return a release when its window is open.

    Args:
        connection: The server; it may be away at times.
        release: The release as it was read last.
        limit: How long to wait at most; for ever if None.
        report: What is called with the release whenever its status has changed.

    Raises:
        WaitRanOutError: The limit was reached. The request stays as it is.
        RefusedError: The release has ended.
    """
    deadline = time.monotonic() + limit.total_seconds() if limit is not None else float("inf")
    report(release)
    if is_open(release):
        return release
    stream = EventStream(connection, RELEASE_EVENTS, releaseId=release["id"])
    stream.silence_seconds = _silence_seconds(release, deadline)
    for event in stream:
        latest = event["release"] if event else _read(connection, release)
        if latest["status"] != release["status"]:
            report(latest)
        release = latest
        if is_open(release):
            break
        if time.monotonic() >= deadline:
            message = f"The release {release['name']!r} still {AWAITED[release['status']]}."
            raise WaitRanOutError(f"{message} The request stays: run this again to wait on.")
        stream.silence_seconds = _silence_seconds(release, deadline)
    return release


def _read(connection: Connection, release: dict[str, Any]) -> dict[str, Any]:
    """Return a release as it is now, or as it was if the server is away."""
    try:
        latest = connection.run_once(RELEASE, {"id": release["id"]})["release"]
    except TransientError:
        return release
    if latest is None:
        raise RefusedError(
            "NOT_FOUND", f"You may not see the release {release['name']!r} any more."
        )
    return dict(latest)


def _silence_seconds(release: dict[str, Any], deadline: float) -> float:
    """Return how long to listen before looking: no longer than to the next moment of interest."""
    seconds = [SILENCE_SECONDS, deadline - time.monotonic()]
    if release["status"] != "PENDING":
        starts_at = datetime.fromisoformat(release["startsAt"])
        seconds.append((starts_at - datetime.now(UTC)).total_seconds())
    return max(0.2, min(seconds))
