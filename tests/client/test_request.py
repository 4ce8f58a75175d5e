"""A request finds the release that an earlier run requested, by its terms."""

from typing import Any

import httpx2
import pytest

from countersign.cli.runs import release as runs
from countersign.connection.graphql import Connection
from countersign.errors import RefusedError
from tests.client.test_connection import SERVER, Server, credentials, reply

KEYPAIR = {
    "id": "k",
    "alias": "vault",
    "type": "OFFLINE",
    "category": "STANDARD",
    "successor": None,
}
RELEASE = {
    "id": "r",
    "name": "Falcon",
    "status": "PENDING",
    "revision": 1,
    "startsAt": "2031-05-04T12:00:00Z",
    "endsAt": "2031-05-04T14:00:00Z",
    "maxSignatures": 3,
    "keypairs": [{"id": "k", "alias": "vault"}],
    "team": None,
    "version": None,
    "note": None,
}
TAKEN = {"code": "NAME_TAKEN", "message": "There is one.", "field": ["name"]}


def request(*participants: str) -> runs.RequestOptions:
    return runs.RequestOptions(
        name="Falcon",
        keys=["vault"],
        max_signatures=3,
        starts="now",
        ends=None,
        duration="2h",
        team=None,
        participants=participants,
        version=None,
        note=None,
    )


def serve(monkeypatch: pytest.MonkeyPatch, *data: dict[str, Any]) -> Server:
    server = Server(*(reply({"data": each}) for each in data))
    opened = Connection(SERVER, credentials(), retry_seconds=0)
    opened.http = httpx2.Client(base_url=SERVER, transport=httpx2.MockTransport(server))
    monkeypatch.setattr(runs, "connect", lambda: opened)
    return server


@pytest.mark.parametrize("participant", ["a@example.com", "b@example.com"])
def test_participants_are_compared(participant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(
        monkeypatch,
        {"serverTime": "2031-05-04T11:00:00Z", "keypair": KEYPAIR},
        {"user": {"id": "u", "name": "Somebody", "email": participant}},
        {"createRelease": {"release": None, "errors": [TAKEN]}},
        {"release": RELEASE},
        {"release": {"participants": [{"email": "a@example.com"}]}},
    )
    if participant == "a@example.com":
        runs.request_release(request(participant), wait=None, fields="name")
        return
    with pytest.raises(RefusedError, match="NAME_TAKEN") as caught:
        runs.request_release(request(participant), wait=None, fields="name")
    difference = "participants (requested: b@example.com; has: a@example.com)"
    assert difference in caught.value.message


def test_participants_that_nobody_names_are_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(
        monkeypatch,
        {"serverTime": "2031-05-04T11:00:00Z", "keypair": KEYPAIR},
        {"createRelease": {"release": None, "errors": [TAKEN]}},
        {"release": RELEASE},
    )
    runs.request_release(request(), wait=None, fields="name")
    assert len(server.requests) == 3
