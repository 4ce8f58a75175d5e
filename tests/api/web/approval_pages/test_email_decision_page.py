"""The decision page: what it warns of, how one rejects, and what it says of a lost race."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from engine.commands.administration.users import UpdateUser
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.vocabulary import Status, Verdict
from engine.persistence.store import tables as t
from notifications import tables as n
from notifications.vocabulary import DeliveryState
from tests.support.approval_pages import (
    PUBLIC,
    approval_pages,
    csrf_in,
    decide,
    look,
    seen,
    votes,
)
from tests.support.notices import Notices
from tests.support.world import World


@pytest.fixture
def world(world: World) -> World:
    world.add_third_approver()
    return world


def german(world: World, name: str) -> None:
    world.do("admin", UpdateUser(user_id=world.people[name], locale="de"))


def pressed_late(browser: TestClient, spelling: str, form: dict[str, str]) -> Any:
    """The form of a page that was opened before."""
    return browser.post(f"/decide/{spelling}", data=form)


def form_of(browser: TestClient, spelling: str, verdict: str, **more: str) -> dict[str, str]:
    page = browser.get(f"/decide/{spelling}")
    return {"csrf": csrf_in(page.text), "revision": "1", "verdict": verdict} | more


# --- the way to the dashboard ----------------------------------------------------------------


@pytest.mark.parametrize(("public", "home"), [(PUBLIC, "/"), (f"{PUBLIC}/signing", "/signing/")])
def test_pages_lead_home(world: World, notices: Notices, public: str, home: str) -> None:
    pages = (notices.spelling("ann", world.request()), "nothing")
    with TestClient(approval_pages(world, public), base_url=PUBLIC) as browser:
        for spelling in pages:
            page = browser.get(f"/decide/{spelling}").text
            assert f'<a class="brand" href="{home}">' in page
            assert f'<a href="{home}">To the home page</a>' in page


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


# --- what changed since the reader looked -----------------------------------------------------


def edit(world: World, release: UUID, who: str = "dev", **changes: Any) -> None:
    revision = world.release(release).revision
    world.do(who, ReviseRelease(release_id=release, revision=revision, changes=changes))


def sent(world: World) -> None:
    """The mails that wait have arrived."""
    with world.system.database.writing() as connection:
        queued = n.deliveries.c.state == DeliveryState.QUEUED
        connection.execute(n.deliveries.update().where(queued).values(state=DeliveryState.SENT))
        connection.commit()


def test_the_page_says_first_what_changed_since_ones_decision(
    world: World, notices: Notices, browser: TestClient
) -> None:
    german(world, "cid")
    release = world.request()
    sent(world)
    world.decide("ann", release)
    both = frozenset({world.things["vault"], world.things["spare"]})
    edit(world, release, "dev", keypair_ids=both)
    edit(world, release, "dev", max_signatures=6)

    page = look(browser, notices.spelling("ann", release))

    changes = "What changed since your decision keypairs: added spare maximum of signatures: 5 → 6"
    assert changes in page
    assert page.index("What changed") < page.index("2 more approvals are needed.")
    assert (
        "Was sich seit der letzten Nachricht an Sie geändert hat Schlüsselpaare: hinzugekommen "
        "spare Höchstzahl der Signaturen: 5 → 6"
    ) in look(browser, notices.spelling("cid", release))


def test_the_page_says_what_changed_since_the_mail_before(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    old = notices.spelling("bob", release)
    sent(world)
    edit(world, release, "dev", max_signatures=6)
    sent(world)
    edit(world, release, "dev", note="Hurry.")

    page = look(browser, notices.spelling("bob", release))
    assert "What changed since the last message to you maximum of signatures: 5 → 6" in page
    assert "note: none → Hurry." in page
    # The link of the first mail: what changed since that.
    page = look(browser, old)
    assert "Falcon 1.0 was changed since this mail" in page
    assert "What changed since this message maximum of signatures: 5 → 6" in page


def test_labels_edited_since_the_mail_are_the_first_thing_said(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request(note="Reviewed.")
    spelling = notices.spelling("ann", release)
    sent(world)
    assert "What changed" not in look(browser, spelling)
    edit(world, release, "dev", name="Falcon 2.0", note="Not reviewed.")

    page = look(browser, spelling)

    assert "asks for your approval of Falcon 2.0" in page
    changed = (
        "What changed since this message name: Falcon 1.0 → Falcon 2.0 "
        "note: Reviewed. → Not reviewed."
    )
    assert changed in page
    assert page.index(changed) < page.index("2 more approvals are needed.")


def test_a_decision_is_shown_with_the_labels_it_was_made_on(
    world: World, notices: Notices, browser: TestClient
) -> None:
    german(world, "cid")
    release = world.request(note="Reviewed.")
    ann, bob = notices.spelling("ann", release), notices.spelling("bob", release)
    late = form_of(browser, bob, "APPROVE")
    decide(browser, ann)
    edit(world, release, "dev", name="Falcon 2.0", note="Not reviewed.")

    page = look(browser, ann)
    assert "You approved Falcon 1.0" in page
    assert "You approved Falcon 2.0" not in page
    assert "What changed since your decision name: Falcon 1.0 → Falcon 2.0" in page
    assert "at that time: name “Falcon 1.0”, note “Reviewed.”" in page

    # Bob's page had been open since before the edit: his approval is of what he saw.
    said = seen(pressed_late(browser, bob, late).text)
    assert "You approved Falcon 1.0" in said
    assert "What changed since your decision name: Falcon 1.0 → Falcon 2.0" in said
    german_page = look(browser, notices.spelling("cid", release))
    assert "damals: Name „Falcon 1.0“, Notiz „Reviewed.“" in german_page


def test_an_approval_that_outlives_an_edit_is_of_what_was_approved(
    world: World, notices: Notices, browser: TestClient
) -> None:
    world.settings(reapprove_on_edit=False)
    release = world.request()
    spelling = notices.spelling("ann", release)
    world.decide("ann", release)
    world.decide("bob", release)
    edit(world, release, "bob", max_signatures=7)

    page = look(browser, spelling)

    assert "You approved Falcon 1.0" in page
    assert "What changed since your decision maximum of signatures: 5 → 7" in page


def test_the_page_says_that_the_requester_has_left(
    world: World, notices: Notices, browser: TestClient
) -> None:
    german(world, "cid")
    release = world.request()
    world.do("admin", UpdateUser(user_id=world.people["dev"], active=False))

    page = look(browser, notices.spelling("ann", release))
    assert "Dev (dev@example.com), who requested it, is not active any more." in page
    assert "Requested by Dev (dev@example.com) not active any more" in page
    assert "Dev (dev@example.com) hat es beantragt und ist nicht mehr aktiv." in look(
        browser, notices.spelling("cid", release)
    )


def test_who_took_an_approvers_name_is_shown_with_their_own_address(
    world: World, notices: Notices, browser: TestClient
) -> None:
    world.do("dev", UpdateUser(user_id=world.people["dev"], name="Bob"))
    release = world.request()
    world.decide("cid", release, comment="Fine.")

    page = look(browser, notices.spelling("ann", release))

    assert "Bob (dev@example.com) asks for your approval of Falcon 1.0" in page
    assert "Cid (cid@example.com) on Mon 3 Jun 2030" in page
    assert re.findall(r"\bBob\b(?! \(dev@example\.com\))", page) == []


ZONES = ("Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu", "UTC")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("locale", ["en", "de"])
def test_a_window_of_all_time_is_shown_in_every_zone(
    world: World, notices: Notices, browser: TestClient, zone: str, locale: str
) -> None:
    """As a version that did not bound windows may have stored it."""
    ann = UpdateUser(user_id=world.people["ann"], time_zone=zone, locale=locale)
    world.do("admin", ann)
    release = world.request()
    spelling = notices.spelling("ann", release)
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    with world.system.database.writing() as connection:
        window = {"starts_at": first, "ends_at": last}
        connection.execute(t.releases.update().where(t.releases.c.id == release).values(**window))
        connection.commit()

    answer = browser.get(f"/decide/{spelling}")

    assert answer.status_code == 200
    page = seen(answer.text)
    assert "9999" in page or "10000" in page
    days = (last - first).days
    assert f"{days} days and 23 hours in all" in page or f"{days} Tage und 23 Stunden" in page
    # What could not be requested now is not approved either, and the page says why.
    refused = decide(browser, spelling)
    assert refused.status_code == 409
    assert '<span lang="en">The request cannot be approved as it stands.' in refused.text
    heading = {
        "en": "for this reason: Invalid window. The request",
        "de": "aus diesem Grund: Ungültiges Fenster. The request",
    }
    assert heading[locale] in seen(refused.text)
