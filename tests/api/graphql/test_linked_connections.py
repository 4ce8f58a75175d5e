"""Members, keypairs, roles and teams by pages, nested in other lists."""

from typing import Any

import pytest

from engine.commands.administration.users import UpdateUser
from tests.api.graphql.crowd import Crowd
from tests.api.graphql.test_statements import counting
from tests.support.api import Api

PAGE = "totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


def connection(api: Api, query: str, **variables: Any) -> dict[str, Any]:
    """The connection at the end of a query with one field in each field."""
    answer: Any = api.ask("admin", query, **variables)
    while "edges" not in answer:
        (answer,) = answer.values()
    result: dict[str, Any] = answer
    return result


def names(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["name"] for edge in page["edges"]]


#: Each field as it is reached, with the plain list of the same and the name of what is in it.
FIELDS = [
    ('team(name: "blue")', "members", "membersConnection", "name"),
    ('team(name: "blue")', "keypairs", "keypairsConnection", "alias"),
    ('user(email: "chief@example.com")', "roles", "rolesConnection", "name"),
    ('user(email: "ann@example.com")', "teams", "teamsConnection", "name"),
    ('keypair(alias: "guarded")', "users", "usersConnection", "name"),
    ('keypair(alias: "vault")', "teams", "teamsConnection", "name"),
]


@pytest.fixture
def api(api: Api) -> Api:
    """With some of everything that is linked."""
    world = api.world
    world.add_user("chief", "ADMIN", "LEAD", "AUDITOR")
    people = frozenset({world.people["ann"], world.people["dev"]})
    world.add_keypair("guarded", user_ids=people)
    world.add_team("red", ["ann"], ["vault"], 1)
    return api


@pytest.mark.parametrize(("owner", "plain", "field", "label"), FIELDS)
def test_a_connection_has_what_the_plain_list_has_in_pages(
    api: Api, owner: str, plain: str, field: str, label: str
) -> None:
    query = f"{{ {owner} {{ {plain} {{ {label} }} }} }}"
    ((whole,),) = (tuple(part.values()) for part in api.ask("admin", query).values())
    expected = [entry[label] for entry in whole]
    assert len(expected) >= 2
    backward: list[str] = []
    for word, other, cursor in (("first", "after", "endCursor"), ("last", "before", "startCursor")):
        seen: list[str] = []
        position = None
        for _ in expected:
            at = f', {other}: "{position}"' if position else ""
            page = connection(
                api,
                f"{{ {owner} {{ {field}({word}: 1{at})"
                f" {{ {PAGE} edges {{ node {{ {label} }} }} }} }} }}",
            )
            assert page["totalCount"] == len(expected)
            seen.append(page["edges"][0]["node"][label])
            position = page["pageInfo"][cursor]
        assert not page["pageInfo"]["hasNextPage" if word == "first" else "hasPreviousPage"]
        backward = seen
        assert sorted(seen) == sorted(expected)
        if word == "first":
            assert seen == sorted(expected, key=str.lower)
    assert backward == sorted(expected, key=str.lower)[::-1]


def test_a_role_has_its_users(api: Api) -> None:
    answer = api.ask("admin", "{ roles { edges { node { name usersConnection(first: 1)"
                     f" {{ {PAGE} edges {{ node {{ name }} }} }} }} }} }} }}")  # fmt: skip
    pages = {
        edge["node"]["name"]: edge["node"]["usersConnection"] for edge in answer["roles"]["edges"]
    }
    assert names(pages["LEAD"]) == ["Ann"]
    assert (pages["LEAD"]["totalCount"], pages["AUDITOR"]["totalCount"]) == (3, 1)
    assert pages["LEAD"]["pageInfo"]["hasNextPage"]


def test_members_are_sorted_by_name_without_regard_to_letter_case(api: Api) -> None:
    for who, name in (("ann", "zoe"), ("bob", "Ángel"), ("dev", "Yan")):
        api.world.do("admin", UpdateUser(user_id=api.world.people[who], name=name))
    query = '{ team(name: "blue") { membersConnection { edges { node { name } } } } }'
    assert names(connection(api, query)) == ["Yan", "zoe", "Ángel"]


def test_a_cursor_is_of_one_owner(api: Api) -> None:
    query = (
        f'{{ team(name: "blue") {{ membersConnection(first: 1) {{ {PAGE} edges {{ cursor }}'
        " } } }"
    )
    cursor = connection(api, query)["pageInfo"]["endCursor"]
    other = f'{{ team(name: "red") {{ membersConnection(after: "{cursor}") {{ totalCount }} }} }}'
    (error,) = api.post("admin", other)["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    nested = (
        f'{{ teams {{ edges {{ node {{ membersConnection(after: "{cursor}")'
        " { totalCount edges { cursor } } } } } }"
    )
    (error,) = api.post("admin", nested)["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"


MEMBERS = "membersConnection(first: 20) { totalCount edges { node { name roles { name } } } }"
NESTED = {
    "teams": f"{{ teams(first: 100) {{ edges {{ node {{ name {MEMBERS}"
    " keypairsConnection(first: 10) { totalCount edges { node { alias } } } } } } }",
    "plain teams": "{ teams(first: 100) { edges { node { members { name roles { name } } } } } }",
    "keypairs": "{ keypairs(first: 100) { edges { node { alias teamsConnection(first: 5)"
    " { totalCount edges { node { name membersConnection(first: 10)"
    " { totalCount edges { node { name } } } } } } } } } }",
    "plain keypairs": "{ keypairs(first: 100) { edges { node { teams { members { name } } } } } }",
    "users": "{ users(first: 100) { edges { node { name rolesConnection(first: 5)"
    " { totalCount edges { node { name } } } teamsConnection(first: 20)"
    " { totalCount edges { node { name } } } } } } }",
}
#: What each needs, the look-up of the credential and of the viewer's permissions included.
STATEMENTS = {"teams": 11, "plain teams": 7, "keypairs": 9, "plain keypairs": 7, "users": 9}


def test_ordinary_nested_pages_are_not_too_dear_and_take_as_many_statements_as_few_rows_do(
    api: Api,
) -> None:
    counts = []
    for size in (5, 120):
        Crowd(api.world, size, "ann", "dev", "chief", first=size, each=1)
        counted = {}
        for name, query in NESTED.items():
            with counting(api.world) as sent:
                api.ask("chief", query)
            counted[name] = len(sent)
        counts.append(counted)
    assert counts[0] == counts[1] == STATEMENTS
