"""Following what happens over connections that end, and waiting for a release by it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import httpx2
import pytest

from countersign.cli.runs import release as runs
from countersign.connection.events import EventStream
from countersign.connection.graphql import Connection
from countersign.errors import (
    ClientError,
    NotSignedInError,
    PendingError,
    RefusedError,
    TransientError,
    WaitRanOutError,
)
from countersign.operations.releases import RELEASE_EVENTS
from countersign.releases.waiting import require_open, wait_until_open
from tests.client.test_connection import Server, credentials, error, reply

SERVER = "http://127.0.0.1:1"
CUT = httpx2.ReadError("reset")


@pytest.fixture(autouse=True)
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The delays between connections, which no test waits for."""
    waited: list[float] = []
    monkeypatch.setattr("countersign.connection.events.time.sleep", waited.append)
    return waited


def release(status: str = "PENDING", **more: Any) -> dict[str, Any]:
    return {
        "id": "r",
        "name": "Falcon",
        "status": status,
        "startsAt": "2031-05-04T12:00:00Z",
        "endReason": None,
    } | more


def event(cursor: str, **more: Any) -> str:
    happened = {"cursor": cursor, "tag": "release:any", "release": release(**more)}
    return f"event: next\ndata: {json.dumps({'data': {'releaseEvents': happened}})}\n\n"


def stream(*texts: str) -> httpx2.Response:
    headers = {"Content-Type": "text/event-stream; charset=utf-8"}
    return httpx2.Response(200, content="".join(texts).encode(), headers=headers)


def connection(*answers: httpx2.Response | Exception) -> tuple[Connection, Server]:
    server = Server(*answers)
    opened = Connection(SERVER, credentials(), retry_seconds=0)
    opened.http = httpx2.Client(base_url=SERVER, transport=httpx2.MockTransport(server))
    return opened, server


def follow(*answers: httpx2.Response | Exception) -> tuple[Iterator[Any], Server]:
    opened, server = connection(*answers)
    return iter(EventStream(opened, RELEASE_EVENTS, releaseId="r")), server


def cursors_sent(server: Server) -> list[str | None]:
    return [json.loads(request.content)["variables"]["after"] for request in server.requests]


def test_it_resumes_where_it_was_cut() -> None:
    first, second = stream(event("1"), ":\n\n", event("2")), stream(event("3"))
    events, server = follow(first, CUT, second)
    seen = [e["cursor"] if e else None for e in islice(events, 8)]
    # None: look for yourself, since a connection was made, is alive, or was lost.
    assert seen == [None, "1", None, "2", None, None, "3", None]
    assert cursors_sent(server)[:3] == [None, "2", "2"]


@pytest.mark.parametrize("characters", [30, -2])
def test_an_event_that_was_cut_off_is_asked_for_again(characters: int) -> None:
    cut_off = stream(event("1"), event("2")[:characters])
    events, server = follow(cut_off, stream(event("2")))
    seen = [e["cursor"] if e else None for e in islice(events, 4)]
    assert seen == [None, "1", None, "2"]
    assert cursors_sent(server) == [None, "1"]


def test_a_stream_from_a_wrong_url_ends_at_once() -> None:
    events, server = follow(httpx2.RemoteProtocolError("illegal status line: bytearray(b'SSH')"))
    with pytest.raises(ClientError, match=r"UNREACHABLE: .*Check the server's URL"):
        next(events)
    assert len(server.requests) == 1


def test_a_server_that_is_away_is_asked_less_and_less_often(delays: list[float]) -> None:
    events, _ = follow(CUT)
    list(islice(events, 8))
    assert delays == sorted(delays)
    assert delays[-1] == 10.0


def test_a_cursor_that_a_backup_has_not_is_given_up() -> None:
    events, server = follow(stream(event("9")), error("INVALID_INPUT"), stream(event("3")))
    assert [e["cursor"] if e else None for e in islice(events, 5)] == [None, "9", None, None, "3"]
    assert cursors_sent(server) == [None, "9", None]


def test_what_is_refused_from_the_beginning_is_refused() -> None:
    for answer, kind in (
        (error("NOT_FOUND"), RefusedError),
        (error("UNAUTHENTICATED"), NotSignedInError),
    ):
        events, _ = follow(answer)
        with pytest.raises(kind):
            next(events)


def test_waiting_ends_when_the_release_opens() -> None:
    opened, _ = connection(
        stream(event("1", status="APPROVED"), event("2", status="IN_PROGRESS")), CUT
    )
    statuses: list[str] = []
    ended = wait_until_open(opened, release(), None, lambda r: statuses.append(r["status"]))
    assert ended["status"] == "IN_PROGRESS"
    assert statuses == ["PENDING", "APPROVED", "IN_PROGRESS"]


def test_what_opened_while_the_connection_was_lost_is_seen() -> None:
    answer = reply({"data": {"release": release("IN_PROGRESS")}})
    opened, _ = connection(CUT, CUT, stream(), answer)
    assert wait_until_open(opened, release(), None, lambda _: None)["status"] == "IN_PROGRESS"


def test_waiting_ends_when_the_release_has_ended_or_the_time_is_over() -> None:
    pending = reply({"data": {"release": release()}})
    rejected = stream(event("1", status="REJECTED", endReason="Not now."))
    opened, _ = connection(rejected, pending)
    with pytest.raises(RefusedError, match="Not now"):
        wait_until_open(opened, release(), None, lambda _: None)
    opened, _ = connection(CUT)
    with pytest.raises(WaitRanOutError, match="The request stays"):
        wait_until_open(opened, release(), timedelta(0), lambda _: None)


def test_without_waiting_only_an_open_release_passes() -> None:
    require_open(release("IN_PROGRESS"))
    for status in ("PENDING", "APPROVED", "ACTIVE"):
        with pytest.raises(PendingError):
            require_open(release(status))
    for status in ("COMPLETED", "FAILED", "REJECTED"):
        with pytest.raises(RefusedError):
            require_open(release(status))


def test_what_watches_says_that_there_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, server = connection(httpx2.ConnectError("refused"))
    monkeypatch.setattr(runs, "connect", lambda: gone)
    with pytest.raises(TransientError, match="UNREACHABLE"):
        runs.watch_releases(None, None)
    assert len(server.requests) == 1
