"""A bug tells the caller an id, which is in the log; neither tells more than they may."""

from base64 import b64encode
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from api.graphql import masking
from api.graphql.masking import note
from api.observability.redaction import HIDDEN
from api.runtime.runtime import Runtime
from engine.logs.log_throttle import QUIET_SECONDS, LogThrottle
from engine.model.errors import Code, Refusal
from tests.support.api import Api

SECRET = "csn_" + "s3cr3t" * 7
VIEWER = "{ viewer { permissions } }"


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_bugs", LogThrottle())


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
    clock = iter([0.0] * 20 + [QUIET_SECONDS])
    monkeypatch.setattr(masking, "_bugs", LogThrottle(clock=lambda: next(clock)))
    small_api.token("dev")
    with capture_logs() as logged:
        answers = [small_api.post("dev", VIEWER) for _ in range(20)]

    ids = {answer["errors"][0]["extensions"]["id"] for answer in answers}
    assert [entry["id"] for entry in logged] == list(ids)
    with capture_logs() as logged:
        small_api.post("dev", VIEWER)
    assert [entry["not_logged"] for entry in logged] == [19]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (RuntimeError(SECRET), 500, "BUG"),
        (Refusal(Code.OVERLOADED, "Too much is under way."), 503, "OVERLOADED"),
    ],
)
def test_trouble_before_there_is_an_operation(
    small_api: Api, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int, code: str
) -> None:
    async def look_up(*rest: Any) -> None:
        raise fault

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


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://cs:hunter2@db/x",
        "Bearer csn_abc",
        "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl",
        "q" * 42 + "Q",
        b64encode(bytes(range(200, 248))).decode(),
        " " * 180 + "Q" * 43,
    ],
)
def test_every_kind_of_secret_is_hidden(text: str) -> None:
    with capture_logs() as logged:
        note(ValueError(text))
    (entry,) = logged
    assert entry["error"].count(HIDDEN) == 1
    for part in ("hunter2", "csn_abc", "eyJ", "qqq", "yMnK", "QQQ"):
        assert part not in entry["error"]


def test_a_bug_that_is_its_own_cause_is_told_once() -> None:
    bug, other = ValueError("one"), ValueError("other")
    bug.__cause__, other.__cause__ = other, bug
    with capture_logs() as logged:
        note(bug)
    assert logged[0]["error"] == "builtins.ValueError: one <- builtins.ValueError: other"


def test_kinds_remembered_have_a_bound() -> None:
    seldom = LogThrottle(kinds=3)
    for n in range(9):
        assert seldom.admit(n)[1] == 0
    assert [seldom.admit(n)[1] for n in (8, 7, 6, 5)] == [None, None, None, 0]
