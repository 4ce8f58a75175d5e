"""Relay's connections: pages in both directions, stable while rows come, with honest cursors."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest

from tests.api.graphql.crowd import Crowd
from tests.support.api import Api

PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
ORDERS = ["STARTS_AT", "ENDS_AT", "CREATED_AT", "NAME"]
LISTS = ["releases", "approvalInbox", "keypairs", "teams", "users", "roles", "apiTokens", "ledger"]


@pytest.fixture
def api(api: Api) -> Api:
    """With 30 releases, one of ten pending, and an auditor who sees everything."""
    api.world.add_user("chief", "ADMIN", "LEAD", "AUDITOR")
    Crowd(api.world, 30, "ann", "dev", "chief")
    return api


def page(api: Api, field: str = "releases", who: str = "chief", **arguments: Any) -> dict[str, Any]:
    """A page of ids, asked with the arguments as they are."""
    given = ", ".join(f"{name}: {value}" for name, value in arguments.items())
    given = f"({given})" if given else ""
    found: dict[str, Any] = api.ask(
        who, f"{{ {field}{given} {{ totalCount {PAGE} edges {{ cursor node {{ id }} }} }} }}"
    )[field]
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in found["edges"]]


def quoted(cursor: str) -> str:
    return f'"{cursor}"'


def walk(api: Api, field: str, size: int, *, back: bool = False, **more: Any) -> list[str]:
    """All ids, page by page; checks what each page says of its neighbours."""
    count, beyond = ("last", "before") if back else ("first", "after")
    ahead, behind = (
        ("hasPreviousPage", "hasNextPage") if back else ("hasNextPage", "hasPreviousPage")
    )
    seen: list[str] = []
    cursor = None
    while True:
        given = {count: size} | ({beyond: quoted(cursor)} if cursor else {}) | more
        found = page(api, field, **given)
        info = found["pageInfo"]
        seen = ids(found) + seen if back else seen + ids(found)
        assert info["startCursor"] == found["edges"][0]["cursor"]
        assert info["endCursor"] == found["edges"][-1]["cursor"]
        assert info[behind] == (cursor is not None)
        cursor = info["startCursor" if back else "endCursor"]
        if not info[ahead]:
            return seen


def test_every_order_reads_the_same_in_both_directions(api: Api) -> None:
    for order in ORDERS:
        up, down = (f"{{ field: {order}, direction: {way} }}" for way in ("ASC", "DESC"))
        whole = ids(page(api, first=100, orderBy=up))
        assert len(set(whole)) == 30
        assert ids(page(api, first=100, orderBy=down)) == whole[::-1]
        assert walk(api, "releases", 7, orderBy=up) == whole
        assert walk(api, "releases", 7, back=True, orderBy=up) == whole
        assert walk(api, "releases", 7, orderBy=down) == whole[::-1]
        assert walk(api, "releases", 7, back=True, orderBy=down) == whole[::-1]


def test_every_list_reads_the_same_in_both_directions(api: Api) -> None:
    for field in LISTS:
        whole = page(api, field, first=100)
        assert whole["edges"], field
        assert whole["totalCount"] == len(ids(whole)), field
        assert walk(api, field, 3) == ids(whole)
        assert walk(api, field, 3, back=True) == ids(whole)


@pytest.mark.parametrize("field", ["signatures", "history", "deliveries"])
def test_lists_of_several_releases_read_the_same_in_both_directions(api: Api, field: str) -> None:
    def each(arguments: str) -> list[list[str]]:
        inner = f"{field}({arguments}) {{ totalCount {PAGE} edges {{ cursor node {{ id }} }} }}"
        found = api.ask("chief", f"{{ releases(first: 3) {{ edges {{ node {{ {inner} }} }} }} }}")
        pages = [edge["node"][field] for edge in found["releases"]["edges"]]
        assert {one["totalCount"] for one in pages} == {2}
        assert {one["pageInfo"]["hasNextPage"] for one in pages} == {arguments == "first: 1"}
        assert {one["pageInfo"]["hasPreviousPage"] for one in pages} == {arguments == "last: 1"}
        return [ids(one) for one in pages]

    whole = each("first: 2")
    assert each("last: 2") == whole
    assert each("first: 1") == [one[:1] for one in whole]
    assert each("last: 1") == [one[1:] for one in whole]


def test_rows_that_come_between_two_pages_move_nothing(api: Api) -> None:
    by = "{ field: NAME, direction: ASC }"
    whole = ids(page(api, first=100, orderBy=by))
    first = page(api, first=10, orderBy=by)
    # Before, within and after what was read.
    for name in ("Release 000005 b", "Release 000015 b", "Zulu"):
        api.world.add_keypair(name)
        api.world.set_team("blue", keypairs=[name])
        api.world.request(name=name, keypair_ids=frozenset({api.world.things[name]}))
    rest = page(api, first=100, after=quoted(first["pageInfo"]["endCursor"]), orderBy=by)

    assert [id_ for id_ in ids(first) + ids(rest) if id_ in whole] == whole
    assert len(ids(rest)) == 22


FILTERS = {
    "status: [PENDING]": 3,
    "status: [PENDING, FAILED]": 30,
    "status: []": 0,
    "type: [OFFLINE]": 30,
    "type: [ONLINE, TEST]": 0,
    "category: [GPG]": 0,
    'nameContains: "RELEASE 00000"': 10,
    'nameContains: "%"': 0,
    # All but the pending ones ended before their windows began.
    'overlapsFrom: "2030-06-05T11:59:59Z"': 3,
    'overlapsFrom: "2030-06-05T12:00:00Z"': 0,
    'overlapsUntil: "2030-06-03T13:00:01Z"': 3,
    'overlapsUntil: "2030-06-03T13:00:00Z"': 0,
    'overlapsFrom: "2030-06-03T12:00:00+02:00", status: [PENDING]': 3,
}


def test_filters_narrow(api: Api) -> None:
    for given, count in FILTERS.items():
        found = page(api, first=100, filter=f"{{ {given} }}")
        assert (len(ids(found)), found["totalCount"]) == (count, count), given


def test_filters_by_what_a_release_names(api: Api) -> None:
    team = api.ask("chief", "{ teams(last: 1) { edges { node { id keypairs { id } } } } }")
    node = team["teams"]["edges"][0]["node"]
    input_ = {
        "teamId": node["id"],
        "keypairId": node["keypairs"][0]["id"],
        "requestedById": api.id("User", "dev"),
    }
    for name, count in (("teamId", 10), ("keypairId", 10), ("requestedById", 30)):
        found = page(api, filter=f"{{ {name}: {quoted(input_[name])} }}")
        assert found["totalCount"] == count
    wrong = api.post(
        "chief", f'{{ releases(filter: {{ teamId: "{input_["keypairId"]}" }}) {PAGE} }}'
    )
    assert wrong["errors"]


GARBLED = [
    "",
    "a",
    "ä",
    "\\u0001",
    "=" * 50,
    "MTIz",
    urlsafe_b64encode(b"[]").decode(),
    urlsafe_b64encode(b'["x"]').decode(),
    urlsafe_b64encode(b'["x", 5]').decode(),
    urlsafe_b64encode(b'["x", [["v", {}]]]').decode(),
    urlsafe_b64encode(b"[" * 5000).decode(),
    urlsafe_b64encode(b"\xff\xfe").decode(),
]


def test_garbled_cursors_are_the_callers_fault(api: Api) -> None:
    for cursor in GARBLED:
        for argument in ("after", "before"):
            for field in LISTS:
                query = f"{{ {field}({argument}: {quoted(cursor)}) {{ {PAGE} }} }}"
                (error,) = api.post("chief", query)["errors"]
                extensions = error["extensions"]
                assert extensions == {"code": "INVALID_INPUT", "field": [argument]}, cursor


def test_forged_cursors_are_the_callers_fault(api: Api) -> None:
    for field in LISTS:
        _forge(api, field)


def _forge(api: Api, field: str) -> None:
    real = page(api, field, first=1)["pageInfo"]["endCursor"]
    stamp, values = json.loads(urlsafe_b64decode(real))
    forged = [
        ["v", "a\0b"],
        ["v", 5],
        ["v", "x"],
        ["v", 2**70],
        ["v", True],
        ["v", "\ud800"],
        ["t", "0001-01-01T00:00:00+14:00"],
        ["t", "2030-01-01T00:00:00"],
        ["t", "2030-06-03T12:00:00+00:00"],
        ["u", "0" * 32],
        ["x", "y"],
    ]
    for n in range(len(values)):
        for value in forged:
            claimed = [*values[:n], value, *values[n + 1 :]]
            _ask_with(api, field, json.dumps([stamp, claimed]))
    for claimed in ([], values[:-1], [*values, values[0]]):
        _ask_with(api, field, json.dumps([stamp, claimed]))


def _ask_with(api: Api, field: str, cursor: str) -> None:
    """A cursor that could be one is one; any other is refused, and nothing breaks."""
    encoded = quoted(urlsafe_b64encode(cursor.encode()).decode())
    answer = api.post("chief", f"{{ {field}(after: {encoded}) {{ {PAGE} }} }}")
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    assert codes <= {"INVALID_INPUT"}, (cursor, answer)


@pytest.mark.parametrize("field", ["signatures", "history", "deliveries"])
def test_a_cursor_of_another_release_is_refused(api: Api, field: str) -> None:
    inner = f"{field}(first: 1) {{ edges {{ cursor }} }}"
    found = api.ask("chief", f"{{ releases(first: 2) {{ edges {{ node {{ id {inner} }} }} }} }}")
    one, other = (edge["node"] for edge in found["releases"]["edges"])
    cursor = quoted(one[field]["edges"][0]["cursor"])
    query = f"query ($id: ID!) {{ release(id: $id) {{ {field}(after: {cursor}) {{ {PAGE} }} }} }}"

    assert "errors" not in api.post("chief", query, id=one["id"])
    (error,) = api.post("chief", query, id=other["id"])["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"


def test_a_cursor_belongs_to_its_order_and_filter(api: Api) -> None:
    cursor = quoted(page(api, first=3)["pageInfo"]["endCursor"])

    assert ids(page(api, first=3, after=cursor))
    for more in ("orderBy: { field: NAME }", "filter: { status: [PENDING] }"):
        query = f"{{ releases(after: {cursor}, {more}) {{ {PAGE} }} }}"
        (error,) = api.post("chief", query)["errors"]
        assert error["extensions"]["code"] == "INVALID_INPUT"
    for field in ("teams", "ledger"):
        (error,) = api.post("chief", f"{{ {field}(after: {cursor}) {{ {PAGE} }} }}")["errors"]
        assert error["extensions"]["code"] == "INVALID_INPUT"


def test_a_page_has_a_size(api: Api) -> None:
    for given, at_fault in (
        ("first: 101", "first"),
        ("first: -1", "first"),
        ("last: 101", "last"),
        ("last: -1", "last"),
        ("first: 1, last: 1", "last"),
    ):
        for field in LISTS:
            (error,) = api.post("chief", f"{{ {field}({given}) {{ {PAGE} }} }}")["errors"]
            assert error["extensions"] == {"code": "INVALID_INPUT", "field": [at_fault]}


@pytest.mark.parametrize(
    ("end", "more"),
    [
        ("first", {"hasNextPage": True, "hasPreviousPage": False}),
        ("last", {"hasNextPage": False, "hasPreviousPage": True}),
    ],
)
def test_an_empty_page_still_says_where_it_stands(
    api: Api, end: str, more: dict[str, bool]
) -> None:
    found = page(api, **{end: 0})

    assert found["edges"] == []
    assert found["totalCount"] == 30
    assert found["pageInfo"] == {**more, "startCursor": None, "endCursor": None}
