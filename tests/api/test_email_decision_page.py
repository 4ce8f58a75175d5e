"""The decision page: what it warns of, how one rejects, and what it says of a lost race."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.commands.stop_release import StopRelease
from engine.commands.update_user import UpdateUser
from engine.commands.withdraw_release import WithdrawRelease
from engine.persistence.database import Database
from engine.vocabulary import Status, Verdict
from tests.api.test_email_actions import client_of, csrf_in, decide, votes
from tests.api.test_email_standing import look, seen
from tests.notifications.notices import Notices, outbox_world
from tests.support.world import World


@pytest.fixture
def world(database: Database) -> World:
    world = outbox_world(database)
    world.add_third_approver()
    return world


@pytest.fixture
def notices(world: World) -> Notices:
    return Notices(world)


@pytest.fixture
def browser(world: World) -> Iterator[TestClient]:
    with client_of(world) as client:
        yield client


def german(world: World, name: str) -> None:
    world.do("admin", UpdateUser(user_id=world.people[name], locale="de"))


def pressed_late(browser: TestClient, spelling: str, form: dict[str, str]) -> Any:
    """The form of a page that was opened before."""
    return browser.post(f"/decide/{spelling}", data=form)


def form_of(browser: TestClient, spelling: str, verdict: str, **more: str) -> dict[str, str]:
    page = browser.get(f"/decide/{spelling}")
    return {"csrf": csrf_in(page.text), "revision": "1", "verdict": verdict} | more


# --- a rejection has a second step and a reason ----------------------------------------------


def test_rejecting_takes_a_second_step_with_a_required_reason(
    world: World, notices: Notices, browser: TestClient
) -> None:
    page = browser.get(f"/decide/{notices.spelling('ann', world.request())}").text
    before, _, behind = page.partition("<details>")

    assert 'value="REJECT"' not in before
    assert behind.index("<summary>Reject …</summary>") < behind.index('value="REJECT"')
    assert '<textarea id="reason" name="reason" rows="3" maxlength="10000" required>' in behind
    # An approval does not wait for the reason of a rejection.
    assert 'value="APPROVE" formnovalidate' in before
    assert "for everybody" in behind
    assert "<script" not in page


@pytest.mark.parametrize("reason", ["", "  \r\n", "\u200b\u2060"])
def test_a_rejection_without_a_reason_is_asked_for_one(
    world: World, notices: Notices, browser: TestClient, reason: str
) -> None:
    release = world.request()
    spelling = notices.spelling("ann", release)
    browser.get(f"/decide/{spelling}")
    before = world.snapshot()

    answer = decide(browser, spelling, "REJECT", comment=reason, reason=reason)

    assert answer.status_code == 422
    assert "a rejection needs a reason" in answer.text
    assert "<details open>" in answer.text
    assert world.snapshot() == before
    again = decide(browser, spelling, "REJECT", reason="Not before the audit.")
    assert again.status_code == 200
    assert "You rejected Falcon 1.0" in again.text
    assert world.release(release).end_reason == "Not before the audit."


def test_a_reason_that_is_too_long_stays_in_the_form(
    world: World, notices: Notices, browser: TestClient
) -> None:
    spelling = notices.spelling("ann", world.request())

    answer = decide(browser, spelling, "REJECT", reason="ä" * 10_001, comment="Fine.")

    assert answer.status_code == 422
    assert "at most 10,000 characters" in answer.text
    assert "ä" * 10_001 + "</textarea>" in answer.text
    assert ">Fine.</textarea>" in answer.text


def test_an_approval_keeps_its_optional_comment(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()

    answer = decide(browser, notices.spelling("ann", release), reason="Left over.")

    assert answer.status_code == 200
    assert "Left over." not in answer.text
    assert votes(world, release) == 1


def test_the_second_step_speaks_german(world: World, notices: Notices, browser: TestClient) -> None:
    german(world, "ann")
    spelling = notices.spelling("ann", world.request())

    assert "Ablehnen …" in look(browser, spelling)
    answer = decide(browser, spelling, "REJECT")
    assert "Eine Ablehnung braucht einen Grund." in answer.text


# --- a decision that came too late ------------------------------------------------------------


def test_a_rejection_after_ones_own_approval_is_not_taken_and_the_page_says_what_is_left(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    spelling = notices.spelling("ann", release)
    late = form_of(browser, spelling, "REJECT", reason="On second thoughts.")
    decide(browser, spelling)
    before = world.snapshot()

    answer = pressed_late(browser, spelling, late)

    assert answer.status_code == 409
    said = seen(answer.text)
    assert "You approved Falcon 1.0" in said
    assert (
        "Your rejection was not taken. You had approved this request before, and nobody decides "
        "twice. What you can still do is withdraw the release, over the GraphQL API: that ends it."
    ) in said
    assert world.snapshot() == before


def test_once_it_is_approved_it_can_be_stopped_too(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    mine, others = notices.spelling("ann", release), notices.spelling("cid", release)
    late = {name: form_of(browser, name, "REJECT", reason="No.") for name in (mine, others)}
    decide(browser, mine)
    world.decide("bob", release)

    for spelling in (mine, others):
        said = seen(pressed_late(browser, spelling, late[spelling]).text)
        assert "Your rejection was not taken." in said
        assert "withdraw the release or stop it, over the GraphQL API" in said
        assert ("You had approved this request before" in said) is (spelling == mine)

    world.clock.pass_(hours=1)
    said = seen(pressed_late(browser, mine, late[mine]).text)
    assert "What you can still do is stop the release" in said
    world.do("bob", StopRelease(release_id=release, reason="Leaked."))
    said = seen(pressed_late(browser, mine, late[mine]).text)
    assert "Your rejection was not taken." in said
    assert "What you can still do" not in said


def test_an_approval_after_ones_own_rejection_is_not_taken(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    spelling = notices.spelling("ann", release)
    late = form_of(browser, spelling, "APPROVE")
    decide(browser, spelling, "REJECT", reason="No.")

    answer = pressed_late(browser, spelling, late)

    assert answer.status_code == 409
    assert "Your approval was not taken. You had rejected this request before" in seen(answer.text)
    assert world.release(release).status is Status.REJECTED


def test_a_decision_on_what_was_withdrawn_says_that_it_was_not_taken(
    world: World, notices: Notices, browser: TestClient
) -> None:
    german(world, "cid")
    release = world.request()
    ann, cid = notices.spelling("ann", release), notices.spelling("cid", release)
    late = {name: form_of(browser, name, "APPROVE") for name in (ann, cid)}
    world.do("dev", WithdrawRelease(release_id=release, reason="Not needed."))

    said = seen(pressed_late(browser, ann, late[ann]).text)
    assert "Falcon 1.0 was withdrawn by Dev" in said
    assert "Your approval was not taken." in said
    assert "Ihre Genehmigung wurde nicht angenommen." in pressed_late(browser, cid, late[cid]).text


def test_the_same_button_pressed_twice_alarms_nobody(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    spelling = notices.spelling("ann", release)
    form = form_of(browser, spelling, "APPROVE")
    pressed_late(browser, spelling, form)

    again = pressed_late(browser, spelling, form)

    assert again.status_code == 409
    assert "You approved Falcon 1.0" in again.text
    assert "not taken" not in again.text
    assert 'role="alert"' not in again.text


# --- when it begins, and for how long ---------------------------------------------------------


def test_the_page_says_when_the_window_opens_and_how_long_it_lasts(
    world: World, notices: Notices, browser: TestClient
) -> None:
    german(world, "cid")
    start = world.clock.instant + timedelta(days=2, hours=1, seconds=30)
    release = world.request(starts_at=start, ends_at=start + timedelta(hours=1, minutes=30))

    english = look(browser, notices.spelling("ann", release))
    assert "Its window opens in 2 days and 1 hour and lasts 1 hour and 30 minutes." in english
    assert "has begun" not in english
    assert (
        "Das Fenster öffnet sich in 2 Tagen und 1 Stunde und dauert 1 Stunde und 30 Minuten."
        in look(browser, notices.spelling("cid", release))
    )


def test_the_page_warns_that_the_window_has_begun(
    world: World, notices: Notices, browser: TestClient
) -> None:
    german(world, "cid")
    release = world.request()
    ann, cid = notices.spelling("ann", release), notices.spelling("cid", release)

    world.clock.pass_(hours=1)
    assert "it has been open for less than a minute, of 2 hours in all" in look(browser, ann)
    world.clock.pass_(minutes=20)

    english = look(browser, ann)
    assert (
        "Its window has begun: it has been open for 20 minutes, of 2 hours in all. Signing is "
        "possible as soon as the approvals are complete."
    ) in english
    assert "Its window closes in 1 hour and 40 minutes." in english
    assert (
        "Das Fenster hat schon begonnen: Es ist seit 20 Minuten offen (Dauer insgesamt: 2 Stunden)."
    ) in look(browser, cid)


def test_who_decided_is_not_warned_any_more(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    world.decide("ann", release, Verdict.APPROVE)
    world.clock.pass_(hours=1)

    assert "has begun" not in look(browser, notices.spelling("ann", release))
