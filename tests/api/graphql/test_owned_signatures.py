"""Signatures of a keypair, a user and a release: by pages, filtered, and only those one sees."""

from datetime import timedelta
from typing import Any

import pytest

from engine.model.artifacts import Artifact
from engine.model.vocabulary import ReleaseType
from tests.api.graphql.test_statements import counting
from tests.support.api import Api
from tests.support.world import NOON

OWNERS = {
    "keypair": ("Keypair", "quick"),
    "user": ("User", "dev"),
    "release": ("Release", "trial"),
}


@pytest.fixture
def api(api: Api) -> Api:
    """Two online keypairs in a team's release, with which two people have signed."""
    world = api.world
    world.add_user("robot", "SIGNER", service=True)
    world.add_keypair("quick", ReleaseType.ONLINE)
    world.add_keypair("slow", ReleaseType.ONLINE)
    members = ["ann", "bob", "dev", "robot"]
    world.set_team("blue", members=members, keypairs=["vault", "spare", "quick", "slow"])
    world.things["trial"] = world.request(
        name="Trial",
        type=ReleaseType.ONLINE,
        keypair_ids=frozenset({world.things["quick"]}),
        starts_at=NOON,
        max_signatures=9,
    )
    for number in range(3):
        world.clock.pass_(minutes=1)
        world.sign("dev", "quick", artifact=Artifact(name=f"file {number}"))
    world.sign("robot", "quick", artifact=Artifact(name="file 1"))
    world.sign("dev", "slow", artifact=Artifact(name="file 1"))
    return api


def signed(api: Api, owner: str, arguments: str = "", who: str = "dev") -> list[str]:
    """The names of the artifacts that were signed, and that the count is right."""
    kind, name = OWNERS[owner]
    query = (
        f'{{ node(id: "{api.id(kind, name)}") {{ ... on {kind} {{ signatures{arguments}'
        " { totalCount edges { node { artifact { name } } } } } } }"
    )
    connection = api.ask(who, query)["node"]["signatures"]
    names = [edge["node"]["artifact"]["name"] for edge in connection["edges"]]
    assert "first" in arguments or connection["totalCount"] == len(names)
    return names


@pytest.mark.parametrize(
    ("owner", "newest_first"),
    [
        ("keypair", ["file 1", "file 2", "file 1", "file 0"]),
        ("user", ["file 1", "file 2", "file 1", "file 0"]),
        ("release", ["file 1", "file 2", "file 1", "file 0"]),
    ],
)
def test_each_owner_has_its_signatures_either_way(
    api: Api, owner: str, newest_first: list[str]
) -> None:
    assert signed(api, owner) == newest_first
    assert signed(api, owner, "(direction: ASC)") == newest_first[::-1]
    assert signed(api, owner, "(direction: ASC, first: 1)") == ["file 0"]


@pytest.mark.parametrize("owner", OWNERS)
def test_a_filter_narrows_them(api: Api, owner: str) -> None:
    since = (NOON + timedelta(minutes=3)).isoformat()
    robot, slow = api.id("User", "robot"), api.id("Keypair", "slow")
    assert signed(api, owner, '(filter: { artifactName: "file 1" })') == ["file 1", "file 1"]
    assert signed(api, owner, f'(filter: {{ since: "{since}" }})') == ["file 1", "file 2"]
    by_robot = {"keypair": 1, "user": 0, "release": 1}[owner]
    assert len(signed(api, owner, f'(filter: {{ signerId: "{robot}" }})')) == by_robot
    with_slow = {"keypair": 0, "user": 1, "release": 0}[owner]
    assert len(signed(api, owner, f'(filter: {{ keypairId: "{slow}" }})')) == with_slow
    kind, name = OWNERS[owner]
    wrong = (
        f'{{ node(id: "{api.id(kind, name)}") {{ ... on {kind} {{'
        f' signatures(filter: {{ keypairId: "{robot}" }}) {{ totalCount }} }} }} }}'
    )
    (error,) = api.post("dev", wrong)["errors"]
    assert error["extensions"]["code"] == "NOT_FOUND"


def test_two_selections_of_one_owner_differ_by_filter_and_direction(api: Api) -> None:
    query = """query ($id: ID!) { node(id: $id) { ... on Keypair {
      all: signatures { totalCount }
      one: signatures(filter: { artifactName: "file 0" }) { totalCount }
      up: signatures(direction: ASC, first: 1) { edges { node { artifact { name } } } }
      down: signatures(first: 1) { edges { node { artifact { name } } } }
    } } }"""
    node = api.ask("dev", query, id=api.id("Keypair", "quick"))["node"]
    assert (node["all"]["totalCount"], node["one"]["totalCount"]) == (4, 1)
    assert [node[way]["edges"][0]["node"]["artifact"]["name"] for way in ("up", "down")] == [
        "file 0",
        "file 1",
    ]


def test_a_cursor_belongs_to_its_filter_and_direction(api: Api) -> None:
    def ask(arguments: str) -> Any:
        return api.post(
            "dev",
            f'{{ keypair(alias: "quick") {{ signatures({arguments})'
            " { pageInfo { endCursor } edges { node { artifact { name } } } } } }",
        )

    page = ask("first: 2, direction: ASC")["data"]["keypair"]["signatures"]
    at = f'after: "{page["pageInfo"]["endCursor"]}"'
    rest = ask(f"{at}, direction: ASC")["data"]["keypair"]["signatures"]["edges"]
    assert [edge["node"]["artifact"]["name"] for edge in rest] == ["file 2", "file 1"]
    for arguments in (at, f'{at}, direction: ASC, filter: {{ artifactName: "file 1" }}'):
        (error,) = ask(arguments)["errors"]
        assert error["extensions"]["code"] == "INVALID_INPUT"


def test_others_see_their_own_and_those_of_releases_that_they_see(api: Api) -> None:
    api.world.add_user("outsider", "SIGNER")
    api.world.add_user("auditor", "AUDITOR")
    assert signed(api, "keypair", who="outsider") == signed(api, "user", who="outsider") == []
    # Those of the keypair in the release, and not what dev signed with another one.
    assert signed(api, "user", who="ann") == ["file 2", "file 1", "file 0"]
    assert len(signed(api, "user", who="auditor")) == 4


def test_signatures_of_many_take_as_many_statements_as_those_of_one(api: Api) -> None:
    counts = []
    for size in (2, 100):
        query = (
            f"{{ keypairs(first: {size}) {{ edges {{ node {{ signatures(first: 2)"
            " { totalCount edges { node { signer { name } } } } } } } }"
        )
        with counting(api.world) as sent:
            api.ask("dev", query)
        counts.append(len(sent))
    assert counts == [6, 6]
