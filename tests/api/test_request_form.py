"""What a request form and a page's head show: teams, keypairs that can be named, counts, time."""

from __future__ import annotations

from typing import Any

import pytest

from engine.commands.keys.update_keypair import UpdateKeypair
from engine.model.vocabulary import Permission, ReleaseType
from tests.support.api import Api

FORM = """{ viewer { teamsToRequestFor(first: 100) { totalCount edges { node {
  id name usableKeypairs { id alias type } } } } } }"""


def form(api: Api, name: str) -> dict[str, list[str]]:
    """The aliases offered for each team by name."""
    teams = api.ask(name, FORM)["viewer"]["teamsToRequestFor"]
    assert teams["totalCount"] == len(teams["edges"])
    return {
        team["name"]: [keypair["alias"] for keypair in team["usableKeypairs"]]
        for team in (edge["node"] for edge in teams["edges"])
    }


@pytest.fixture
def busy(api: Api) -> Api:
    """Two teams; keypairs that are free, held, disabled, of a type that is switched off."""
    world = api.world
    world.add_keypair("online", ReleaseType.ONLINE)
    world.add_keypair("off")
    world.add_keypair("foreign")
    world.do("admin", UpdateKeypair(keypair_id=world.things["off"], enabled=False))
    world.set_team("blue", keypairs=["vault", "spare", "online", "off"])
    world.add_team("red", ["ann", "eve"], ["foreign", "vault"], 1)
    world.add_user("sid", "SIGNER")
    world.add_user("zoe", "LEAD")
    world.request(keypair_ids=frozenset({world.things["spare"]}))
    return api


def test_each_person_gets_their_own_teams(busy: Api) -> None:
    assert {name: sorted(form(busy, name)) for name in ("admin", "ann", "dev", "sid", "zoe")} == {
        "admin": ["blue", "red"],
        "ann": ["blue", "red"],
        "dev": ["blue"],
        "sid": [],
        "zoe": [],
    }


@pytest.mark.parametrize("types", [list(ReleaseType), [ReleaseType.ONLINE]])
def test_what_is_offered_is_what_a_request_may_name(busy: Api, types: list[ReleaseType]) -> None:
    busy.world.settings(enabled_release_types=frozenset(types))
    offered = form(busy, "admin")
    teams = {name: busy.id("Team", name) for name in ("blue", "red")}
    keypairs = ("vault", "spare", "online", "off", "foreign")
    for team, team_id in teams.items():
        accepted = [alias for alias in keypairs if accepts(busy, team_id, alias)]
        assert offered[team] == sorted(accepted)


def accepts(api: Api, team_id: str, alias: str) -> bool:
    """Whether a release of the team with this keypair may be requested; nothing stays of it."""
    input_ = {
        "name": f"With {alias} of {team_id}",
        "type": "ONLINE" if alias == "online" else "OFFLINE",
        "teamId": team_id,
        "keypairIds": [api.id("Keypair", alias)],
        "startsAt": "2030-06-03T13:00:00Z",
        "endsAt": "2030-06-03T15:00:00Z",
        "maxSignatures": 1,
    }
    answer = api.try_("admin", "createRelease", input_, "release { id }")
    if answer["errors"]:
        return False
    withdrawn = {"id": answer["release"]["id"], "reason": "It was tried only."}
    api.change("admin", "withdrawRelease", withdrawn, "release { id }")
    return True


def test_a_keypair_is_offered_again_once_the_window_is_over(busy: Api) -> None:
    assert "spare" not in form(busy, "dev")["blue"]
    # Nobody has written down yet that the release expired.
    busy.world.clock.pass_(hours=3)
    assert "spare" in form(busy, "dev")["blue"]


def test_without_teams_there_is_none_to_choose(api: Api) -> None:
    api.world.settings(teams_enabled=False)
    assert form(api, "dev") == {}


def test_the_inbox_is_counted_as_it_is_listed(busy: Api) -> None:
    query = "{ viewer { inboxCount } approvalInbox { totalCount edges { node { name } } } }"
    counts: dict[str, Any] = {}
    for name in ("ann", "bob", "dev", "zoe"):
        answer = busy.ask(name, query)
        counts[name] = answer["viewer"]["inboxCount"]
        assert counts[name] == answer["approvalInbox"]["totalCount"]
        assert counts[name] == len(answer["approvalInbox"]["edges"])
    assert counts == {"ann": 1, "bob": 1, "dev": 0, "zoe": 0}


def test_the_time_is_that_of_the_statuses(api: Api) -> None:
    api.world.clock.pass_(minutes=5)
    assert api.ask("dev", "{ serverTime }") == {"serverTime": "2030-06-03T12:05:00.000000Z"}


def test_a_token_without_the_scope_is_offered_nothing(busy: Api) -> None:
    input_ = {"name": "reader", "scopes": [Permission.VIEW_RELEASES]}
    secret = busy.change("dev", "createApiToken", input_, "secret")["secret"]
    busy.tokens["reader"] = secret
    assert form(busy, "reader") == {}
