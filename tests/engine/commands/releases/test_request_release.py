"""Requesting a release: where it starts, what it holds, and everything that refuses it."""

import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from engine.commands.administration.users import UpdateUser
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.releases.request_release import RequestRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.errors import Code
from engine.model.vocabulary import (
    KeypairCategory,
    Permission,
    ReleaseType,
    SignatureState,
    Status,
    Verdict,
)
from engine.persistence.store import tables as t
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import keypair_of, moves, release_in, requested, rows
from tests.support.world import World, make_world

HOUR = timedelta(hours=1)


def asking(world: World, *, as_approved: bool = False, **changes: Any) -> RequestRelease:
    return RequestRelease(fields=world.fields(**changes), as_approved=as_approved)


@pytest.mark.parametrize("name", ["dev", "admin"])
def test_with_teams_on_an_offline_request_awaits_its_teams_quorum(world: World, name: str) -> None:
    before = len(world.ledger())
    release = world.release(world.request(name))
    assert (release.status, release.required_approvals) == (Status.PENDING, 2)
    assert (release.revision, release.material_revision, release.round_revision) == (1, 1, 1)
    assert release.creator_id == world.principal(name).user_id
    assert release.fields == world.fields()
    assert tags(world, before) == ["release:requested"]
    assert [row.held for row in rows(world, t.release_keypairs)] == [True]


@pytest.mark.parametrize("type_", [ReleaseType.ONLINE, ReleaseType.TEST])
@pytest.mark.parametrize("teams", [True, False])
def test_online_and_test_releases_need_no_approval(
    world: World, type_: ReleaseType, teams: bool
) -> None:
    keypairs = frozenset({keypair_of(world, type_)})
    if not teams:
        world.settings(teams_enabled=False)
    release = world.release(world.request(type=type_, keypair_ids=keypairs, teams=teams))
    assert (release.status, release.required_approvals) == (Status.ACTIVE, 0)


def test_with_teams_off_an_offline_request_awaits_the_accounts_quorum(world: World) -> None:
    world.settings(teams_enabled=False, required_approvals=2)
    release = world.release(world.request(teams=False))
    assert (release.status, release.required_approvals) == (Status.PENDING, 2)
    assert release.fields.participant_ids == {world.people["dev"]}


def test_as_approved_is_ones_own_approval_and_is_written_down(world: World) -> None:
    world.settings(teams_enabled=False, allow_self_approval=True)
    before = len(world.ledger())
    release = world.request("ann", as_approved=True, teams=False)
    assert world.release(release).status is Status.APPROVED
    (decision,) = rows(world, t.decisions)
    assert (decision.approver_id, decision.verdict) == (world.people["ann"], Verdict.APPROVE)
    assert moves(world, release) == [(None, Status.APPROVED, world.clock.instant)]
    assert tags(world, before) == ["release:requested", "release:approval:recorded"]
    entry = world.ledger()[-1]
    assert entry.actor_id == world.people["ann"]
    labels = {"name": "Falcon 1.0", "version": "1.0", "note": None}
    counted = {"revision": 1, "received": 1, "required": 1}
    assert details_of(entry) == {"verdict": "APPROVE"} | counted | labels


@pytest.mark.parametrize(
    ("name", "settings", "code"),
    [
        ("dev", {"allow_self_approval": True}, Code.FORBIDDEN),
        ("ann", {}, Code.OWN_REQUEST),
        ("ann", {"allow_self_approval": True, "required_approvals": 2}, Code.OWN_REQUEST),
    ],
)
def test_as_approved_is_refused_to_whom_could_not_approve_it_alone(
    world: World, name: str, settings: dict[str, Any], code: Code
) -> None:
    world.settings(teams_enabled=False, **settings)
    assert_refused(world, name, asking(world, as_approved=True, teams=False), code, "status")


def test_as_approved_is_no_choice_with_teams_on_nor_for_online_releases(world: World) -> None:
    world.settings(allow_self_approval=True)
    assert_refused(
        world, "ann", asking(world, as_approved=True), Code.INVALID_INPUT, "status", recorded=False
    )
    online = {"type": ReleaseType.ONLINE, "keypair_ids": {keypair_of(world, ReleaseType.ONLINE)}}
    world.settings(teams_enabled=False)
    command = asking(world, as_approved=True, teams=False, **online)
    assert_refused(world, "ann", command, Code.INVALID_INPUT, "status", recorded=False)


def test_a_pipeline_does_not_approve_even_its_own_request(world: World) -> None:
    world.add_user("bot", "LEAD", service=True)
    world.settings(teams_enabled=False, allow_self_approval=True)
    command = asking(world, as_approved=True, teams=False)
    assert_refused(world, "bot", command, Code.FORBIDDEN, "status")


def test_every_request_needs_the_permission_and_a_token_that_reaches_as_far(world: World) -> None:
    world.add_user("sig", "SIGNER")
    world.set_team("blue", members=["ann", "bob", "dev", "sig"])
    assert_refused(world, "sig", asking(world), Code.FORBIDDEN)
    viewing = frozenset({Permission.VIEW_RELEASES})
    assert_refused(world, "dev", asking(world), Code.FORBIDDEN, scopes=viewing)


def test_one_requests_for_ones_own_team(world: World) -> None:
    assert_refused(world, "eve", asking(world), Code.FORBIDDEN, "team_id")


BAD_INPUT: dict[str, tuple[dict[str, Any], Code, str]] = {
    "empty name": ({"name": ""}, Code.INVALID_INPUT, "name"),
    "blank name": ({"name": " \u3000 "}, Code.INVALID_INPUT, "name"),
    "endless name": ({"name": "f" * 10_000}, Code.INVALID_INPUT, "name"),
    "header in the name": ({"name": "F\r\nBcc: x@example.com"}, Code.INVALID_INPUT, "name"),
    "nul in the name": ({"name": "F\0"}, Code.INVALID_INPUT, "name"),
    "lone surrogate": ({"name": "F\ud800"}, Code.INVALID_INPUT, "name"),
    "two-line version": ({"version": "1\n2"}, Code.INVALID_INPUT, "version"),
    "bell in the note": ({"note": "\a"}, Code.INVALID_INPUT, "note"),
    "no maximum": ({"max_signatures": 0}, Code.INVALID_INPUT, "max_signatures"),
    "negative maximum": ({"max_signatures": -3}, Code.INVALID_INPUT, "max_signatures"),
    "huge maximum": ({"max_signatures": 2**31}, Code.INVALID_INPUT, "max_signatures"),
    "no keypairs": ({"keypair_ids": frozenset()}, Code.INVALID_INPUT, "keypair_ids"),
    "unknown team": ({"team_id": uuid4()}, Code.NOT_FOUND, "team_id"),
    "unknown keypair": ({"keypair_ids": frozenset({uuid4()})}, Code.NOT_FOUND, "keypair_ids"),
}


def test_bad_input_is_a_clear_error_and_nothing_is_written(world: World) -> None:
    for changes, code, field in BAD_INPUT.values():
        assert_refused(world, "dev", asking(world, **changes), code, field, recorded=False)


def test_a_window_is_not_empty_and_not_over(world: World) -> None:
    now = world.clock.instant
    for window, code in (
        ({"starts_at": now + HOUR, "ends_at": now + HOUR}, Code.WINDOW_INVALID),
        ({"starts_at": now + 2 * HOUR, "ends_at": now + HOUR}, Code.WINDOW_INVALID),
        ({"starts_at": now, "ends_at": now + timedelta(days=366, hours=1)}, Code.WINDOW_INVALID),
        ({"starts_at": now - HOUR, "ends_at": now}, Code.WINDOW_PASSED),
    ):
        assert_refused(world, "dev", asking(world, **window), code, "ends_at")


def test_with_teams_on_a_request_names_its_team(world: World) -> None:
    command = asking(world, team_id=None)
    assert_refused(world, "dev", command, Code.TEAM_REQUIRED, "team_id")


@pytest.mark.parametrize(
    ("setup", "changes", "code", "field"),
    [
        ("settings", {}, Code.RELEASE_TYPE_DISABLED, "type"),
        ("disable", {}, Code.KEYPAIR_DISABLED, "keypair_ids"),
        ("", {"type": ReleaseType.ONLINE}, Code.KEYPAIR_TYPE_MISMATCH, "keypair_ids"),
        ("", {"category": KeypairCategory.GPG}, Code.KEYPAIR_CATEGORY_MISMATCH, "keypair_ids"),
        ("", {"with_default_certificate": True}, Code.KEYPAIR_CERTIFICATE_MISMATCH, "keypair_ids"),
        ("ungrant", {}, Code.KEYPAIR_NOT_ALLOWED, "keypair_ids"),
    ],
)
def test_the_keypairs_fit_the_release_or_it_is_refused_and_recorded(
    world: World, setup: str, changes: dict[str, Any], code: Code, field: str
) -> None:
    if setup == "settings":
        world.settings(enabled_release_types=frozenset({ReleaseType.ONLINE}))
    if setup == "disable":
        world.do("admin", UpdateKeypair(keypair_id=world.things["vault"], enabled=False))
    if setup == "ungrant":
        world.set_team("blue", keypairs=["spare"])
    assert_refused(world, "dev", asking(world, **changes), code, field)


def test_a_refused_request_is_the_accounts_entry_and_says_what_was_tried(world: World) -> None:
    command = asking(world, type=ReleaseType.TEST)
    assert_refused(world, "dev", command, Code.KEYPAIR_TYPE_MISMATCH)
    entry = world.ledger()[-1]
    assert entry.subject_id == world.account_id
    assert details_of(entry)["command"] == "request_release"
    assert details_of(entry)["details_of_attempt"] == {"name": "Falcon 1.0"}


def test_a_team_that_could_never_reach_its_quorum_is_told_so_at_once(world: World) -> None:
    refusal = assert_refused(world, "ann", asking(world), Code.NOT_ENOUGH_APPROVERS)
    assert "asks for 2" in refusal.message
    world.settings(allow_self_approval=True)
    world.request("ann")


def test_with_teams_off_participants_are_named_active_and_the_accounts_own(world: World) -> None:
    world.settings(teams_enabled=False)
    world.do("admin", UpdateUser(user_id=world.people["eve"], active=False))
    for people, code in (
        (frozenset(), Code.INVALID_INPUT),
        (frozenset({world.people["dev"], world.people["eve"]}), Code.INVALID_INPUT),
        (frozenset({uuid4()}), Code.NOT_FOUND),
    ):
        command = asking(world, teams=False, participant_ids=people)
        assert_refused(world, "dev", command, code, "participant_ids", recorded=False)
    command = asking(world, teams=False, team_id=world.things["blue"])
    assert_refused(world, "dev", command, Code.INVALID_INPUT, "team_id", recorded=False)


# --- one keypair, one release at a time -----------------------------------------------------


@pytest.mark.parametrize(
    "status", [Status.PENDING, Status.APPROVED, Status.ACTIVE, Status.IN_PROGRESS]
)
def test_a_keypair_is_held_by_one_open_release(world: World, status: Status) -> None:
    type_ = ReleaseType.ONLINE if status is Status.ACTIVE else ReleaseType.OFFLINE
    release_in(world, status, type_)
    both = frozenset({keypair_of(world, type_)})
    command = asking(world, name="Eagle", type=type_, keypair_ids=both)
    assert_refused(world, "dev", command, Code.KEYPAIR_IN_USE, "keypair_ids")


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED, Status.REJECTED])
def test_an_ended_release_lets_go_of_its_keypairs(world: World, status: Status) -> None:
    ended = release_in(world, status)
    world.request(name="Eagle")
    assert [row.held for row in rows(world, t.release_keypairs, release_id=ended)] == [False]


def test_one_held_keypair_among_free_ones_refuses_the_whole_request(world: World) -> None:
    release_in(world, Status.PENDING)
    both = frozenset({world.things["vault"], world.things["spare"]})
    refusal = assert_refused(
        world, "dev", asking(world, name="Eagle", keypair_ids=both), Code.KEYPAIR_IN_USE
    )
    assert "keypair vault" in refusal.message


def test_the_database_itself_holds_a_keypair_once(world: World) -> None:
    release_in(world, Status.PENDING)
    other = world.request(name="Eagle", keypair_ids=frozenset({world.things["spare"]}))
    row = {"release_id": other, "keypair_id": world.things["vault"], "held": True}
    with (
        world.system.database.writing() as connection,
        pytest.raises(
            IntegrityError, match=r"uq_release_keypairs_held|release_keypairs.keypair_id"
        ),
    ):
        connection.execute(t.release_keypairs.insert(), row)


@pytest.mark.parametrize("status", [Status.PENDING, Status.APPROVED, Status.IN_PROGRESS])
def test_a_holder_whose_window_has_passed_unattended_is_ended_first(
    world: World, status: Status
) -> None:
    """None is skipped: it is opened and closed with the right instants."""
    held = release_in(world, status)
    window = world.release(held).fields
    known = len(moves(world, held))
    world.clock.instant = window.ends_at + HOUR
    world.request(name="Eagle")

    opened = (Status.APPROVED, Status.IN_PROGRESS, window.starts_at)
    closed = (Status.IN_PROGRESS, Status.COMPLETED, window.ends_at)
    expired = (Status.PENDING, Status.FAILED, window.ends_at)
    expected = {
        Status.PENDING: [expired],
        Status.APPROVED: [opened, closed],
        Status.IN_PROGRESS: [closed],
    }
    assert moves(world, held)[known:] == expected[status]
    ended = world.release(held)
    assert ended.ended_at == window.ends_at
    assert ended.end_code == (
        "APPROVAL_NOT_OBTAINED" if status is Status.PENDING else "WINDOW_ENDED"
    )


def test_what_time_made_due_stays_when_the_request_is_refused(world: World) -> None:
    held = release_in(world, Status.PENDING)
    world.clock.pass_(hours=3)
    before = len(world.ledger())
    refusal = world.refused("dev", asking(world, type=ReleaseType.TEST))
    assert refusal.code is Code.KEYPAIR_TYPE_MISMATCH
    assert world.release(held).status is Status.FAILED
    assert tags(world, before) == ["release:expired", "attempt:refused"]


# --- names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "falcon 1.0",
        "FALCON 1.0",
        " Falcon 1.0 ",
        "Fal\uff43on 1.0",
        "Falcon  1.0",
        "Falcon\u00a01.0",
    ],
)
def test_a_name_is_taken_by_whatever_looks_like_it(world: World, name: str) -> None:
    release_in(world, Status.PENDING)
    free = frozenset({world.things["spare"]})
    command = asking(world, name=name, keypair_ids=free)
    assert_refused(world, "dev", command, Code.NAME_TAKEN, "name")


@pytest.mark.parametrize("name", ["Falc\u200bon 1.0", "\u200b", "\u3164"])
def test_a_name_has_nothing_in_it_that_nobody_can_see(world: World, name: str) -> None:
    command = asking(world, name=name)
    assert_refused(world, "dev", command, Code.INVALID_INPUT, "name", recorded=False)


def test_names_are_compared_and_kept_composed(world: World) -> None:
    composed, decomposed = "Fälcon", unicodedata.normalize("NFD", "Fälcon")
    release = world.request(name=decomposed)
    assert world.release(release).fields.name == composed
    free = frozenset({world.things["spare"]})
    assert_refused(world, "dev", asking(world, name=composed, keypair_ids=free), Code.NAME_TAKEN)
    sharp = asking(world, name="FÄLCON", keypair_ids=free)
    assert_refused(world, "dev", sharp, Code.NAME_TAKEN, "name")


def test_blank_versions_and_notes_are_none(world: World) -> None:
    release = world.release(world.request(version=" ", note="\n"))
    assert (release.fields.version, release.fields.note) == (None, None)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_the_name_of_a_release_that_opened_is_kept_for_good(world: World, status: Status) -> None:
    release = release_in(world, Status.IN_PROGRESS)
    world.clock.pass_(hours=1)
    if status is Status.FAILED:
        world.do("ann", StopRelease(release_id=release, reason="leaked"))
    world.clock.pass_(hours=1)
    assert_refused_after_time(world, asking(world), Code.NAME_TAKEN)


def assert_refused_after_time(world: World, command: RequestRelease, code: Code) -> None:
    """Once to let time do what is due, once to see that nothing changes."""
    assert world.refused("dev", command).code is code
    assert_refused(world, "dev", command, code)


def test_a_rejected_withdrawn_or_expired_release_gives_its_name_back(world: World) -> None:
    rejected = world.request()
    world.decide("ann", rejected, Verdict.REJECT)
    withdrawn = world.request()
    world.do("dev", WithdrawRelease(release_id=withdrawn))
    world.request()
    world.clock.pass_(hours=3)
    again = world.request()
    assert world.release(again).fields.name == "Falcon 1.0"
    assert len(rows(world, t.releases)) == 4


def test_a_release_that_expired_unattended_gives_its_name_back_too(world: World) -> None:
    """Nothing of the new request but the name has to do with it."""
    expired, other = world.request(), frozenset({world.things["spare"]})
    world.clock.pass_(hours=3)
    again = world.request(name="FALCON 1.0", keypair_ids=other)
    assert world.release(again).status is Status.PENDING
    assert world.release(expired).status is Status.FAILED


def test_another_accounts_names_and_keypairs_are_of_no_concern(world: World) -> None:
    world.request()
    other = make_world(world.system.database, account="Other")
    other.request()
    foreign = replace(other.fields(name="Eagle"), keypair_ids=world.fields().keypair_ids)
    assert_refused(
        other, "dev", RequestRelease(fields=foreign), Code.NOT_FOUND, "keypair_ids", recorded=False
    )
    foreign = replace(other.fields(name="Eagle"), team_id=world.things["blue"])
    assert_refused(
        other, "dev", RequestRelease(fields=foreign), Code.NOT_FOUND, "team_id", recorded=False
    )


# --- time -----------------------------------------------------------------------------------


def test_a_window_that_has_begun_opens_at_once(world: World) -> None:
    now = world.clock.instant
    before = len(world.ledger())
    release = requested(world, ReleaseType.ONLINE, starts_at=now - HOUR)
    assert world.release(release).status is Status.IN_PROGRESS
    assert moves(world, release) == [
        (None, Status.ACTIVE, now),
        (Status.ACTIVE, Status.IN_PROGRESS, now),
    ]
    assert tags(world, before)[-2:] == ["release:requested", "release:opened"]


def test_a_request_counts_nothing_yet(world: World) -> None:
    release = world.release(world.request())
    assert (release.signatures_used, release.signatures_reserved) == (0, 0)
    assert rows(world, t.signatures, state=SignatureState.RESERVED) == []
