"""Rules of the engine as they show in GraphQL."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from engine.commands.administration.roles import CreateRole
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.releases.decide import Decide
from engine.commands.releases.revise_release import ReviseRelease
from engine.model.vocabulary import Permission, ReleaseType, Status, Verdict
from engine.persistence.store import tables as t
from tests.support.api import Api
from tests.support.releases import rows
from tests.support.world import DIGEST, World

APPROVING = frozenset({Permission.APPROVE_RELEASE})

APPROVAL = "approval { required received remaining decisions { verdict approver { name } } }"


def look(api: Api, name: str, release: Any, what: str) -> Any:
    """What somebody sees of a release; None if it does not exist for them."""
    query = f"query ($id: ID!) {{ release(id: $id) {{ {what} }} }}"
    return api.ask(name, query, id=api.id("Release", release))["release"]


def test_requesting_as_approved_is_a_decision_in_the_history(api: Api) -> None:
    api.world.settings(teams_enabled=False, allow_self_approval=True)
    release = api.world.request("ann", as_approved=True, teams=False)
    what = f"{APPROVAL} history {{ edges {{ node {{ tag }} }} }}"
    seen = look(api, "ann", release, what)
    assert seen["approval"] == {
        "required": 1,
        "received": 1,
        "remaining": 0,
        "decisions": [{"verdict": "APPROVE", "approver": {"name": "Ann"}}],
    }
    tags = [edge["node"]["tag"] for edge in seen["history"]["edges"]]
    assert tags == ["release:approval:recorded", "release:requested"]


def test_what_is_received_leaves_out_ones_own_once_self_approval_is_off(api: Api) -> None:
    api.world.add_third_approver()
    api.world.settings(allow_self_approval=True)
    release = api.world.request("ann")
    api.world.decide("ann", release, Verdict.APPROVE)
    counted = "approval { received remaining }"
    assert look(api, "bob", release, counted)["approval"] == {"received": 1, "remaining": 1}
    api.world.settings(allow_self_approval=False)
    assert look(api, "bob", release, counted)["approval"] == {"received": 0, "remaining": 2}


def _able(api: Api, release: Any) -> list[str]:
    seen = look(api, "dev", release, "approval { eligibleApprovers { name } }")
    return [user["name"].lower() for user in seen["approval"]["eligibleApprovers"]]


def _disable(world: World) -> None:
    world.do("admin", UpdateKeypair(keypair_id=world.things["vault"], enabled=False))


def _edit_as_ann(world: World) -> None:
    (release,) = rows(world, t.releases)
    changes = {"max_signatures": 6}
    world.do("ann", ReviseRelease(release_id=release.id, revision=1, changes=changes))


def _vote_of_ann(world: World) -> None:
    (release,) = rows(world, t.releases)
    world.decide("ann", release.id)


def _leave(world: World) -> None:
    world.do("admin", UpdateUser(user_id=world.people["ann"], active=False))


#: What happens to a request of bob's, and who can approve it then.
ABLE: dict[str, tuple[list[Callable[[World], None]], list[str]]] = {
    "requested": ([], ["ann", "cid"]),
    "self-approval on": ([lambda w: w.settings(allow_self_approval=True)], ["ann", "bob", "cid"]),
    "edited by ann": (
        [
            lambda w: w.settings(allow_self_approval=True),
            _edit_as_ann,
            lambda w: w.settings(allow_self_approval=False),
        ],
        ["cid"],
    ),
    "approved by ann": ([_vote_of_ann], ["cid"]),
    "ann left": ([_leave], ["cid"]),
    "its keypair disabled": ([_disable], []),
    "its type switched off": (
        [lambda w: w.settings(enabled_release_types=frozenset({ReleaseType.TEST}))],
        [],
    ),
    "its keypair taken from the team": ([lambda w: w.set_team("blue", keypairs=["spare"])], []),
}


@pytest.mark.parametrize("name", ABLE)
def test_the_eligible_approvers_are_those_whose_approval_is_not_refused(
    api: Api, name: str
) -> None:
    world = api.world
    world.add_third_approver()
    release = world.request("bob")
    happened, able = ABLE[name]
    for change in happened:
        change(world)
    assert _able(api, release) == able
    revision = world.release(release).revision
    command = Decide(release_id=release, revision=revision, verdict=Verdict.APPROVE)
    for who in sorted({"ann", "bob", "cid", "dev"} - set(able)):
        world.refused(who, command)
    for who in able:
        assert _answer(api, who, release, "APPROVE") is True
    for who in able[:1]:
        world.do(who, command)


def test_once_a_request_is_decided_nobody_is_listed_as_able_to_approve_it(api: Api) -> None:
    release = api.world.approved()
    assert _able(api, release) == []


def test_a_request_says_when_too_few_people_are_left_to_approve_it(api: Api) -> None:
    release = api.world.request()
    seen = "approval { remaining canBeMet }"
    assert look(api, "dev", release, seen)["approval"] == {"remaining": 2, "canBeMet": True}
    _leave(api.world)
    assert look(api, "dev", release, seen)["approval"] == {"remaining": 2, "canBeMet": False}
    api.world.decide("bob", release)
    assert look(api, "bob", release, seen)["approval"] == {"remaining": 1, "canBeMet": False}
    api.world.do("admin", UpdateUser(user_id=api.world.people["ann"], active=True))
    assert look(api, "bob", release, seen)["approval"] == {"remaining": 1, "canBeMet": True}
    api.world.decide("ann", release)
    _leave(api.world)
    assert look(api, "bob", release, seen)["approval"] == {"remaining": 0, "canBeMet": True}


def _answer(api: Api, name: str, release: Any, action: str) -> Any:
    """What `availableActions` says: allowed, or the refusal's code."""
    actions = look(api, name, release, "availableActions { action allowed refusal { code } }")
    (found,) = [one for one in actions["availableActions"] if one["action"] == action]
    return found["allowed"] or found["refusal"]["code"]


def test_what_has_a_disabled_keypair_is_rejected_or_waits_but_is_not_approved(api: Api) -> None:
    release = api.world.request()
    disabled = {"id": api.id("Keypair", "vault"), "enabled": False}
    api.change("admin", "updateKeypair", disabled, "")
    assert _answer(api, "ann", release, "APPROVE") == "KEYPAIR_DISABLED"
    assert _answer(api, "ann", release, "REJECT") is True
    approval = {"id": api.id("Release", release), "revision": 1}
    payload = api.try_("ann", "approveRelease", approval, "release { status }")
    assert [(error["code"], error["field"]) for error in payload["errors"]] == [
        ("KEYPAIR_DISABLED", None)
    ]
    api.change("admin", "updateKeypair", disabled | {"enabled": True}, "")
    assert _answer(api, "ann", release, "APPROVE") is True


@pytest.mark.parametrize("comment", [None, "", " \n", "\u200b"])
def test_a_rejection_over_the_api_needs_a_reason(api: Api, comment: str | None) -> None:
    release = api.world.request()
    rejection = {"id": api.id("Release", release), "revision": 1, "comment": comment}
    payload = api.try_("ann", "rejectRelease", rejection, "release { status }")
    assert [(error["code"], error["field"]) for error in payload["errors"]] == [
        ("INVALID_INPUT", ["comment"])
    ]
    assert api.world.release(release).status is Status.PENDING
    reasoned = rejection | {"comment": "Not before the audit."}
    payload = api.change("ann", "rejectRelease", reasoned, "release { status endReason }")
    assert payload["release"] == {"status": "REJECTED", "endReason": "Not before the audit."}


def test_with_reapproval_off_an_approved_release_is_made_online_by_approvers_only(
    api: Api,
) -> None:
    online = {"type": "ONLINE", "keypairIds": [api.id("Keypair", _online_keypair(api.world))]}
    api.world.settings(reapprove_on_edit=False)
    edit = {"id": api.id("Release", api.world.approved()), "revision": 1} | online
    refused = api.try_("dev", "updateRelease", edit, "release { status }")
    assert [error["code"] for error in refused["errors"]] == ["NOT_AN_APPROVER"]
    edited = api.change("ann", "updateRelease", edit, "release { status }")
    assert edited["release"] == {"status": "ACTIVE"}


def _online_keypair(world: World) -> UUID:
    world.add_keypair("web", ReleaseType.ONLINE)
    world.set_team("blue", keypairs=["vault", "web"])
    return world.things["web"]


def test_a_release_that_one_does_not_see_shows_in_no_factor(api: Api) -> None:
    api.world.add_team("red", ["ann", "eve"], ["vault"], 1)
    release = api.world.request(name="Secret Falcon")
    assert look(api, "eve", release, "name") is None
    input_ = {"keypairId": api.id("Keypair", "vault")}
    explain = """query ($i: ExplainSignInput!) { explainSign(input: $i) {
      factors { name passed detail } } }"""
    explained = api.ask("eve", explain, i=input_)["explainSign"]
    digest = {"digest": b64encode(DIGEST).decode()}
    refused = api.try_("eve", "sign", input_ | digest, "factors { name passed detail }")
    assert [error["code"] for error in refused["errors"]] == ["OUTSIDE_WINDOW"]
    assert refused["factors"] == explained["factors"]
    assert "Secret" not in str(refused)
    assert "2030" not in str(refused)


@pytest.mark.parametrize("scope", ["APPROVE_RELEASE", "REQUEST_RELEASE"])
def test_a_token_that_does_not_approve_makes_nobody_see_as_an_approver(
    api: Api, scope: str
) -> None:
    world = api.world
    world.do("admin", CreateRole(name="Approving", permissions=APPROVING))
    world.add_user("cid", "Approving")
    world.settings(teams_enabled=False)
    release = world.request(teams=False)
    command = CreateApiToken(name="test", scopes=frozenset({Permission(scope)}))
    api.tokens["cid"] = world.do("cid", command).secret
    seen, input_ = look(api, "cid", release, "status"), {"id": api.id("Release", release)}
    payload = api.try_("cid", "withdrawRelease", input_, "release { status }")
    if Permission(scope) in APPROVING:
        assert (seen, payload["errors"]) == ({"status": "PENDING"}, [])
    else:
        assert seen is None
        assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]


def test_deactivating_an_approver_says_which_team_is_short_and_the_team_can_be_mended(
    api: Api,
) -> None:
    gone = {"id": api.id("User", "bob"), "active": False}
    api.change("admin", "updateUser", gone, "user { active }")
    newest = api.ask("admin", "{ ledger(first: 1) { edges { node { tag details } } } }")
    (edge,) = newest["ledger"]["edges"]
    assert edge["node"]["tag"] == "user:updated"
    assert edge["node"]["details"]["changes"]["teams_short_of_approvers"] == [[], ["blue"]]
    left = [api.id("User", name) for name in ("ann", "dev")]
    change = {"id": api.id("Team", "blue"), "memberIds": left}
    api.change("admin", "updateTeam", change, "team { name }")
    worse = api.try_("admin", "updateTeam", change | {"requiredApprovals": 3}, "team { name }")
    assert [error["code"] for error in worse["errors"]] == ["NOT_ENOUGH_APPROVERS"]


def test_the_api_adds_removes_and_refuses_what_is_stale(api: Api) -> None:
    team, eve = api.id("Team", "blue"), api.id("User", "eve")
    selected = "team { revision members { name } }"
    added = api.change("admin", "addTeamMembers", {"id": team, "userIds": [eve]}, selected)
    assert len(added["team"]["members"]) == 4
    stale = {"id": team, "name": "Red", "revision": added["team"]["revision"] - 1}
    refused = api.try_("admin", "updateTeam", stale, selected)
    (error,) = refused["errors"]
    assert (error["code"], error["field"]) == ("REVISION_CONFLICT", ["revision"])
    removed = api.change("admin", "removeTeamMembers", {"id": team, "userIds": [eve]}, selected)
    assert removed["team"]["revision"] == added["team"]["revision"] + 1
