"""The download of the ledger: every entry as it was hashed, and the head that it was cut at."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.downloads import access
from api.downloads import ledger as downloads
from api.downloads.routes import download_routes
from api.graphql.limits.config import Limits
from engine.commands.administration.account import create_account
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.model.events import Recorded, TeamUpdated
from engine.model.facts import CLOCK
from engine.model.vocabulary import Permission
from engine.persistence.store import ledger
from tests.support.api import Api, make_api, serving
from tests.support.ledger_changes import change_head, delete_entry, tamper
from tests.support.world import NOON, World

PATH = "/downloads/ledger.jsonl"


class Site:
    """GraphQL and downloads over a world."""

    def __init__(self, api: Api, client: TestClient) -> None:
        self.api = api
        self.world = api.world
        self.client = client

    def download(self, who: str = "admin") -> Any:
        headers = {"Authorization": f"Bearer {self.api.token(who)}"}
        return self.client.get(PATH, headers=headers)

    def lines(self) -> list[dict[str, Any]]:
        """Those of the administrator's download."""
        return [json.loads(line) for line in self.download().text.splitlines()]


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    api, runtime = make_api(world)
    app = Starlette(routes=download_routes(runtime, Limits()))
    with api.client, TestClient(app) as client:
        api.token("admin")  # its entry comes before those that a test counts
        yield Site(api, client)
    runtime.executor.shutdown()


def code_and_message(refused: Any) -> tuple[str, str]:
    (error,) = refused.json()["errors"]
    return error["extensions"]["code"], error["message"]


def test_it_has_every_entry_as_it_was_hashed_and_then_the_head(site: Site) -> None:
    site.world.request(name="Fälcon 1", note='a "note"\nin two lines')
    *entries, head = site.lines()
    stored = site.world.ledger()
    assert [entry["position"] for entry in entries] == list(range(1, len(stored) + 1))
    assert [entry["body"] for entry in entries] == [row.body for row in stored]
    for entry in entries:
        assert sha256(entry["body"].encode()).hexdigest() == entry["hash"]
    assert head == {"head": {"count": len(stored), "hash": stored[-1].hash.hex()}}


def test_it_is_a_file_of_json_lines_that_nobody_keeps(site: Site) -> None:
    response = site.download()
    assert response.headers["content-type"] == "application/jsonl"
    assert response.headers["content-disposition"] == 'attachment; filename="ledger.jsonl"'
    assert response.headers["cache-control"] == "no-store"
    assert response.content.endswith(b"}}\n")


@pytest.mark.parametrize("entries_before_end", [0, 1])
def test_in_pages_it_is_the_same(
    site: Site, monkeypatch: pytest.MonkeyPatch, entries_before_end: int
) -> None:
    whole = site.download().content
    size, rest = divmod(len(site.world.ledger()) - entries_before_end, 2)
    monkeypatch.setattr(downloads, "PAGE_SIZE", size + rest)
    assert site.download().content == whole


def between_pages(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Read entries one by one, and do something before the second is read."""
    monkeypatch.setattr(downloads, "PAGE_SIZE", 1)
    whole = access.principal_of
    calls = iter(range(1000))

    async def principal_of(*args: Any, **more: Any) -> Any:
        return act() if next(calls) == 1 else await whole(*args, **more)

    monkeypatch.setattr(access, "principal_of", principal_of)


def cut_off(site: Site) -> str:
    """The code in the log of a download that a real server does not send to its end."""
    headers = {"Authorization": f"Bearer {site.api.token('admin')}"}
    with (
        capture_logs() as logged,
        serving(site.client.app) as url,
        httpx2.stream("GET", url + PATH, headers=headers) as response,
        pytest.raises(httpx2.RemoteProtocolError, match="incomplete"),
    ):
        list(response.iter_lines())
    assert response.status_code == 200
    (entry,) = logged
    assert entry["event"] == "download_cut_off"
    return str(entry["code"])


def test_a_ledger_that_grows_meanwhile_is_cut_at_the_head_that_it_began_with(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site.world.ledger()

    def grow() -> Any:
        site.world.request()
        return site.world.principal("admin")

    between_pages(monkeypatch, grow)
    *entries, head = site.lines()
    assert len(site.world.ledger()) > len(before)
    assert [entry["hash"] for entry in entries] == [row.hash.hex() for row in before]
    assert head["head"] == {"count": len(before), "hash": before[-1].hash.hex()}


def test_a_credential_that_ends_meanwhile_ends_the_download(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    between_pages(monkeypatch, lambda: None)
    assert cut_off(site) == "UNAUTHENTICATED"


def test_a_permission_that_ends_meanwhile_ends_the_download(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    between_pages(monkeypatch, lambda: site.world.principal("dev"))
    assert cut_off(site) == "FORBIDDEN"


def test_it_hides_no_damage(site: Site) -> None:
    count = len(site.world.ledger())
    tamper(site.world.system.database, delete_entry(3))
    tamper(site.world.system.database, change_head(hash=b"\1" * 32))
    *entries, head = site.lines()
    assert [entry["position"] for entry in entries] == [1, 2, *range(4, count + 1)]
    assert head == {"head": {"count": count, "hash": "01" * 32}}


def test_it_has_nothing_of_another_account(site: Site) -> None:
    create_account(site.world.system, "Other", "other@example.com")
    accounts = {json.loads(entry["body"])["account"] for entry in site.lines()[:-1]}
    assert accounts == {str(site.world.account_id)}


def test_who_sees_only_a_part_of_the_ledger_is_refused(site: Site) -> None:
    site.world.request()  # dev sees the entries about it
    refused = site.download("dev")
    assert refused.status_code == 403
    assert code_and_message(refused) == (
        "FORBIDDEN",
        "You need the permission View ledger. Ask an administrator for it.",
    )
    assert "Falcon" not in refused.text


@pytest.mark.parametrize(
    ("scope", "status"), [(Permission.VIEW_LEDGER, 200), (Permission.VIEW_RELEASES, 403)]
)
def test_a_narrow_token_needs_the_scope_that_the_ledger_over_graphql_needs(
    site: Site, scope: Permission, status: int
) -> None:
    command = CreateApiToken(name="narrow", scopes=frozenset([scope]))
    headers = {"Authorization": f"Bearer {site.world.do('admin', command).secret}"}
    response = site.client.get(PATH, headers=headers)
    query = {"query": "{ ledger(first: 1) { totalCount } }"}
    answer = site.api.client.post("/graphql", json=query, headers=headers).json()
    assert response.status_code == status
    assert ("errors" in answer) == (status == 403)
    if status == 403:
        assert answer["errors"][0]["message"] == code_and_message(response)[1]


def test_without_a_credential_there_is_none(site: Site) -> None:
    refused = site.client.get(PATH)
    assert refused.status_code == 401
    assert code_and_message(refused)[0] == "UNAUTHENTICATED"


def test_downloads_of_the_ledger_have_a_rate_that_each_page_counts_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, runtime = make_api(world)
    app = Starlette(routes=download_routes(runtime, Limits(rate=0.01, burst=3)))
    with api.client, TestClient(app) as client:
        site = Site(api, client)
        api.token("admin")
        monkeypatch.setattr(downloads, "PAGE_SIZE", len(world.ledger()) - 1)
        statuses = [site.download().status_code for _ in range(3)]
    runtime.executor.shutdown()
    assert statuses == [200, 200, 429]


@pytest.mark.long
def test_it_holds_no_more_than_some_pages_of_a_long_ledger(site: Site) -> None:
    event = TeamUpdated(subject_id=site.world.things["blue"], changes={"name": ("Blue", "blue")})
    thousand = [Recorded(event, CLOCK, NOON)] * 1000
    with site.world.system.database.writing() as connection:
        for _ in range(200):
            ledger.append(connection, site.world.account_id, thousand, NOON)
        connection.commit()
    headers = {"Authorization": f"Bearer {site.api.token('admin')}"}
    lines, size = 0, 0
    tracemalloc.start()
    with site.client.stream("GET", PATH, headers=headers) as response:
        for chunk in response.iter_raw():
            lines, size = lines + chunk.count(b"\n"), size + len(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lines == len(site.world.ledger()) + 1 > 200_000
    assert peak < size / 4
