"""A database that cannot store is told as what it is, with whom to tell, and nothing changes."""

from __future__ import annotations

import os
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
import typer
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from api.app import create_app
from api.cli.running import exit_with_refusal
from engine.persistence.db import writable
from engine.persistence.db.database import Database
from engine.persistence.db.storage_faults import SENTENCES, StorageFault, StorageHealth
from tests.api.graphql.limits.test_websocket import ask
from tests.api.test_app import settings
from tests.support.api import Api, make_api
from tests.support.approval_pages import client_of, decide, votes
from tests.support.full_disk import full_disk
from tests.support.notices import Notices, with_outbox
from tests.support.world import DIGEST, World

FULL = SENTENCES[StorageFault.FULL]
GRAPHQL = "application/graphql-response+json"
CREATE = """mutation ($input: CreateReleaseInput!) {
  createRelease(input: $input) { release { id } errors { code message } } }"""
SIGN = "mutation ($input: SignInput!) { sign(input: $input) { signature { id } errors { code } } }"
BATCH = """mutation ($input: SignBatchInput!) {
  signBatch(input: $input) { outcomes { signature { id } errors { code } } errors { code } } }"""


def mutations(api: Api) -> list[tuple[str, dict[str, Any]]]:
    keypair, digest = api.id("Keypair", "vault"), b64encode(DIGEST).decode()
    release = {
        "name": "Falcon 2.0",
        "type": "OFFLINE",
        "teamId": api.id("Team", "blue"),
        "keypairIds": [api.id("Keypair", "spare")],
        "startsAt": "2030-06-03T13:00:00Z",
        "endsAt": "2030-06-03T15:00:00Z",
        "maxSignatures": 1,
    }
    return [
        (CREATE, release),
        (SIGN, {"keypairId": keypair, "digest": digest}),
        (BATCH, {"keypairId": keypair, "items": [{"digest": digest}, {"digest": digest}]}),
    ]


def post(api: Api, query: str, input_: dict[str, Any], accept: str) -> Any:
    headers = {"Authorization": f"Bearer {api.token('dev')}", "Accept": accept}
    body = {"query": query, "variables": {"input": input_}}
    return api.client.post("/graphql", json=body, headers=headers)


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    world.approved(max_signatures=10)
    world.clock.pass_(hours=1)
    api, runtime = make_api(world)
    api.token("dev")
    with api.client:
        yield api
    runtime.executor.shutdown()


@pytest.mark.parametrize("accept", ["application/json", GRAPHQL])
def test_what_cannot_be_stored_is_answered_503_with_whom_to_tell(api: Api, accept: str) -> None:
    world = api.world
    with structlog.testing.capture_logs() as logs, full_disk(world.system.database):
        before = world.snapshot()
        for query, input_ in mutations(api):
            answer = post(api, query, input_, accept)
            assert answer.status_code == 503, answer.text
            assert answer.json().keys() == {"errors"}
            (error,) = answer.json()["errors"]
            assert error["message"] == FULL
            assert error["extensions"] == {"code": "STORAGE_FAILED"}
        assert world.snapshot() == before
        who = "{ viewer { user { name } } }"
        assert api.ask("dev", who) == {"viewer": {"user": {"name": "Dev"}}}
    (line,) = [line for line in logs if line["event"] == "storage_failed"]
    assert (line["fault"], line["log_level"]) == ("FULL", "error")
    assert "INSERT" not in str(line)

    for query, input_ in mutations(api):
        response = post(api, query, input_, accept)
        (payload,) = response.json()["data"].values()
        assert (response.status_code, payload["errors"]) == (200, [])


def test_over_a_websocket_it_has_the_same_code_and_sentence(api: Api) -> None:
    query, input_ = mutations(api)[0]
    operation = {"query": query, "variables": {"input": input_}}
    with api.socket("dev") as socket:
        with full_disk(api.world.system.database):
            answer, _ = ask(socket, "1", operation)
        (error,) = answer["payload"]["errors"]
        assert (error["message"], error["extensions"]) == (FULL, {"code": "STORAGE_FAILED"})
        answer, _ = ask(socket, "2", operation)
        assert answer["payload"]["data"]["createRelease"]["errors"] == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("53100", StorageFault.FULL),
        ("25006", StorageFault.READ_ONLY),
        ("58030", StorageFault.IO),
        ("XX001", StorageFault.DAMAGED),
    ],
)
def test_each_state_of_postgresql_has_its_sentence(
    api: Api, state: str, fault: StorageFault
) -> None:
    with full_disk(api.world.system.database, state):
        answer = post(api, *mutations(api)[0], GRAPHQL)
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["message"] == SENTENCES[fault]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("state", ["53200", "53300", "57014"])
def test_what_passes_by_itself_stays_a_matter_of_trying_again(api: Api, state: str) -> None:
    with full_disk(api.world.system.database, state):
        answer = post(api, *mutations(api)[0], GRAPHQL)
    (error,) = answer.json()["data"]["createRelease"]["errors"]
    assert (answer.status_code, error["code"]) == (200, "OVERLOADED")


def test_the_decision_page_says_so_and_nothing_is_decided(world: World) -> None:
    notices = Notices(with_outbox(world))
    release = world.request()
    with client_of(world) as browser:
        with full_disk(world.system.database):
            answer = decide(browser, notices.spelling("ann", release))
            assert answer.status_code == 503
            assert "The database of this service cannot store anything just now." in answer.text
            assert votes(world, release) == 0
        assert decide(browser, notices.spelling("ann", release)).status_code == 200
    assert votes(world, release) == 1


def test_readiness_says_what_was_met_and_forgets_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[StorageFault | None] = [None]
    monkeypatch.setattr(StorageHealth, "fault", property(lambda _: met[0]))
    with TestClient(create_app(settings(database_url), worker=False)) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
        for fault in StorageFault:
            met[0] = fault
            answer = client.get("/readyz")
            assert answer.status_code == 503
            assert answer.json() == {"status": "not ready", "reason": SENTENCES[fault]}
        met[0] = None
        assert client.get("/readyz").status_code == 200


def test_readiness_sees_a_full_or_read_only_disk_and_a_replica_by_itself(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault() -> StorageFault | None:
        with database.reading() as connection:
            return writable.storage_fault(database, connection)

    assert fault() is None
    if not database.is_sqlite:
        read_only = "ALTER DATABASE {name} SET default_transaction_read_only = on"
        with database.writing() as connection:
            connection.exec_driver_sql(read_only.format(name=database.url.database))
            connection.commit()
        database.dispose()
        assert fault() is StorageFault.READ_ONLY
        return
    assert database.file is not None
    usual = os.statvfs(database.file.parent)
    for index, value, expected in (
        (4, 10, StorageFault.FULL),
        (8, os.ST_RDONLY, StorageFault.READ_ONLY),
    ):
        values = list(usual)
        values[index] = value
        changed = os.statvfs_result(values)
        monkeypatch.setattr(writable.os, "statvfs", lambda _, changed=changed: changed)
        assert fault() is expected


def test_faults_of_sqlite_are_known_by_their_codes(tmp_path: Any) -> None:
    (tmp_path / "garbage").write_bytes(b"no database" * 1000)
    (tmp_path / "folder").mkdir()
    health = StorageHealth()
    for name, expected in (("garbage", StorageFault.DAMAGED), ("folder", StorageFault.IO)):
        with pytest.raises(sqlite3.Error) as raised:
            sqlite3.connect(tmp_path / name).execute("SELECT * FROM sqlite_master")
        health.meet(raised.value)
        assert health.fault is expected
    with sqlite3.connect(f"file:{tmp_path / 'ro'}?mode=rwc", uri=True) as connection:
        connection.execute("CREATE TABLE t (x)")
    with pytest.raises(sqlite3.Error) as raised:
        sqlite3.connect(f"file:{tmp_path / 'ro'}?mode=ro", uri=True).execute("DROP TABLE t")
    health.meet(raised.value)
    assert health.fault is StorageFault.READ_ONLY


def test_a_fault_is_news_for_a_while_and_logged_at_a_limited_rate() -> None:
    now = [0.0]
    health = StorageHealth(clock=lambda: now[0])
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    assert health.fault is None
    with structlog.testing.capture_logs() as logs:
        for _ in range(1000):
            health.meet(full)
        health.meet(sqlite3.OperationalError("no such table: x"))
        health.meet(ValueError("x"))
    assert [line["fault"] for line in logs] == ["FULL"]
    now[0] = 30.0
    assert health.fault is StorageFault.FULL
    now[0] = 30.1
    assert health.fault is None


def test_the_command_line_says_it_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL

    @exit_with_refusal
    def command() -> None:
        raise OperationalError("INSERT secret", {}, full)

    with pytest.raises(typer.Exit):
        command()
    assert capsys.readouterr().err == f"countersign: {FULL} (database or disk is full)\n"
