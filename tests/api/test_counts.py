"""Counts of releases and signatures are those of the lists that they stand for."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from engine.model.vocabulary import ReleaseType
from engine.persistence.store import tables as t
from engine.signing.request import Made
from tests.support.api import Api
from tests.support.world import NOON

PEOPLE = ("admin", "ann", "bob", "dev", "eve", "aud")
GROUPS = {
    "STATUS": "status",
    "TYPE": "type",
    "CATEGORY": "category",
    "TEAM": "team { id name }",
    "KEYPAIR": "keypair { id alias }",
    "REQUESTED_BY": "requestedBy { id name }",
}
LIST = """query ($filter: ReleaseFilter) { releases(filter: $filter, first: 100) { edges { node {
  status type category team { id name } keypairs { id alias } requestedBy { id name } } } } }"""
CHART = """query ($by: BucketSize!, $from: DateTime!, $until: DateTime, $timeZone: String,
  $filter: SignatureFilter) { signatureCounts(by: $by, from: $from, until: $until,
  timeZone: $timeZone, filter: $filter) { startsAt endsAt count } }"""


@pytest.fixture
def busy(api: Api) -> Api:
    """Releases of two teams, all types and several statuses, some of them due and not written."""
    world = api.world
    for alias, type_ in (("online", "ONLINE"), ("tests", "TEST"), ("third", "OFFLINE")):
        world.add_keypair(alias, ReleaseType(type_))
    world.add_user("aud", "AUDITOR")
    world.set_team("blue", keypairs=["vault", "spare", "online", "third"])
    world.add_team("red", ["ann", "eve"], ["tests"], 1)
    things = world.things

    def held(*aliases: str) -> frozenset[Any]:
        return frozenset(things[alias] for alias in aliases)

    world.approved(name="Approved", keypair_ids=held("vault", "third"))
    world.request(name="Pending", keypair_ids=held("spare"))
    world.request(
        name="Online", type=ReleaseType.ONLINE, keypair_ids=held("online"), max_signatures=100
    )
    world.request(
        "eve",
        name="Tests",
        type=ReleaseType.TEST,
        keypair_ids=held("tests"),
        team_id=things["red"],
        ends_at=NOON + timedelta(hours=2),
    )
    return api


def expected(nodes: list[dict[str, Any]], grouping: str) -> Counter[Any]:
    """What the groups hold, counted from the list."""
    if grouping == "KEYPAIR":
        return Counter(keypair["id"] for node in nodes for keypair in node["keypairs"])
    field = {"TEAM": "team", "REQUESTED_BY": "requestedBy"}.get(grouping)
    if field is not None:
        return Counter(node[field]["id"] for node in nodes)
    return Counter(node[GROUPS[grouping]] for node in nodes)


def counted(api: Api, who: str, grouping: str, filter_: dict[str, Any]) -> dict[Any, int]:
    query = (
        f"query ($filter: ReleaseFilter) {{ releaseCounts(groupBy: {grouping}, filter: $filter)"
        f" {{ count {GROUPS[grouping]} }} }}"
    )
    field = GROUPS[grouping].split()[0]
    groups = api.ask(who, query, filter=filter_)["releaseCounts"]
    values = [group[field] for group in groups]
    keys = [value["id"] if isinstance(value, dict) else value for value in values]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, (group["count"] for group in groups), strict=True))


@pytest.mark.parametrize("grouping", GROUPS)
def test_groups_are_counted_as_the_list_has_them(busy: Api, grouping: str) -> None:
    filters: list[dict[str, Any]] = [{}, {"type": ["OFFLINE"]}, {"search": "n"}, {"mine": True}]
    # Before anything is due; then some are open; then all are over. Nobody writes that down.
    for hours in (0, 1, 1, 3):
        busy.world.clock.pass_(hours=hours)
        for who in PEOPLE:
            for filter_ in filters:
                edges = busy.ask(who, LIST, filter=filter_)["releases"]["edges"]
                groups = counted(busy, who, grouping, filter_)
                listed = expected([edge["node"] for edge in edges], grouping)
                assert {key: n for key, n in groups.items() if n} == dict(listed), (who, filter_)


def test_a_closed_set_is_complete_and_in_its_order(busy: Api) -> None:
    statuses = counted(busy, "dev", "STATUS", {})
    assert list(statuses.items()) == [
        ("PENDING", 1),
        ("APPROVED", 1),
        ("ACTIVE", 1),
        ("IN_PROGRESS", 0),
        ("COMPLETED", 0),
        ("FAILED", 0),
        ("REJECTED", 0),
    ]
    assert counted(busy, "dev", "CATEGORY", {}) == {"STANDARD": 3, "GPG": 0}
    with busy.world.system.database.reading() as connection:
        stored = set(connection.execute(sa.select(t.releases.c.status)).scalars())
    busy.world.clock.pass_(hours=1)
    assert counted(busy, "dev", "STATUS", {})["IN_PROGRESS"] == 2
    assert "IN_PROGRESS" not in stored


def test_other_groups_come_by_size(busy: Api) -> None:
    query = "{ releaseCounts(groupBy: TEAM) { count status team { name } } }"
    assert busy.ask("ann", query)["releaseCounts"] == [
        {"count": 3, "status": None, "team": {"name": "blue"}},
        {"count": 1, "status": None, "team": {"name": "red"}},
    ]


def test_releases_without_a_team_are_a_group(api: Api) -> None:
    api.world.settings(teams_enabled=False)
    api.world.request(teams=False)
    query = "{ releaseCounts(groupBy: TEAM) { count team { name } } }"
    assert api.ask("dev", query)["releaseCounts"] == [{"count": 1, "team": None}]


def chart(api: Api, who: str, **variables: Any) -> list[tuple[str, int]]:
    buckets = api.ask(who, CHART, **variables)["signatureCounts"]
    for before, after in pairwise(buckets):
        assert before["endsAt"] == after["startsAt"]
    return [(bucket["startsAt"], bucket["count"]) for bucket in buckets]


@pytest.fixture
def signed(busy: Api) -> Api:
    """Signatures at noon, at the next two hours, and at midnight of two days."""
    world = busy.world
    for number, instant in (
        (1, NOON),
        (2, NOON + timedelta(hours=1)),
        (1, NOON + timedelta(hours=2, minutes=59, seconds=59, microseconds=999_999)),
        (3, NOON + timedelta(hours=3)),
        (1, NOON + timedelta(hours=10)),
        (2, NOON + timedelta(hours=36)),
    ):
        world.clock.instant = instant
        outcomes = world.sign("dev", "online", number)
        assert [type(outcome) for outcome in outcomes] == [Made] * number
    world.clock.instant = NOON + timedelta(hours=36)
    return busy


def test_hours_are_counted_with_their_zeros(signed: Api) -> None:
    counts = chart(
        signed, "dev", by="HOUR", **{"from": "2030-06-03T11:30:00Z"}, until="2030-06-03T16:00:00Z"
    )
    assert counts == [
        ("2030-06-03T11:00:00.000000Z", 0),
        ("2030-06-03T12:00:00.000000Z", 1),
        ("2030-06-03T13:00:00.000000Z", 2),
        ("2030-06-03T14:00:00.000000Z", 1),
        ("2030-06-03T15:00:00.000000Z", 3),
    ]


def test_days_are_those_of_the_zone_given_or_of_the_caller(signed: Api) -> None:
    start = {"from": "2030-06-03T12:00:00Z"}
    # In Berlin a day begins at 22:00 UTC; it is midnight UTC now, which is in the third day there.
    assert [n for _, n in chart(signed, "dev", by="DAY", **start)] == [8, 0]
    berlin = chart(signed, "dev", by="DAY", **start, timeZone="Europe/Berlin")
    assert berlin == [
        ("2030-06-02T22:00:00.000000Z", 7),
        ("2030-06-03T22:00:00.000000Z", 1),
        ("2030-06-04T22:00:00.000000Z", 2),
    ]
    own = {"id": signed.id("User", "dev"), "timeZone": "Europe/Berlin"}
    signed.change("dev", "updateUser", own, "user { id }")
    assert chart(signed, "dev", by="DAY", **start) == berlin


def test_one_counts_what_one_sees_and_the_filter_finds(signed: Api) -> None:
    span = {"from": "2030-06-03T00:00:00Z", "until": "2030-06-06T00:00:00Z"}
    listing = """query ($filter: SignatureFilter) {
      signatures(filter: $filter, first: 100) { totalCount } }"""
    keypair = signed.id("Keypair", "online")
    filters: list[dict[str, Any]] = [
        {},
        {"keypairId": keypair},
        {"keypairId": signed.id("Keypair", "vault")},
        {"since": "2030-06-03T14:00:00Z", "until": "2030-06-03T15:00:00Z"},
    ]
    sums = {}
    for who in PEOPLE:
        for filter_ in filters:
            total = signed.ask(who, listing, filter=filter_)["signatures"]["totalCount"]
            counts = chart(signed, who, by="DAY", **span, filter=filter_)
            assert sum(n for _, n in counts) == total, (who, filter_)
            sums[who] = max(sums.get(who, 0), total)
    assert (sums["dev"], sums["eve"], sums["aud"]) == (10, 0, 10)


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"timeZone": "Mars/Olympus"}, "timeZone"),
        ({"from": "2030-06-03T12:00:00Z", "until": "2030-06-03T12:00:00Z"}, "until"),
        ({"from": "2000-01-01T00:00:00Z"}, "from"),
        ({"from": "0001-01-01T00:00:00Z"}, "until"),
    ],
)
def test_what_cannot_be_counted_is_refused(api: Api, variables: dict[str, Any], field: str) -> None:
    start = {"from": "2030-06-01T00:00:00Z"}
    answer = api.post("dev", CHART, by="HOUR", **(start | variables))
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert error["extensions"]["field"] == [field]


def test_each_bucket_begins_where_the_last_one_ends(api: Api) -> None:
    start = NOON - timedelta(days=365)
    counts = chart(api, "dev", by="DAY", **{"from": start.isoformat()}, timeZone="Europe/Berlin")
    assert len(counts) == 366
    assert datetime.fromisoformat(counts[0][0]) <= start
