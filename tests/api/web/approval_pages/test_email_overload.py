"""Decisions by mail take their turn with all others: they are counted, and may be too many."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.runtime.runtime import Runtime
from api.web.approval_pages.routes import email_action_routes
from engine.concurrency.executor import Executor
from engine.model.vocabulary import Status
from tests.support.approval_pages import PUBLIC, csrf_in
from tests.support.notices import LINK_KEY, Notices
from tests.support.runtime import runtime_of
from tests.support.world import World


@pytest.fixture
def runtime(world: World) -> Runtime:
    return runtime_of(world)


@pytest.fixture
def browser(runtime: Runtime) -> Iterator[TestClient]:
    app = Starlette(routes=email_action_routes(runtime, LINK_KEY, PUBLIC))
    with TestClient(app, base_url=PUBLIC) as client:
        yield client


def operations(runtime: Runtime, kind: str, result: str) -> float:
    labels = {"kind": kind, "result": result}
    return runtime.meter.registry.get_sample_value("countersign_operations_total", labels) or 0


def test_a_decision_by_mail_is_counted_as_an_operation(
    world: World, runtime: Runtime, browser: TestClient
) -> None:
    release = world.request()
    page = f"/decide/{Notices(world).spelling('ann', release)}"
    form = {"csrf": csrf_in(browser.get(page).text), "revision": "1", "comment": "Fine."}

    browser.post(page, data=form | {"verdict": "APPROVE"})
    assert operations(runtime, "command", "done") == 1
    assert operations(runtime, "query", "done") == 3  # shown, and read before and after

    browser.post(page, data=form | {"verdict": "REJECT"})
    assert operations(runtime, "command", "refused") == 1


def test_a_page_says_that_too_much_is_under_way(
    world: World, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    spelling = Notices(world).spelling("ann", world.request())
    full = Executor(world.system.database, max_pending=0)
    monkeypatch.setattr(world.executor, "read", full.read)

    answer = browser.get(f"/decide/{spelling}")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Too much is under way at once" in answer.text
    assert "<form" not in answer.text


def test_a_decision_that_finds_no_place_is_not_taken_and_the_page_asks_again(
    world: World, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = world.request()
    spelling = Notices(world).spelling("ann", release)
    csrf = csrf_in(browser.get(f"/decide/{spelling}").text)
    full = Executor(world.system.database, max_pending=0)
    with monkeypatch.context() as overload:
        overload.setattr(world.executor, "write", full.write)
        form = {"csrf": csrf, "revision": "1", "comment": "Fine.", "verdict": "APPROVE"}
        answer = browser.post(f"/decide/{spelling}", data=form)

    assert answer.status_code == 503
    assert "Too much is under way just now." in answer.text
    assert "Fine." in answer.text  # what was written is not lost
    assert world.release(release).status is Status.PENDING
    assert world.ledger(tag="release:approval:recorded", release_id=release) == []
