"""The page behind View request: looking changes nothing, and only the page's own form decides."""

import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.web.approval_pages import pages
from api.web.approval_pages.routes import MAX_BODY_BYTES
from engine.commands.administration.users import UpdateUser
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.vocabulary import Channel, ReleaseType, Status, Verdict
from notifications.tables import action_links
from tests.support.approval_pages import client_of, csrf_in, decide, votes
from tests.support.notices import Notices
from tests.support.releases import rows
from tests.support.world import World


def test_two_approvals_by_mail_approve_the_release(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()

    first = decide(browser, notices.spelling("ann", release), comment="Looks fine.")
    assert first.status_code == 200
    assert "You approved Falcon 1.0" in first.text
    assert "1 more approval is needed." in first.text
    assert "Looks fine." in first.text
    assert world.release(release).status is Status.PENDING

    second = decide(browser, notices.spelling("bob", release))
    assert "The release was approved. Its window opens on" in second.text
    assert world.release(release).status is Status.APPROVED
    entries = world.ledger(tag="release:approval:recorded")
    credentials = [json.loads(entry.body)["credential"] for entry in entries]
    assert [one["kind"] for one in credentials] == ["LINK", "LINK"]
    links = {row.user_id: str(row.id) for row in rows(world, action_links)}
    assert [one["id"] for one in credentials] == [
        links[world.people[name]] for name in ("ann", "bob")
    ]
    assert [f'"channel":"{Channel.EMAIL}"' in entry.body for entry in entries] == [True, True]


def test_one_rejection_ends_it_and_the_other_link_says_so(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    other = notices.spelling("bob", release)

    decide(browser, notices.spelling("ann", release), "REJECT", comment="Not <b>today</b>.")

    assert world.release(release).status is Status.REJECTED
    page = browser.get(f"/decide/{other}")
    assert "Falcon 1.0 was rejected by Ann" in page.text
    assert "Not &lt;b&gt;today&lt;/b&gt;." in page.text
    assert "Nothing is needed from you any more." in page.text
    assert "<form" not in page.text


def test_a_hundred_looks_change_nothing(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    spelling = notices.spelling("ann", release)
    before, entries = world.snapshot(), world.ledger()

    for _ in range(50):
        assert browser.get(f"/decide/{spelling}").status_code == 200
        assert browser.head(f"/decide/{spelling}").status_code == 200

    assert (world.snapshot(), world.ledger()) == (before, entries)
    assert "You approved" in decide(browser, spelling).text


def test_the_page_shows_the_whole_request(
    world: World, notices: Notices, browser: TestClient
) -> None:
    world.do("admin", UpdateUser(user_id=world.people["ann"], time_zone="America/New_York"))
    release = world.request(note="Line one\nline two")

    page = browser.get(f"/decide/{notices.spelling('ann', release)}").text

    for shown in (
        "Dev (dev@example.com) asks for your approval of Falcon 1.0",
        "2 more approvals are needed.",
        "vault",
        "Mon 3 Jun 2030, 09:00 EDT",
        "13:00 UTC",
        "at most 5",
        "Line one\nline two",
        "blue",
        "Ann (ann@example.com)",
    ):
        assert shown in page
    assert "<script" not in page
    assert '<a class="brand" href="/"><svg class="logo"' in page
    assert '</svg>Countersign</a>\n<p class="account">Acme</p>' in page
    assert '<link rel="icon" href="data:image/svg+xml;base64,' in page
    assert "http" not in re.sub(r"<html|http-equiv", "", page)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_mangled_links_are_all_the_same_to_us(
    world: World, notices: Notices, browser: TestClient, method: str
) -> None:
    release = world.request()
    right, other = notices.spelling("ann", release), notices.spelling("bob", release)
    id_, _, token = right.partition(".")
    swapped = token[:-1] + ("A" if token[-1] != "A" else "B")
    before = world.snapshot(), world.ledger()
    answers = set()
    for wrong in (
        "x",
        id_,
        f"{id_}.",
        f"{id_}.{swapped}",
        f"{id_}.{token}A",
        f"{id_}.{other.partition('.')[2]}",
        f"{'0' * 32}.{token}",
        f"{id_.upper()}.{token}" if id_.upper() != id_ else "y",
        f"{id_}.{token}%00",
        "%F0%28%8C%28.é",
        "a" * 5000,
    ):
        answer = browser.request(method, f"/decide/{wrong}", data={"verdict": "APPROVE"})
        answers.add((answer.status_code, answer.text))
        assert answer.headers["cache-control"] == "no-store"

    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert (world.snapshot(), world.ledger()) == before


def test_a_post_without_the_pages_own_token_decides_nothing(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    ann, bob = notices.spelling("ann", release), notices.spelling("bob", release)
    token = csrf_in(browser.get(f"/decide/{ann}").text)
    before, entries = world.snapshot(), world.ledger()
    form = {"csrf": token, "revision": "1", "verdict": "APPROVE", "comment": "kept"}

    with client_of(world) as stranger:
        assert stranger.post(f"/decide/{ann}", data=form).status_code == 403
    browser.get(f"/decide/{bob}")
    assert browser.post(f"/decide/{bob}", data=form).status_code == 403
    assert browser.post(f"/decide/{ann}", data=form | {"csrf": ""}).status_code == 403
    asked_again = browser.post(f"/decide/{ann}", data=form | {"csrf": "é" * 44})
    assert asked_again.status_code == 403
    assert "Please decide again." in asked_again.text
    assert ">kept</textarea>" in asked_again.text
    assert (world.snapshot(), world.ledger()) == (before, entries)

    assert browser.post(f"/decide/{ann}", data=form).status_code == 200
    assert votes(world, release) == 1


def test_the_cookie_is_for_this_page_alone(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    spelling = notices.spelling("ann", release)

    cookie = browser.get(f"/decide/{spelling}").headers["set-cookie"]
    assert f"Path=/decide/{spelling}" in cookie
    assert {"HttpOnly", "SameSite=strict", "Secure"} <= set(cookie.split("; "))

    with client_of(world, "http://localhost:8000") as local:
        assert "Secure" not in local.get(f"/decide/{spelling}").headers["set-cookie"]


def test_a_link_decides_once(world: World, notices: Notices, browser: TestClient) -> None:
    release = world.request()
    spelling = notices.spelling("ann", release)
    token = csrf_in(browser.get(f"/decide/{spelling}").text)
    form = {"csrf": token, "revision": "1", "verdict": "APPROVE"}

    assert browser.post(f"/decide/{spelling}", data=form).status_code == 200
    again = browser.post(f"/decide/{spelling}", data=form | {"verdict": "REJECT"})

    assert again.status_code == 409
    assert "You approved Falcon 1.0" in again.text
    assert votes(world, release) == 1
    (link,) = notices.links(user_id=world.people["ann"])
    assert link.used_at == world.clock.instant


def test_a_refused_decision_leaves_the_link_as_it_was(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    spelling = notices.spelling("ann", release)

    refused = decide(browser, spelling, comment="x" * 10_001)
    assert refused.status_code == 422
    assert "a comment has at most 10,000 characters" in refused.text

    world.do("admin", UpdateUser(user_id=world.people["ann"], locale="de"))
    refused = decide(browser, spelling, comment="x" * 10_001)
    assert "Ein Kommentar hat höchstens 10.000 Zeichen" in refused.text
    assert "Nothing was decided" not in refused.text
    assert notices.links(user_id=world.people["ann"])[0].used_at is None
    assert decide(browser, spelling).status_code == 200


def test_a_deactivated_approver_is_shown_nothing(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    spelling = notices.spelling("ann", release)
    token = csrf_in(browser.get(f"/decide/{spelling}").text)
    world.do("admin", UpdateUser(user_id=world.people["ann"], active=False))
    before = world.ledger()

    page = browser.get(f"/decide/{spelling}")
    assert "This link does not work any more" in page.text
    assert "Falcon" not in page.text
    form = {"csrf": token, "revision": "1", "verdict": "APPROVE"}
    assert browser.post(f"/decide/{spelling}", data=form).status_code == 403
    assert world.ledger() == before


def test_an_approver_who_left_the_team_decides_nothing(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    spelling = notices.spelling("ann", release)
    token = csrf_in(browser.get(f"/decide/{spelling}").text)
    world.do("admin", UpdateUser(user_id=world.people["ann"], roles=("DEVELOPER",)))

    assert "Falcon" not in browser.get(f"/decide/{spelling}").text
    form = {"csrf": token, "revision": "1", "verdict": "APPROVE"}
    assert browser.post(f"/decide/{spelling}", data=form).status_code == 403
    assert votes(world, release) == 0


def test_an_old_link_shows_the_new_request_and_the_new_one_decides(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    old = notices.spelling("ann", release)
    token = csrf_in(browser.get(f"/decide/{old}").text)
    changes = {"max_signatures": 77}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))
    labels = {"note": "Bob's words."}
    world.do("bob", ReviseRelease(release_id=release, revision=2, changes=labels))

    page = browser.get(f"/decide/{old}").text
    assert "Falcon 1.0 was changed since this mail" in page
    assert "Dev (dev@example.com) changed it" in page
    assert "at most 77" in page
    assert "<form" not in page
    form = {"csrf": token, "revision": "1", "verdict": "APPROVE"}
    assert browser.post(f"/decide/{old}", data=form).status_code == 409
    assert votes(world, release) == 0

    decided = decide(browser, notices.spelling("ann", release), revision="3")
    assert decided.status_code == 200
    assert votes(world, release) == 1


def test_a_link_survives_an_edit_of_labels(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    spelling = notices.spelling("ann", release)
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes={"name": "Kestrel"}))

    assert "approval of Kestrel" in browser.get(f"/decide/{spelling}").text
    assert decide(browser, spelling, revision="2").status_code == 200


def test_what_happened_instead(world: World, notices: Notices, browser: TestClient) -> None:
    withdrawn = world.request()
    link = notices.spelling("ann", withdrawn)
    world.do("dev", WithdrawRelease(release_id=withdrawn, reason="Not needed."))
    page = browser.get(f"/decide/{link}").text
    assert "Falcon 1.0 was withdrawn by Dev" in page
    assert "Not needed." in page

    approved = world.request(name="Kestrel")
    world.add_user("cat", "LEAD")
    link = notices.spelling("ann", approved)
    for name in ("ann", "bob"):
        world.decide(name, approved)
    assert "You approved Kestrel" in browser.get(f"/decide/{link}").text


def test_an_approved_release_says_so_to_those_who_had_not_decided(
    world: World, notices: Notices, browser: TestClient
) -> None:
    world.add_user("cat", "LEAD")
    world.add_team("red", ["ann", "bob", "cat", "dev"], ["spare"], 2)
    spare = frozenset({world.things["spare"]})
    release = world.request(team_id=world.things["red"], keypair_ids=spare)
    link = notices.spelling("cat", release)
    for name in ("ann", "bob"):
        world.decide(name, release)

    page = browser.get(f"/decide/{link}").text

    assert "Falcon 1.0 is approved already" in page
    assert "Nothing is needed from you any more." in page
    assert "<form" not in page


def test_a_release_that_became_online_says_so(
    world: World, notices: Notices, browser: TestClient
) -> None:
    world.add_keypair("quick", ReleaseType.ONLINE)
    world.settings(teams_enabled=False, required_approvals=1)
    release = world.request(teams=False)
    link = notices.spelling("ann", release)
    changes = {"type": ReleaseType.ONLINE, "keypair_ids": frozenset({world.things["quick"]})}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))

    assert "Falcon 1.0 needs no approval any more" in browser.get(f"/decide/{link}").text


def test_time_ends_links(world: World, notices: Notices, browser: TestClient) -> None:
    release = world.request(ends_at=world.clock.instant.replace(year=2031))
    link = notices.spelling("ann", release)

    world.clock.pass_(days=14)
    assert "This link to Falcon 1.0 has ended" in browser.get(f"/decide/{link}").text

    world.clock.pass_(days=400)
    assert "Falcon 1.0 was not approved in time" in browser.get(f"/decide/{link}").text


def test_ones_own_request_can_only_be_rejected(
    world: World, notices: Notices, browser: TestClient
) -> None:
    world.add_user("cat", "LEAD")
    world.add_team("red", ["ann", "bob", "cat"], ["spare"], 2)
    spare = frozenset({world.things["spare"]})
    release = world.request("ann", team_id=world.things["red"], keypair_ids=spare)
    spelling = notices.spelling("ann", release)

    page = browser.get(f"/decide/{spelling}").text
    assert "Your request Falcon 1.0 awaits approval" in page
    assert 'value="APPROVE"' not in page
    refused = decide(browser, spelling)
    assert refused.status_code == 409
    assert "others have to approve what you asked for or edited yourself" in refused.text
    assert decide(browser, spelling, "REJECT", comment="Too early.").status_code == 200
    assert world.release(release).status is Status.REJECTED


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"x" * (MAX_BODY_BYTES + 1), "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"verdict=MAYBE", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe=1", "application/x-www-form-urlencoded", 400),
        (b"verdict=%FF", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(99)), "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 400),
    ],
)
def test_bad_bodies_decide_nothing(
    world: World,
    notices: Notices,
    browser: TestClient,
    body: bytes,
    content_type: str,
    status: int,
) -> None:
    spelling = notices.spelling("ann", world.request())
    before = world.snapshot(), world.ledger()

    headers = {"content-type": content_type}
    answer = browser.post(f"/decide/{spelling}", content=body, headers=headers)

    assert answer.status_code == status
    assert_guarded(answer.headers)
    assert (world.snapshot(), world.ledger()) == before


def assert_guarded(headers: Any) -> None:
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "script" not in policy
    assert "unsafe" not in policy


def test_every_answer_is_guarded_bugs_too(
    world: World, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    spelling = notices.spelling("ann", world.request())
    with client_of(world, raise_server_exceptions=False) as browser:
        assert_guarded(browser.get(f"/decide/{spelling}").headers)
        assert_guarded(browser.get("/decide/").headers)
        assert_guarded(browser.get("/decide/a/b").headers)
        not_allowed = browser.put(f"/decide/{spelling}")
        assert not_allowed.status_code == 405
        assert_guarded(not_allowed.headers)

        monkeypatch.setattr("api.web.approval_pages.routes.open_link", lambda *_: 1 / 0)
        broken = browser.get(f"/decide/{spelling}")
        assert broken.status_code == 500
        assert "Something went wrong on our side" in broken.text
        assert_guarded(broken.headers)


def test_the_page_speaks_the_approvers_language(
    world: World, notices: Notices, browser: TestClient
) -> None:
    world.do("admin", UpdateUser(user_id=world.people["ann"], locale="de-AT"))
    spelling = notices.spelling("ann", world.request())

    page = browser.get(f"/decide/{spelling}").text

    assert '<html lang="de">' in page
    assert "Genehmigen" in page


def test_the_policy_lets_only_our_style_through(browser: TestClient) -> None:
    page = browser.get("/decide/x")

    assert f"<style>{pages.CSS}</style>" in page.text
    assert len(re.findall("<style", page.text)) == 1
    assert "style=" not in page.text


def test_a_vote_through_the_api_is_shown_on_the_page(
    world: World, notices: Notices, browser: TestClient
) -> None:
    release = world.request()
    world.decide("ann", release, Verdict.APPROVE)

    page = browser.get(f"/decide/{notices.spelling('ann', release)}").text

    assert "You approved Falcon 1.0" in page
