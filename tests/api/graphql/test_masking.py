"""A bug tells the caller an id, which is in the log; neither tells more than they may."""

from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from api.graphql import masking
from api.graphql.masking import note
from api.runtime import Runtime
from engine.errors import Code, Refusal
from tests.support.api import Api

SECRET = "csn_" + "s3cr3t" * 7
VIEWER = "{ viewer { permissions } }"


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_seen", type(masking._seen)())


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading fails, with a secret in a local, in the message and in a statement's parameters."""

    async def read(self: Any, principal: Any, query: Any) -> Any:
        password = SECRET
        try:
            with self.system.database.reading() as connection:
                connection.execute(
                    sa.text("SELECT hush FROM nowhere WHERE x = :x"), {"x": password}
                )
        except sa.exc.OperationalError as error:
            raise RuntimeError(f"could not read with {password}") from error

    monkeypatch.setattr(Runtime, "read", read)


def test_a_bug_is_masked_and_logged_under_the_id(small_api: Api, broken: None) -> None:
    small_api.token("dev")
    with capture_logs() as logged:
        answer = small_api.post("dev", VIEWER)

    (error,) = answer["errors"]
    id_ = error["extensions"]["id"]
    assert error["extensions"] == {"code": "BUG", "id": id_}
    assert error["message"] == f"Something went wrong on our side. Tell your operator the id {id_}."
    assert answer["data"] is None

    (entry,) = logged
    assert (entry["event"], entry["id"], entry["path"]) == ("bug", id_, ["viewer"])
    assert "RuntimeError: could not read with [hidden] <- " in entry["error"]
    assert "sqlite3.OperationalError: no such table" in entry["error"]
    assert any(frame.endswith(" read") for frame in entry["frames"])
    assert SECRET not in str(entry)
    assert "hush" not in str(entry)


def test_the_log_is_quiet_about_a_kind_it_told_of_a_moment_ago(
    small_api: Api, broken: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_api.token("dev")
    with capture_logs() as logged:
        answers = [small_api.post("dev", VIEWER) for _ in range(20)]

    ids = {answer["errors"][0]["extensions"]["id"] for answer in answers}
    assert [entry["id"] for entry in logged] == list(ids)
    monkeypatch.setattr(masking, "QUIET", 0)
    with capture_logs() as logged:
        small_api.post("dev", VIEWER)
    assert [entry["not_logged"] for entry in logged] == [19]


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        (RuntimeError(SECRET), 500, "BUG"),
        (Refusal(Code.OVERLOADED, "Too much is under way."), 503, "OVERLOADED"),
    ],
)
def test_trouble_before_there_is_an_operation(
    small_api: Api, monkeypatch: pytest.MonkeyPatch, trouble: Exception, status: int, code: str
) -> None:
    async def look_up(*rest: Any) -> None:
        raise trouble

    monkeypatch.setattr("api.graphql.endpoint.principal_of", look_up)
    with capture_logs() as logged:
        answer = small_api.client.post("/graphql", json={"query": VIEWER})

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (status, code)
    assert [entry["id"] for entry in logged] == ([error["extensions"]["id"]] if logged else [])
    assert bool(logged) == (code == "BUG")
    assert SECRET not in answer.text + str(logged)


def test_callers_faults_are_not_logged(small_api: Api) -> None:
    with capture_logs() as logged:
        for document in ("{", "{ nothing }", VIEWER, "{ a" * 2000):
            assert small_api.post(None, document)["errors"]
    assert logged == []


def test_every_kind_of_secret_is_hidden() -> None:
    with capture_logs() as logged:
        for text in (
            "postgresql://cs:hunter2@db/x",
            "Bearer csn_abc",
            "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl",
            "q" * 43,
        ):
            note(ValueError(text))
            masking._seen.clear()
    told = " ".join(entry["error"] for entry in logged)
    assert told.count("[hidden]") == 4
    for part in ("hunter2", "csn_abc", "eyJ", "qqq"):
        assert part not in told


def test_kinds_remembered_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "KINDS", 3)
    with capture_logs():
        for n in range(9):
            note(type(f"Error{n}", (Exception,), {})())
    assert len(masking._seen) == 3
