"""Ledger entries say what they are about, and what changed, with ids that `node` takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api.graphql.queries.nodes import NODE_READERS
from api.graphql.types.ledger import Credential
from api.graphql.types.ledger_details import NO_NODES, TYPES_BY_FIELD, attempt_in
from api.graphql.types.signature import stored_factors
from engine.commands.administration.users import UpdateUser
from engine.commands.command import Command
from engine.commands.credentials.api_tokens import CreateApiToken, RevokeApiToken
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.releases.decide import Decide
from engine.commands.releases.revise_release import ReviseRelease
from engine.model.events import AttemptRefused, Event
from engine.model.facts import FIELD_NAMES
from engine.model.vocabulary import CredentialKind, ReleaseType, Verdict
from tests.support.api import Api
from tests.support.ledger_changes import change_text, tamper

UUID_TEXT = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
ENTRY = """position tag subjectId keypairId details
  changes { field before after } decision { verdict revision received required }
  attempt { command code }"""
LEDGER = f"{{ ledger(first: 100, direction: ASC) {{ edges {{ node {{ {ENTRY} }} }} }} }}"


@pytest.fixture
def busy(api: Api) -> Api:
    """An account in which something of most kinds happened."""
    world = api.world
    world.add_keypair("online", ReleaseType.ONLINE)
    world.add_user("robot", "DEVELOPER", service=True)
    world.set_team("blue", ["ann", "bob", "dev", "robot"], ["vault", "spare", "online"])
    world.do("admin", UpdateUser(user_id=world.people["eve"], name="Eva", roles=("SIGNER",)))
    mapped = frozenset({world.people["dev"]})
    world.do("admin", UpdateKeypair(keypair_id=world.things["spare"], user_ids=mapped))
    token = world.do("dev", CreateApiToken(name="parent", scopes=None))
    world.do("dev", RevokeApiToken(token_id=token.token_id))
    release_id = world.request()
    world.refused("dev", Decide(release_id=release_id, verdict=Verdict.APPROVE, revision=1))
    keypairs = frozenset({world.things["vault"], world.things["spare"]})
    changes = {"keypair_ids": keypairs, "max_signatures": 7}
    world.do("dev", ReviseRelease(release_id=release_id, revision=1, changes=changes))
    world.decide("ann", release_id)
    world.decide("bob", release_id)
    world.clock.instant += timedelta(hours=1)
    world.sign("dev", "vault")
    return api


def entries(api: Api) -> list[dict[str, Any]]:
    edges = api.ask("admin", LEDGER)["ledger"]["edges"]
    return [edge["node"] for edge in edges]


def ids_in(entry: dict[str, Any]) -> Iterator[str]:
    """Every id that an entry names."""
    yield entry["subjectId"]
    if entry["keypairId"]:
        yield entry["keypairId"]
    names = {to_name(name) for name in TYPES_BY_FIELD}
    for change in entry["changes"]:
        if change["field"] in names:
            for value in (change["before"], change["after"]):
                yield from value if isinstance(value, list) else [value] if value else []


def to_name(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(map(str.title, rest))


def test_every_id_is_one_of_an_object(busy: Api) -> None:
    named = 0
    for entry in entries(busy):
        assert not UUID_TEXT.search(json.dumps(entry["changes"])), entry
        ids = list(ids_in(entry))
        nodes = busy.ask("admin", "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
        assert [node["id"] for node in nodes["nodes"]] == ids, entry
        named += len(ids)
    assert named > 40


def test_changes_are_those_that_are_stored(busy: Api) -> None:
    for entry in entries(busy):
        stored = entry["details"].get("changes", {})
        assert {to_name(name) for name in stored} == {c["field"] for c in entry["changes"]}
    (revised,) = (e for e in entries(busy) if e["tag"] == "release:revised")
    changes = {
        change["field"]: (change["before"], change["after"]) for change in revised["changes"]
    }
    vault, spare = busy.id("Keypair", "vault"), busy.id("Keypair", "spare")
    assert changes["maxSignatures"] == (5, 7)
    assert (changes["keypairIds"][0], set(changes["keypairIds"][1])) == ([vault], {vault, spare})


def test_decisions_and_attempts_are_typed(busy: Api) -> None:
    by_tag: dict[str, list[dict[str, Any]]] = {}
    for entry in entries(busy):
        by_tag.setdefault(entry["tag"], []).append(entry)
        assert (entry["decision"] is None) == (entry["tag"] != "release:approval:recorded")
        assert (entry["attempt"] is None) == (entry["tag"] != "attempt:refused")
    assert [entry["decision"] for entry in by_tag["release:approval:recorded"]] == [
        {"verdict": "APPROVE", "revision": 2, "received": received, "required": 2}
        for received in (1, 2)
    ]
    (refused,) = by_tag["attempt:refused"]
    assert refused["attempt"] == {"command": "approve", "code": "NOT_AN_APPROVER"}
    (signed,) = by_tag["signature:made"]
    assert signed["keypairId"] == busy.id("Keypair", "vault")


def kinds(base: type[Any], attribute: str) -> set[str]:
    """What the classes beneath one say of an attribute."""
    named = {getattr(base, attribute)} if hasattr(base, attribute) else set()
    return named.union(*(kinds(beneath, attribute) for beneath in base.__subclasses__()))


def test_every_kind_of_subject_is_a_node_or_known_to_be_none(busy: Api) -> None:
    subjects = kinds(Event, "kind") | kinds(Command, "subject_kind")
    assert subjects - NO_NODES <= set(NODE_READERS)


def test_every_field_of_ids_has_a_type() -> None:
    fields = {name for name in FIELD_NAMES if name.endswith(("_id", "_ids"))}
    assert fields <= set(TYPES_BY_FIELD)


def as_a_newer_version_writes(text: str) -> str:
    """An entry's text with a word that this version does not know wherever it has one of a list."""
    body = json.loads(text)
    words = dict.fromkeys({"verdict", "code"} & body["details"].keys(), "SOMETHING_NEW")
    new = dict.fromkeys(("channel", "from", "to"), "SOMETHING_NEW")
    return json.dumps(body | new | {"details": body["details"] | words})


def test_words_of_a_newer_version_are_no_fault(busy: Api) -> None:
    """While a newer version is rolled out, this one reads what that has written."""
    busy.token("admin")  # its own entry is among those that are changed
    for entry in busy.world.ledger():
        text = as_a_newer_version_writes(entry.body)
        tamper(busy.world.system.database, change_text(entry.position, text))
    words = "channel fromStatus toStatus decision { verdict } attempt { code }"
    query = f"{{ ledger(first: 100) {{ edges {{ node {{ {words} }} }} }} }}"
    edges = busy.ask("admin", query)["ledger"]["edges"]
    assert len(edges) == len(busy.world.ledger())
    assert {word for edge in edges for word in edge["node"].values()} == {None}


def test_a_condition_of_a_newer_version_is_no_fault() -> None:
    stored = {"name": "something_new", "passed": True, "detail": "It holds.", "code": "NEW"}
    (factor,) = stored_factors(json.dumps([stored]))
    assert (factor.condition, factor.code, factor.detail) == (None, None, "It holds.")


def test_a_credential_of_a_newer_version_is_no_fault() -> None:
    assert Credential.of({"kind": "SOMETHING_NEW", "id": None}) is None
    clock = Credential.of({"kind": "CLOCK", "id": None})
    assert clock is not None
    assert (clock.kind, clock.id) == (CredentialKind.CLOCK, None)


def test_a_code_of_a_newer_version_is_no_fault() -> None:
    details = {"command": "approve", "code": "SOMETHING_NEW"}
    assert attempt_in(AttemptRefused.tag, details) is None
    known = attempt_in(AttemptRefused.tag, details | {"code": "FORBIDDEN"})
    assert known is not None
    assert known.command == "approve"
