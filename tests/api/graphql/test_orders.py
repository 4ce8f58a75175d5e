"""Every order of every list, in both directions, by pages, while rows are added between them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine.commands.administration.roles import CreateRole
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.model.origins import IssuerKind
from engine.model.text import name_key
from engine.model.vocabulary import ReleaseType
from engine.persistence.store import tables as t
from notifications.webhooks.create import CreateWebhook
from tests.support.api import Api
from tests.support.chains import add_certificate
from tests.support.pipelines import make_rule, trust
from tests.support.world import World

Node = dict[str, Any]


def by_name(field: str) -> Callable[[Node], Any]:
    return lambda node: name_key(node[field])


def by_time(field: str, null: str) -> Callable[[Node], Any]:
    return lambda node: node[field] or null


def orders_by(field: str) -> tuple[str, str]:
    return (f"orderBy: {{ field: {field}, direction: ASC }}",
            f"orderBy: {{ field: {field}, direction: DESC }}")  # fmt: skip


DIRECTIONS = ("direction: ASC", "direction: DESC")
#: By list and order: its arguments up and down, what is selected, and the key that it sorts by.
ORDERS: dict[str, tuple[str, tuple[str, str], str, Callable[[Node], Any]]] = {
    "keypairs ALIAS": ("keypairs", orders_by("ALIAS"), "alias", by_name("alias")),
    "keypairs CREATED_AT": (
        "keypairs", orders_by("CREATED_AT"), "createdAt", by_time("createdAt", "")),
    "teams NAME": ("teams", orders_by("NAME"), "name", by_name("name")),
    "teams CREATED_AT": ("teams", orders_by("CREATED_AT"), "createdAt", by_time("createdAt", "")),
    "users EMAIL": ("users", orders_by("EMAIL"), "email", by_name("email")),
    "users NAME": ("users", orders_by("NAME"), "name", by_name("name")),
    "users CREATED_AT": ("users", orders_by("CREATED_AT"), "createdAt", by_time("createdAt", "")),
    "roles": ("roles", DIRECTIONS, "name", by_name("name")),
    "trustedIssuers": ("trustedIssuers", DIRECTIONS, "name", by_name("name")),
    "certificates": ("certificates", DIRECTIONS, "expiresAt", by_time("expiresAt", "9999")),
    "pipelineRules": ("pipelineRules", DIRECTIONS, "name", by_name("name")),
    "webhooks": ("webhooks", DIRECTIONS, "createdAt", by_time("createdAt", "")),
    "ledger": ("ledger", DIRECTIONS, "position", lambda node: node["position"]),
    "signatures": ("signatures", DIRECTIONS, "createdAt", by_time("createdAt", "")),
    "apiTokens CREATED_AT": (
        "apiTokens", orders_by("CREATED_AT"), "createdAt", by_time("createdAt", "")),
    "apiTokens EXPIRES_AT": (
        "apiTokens", orders_by("EXPIRES_AT"), "expiresAt", by_time("expiresAt", "9999")),
    "apiTokens LAST_USED_AT": (
        "apiTokens", orders_by("LAST_USED_AT"), "lastUsedAt", by_time("lastUsedAt", "")),
    "inbox STARTS_AT": (
        "approvalInbox", orders_by("STARTS_AT"), "startsAt", by_time("startsAt", "")),
    "inbox NAME": ("approvalInbox", orders_by("NAME"), "name", by_name("name")),
}  # fmt: skip


@pytest.fixture
def api(api: Api) -> Api:
    """Some of everything, a minute apart, so that the orders differ from each other."""
    world = api.world
    world.add_user("chief", "ADMIN", "LEAD", "AUDITOR")
    for number in (7, 3, 9, 5):
        add_one_of_each(world, number)
    with world.system.database.writing() as connection:
        for name, minutes in (("9 Élan", 30), ("3 Élan", 20)):
            used = t.api_tokens.update().where(t.api_tokens.c.name == name)
            at = world.clock.instant - timedelta(minutes=minutes)
            connection.execute(used.values(last_used_at=at))
        connection.commit()
    return api


def add_one_of_each(world: World, number: int) -> None:
    """A user, a team, a keypair and so on, whose names begin with this number."""
    world.clock.pass_(minutes=1)
    name = f"{number} Élan"
    user_id = world.add_user(f"u{number}", "LEAD")
    world.do("admin", UpdateUser(user_id=user_id, name=f"{9 - number} ÜBER"))
    world.do("admin", CreateRole(name=name, permissions=frozenset()))
    world.do("admin", CreateWebhook(name=name, url="https://hooks.example.com", key=bytes(32)))
    url = f"https://ci-{number}.example.com"
    trust(world, name=f"{name} issuer", kind=IssuerKind.OTHER, url=url)
    make_rule(world, name=name)
    world.add_keypair(name)
    keypair_ids = frozenset({world.things[name]})
    team = f"{name} team"
    world.add_team(team, ["ann", "bob", "dev", "chief"], [name], 1)
    world.request(
        name=name,
        team_id=world.things[team],
        keypair_ids=keypair_ids,
        starts_at=world.clock.instant + timedelta(hours=number),
        ends_at=world.clock.instant + timedelta(hours=20),
    )
    expires_at = world.clock.instant + timedelta(hours=number)
    world.do("chief", CreateApiToken(name=name, scopes=frozenset(), expires_at=expires_at))
    world.do("chief", CreateApiToken(name=name, scopes=frozenset()))
    world.add_keypair(f"{name} trial", ReleaseType.TEST)
    world.add_team(f"{name} trial team", ["ann", "dev"], [f"{name} trial"], 1)
    world.sign("dev", f"{name} trial")
    add_certificate(world, name, ends_at=world.clock.instant + timedelta(days=number))
    add_certificate(world, name, make_default=False)


def walk(api: Api, field: str, arguments: str, selected: str, between: Callable[[], None]) -> Any:
    """All nodes of a list by pages of three; `between` runs after the first page."""
    nodes: list[Node] = []
    after = ""
    while True:
        query = (
            f"{{ {field}(first: 3, {arguments}{after})"
            f" {{ pageInfo {{ hasNextPage endCursor }} edges {{ node {{ id {selected} }} }} }} }}"
        )
        page = api.ask("chief", query)[field]
        if not nodes:
            between()
        nodes += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = f', after: "{page["pageInfo"]["endCursor"]}"'


@pytest.mark.parametrize("name", ORDERS)
def test_pages_follow_each_other_in_order_while_rows_are_added(api: Api, name: str) -> None:
    field, ways, selected, key = ORDERS[name]

    def nothing() -> None:
        pass

    def add() -> None:
        add_one_of_each(api.world, 1)
        add_one_of_each(api.world, 8)

    known = {node["id"] for node in walk(api, field, ways[0], selected, nothing)}
    assert len(known) >= 4
    up = walk(api, field, ways[0], selected, nothing)
    down = walk(api, field, ways[1], selected, nothing)
    assert [node["id"] for node in down] == [node["id"] for node in up][::-1]
    assert [key(node) for node in up] == sorted(key(node) for node in up)
    assert len({key(node) for node in up}) >= 2
    # The ledger grows by whatever is added, and then has no end while it is read.
    while_read = walk(api, field, ways[1 if field == "ledger" else 0], selected, add)
    ids = [node["id"] for node in while_read]
    assert len(ids) == len(set(ids))
    assert known <= set(ids)


def test_a_cursor_of_one_order_is_refused_in_another(api: Api) -> None:
    for field, orders in (("users", ("EMAIL", "NAME", "CREATED_AT")), ("teams", ("NAME",))):
        first = f"{{ {field}(first: 1, {orders_by(orders[0])[0]}) {{ pageInfo {{ endCursor }} }} }}"
        cursor = api.ask("chief", first)[field]["pageInfo"]["endCursor"]
        others = [orders_by(order)[0] for order in orders[1:]] + [orders_by(orders[0])[1]]
        for other in others:
            query = f'{{ {field}(after: "{cursor}", {other}) {{ totalCount }} }}'
            (error,) = api.post("chief", query)["errors"]
            assert error["extensions"]["code"] == "INVALID_INPUT"


def test_users_whose_name_an_older_program_wrote_are_sorted_with_the_others(api: Api) -> None:
    with api.world.system.database.writing() as connection:
        ann = api.world.people["ann"]
        connection.execute(t.users.update().where(t.users.c.id == ann).values(name_key=None))
        connection.commit()
    query = "{ users(orderBy: { field: NAME }) { edges { node { name } } } }"
    names = [edge["node"]["name"] for edge in api.ask("chief", query)["users"]["edges"]]
    assert names == sorted(names, key=name_key)
