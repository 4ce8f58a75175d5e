"""A walk over every operation: as nobody, as somebody without permissions, and as a stranger.

The operations are made from the schema, so what is added later is walked over as well.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import WebSocketTestSession

from api.graphql.ids import to_global
from api.graphql.limits.config import Limits
from api.graphql.subscriptions.account_events import FOLLOWED
from api.graphql.subscriptions.cursors import cursor_of
from engine.commands.administration.roles import CreateRole
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.identities import LinkIdentity
from engine.commands.credentials.sessions import StartSession
from engine.model.vocabulary import SignInMethod
from engine.persistence.store import tables as t
from engine.persistence.store.ledger import GENESIS
from notifications.outbox.outbox import Outbox
from notifications.tables import deliveries
from tests.api.graphql.operations import (
    MUTATIONS,
    NODES,
    QUERIES,
    SUBSCRIPTIONS,
    Pick,
    id_places,
    mutation,
    query,
    subscription,
    ways,
)
from tests.support.api import Api, make_api
from tests.support.chains import add_certificate
from tests.support.pipelines import make_rule
from tests.support.world import World, make_world

#: What everybody may do with what is their own.
OWN = {"createApiToken"}


@pytest.fixture
def world(database: Any) -> World:
    """With something of every type, every name marked."""
    world = make_world(database, account="Marked Ltd", event_handlers=(Outbox(b"k" * 32),))
    release = world.approved(name="Marked release", note="Marked note")
    world.clock.pass_(hours=1)
    world.sign("dev")
    world.things["release"] = release
    world.things["role"] = world.do("admin", CreateRole(name="Marked", permissions=frozenset()))
    world.add_user("nobody", "Marked")
    return world


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    """Without a rate: a walk is quicker than any client."""
    api, runtime = make_api(world, limits=Limits(rate=0))
    with api.client:
        yield api
    runtime.executor.shutdown()


@pytest.fixture
def stranger(world: World) -> Iterator[Api]:
    """The administrator, lead, signer and auditor of another account in the same database."""
    other = make_world(world.system.database, account="Other Inc")
    other.system = world.system
    other.clock = world.clock
    other.add_user("chief", "ADMIN", "LEAD", "DEVELOPER", "AUDITOR")
    other.things["release"] = other.request(name="Own release")
    api, runtime = make_api(other, limits=Limits(rate=0))
    with api.client:
        yield api
    runtime.executor.shutdown()


@pytest.fixture
def marked(world: World, api: Api) -> dict[str, str]:
    """The global id of something of every type in the first account."""
    api.token("dev")
    add_certificate(world)
    with world.system.database.reading() as connection:

        def one(table: sa.Table) -> Any:
            own = sa.select(table.c.id).where(table.c.account_id == world.account_id)
            return connection.execute(own.limit(1)).scalar_one()

        found = {
            "Account": world.account_id,
            "ApiToken": one(t.api_tokens),
            "Certificate": one(t.certificates),
            "Delivery": one(deliveries),
            "Keypair": world.things["vault"],
            "Release": world.things["release"],
            "Role": world.things["role"],
            "Signature": one(t.signatures),
            "Team": world.things["blue"],
            "User": world.people["dev"],
        }
    signed_in = StartSession(method=SignInMethod.MAIL, user_agent="Marked browser")
    found["Session"] = world.do("dev", signed_in).session_id
    world.do("dev", LinkIdentity(issuer="https://login.example.com", subject="Marked"))
    with world.system.database.reading() as connection:
        found["Identity"] = one(t.identities)
    ids = {kind: to_global(kind, id_) for kind, id_ in found.items()}
    hook = {"name": "Marked hook", "url": "https://example.com/"}
    ids["Webhook"] = api.change("admin", "createWebhook", hook, "webhook { id }")["webhook"]["id"]
    sent = api.change("admin", "sendTestWebhook", {"id": ids["Webhook"]}, "delivery { id }")
    ids["PipelineRule"] = to_global("PipelineRule", make_rule(world, name="Marked rule"))
    ids["TrustedIssuer"] = to_global("TrustedIssuer", world.things["GitHub"])
    ids["WebhookDelivery"] = sent["delivery"]["id"]
    return ids | {"LedgerEntry": api.ask("admin", LEDGER)["ledger"]["edges"][0]["node"]["id"]}


LEDGER = "{ ledger(first: 1) { edges { node { id } } } }"


def account_rows(world: World) -> dict[str, set[str]]:
    """Every row that belongs to the account, the ledger's too."""
    with world.system.database.reading() as connection:
        tables = {
            table.name: {repr(row) for row in connection.execute(sa.select(table))}
            for table in t.metadata.sorted_tables
        }
    ids = {str(world.account_id), *map(str, (world.people | world.things).values())}
    return {
        name: {row for row in rows if any(f"UUID('{id_}')" in row for id_ in ids)}
        for name, rows in tables.items()
    }


def all_of(ids: dict[str, str]) -> Pick:
    """Everything asked for is one of these."""
    return lambda _path, kind: ids[kind]


def own_ids(stranger: Api) -> dict[str, str]:
    """Something of the stranger's own, of the kinds that can be told together with others."""
    world = stranger.world
    own = {
        "Keypair": world.things["vault"],
        "Release": world.things["release"],
        "Team": world.things["blue"],
        "User": world.people["dev"],
    }
    return {kind: to_global(kind, id_) for kind, id_ in own.items()}


def codes(answer: dict[str, Any], name: str) -> set[str]:
    """Of top-level errors, or of a payload's own."""
    if "errors" in answer:
        return {error["extensions"]["code"] for error in answer["errors"]}
    payload = answer["data"][name]
    errors = payload["errors"] + [e for o in payload.get("outcomes", ()) for e in o["errors"]]
    return {error["code"] for error in errors}


def test_the_walk_knows_something_of_every_type(marked: dict[str, str]) -> None:
    assert sorted(marked) == NODES


def test_everything_wants_credentials(api: Api, marked: dict[str, str]) -> None:
    before = api.world.snapshot()
    for names, operation in ((QUERIES, query), (MUTATIONS, mutation)):
        for name in names:
            text, variables = operation(name, all_of(marked))
            assert codes(api.post(None, text, **variables), name) == {"UNAUTHENTICATED"}, name
    assert api.world.snapshot() == before


def test_no_mutation_works_without_a_permission(api: Api, marked: dict[str, str]) -> None:
    api.token("nobody")
    before, codes_by_mutation = api.world.snapshot(), {}
    for name in MUTATIONS:
        if name not in OWN:
            text, variables = mutation(name, all_of(marked))
            codes_by_mutation[name] = codes(api.post("nobody", text, **variables), name)
            assert codes_by_mutation[name], (name, "was not refused")
            assert api.world.snapshot() == before, name
    # It was the permission that was missing, not something else about the input.
    administrative = {name for name in MUTATIONS if name.endswith(("Team", "User", "Keypair"))}
    assert administrative >= {"createTeam", "updateTeam", "updateKeypair"}
    for name in administrative | {"createRelease"}:
        assert codes_by_mutation[name] == {"FORBIDDEN"}, name


def shows(answer: str, marked: dict[str, str]) -> set[str]:
    """What of the first account an answer has in it."""
    # A ledger's positions are alike in every account: such an id is the stranger's own.
    seen = {kind for kind, id_ in marked.items() if id_ in answer and kind != "LedgerEntry"}
    return seen | ({"a name"} if "Marked" in answer else set())


#: Queries that name nothing of any account.
NAMELESS = {"serverTime", "signatureCounts", "signers", "vocabulary"}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_shows_ones_own_account_and_a_stranger_nothing_of_it(
    api: Api, stranger: Api, marked: dict[str, str], name: str
) -> None:
    api.world.add_user("chief", "ADMIN", "LEAD", "DEVELOPER", "AUDITOR")
    if name == "approvalInbox":  # nothing waits any more for a decision
        world, keys = api.world, frozenset({api.world.things["spare"]})
        world.add_user("boss", "LEAD")
        world.set_team("blue", members=["ann", "bob", "dev", "chief"])
        world.request(name="Marked request", keypair_ids=keys)
    shown = set[str]()
    for way in ways(name):
        text, variables = query(name, all_of(marked), way)
        mine = api.post("chief", text, **variables)
        assert "errors" not in mine or codes(mine, name) <= {"INVALID_INPUT"}, (way, mine)
        shown |= shows(json.dumps(mine), marked)
        answer = stranger.post("chief", text, **variables)
        # Nothing is seen, nothing counted: what is there is one's own, and shown.
        assert shows(json.dumps(answer), marked) == set(), way
        assert "errors" not in answer or "BUG" not in codes(answer, name), way
        connection = (answer.get("data") or {}).get(name)
        if isinstance(connection, dict) and "totalCount" in connection and way != ("first",):
            assert connection["totalCount"] == len(connection["edges"]), way
    if name not in NAMELESS:
        assert shown, "the walk can see what it looks for"


def test_no_mutation_lets_a_stranger_change_anything(
    stranger: Api, world: World, marked: dict[str, str]
) -> None:
    before, own = account_rows(world), own_ids(stranger)
    assert len(before["ledger_entries"]) > 5
    for name in MUTATIONS:
        for place in id_places(name) or [()]:

            def pick(path: tuple[str, ...], kind: str, place: Any = place) -> str:
                return marked[kind] if path == place else own.get(kind, marked[kind])

            text, variables = mutation(name, pick)
            answer = stranger.post("chief", text, **variables)
            # A release that must count a signature is compared with the one that would, not read.
            if place and place != ("input", "releaseId"):
                # Other faults of the input are answered with it.
                assert "NOT_FOUND" in codes(answer, name), (name, place, answer)
            assert shows(json.dumps(answer), marked) == set(), (name, place)
    assert account_rows(world) == before


def test_nobodys_lists_have_nothing_that_takes_a_permission_to_see(
    api: Api, marked: dict[str, str]
) -> None:
    api.token("nobody")
    seen = api.ask("nobody", "{ releases { totalCount } approvalInbox { totalCount } }")
    assert {connection["totalCount"] for connection in seen.values()} == {0}
    tokens = api.ask("nobody", "{ apiTokens { edges { node { user { email } } } } }")
    owners = {edge["node"]["user"]["email"] for edge in tokens["apiTokens"]["edges"]}
    assert owners == {"nobody@example.com"}
    assert codes(api.post("nobody", LEDGER), "ledger") == {"FORBIDDEN"}
    people = api.ask("nobody", "{ users { edges { node { sessions { id } identities { id } } } } }")
    for edge in people["users"]["edges"]:
        assert edge["node"] == {"sessions": [], "identities": []}
    credentials = ("ApiToken", "Session", "Identity")
    for kind in ("Release", "Signature", "Delivery", "LedgerEntry", *credentials):
        found = api.ask("nobody", "query ($id: ID!) { node(id: $id) { id } }", id=marked[kind])
        assert found["node"] is None, kind


# --- over a WebSocket -----------------------------------------------------------------------

#: An operation of every type, by its names in the schema.
EVERYTHING = ((QUERIES, query), (MUTATIONS, mutation), (SUBSCRIPTIONS, subscription))
#: Arguments that would have a subscription start from the beginning of all that there is.
BEGINNING = {"after": cursor_of(0, GENESIS)}
FOLLOWED_TAGS = {event.tag for event in FOLLOWED}


def told_first(socket: WebSocketTestSession, text: str, variables: dict[str, Any]) -> Any:
    """The first answer to an operation, which is then ended."""
    id_ = secrets.token_hex(4)
    payload = {"query": text, "variables": variables}
    socket.send_json({"id": id_, "type": "subscribe", "payload": payload})
    while (message := socket.receive_json())["id"] != id_:
        pass
    assert message["type"] == "next", message
    socket.send_json({"id": id_, "type": "complete"})
    return message["payload"]


def test_a_websocket_wants_credentials_for_everything(api: Api, marked: dict[str, str]) -> None:
    before = api.world.snapshot()
    with api.socket(None) as socket:
        for names, operation in EVERYTHING:
            for name in names:
                received = told_first(socket, *operation(name, all_of(marked)))
                assert codes(received, name) == {"UNAUTHENTICATED"}, name
                assert "Marked" not in json.dumps(received), name
    assert api.world.snapshot() == before


@pytest.mark.parametrize("name", SUBSCRIPTIONS)
def test_no_subscription_goes_on_from_another_accounts_cursor(
    api: Api, stranger: Api, marked: dict[str, str], name: str
) -> None:
    text, variables = subscription(name, all_of(marked), **BEGINNING)
    everything = dict.fromkeys(variables)
    for entry in api.world.ledger():
        if entry.position % 5 == 1:
            theirs = everything | {"after": cursor_of(entry.position, entry.hash)}
            with stranger.socket("chief") as socket:
                assert codes(told_first(socket, text, theirs), name) == {"INVALID_INPUT"}


def test_the_accounts_events_are_told_to_nobody_of_another_account(
    stranger: Api, marked: dict[str, str]
) -> None:
    text, variables = subscription("accountEvents", all_of(marked), **BEGINNING)
    with stranger.socket("chief") as socket:
        socket.send_json(
            {"id": "1", "type": "subscribe", "payload": {"query": text, "variables": variables}}
        )
        expected = [row for row in stranger.world.ledger() if row.tag in FOLLOWED_TAGS]
        for _ in expected:
            event = socket.receive_json()["payload"]
            assert "errors" not in event
            assert shows(json.dumps(event), marked) == set()


def test_a_subscription_tells_those_who_may_and_nobody_else(
    api: Api, stranger: Api, marked: dict[str, str]
) -> None:
    name = "releaseEvents"
    api.world.add_user("chief", "ADMIN", "LEAD", "DEVELOPER", "AUDITOR")
    text, one = subscription(name, all_of(marked), **BEGINNING)
    everything = dict.fromkeys(one) | BEGINNING
    cursor = f"subscription ($after: String) {{ {name}(after: $after) {{ cursor }} }}"
    with api.socket("chief") as socket:
        assert "Marked release" in json.dumps(told_first(socket, text, one))
        assert "Marked release" in json.dumps(told_first(socket, text, everything))
        theirs = told_first(socket, cursor, BEGINNING)["data"][name]["cursor"]
    for other, may in ((stranger, "chief"), (api, "nobody")):
        with other.socket(may) as socket:
            received = told_first(socket, text, one)
            assert codes(received, name) == {"NOT_FOUND"}, may
    with stranger.socket("chief") as socket:
        received = json.dumps(told_first(socket, text, everything))
        assert "Own release" in received
        assert "Marked" not in received
        refused = told_first(socket, text, everything | {"after": theirs})
        assert codes(refused, name) == {"INVALID_INPUT"}
    with api.socket("nobody") as socket:
        payload = {"query": text, "variables": everything}
        socket.send_json({"id": "all", "type": "subscribe", "payload": payload})
        socket.send_json({"type": "ping"})
        assert socket.receive_json() == {"type": "pong"}
        api.world.do("admin", UpdateUser(user_id=api.world.people["nobody"], active=False))
        message = socket.receive_json()
        assert (message["id"], codes(message["payload"], name)) == ("all", {"UNAUTHENTICATED"})


#: What names of the first account's things nobody sees without a permission.
HIDDEN = ("Release", "Signature", "Delivery", "LedgerEntry", "ApiToken", "Session", "Identity")


def test_no_query_shows_more_without_a_permission(api: Api, marked: dict[str, str]) -> None:
    api.token("nobody")
    before = api.world.snapshot()
    for name in QUERIES:
        for way in ways(name):
            text, variables = query(name, all_of(marked), way)
            answer = json.dumps(api.post("nobody", text, **variables))
            assert "Marked note" not in answer, (name, way)
            assert "Marked release" not in answer, (name, way)
            seen = [hidden for hidden in HIDDEN if marked[hidden] in answer]
            assert seen == [], (name, way)
    assert api.world.snapshot() == before


@pytest.mark.parametrize("kind", NODES)
def test_everything_is_a_node(api: Api, marked: dict[str, str], kind: str) -> None:
    api.world.add_user("chief", "ADMIN", "LEAD", "DEVELOPER", "AUDITOR")
    ids = [marked[kind], marked["Team"], marked[kind]]
    query = (
        "query ($id: ID!, $ids: [ID!]!) { node(id: $id) { id __typename } nodes(ids: $ids) { id } }"
    )
    found = api.ask("chief", query, id=marked[kind], ids=ids)

    assert found["node"] == {"id": marked[kind], "__typename": kind}
    assert [node["id"] for node in found["nodes"]] == ids
