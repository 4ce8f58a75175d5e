"""The pages of a dashboard: however large the account, none is refused or needs more statements.

With `-s` it prints what each page costs.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from api.graphql.ids import to_global
from api.graphql.limits.config import Limits
from api.graphql.limits.cost import cost_of
from api.graphql.schema import schema
from tests.api.graphql.crowd import Crowd
from tests.api.graphql.test_statements import api, counting
from tests.support.api import Api
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.explaining import explained
from tests.support.world import NOON

__all__ = ["api"]

ROUNDS = 5
MEMBERS = ("ann", "dev", "chief")

FRONT_PAGE = """query ($from: DateTime!) {
  serverTime
  viewer {
    user { name } permissions inboxCount
    account { name signingFrozen availableActions { action allowed refusal { message } } }
  }
  statuses: releaseCounts(groupBy: STATUS) { status count }
  teams: releaseCounts(groupBy: TEAM) { team { id name } count }
  requesters: releaseCounts(groupBy: REQUESTED_BY) { requestedBy { id name } count }
  signatureCounts(by: DAY, from: $from, timeZone: "Europe/Berlin") { startsAt count }
  approvalInbox(first: 10) { totalCount edges { node {
    id name startsAt endsAt requestedBy { name } team { name } approval { required received } } } }
  releases(filter: { status: [IN_PROGRESS] }, first: 10) { totalCount edges { node {
    id name endsAt signaturesUsed maxSignatures keypairs { alias } } } }
}"""
LEDGER = """{ ledger(first: 50) { edges { node {
  tag recordedAt actorName channel release { id name } } } } }"""
LIST = """query ($after: String) { releases(first: 100, after: $after) { totalCount
  pageInfo { endCursor hasNextPage } edges { node {
    id name version type status startsAt endsAt signaturesUsed signaturesLeft maxSignatures
    team { name } keypairs { alias } requestedBy { name }
    approval { required received remaining } availableActions { action allowed } } } } }"""
TIMELINE = """query ($from: DateTime!, $until: DateTime!, $after: String) {
  releases(filter: { overlapsFrom: $from, overlapsUntil: $until }, first: 100, after: $after,
    orderBy: { field: STARTS_AT, direction: ASC }) {
    pageInfo { endCursor hasNextPage } edges { node {
      id name status type startsAt endsAt openedAt endedAt team { id name }
      keypairs { id alias } } } } }"""
DETAIL = """query ($id: ID!) { release(id: $id) {
  name version note type category status startsAt endsAt openedAt endedAt endReason revision
  team { name } keypairs { alias algorithm heldBy { name } } participants { name email }
  requestedBy { name email } availableActions { action allowed refusal { code message } }
  approval { required received remaining canBeMet eligibleApprovers { name }
    decisions { verdict comment decidedAt approver { name } } }
  signatures(first: 50) { totalCount edges { node {
    createdAt signer { name } keypair { alias } artifact { name } factors { name passed } } } }
  history(first: 50) { totalCount edges { node { tag recordedAt actorName details } } }
  deliveries(first: 50) { totalCount edges { node { kind channel state recipient { name } } } }
} }"""
REQUEST_FORM = """{
  viewer { user { timeZone } account { teamsEnabled enabledReleaseTypes maxWindowDays }
    teamsToRequestFor(first: 100) { totalCount pageInfo { endCursor hasNextPage } edges { node {
      id name requiredApprovals usableKeypairs { id alias type category } } } } }
  users(filter: { active: true }, first: 100) { totalCount edges { node { id name email } } }
  keypairs(filter: { held: true }, first: 100) { totalCount edges { node {
    id alias type heldBy { name endsAt } availableActions { action allowed } } } }
}"""


@dataclass(frozen=True)
class Measured:
    """What one page took."""

    cost: int
    statements: int
    milliseconds: float

    def __str__(self) -> str:
        return f"cost {self.cost:5}  statements {self.statements:2}  {self.milliseconds:7.1f} ms"


def pages(crowd: Crowd) -> dict[str, tuple[str, dict[str, Any]]]:
    """Each page's query with its variables."""
    span = {
        "from": (NOON - timedelta(days=30)).isoformat(),
        "until": (NOON + timedelta(days=30)).isoformat(),
    }
    return {
        "front page": (FRONT_PAGE, {"from": span["from"]}),
        "ledger": (LEDGER, {}),
        "list of 100": (LIST, {}),
        "timeline, rows 1 to 100": (TIMELINE, span),
        "timeline, rows 101 to 200": (TIMELINE, span | {"after": "<end of the first page>"}),
        "detail": (DETAIL, {"id": to_global("Release", crowd.releases[0])}),
        "request form": (REQUEST_FORM, {}),
    }


def measure(api: Api, who: str, crowd: Crowd) -> dict[str, Measured]:
    """Ask for each page several times; the median of its times."""
    measured = {}
    for name, (query, variables) in pages(crowd).items():
        if name == "ledger" and who != "chief":
            continue  # the others may not read it
        if "after" in variables:
            first_page = api.ask(who, query, **(variables | {"after": None}))["releases"]
            variables = variables | {"after": first_page["pageInfo"]["endCursor"]}
        with counting(api.world) as sent:
            api.ask(who, query, **variables)
        times = [timed(partial(api.ask, who, query, **variables)) for _ in range(ROUNDS)]
        measured[name] = Measured(
            cost_of_query(query, variables), len(sent), statistics.median(times)
        )
    return measured


def timed(ask: Callable[[], Any]) -> float:
    start = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - start)


def cost_of_query(query: str, variables: dict[str, Any]) -> int:
    document = parse(query)
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    return cost_of(schema._schema, document, operation, variables)[0]


@pytest.mark.parametrize(
    ("releases", "people"), [(600, 120), pytest.param(10_000, 2_000, marks=pytest.mark.long)]
)
@pytest.mark.timeout(600)
@POSTGRESQL_IS_LONG
def test_no_page_is_refused_or_needs_more_statements(api: Api, releases: int, people: int) -> None:
    api.world.add_user("chief", "ADMIN", "LEAD", "AUDITOR")
    # All of them await approval, so that every page has rows, and such as need the most statements.
    few = Crowd(api.world, 240, *MEMBERS, each=1)
    viewers = ("chief", "dev")
    before = {who: measure(api, who, few) for who in viewers}

    many = Crowd(api.world, releases, *MEMBERS, first=240, each=20, people=people)
    after = {who: measure(api, who, many) for who in viewers}

    sys.stdout.write(f"\n{releases} releases, {people} users, {len(many.teams)} teams\n")
    for who, measured in after.items():
        sys.stdout.writelines(f"{who:6}{page:26}{m}\n" for page, m in measured.items())
    for who in viewers:
        for page, m in after[who].items():
            assert m.statements <= before[who][page].statements, (who, page)
            assert m.cost <= Limits().cost


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whether_members_approve_is_looked_up_member_by_member(api: Api) -> None:
    """PostgreSQL would rather join each team with all approvers of the account."""
    api.world.add_user("chief", "ADMIN", "LEAD", "AUDITOR")
    crowd = Crowd(api.world, 40, *MEMBERS, each=1, people=400)
    with explained("SELECT teams.id, teams.name, teams.required_approvals") as plans:
        api.ask("chief", LIST)
    # Nobody has more than three roles; the account has ten times as many approvers as a team.
    roles = 3 * len(crowd.teams) * (len(MEMBERS) + 1)
    assert plans
    for plan in plans:
        assert max(int(times) for times in re.findall(r"loops=(\d+)", plan)) <= roles, plan
