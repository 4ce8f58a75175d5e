"""Every filter and order of every list, held against the same thing said in Python."""

from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from graphql import GraphQLInputObjectType, build_schema

from api.graphql.ids import to_global
from engine.commands.administration.roles import CreateRole
from engine.commands.administration.users import UpdateUser
from engine.commands.keys.certificates import RemoveCertificate
from engine.commands.keys.succession import RetireKeypair
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.model.artifacts import Artifact
from engine.model.certificates import CertificateKind
from engine.model.claims import ClaimCondition
from engine.model.origins import IssuerKind
from engine.model.vocabulary import KeypairAccess, KeypairCategory, Permission, ReleaseType, Verdict
from engine.persistence.store import tables as t
from notifications.webhooks.create import CreateWebhook
from tests.support.api import Api
from tests.support.chains import add_certificate
from tests.support.pipelines import make_rule, trust
from tests.support.world import DIGEST, NOON, World

FILE_DIGEST = b"\x07" * 32
HOUR = timedelta(hours=1)
#: Some of what the account did was before it, some after.
SPLIT = timedelta(minutes=3)
Node = dict[str, Any]
Holds = Callable[[Api, Node], bool]
SCHEMA = Path(__file__).parents[3] / "api/graphql/schema.graphql"

#: What is selected of each list's nodes, for conditions and orders to be checked with.
SELECTIONS = {
    "releases": "id name version note status type category startsAt endsAt createdAt endedAt"
    " team { id } keypairs { id alias } requestedBy { id name email } participants { id }",
    "keypairs": "id alias type category access enabled state openpgp { expiresAt }"
    " teams { id } users { id } heldBy { id }",
    "users": "id name email active service teams { id } roles { id }",
    "ledger": "id position tag recordedAt subjectId actor { id } release { id }",
    "signatures": "id digest artifact { name digest } createdAt"
    " keypair { id } signer { id } release { id }",
    "teams": "id name members { id } keypairs { id }",
    "roles": "id name",
    "apiTokens": "id name createdAt user { id }",
    "webhooks": "id name createdAt",
    "approvalInbox": "id name startsAt",
    "trustedIssuers": "id name kind url",
    "certificates": "id kind isDefault expiresAt removedAt keypair { id }",
    "pipelineRules": "id name issuer { id } user { id }",
}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


#: By filter and field: a value, as GraphQL, and what holds of exactly the nodes that it finds.
CASES: dict[str, list[tuple[Callable[[Api], str] | str, Holds]]] = {
    "CertificateFilter.keypairId": [
        (
            lambda api: f'"{api.id("Keypair", "spare")}"',
            lambda api, it: it["keypair"]["id"] == api.id("Keypair", "spare"),
        )
    ],
    "CertificateFilter.kind": [
        ("[X509]", lambda api, it: it["kind"] == "X509"),
        ("[]", lambda api, it: False),
    ],
    "CertificateFilter.isDefault": [
        ("true", lambda api, it: it["isDefault"]),
        ("false", lambda api, it: not it["isDefault"]),
    ],
    "CertificateFilter.expiringBefore": [
        (
            f'"{(NOON + 9 * HOUR).isoformat()}"',
            lambda api, it: it["expiresAt"] and instant(it["expiresAt"]) < NOON + 9 * HOUR,
        )
    ],
    "ReleaseFilter.status": [
        ("[PENDING]", lambda api, it: it["status"] == "PENDING"),
        ("[REJECTED, APPROVED]", lambda api, it: it["status"] in {"REJECTED", "APPROVED"}),
        ("[]", lambda api, it: False),
    ],
    "ReleaseFilter.type": [
        ("[ONLINE]", lambda api, it: it["type"] == "ONLINE"),
        ("[OFFLINE, TEST]", lambda api, it: it["type"] != "ONLINE"),
    ],
    "ReleaseFilter.category": [
        ("[GPG]", lambda api, it: it["category"] == "GPG"),
        ("[STANDARD]", lambda api, it: it["category"] == "STANDARD"),
    ],
    "ReleaseFilter.teamId": [
        (
            lambda api: f'"{api.id("Team", "red")}"',
            lambda api, it: it["team"]["id"] == api.id("Team", "red"),
        )
    ],
    "ReleaseFilter.keypairId": [
        (
            lambda api: f'"{api.id("Keypair", "spare")}"',
            lambda api, it: api.id("Keypair", "spare") in {one["id"] for one in it["keypairs"]},
        )
    ],
    "ReleaseFilter.requestedById": [
        (
            lambda api: f'"{api.id("User", "ann")}"',
            lambda api, it: it["requestedBy"]["id"] == api.id("User", "ann"),
        )
    ],
    "ReleaseFilter.teamIds": [
        (
            lambda api: f'["{api.id("Team", "red")}"]',
            lambda api, it: it["team"]["id"] == api.id("Team", "red"),
        ),
        ("[]", lambda api, it: False),
    ],
    "ReleaseFilter.keypairIds": [
        (
            lambda api: f'["{api.id("Keypair", "spare")}", "{api.id("Keypair", "quick")}"]',
            lambda api, it: (
                {api.id("Keypair", "spare"), api.id("Keypair", "quick")} & ids_in(it["keypairs"])
            ),
        )
    ],
    "ReleaseFilter.participantId": [
        (
            lambda api: f'"{api.id("User", "robot")}"',
            lambda api, it: api.id("User", "robot") in ids_in(it["participants"]),
        )
    ],
    "ReleaseFilter.mine": [
        ("true", lambda api, it: it["requestedBy"]["name"] == "Chief"),
        ("false", lambda api, it: it["requestedBy"]["name"] != "Chief"),
    ],
    "ReleaseFilter.awaitingMe": [
        ("true", lambda api, it: it["name"] == "Second mail"),
        ("false", lambda api, it: it["name"] != "Second mail"),
    ],
    "ReleaseFilter.overlapsFrom": [
        (
            f'"{(NOON + 3 * HOUR).isoformat()}"',
            lambda api, it: has_window(it) and end_of(it) > NOON + 3 * HOUR,
        ),
        (
            f'"{(NOON + 5 * HOUR).isoformat()}"',
            lambda api, it: has_window(it) and end_of(it) > NOON + 5 * HOUR,
        ),
    ],
    "ReleaseFilter.overlapsUntil": [
        (
            f'"{(NOON + 2 * HOUR).isoformat()}"',
            lambda api, it: has_window(it) and instant(it["startsAt"]) < NOON + 2 * HOUR,
        ),
        (
            f'"{(NOON + 4 * HOUR).isoformat()}"',
            lambda api, it: has_window(it) and instant(it["startsAt"]) < NOON + 4 * HOUR,
        ),
    ],
    "ReleaseFilter.endedFrom": [
        (
            f'"{(NOON + SPLIT).isoformat()}"',
            lambda api, it: it["endedAt"] is not None and end_of(it) >= NOON + SPLIT,
        )
    ],
    "ReleaseFilter.endedUntil": [
        (
            f'"{(NOON + HOUR).isoformat()}"',
            lambda api, it: it["endedAt"] is not None and end_of(it) < NOON + HOUR,
        )
    ],
    "ReleaseFilter.nameContains": [
        ('"LCO"', lambda api, it: "lco" in it["name"].lower()),
        ('"_"', lambda api, it: "_" in it["name"]),
    ],
    "ReleaseFilter.search": [
        ('"FALCON"', lambda api, it: it["name"] in {"Falcon", "Trial"}),
        ('"  ÜBER  nacht "', lambda api, it: "Über" in (it["note"] or "")),
        ('"2.0-rc"', lambda api, it: "2.0-RC" in (it["version"] or "")),
        ('"LETT"', lambda api, it: {"letters"} == {key["alias"] for key in it["keypairs"]}),
        ('"ann@EXAMPLE"', lambda api, it: it["requestedBy"]["name"] == "Ann"),
        ('"%"', lambda api, it: "%" in (it["note"] or "")),
    ],
    "KeypairFilter.access": [
        ("[RESTRICTED]", lambda api, it: it["access"] == "RESTRICTED"),
        ("[OPEN]", lambda api, it: it["access"] == "OPEN"),
    ],
    "KeypairFilter.teamIds": [
        (
            lambda api: f'["{api.id("Team", "red")}"]',
            lambda api, it: api.id("Team", "red") in ids_in(it["teams"]),
        )
    ],
    "KeypairFilter.userId": [
        (
            lambda api: f'"{api.id("User", "dev")}"',
            lambda api, it: api.id("User", "dev") in ids_in(it["users"]),
        )
    ],
    "KeypairFilter.held": [
        ("true", lambda api, it: it["heldBy"] is not None),
        ("false", lambda api, it: it["heldBy"] is None),
    ],
    "TeamFilter.nameContains": [('"ED"', lambda api, it: "ed" in it["name"])],
    "TeamFilter.memberId": [
        (
            lambda api: f'"{api.id("User", "robot")}"',
            lambda api, it: api.id("User", "robot") in ids_in(it["members"]),
        )
    ],
    "TeamFilter.keypairId": [
        (
            lambda api: f'"{api.id("Keypair", "vault")}"',
            lambda api, it: api.id("Keypair", "vault") in ids_in(it["keypairs"]),
        )
    ],
    "UserFilter.teamId": [
        (
            lambda api: f'"{api.id("Team", "red")}"',
            lambda api, it: api.id("Team", "red") in ids_in(it["teams"]),
        )
    ],
    "UserFilter.roleId": [
        (
            lambda api: f'"{api.id("Role", "LEAD")}"',
            lambda api, it: api.id("Role", "LEAD") in ids_in(it["roles"]),
        )
    ],
    "UserFilter.keypairId": [
        (
            lambda api: f'"{api.id("Keypair", "guarded")}"',
            lambda api, it: it["name"] == "Dev",
        )
    ],
    "UserFilter.search": [
        ('"OB"', lambda api, it: "ob" in it["name"]),
        ('"ève"', lambda api, it: it["name"] == "Ève"),
        ('"eve@"', lambda api, it: it["name"] == "Ève"),
    ],
    "KeypairFilter.type": [
        ("[ONLINE]", lambda api, it: it["type"] == "ONLINE"),
        ("[OFFLINE, TEST]", lambda api, it: it["type"] in {"OFFLINE", "TEST"}),
    ],
    "KeypairFilter.category": [("[GPG]", lambda api, it: it["category"] == "GPG")],
    "KeypairFilter.teamId": [
        (
            lambda api: f'"{api.id("Team", "red")}"',
            lambda api, it: api.id("Team", "red") in {one["id"] for one in it["teams"]},
        )
    ],
    "KeypairFilter.enabled": [
        ("true", lambda api, it: it["enabled"]),
        ("false", lambda api, it: not it["enabled"]),
    ],
    "KeypairFilter.state": [
        ("[RETIRED]", lambda api, it: it["state"] == "RETIRED"),
        ("[DISABLED]", lambda api, it: it["state"] == "DISABLED"),
        ("[ENABLED, DISABLED]", lambda api, it: it["state"] != "RETIRED"),
        ("[]", lambda api, it: False),
    ],
    "KeypairFilter.openpgpExpiringBefore": [
        (
            f'"{(NOON + 31 * 24 * HOUR).isoformat()}"',
            lambda api, it: it["alias"] == "passing",
        )
    ],
    "KeypairFilter.aliasContains": [('"AU"', lambda api, it: "au" in it["alias"].lower())],
    "UserFilter.active": [
        ("true", lambda api, it: it["active"]),
        ("false", lambda api, it: not it["active"]),
    ],
    "UserFilter.service": [
        ("true", lambda api, it: it["service"]),
        ("false", lambda api, it: not it["service"]),
    ],
    "PipelineRuleFilter.issuerId": [
        (
            lambda api: f'"{api.id("TrustedIssuer", "GitHub")}"',
            lambda api, it: it["issuer"]["id"] == api.id("TrustedIssuer", "GitHub"),
        )
    ],
    "PipelineRuleFilter.userId": [
        (
            lambda api: f'"{api.id("User", "robot")}"',
            lambda api, it: it["user"]["id"] == api.id("User", "robot"),
        )
    ],
    "UserFilter.emailContains": [('"EV"', lambda api, it: "ev" in it["email"])],
    "LedgerFilter.tags": [
        ('["release:approved"]', lambda api, it: it["tag"] == "release:approved"),
        (
            '["user:created", "team:created"]',
            lambda api, it: it["tag"] in {"user:created", "team:created"},
        ),
    ],
    "LedgerFilter.events": [
        ("[RELEASE_APPROVED]", lambda api, it: it["tag"] == "release:approved"),
        (
            "[USER_CREATED, TEAM_CREATED]",
            lambda api, it: it["tag"] in {"user:created", "team:created"},
        ),
    ],
    "LedgerFilter.actorId": [
        (
            lambda api: f'"{api.id("User", "ann")}"',
            lambda api, it: it["actor"] is not None and it["actor"]["id"] == api.id("User", "ann"),
        )
    ],
    "LedgerFilter.releaseId": [
        (
            lambda api: f'"{api.id("Release", "falcon")}"',
            lambda api, it: (
                it["release"] is not None and it["release"]["id"] == api.id("Release", "falcon")
            ),
        )
    ],
    "LedgerFilter.subjectId": [
        (
            lambda api, kind=kind, name=name: f'"{api.id(kind, name)}"',
            lambda api, it, kind=kind, name=name: it["subjectId"] == api.id(kind, name),
        )
        for kind, name in (
            ("Release", "falcon"),
            ("Keypair", "austere"),
            ("User", "robot"),
            ("Team", "red"),
        )
    ],
    "LedgerFilter.since": [
        (
            f'"{(NOON + SPLIT).isoformat()}"',
            lambda api, it: instant(it["recordedAt"]) >= NOON + SPLIT,
        )
    ],
    "LedgerFilter.until": [
        (
            f'"{(NOON + SPLIT).isoformat()}"',
            lambda api, it: instant(it["recordedAt"]) < NOON + SPLIT,
        )
    ],
    "SignatureFilter.digest": [
        (
            f'"{b64encode(DIGEST).decode()}"',
            lambda api, it: it["digest"] == b64encode(DIGEST).decode(),
        ),
        (
            f'"{b64encode(FILE_DIGEST).decode()}"',
            lambda api, it: (it["artifact"] or {}).get("digest") == b64encode(FILE_DIGEST).decode(),
        ),
    ],
    "SignatureFilter.artifactName": [
        ('"quick.zip"', lambda api, it: (it["artifact"] or {}).get("name") == "quick.zip")
    ],
    "SignatureFilter.keypairId": [
        (
            lambda api: f'"{api.id("Keypair", "tester")}"',
            lambda api, it: it["keypair"]["id"] == api.id("Keypair", "tester"),
        )
    ],
    "SignatureFilter.signerId": [
        (
            lambda api: f'"{api.id("User", "robot")}"',
            lambda api, it: it["signer"]["id"] == api.id("User", "robot"),
        )
    ],
    "SignatureFilter.releaseId": [
        (
            lambda api: f'"{api.id("Release", "trial")}"',
            lambda api, it: it["release"] == {"id": api.id("Release", "trial")},
        )
    ],
    "SignatureFilter.since": [
        (
            f'"{(NOON + SPLIT).isoformat()}"',
            lambda api, it: instant(it["createdAt"]) >= NOON + SPLIT,
        )
    ],
    "SignatureFilter.until": [
        (
            f'"{(NOON + SPLIT).isoformat()}"',
            lambda api, it: instant(it["createdAt"]) < NOON + SPLIT,
        )
    ],
}


def ids_in(nodes: list[Node]) -> set[str]:
    return {node["id"] for node in nodes}


def end_of(release: Node) -> datetime:
    return instant(release["endedAt"] or release["endsAt"])


def has_window(release: Node) -> bool:
    return end_of(release) > instant(release["startsAt"])


LISTS = {
    "ReleaseFilter": "releases",
    "KeypairFilter": "keypairs",
    "TeamFilter": "teams",
    "UserFilter": "users",
    "CertificateFilter": "certificates",
    "PipelineRuleFilter": "pipelineRules",
    "LedgerFilter": "ledger",
    "SignatureFilter": "signatures",
}


@pytest.fixture
def api(api: Api) -> Api:
    """An account in which each filter finds some, and not all."""
    furnish(api.world)
    certify(api.world)
    return api


def furnish(world: World) -> None:
    world.add_third_approver()
    world.add_user("chief", "ADMIN", "LEAD", "AUDITOR")
    world.add_user("robot", "SIGNER", service=True)
    world.do("admin", UpdateUser(user_id=world.people["eve"], active=False, name="Ève"))
    with world.system.database.reading() as connection:
        leads = sa.select(t.roles.c.id).where(t.roles.c.name == "LEAD")
        world.things["LEAD"] = connection.execute(leads).scalar_one()
    world.do("admin", CreateRole(name="Clerk", permissions=frozenset({Permission.SIGN})))
    world.add_keypair("quick", ReleaseType.ONLINE)
    world.add_keypair("tester", ReleaseType.TEST)
    world.add_keypair(
        "letters",
        category=KeypairCategory.GPG,
        algorithm=KeypairAlgorithm.ED25519,
    )
    world.add_keypair("austere")
    world.do("admin", UpdateKeypair(keypair_id=world.things["austere"], enabled=False))
    world.add_keypair("former", ReleaseType.TEST)
    world.do("admin", RetireKeypair(keypair_id=world.things["former"], reason="It is old."))
    world.add_keypair("prober", ReleaseType.TEST)
    world.add_keypair("guarded")
    guard = {"access": KeypairAccess.RESTRICTED, "user_ids": frozenset({world.people["dev"]})}
    world.do("admin", UpdateKeypair(keypair_id=world.things["guarded"], **guard))
    members, granted = ["ann", "bob", "dev", "robot", "chief"], ["quick", "letters", "tester"]
    world.add_team("red", members, [*granted, "prober"], 1)
    world.do("admin", CreateWebhook(name="Ours", url="https://hooks.example.com", key=bytes(32)))
    world.add_user("robot2", "DEVELOPER", service=True)
    make_rule(world)
    gitlab = trust(world, name="GitLab", url="https://ci.example.com", kind=IssuerKind.GITLAB_CI)
    second = world.people["robot2"]
    project = (ClaimCondition("project_id", equals=("7",)),)
    make_rule(world, name="Second", issuer_id=gitlab, user_id=second, conditions=project)
    world.clock.pass_(minutes=1)
    world.do("admin", CreateWebhook(name="Other", url="https://hooks.example.com", key=bytes(32)))

    def request(who: str, name: str, key: str, team: str, start: int, end: int, **more: Any) -> Any:
        world.things[name.lower()] = world.request(
            who,
            name=name,
            keypair_ids=frozenset({world.things[key]}),
            team_id=world.things[team],
            starts_at=NOON + start * HOUR,
            ends_at=NOON + end * HOUR,
            **more,
        )
        world.clock.pass_(minutes=1)
        return world.things[name.lower()]

    note = "See Falcon, 50% done"
    request("dev", "Trial", "tester", "red", 0, 24, type=ReleaseType.TEST, version="1.0", note=note)
    file = Artifact(name="quick.zip", digest=FILE_DIGEST, digest_algorithm=DigestAlgorithm.SHA256)
    world.sign("dev", "quick", artifact=file)
    world.clock.pass_(minutes=1)
    world.sign("robot", "tester", digest=bytes(32))
    approved = request("dev", "Falcon", "vault", "blue", 2, 4)
    world.decide("ann", approved)
    world.decide("bob", approved)
    request("chief", "Own", "prober", "red", 20, 24, type=ReleaseType.TEST, version="2.0-RC1")
    request("ann", "an_other", "spare", "blue", 1, 3)
    request("dev", "Quick", "quick", "red", 5, 9, type=ReleaseType.ONLINE)
    letters = {"category": KeypairCategory.GPG}
    rejected = request("dev", "Mail", "letters", "red", 2, 5, note="Über\nNacht", **letters)
    world.clock.pass_(minutes=50)
    world.decide("bob", rejected, Verdict.REJECT)
    request("ann", "Second mail", "letters", "red", 3, 6, **letters)


def certify(world: World) -> None:
    """Certificates that expire soon, later and never, and one that was removed."""
    for alias, days in (("lasting", 60), ("passing", 30)):
        of_openpgp: dict[str, Any] = {"openpgp_expires_at": NOON + days * 24 * HOUR}
        world.add_keypair(alias, category=KeypairCategory.GPG, **of_openpgp)
    add_certificate(world, "spare")
    add_certificate(world, make_default=False, ends_at=NOON + 2 * HOUR)
    remove(world, add_certificate(world))
    in_table = {"kind": CertificateKind.OPENPGP, "expires_at": None, "is_default": False}
    with world.system.database.writing() as connection:
        row = connection.execute(sa.select(t.certificates).limit(1)).one()
        copied = {**row._mapping, "id": uuid4(), "fingerprint": "0", **in_table}
        connection.execute(t.certificates.insert().values(copied))
        connection.commit()


def remove(world: World, certificate_id: Any) -> None:
    command = RemoveCertificate(keypair_id=world.things["vault"], certificate_id=certificate_id)
    world.do("admin", command)


def nodes(api: Api, field: str, filter_: str = "", who: str = "chief", **more: str) -> list[Node]:
    """All nodes of a list that a filter finds, and that it counts them right."""
    given = {"first": "100"} | more | ({"filter": f"{{ {filter_} }}"} if filter_ else {})
    arguments = ", ".join(f"{name}: {value}" for name, value in given.items())
    query = (
        f"{{ {field}({arguments}) {{ totalCount edges {{ node {{ {SELECTIONS[field]} }} }} }} }}"
    )
    found = api.ask(who, query)[field]
    listed = [edge["node"] for edge in found["edges"]]
    assert found["totalCount"] == len(listed)
    return listed


def test_no_filter_is_forgotten() -> None:
    schema = build_schema(SCHEMA.read_text("utf-8"))
    filters = {
        f"{name}.{field}"
        for name, kind in schema.type_map.items()
        if name.endswith("Filter") and isinstance(kind, GraphQLInputObjectType)
        for field in kind.fields
    }
    # What it adds to the list, its own test says.
    assert set(CASES) == filters - {"CertificateFilter.withRemoved"}
    assert set(SELECTIONS) == {
        name
        for name, field in schema.query_type.fields.items()  # type: ignore[union-attr]
        if str(field.type).removesuffix("!").endswith("Connection")
    }


def test_every_filter_finds_exactly_what_it_says(api: Api) -> None:
    whole = {field: nodes(api, field) for field in LISTS.values()}
    for name, cases in CASES.items():
        kind, _, field = name.partition(".")
        listed = whole[LISTS[kind]]
        for value, holds in cases:
            text = value if isinstance(value, str) else value(api)
            expected = [node for node in listed if holds(api, node)]
            if text != "[]":
                assert 0 < len(expected) < len(listed), f"{name} makes no difference"
            assert nodes(api, LISTS[kind], f"{field}: {text}") == expected, f"{name}: {text}"


@pytest.mark.parametrize("id_", ["nothing", to_global("Cat", UUID(int=1))])
def test_a_subject_is_the_id_of_something(api: Api, id_: str) -> None:
    query = f'{{ ledger(filter: {{ subjectId: "{id_}" }}) {{ totalCount }} }}'
    (error,) = api.post("admin", query)["errors"]
    assert error["extensions"]["code"] == "NOT_FOUND"
    assert error["extensions"]["field"] == ["filter", "subjectId"]
    assert error["message"] == "There is no such object. Check the id."


def test_removed_certificates_are_listed_on_request(api: Api) -> None:
    listed = nodes(api, "certificates", "withRemoved: true")
    kept = [node for node in listed if node["removedAt"] is None]
    assert len(listed) == len(kept) + 1
    assert nodes(api, "certificates", "withRemoved: false") == kept


def test_conditions_hold_together(api: Api) -> None:
    both = nodes(api, "releases", "type: [OFFLINE], status: [PENDING, APPROVED]")
    assert {node["name"] for node in both} == {"Falcon", "an_other", "Second mail"}
    assert nodes(api, "users", "active: false, service: true") == []
    assert [
        node["alias"] for node in nodes(api, "keypairs", "enabled: false, type: [OFFLINE]")
    ] == ["austere"]


ORDERED_BY: dict[str, Callable[[Node], Any]] = {
    "keypairs": lambda it: it["alias"].lower(),
    "teams": lambda it: it["name"].lower(),
    "users": lambda it: it["email"].lower(),
    "roles": lambda it: it["name"].lower(),
    "apiTokens": lambda it: it["createdAt"],
    "webhooks": lambda it: it["createdAt"],
    "approvalInbox": lambda it: it["startsAt"],
}


@pytest.mark.parametrize("field", ORDERED_BY)
def test_each_list_has_its_order(api: Api, field: str) -> None:
    api.world.add_team("amber", ["ann"], [], 1)
    api.token("ann")
    api.world.clock.pass_(minutes=1)
    api.token("dev")
    listed = nodes(api, field, who="bob" if field == "approvalInbox" else "chief")
    assert listed == sorted(listed, key=ORDERED_BY[field])
    assert len({ORDERED_BY[field](node) for node in listed}) >= 2


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ("STARTS_AT", lambda it: it["startsAt"]),
        ("ENDS_AT", lambda it: it["endsAt"]),
        ("CREATED_AT", lambda it: it["createdAt"]),
        ("NAME", lambda it: it["name"].lower()),
    ],
)
def test_releases_are_sorted_as_asked(api: Api, order: str, key: Callable[[Node], Any]) -> None:
    up = nodes(api, "releases", orderBy=f"{{ field: {order}, direction: ASC }}")
    down = nodes(api, "releases", orderBy=f"{{ field: {order}, direction: DESC }}")

    assert [key(node) for node in up] == sorted(key(node) for node in up)
    assert [node["id"] for node in down] == [node["id"] for node in up][::-1]
    assert len({key(node) for node in up}) > 2


def test_the_ledger_is_read_either_way(api: Api) -> None:
    newest = [node["position"] for node in nodes(api, "ledger", direction="DESC")]
    oldest = [node["position"] for node in nodes(api, "ledger", direction="ASC")]

    assert oldest == list(range(1, len(oldest) + 1))
    assert newest == oldest[::-1]
    assert [node["position"] for node in nodes(api, "ledger")] == newest


#: Who may read each list at all, by the roles of people of the world; the others are refused.
READERS = {
    "ledger": {"admin", "chief"},
    "webhooks": {"admin", "chief"},
    "trustedIssuers": {"admin", "chief"},
    "pipelineRules": {"admin", "chief"},
}


@pytest.mark.parametrize("field", SELECTIONS)
def test_who_may_read_each_list(api: Api, field: str) -> None:
    everybody = {"admin", "ann", "bob", "dev", "chief"}
    may = set()
    for who in sorted(everybody):
        answer = api.post(who, f"{{ {field} {{ edges {{ node {{ id }} }} }} }}")
        if "errors" not in answer:
            may.add(who)
        else:
            assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
    assert may == READERS.get(field, everybody)


def test_one_lists_ones_own_tokens_and_an_administrator_everybodys(api: Api) -> None:
    for who in ("ann", "dev", "chief"):
        api.token(who)
    query = "{ apiTokens { edges { node { user { id } } } } }"

    def owners(who: str) -> set[str]:
        return {e["node"]["user"]["id"] for e in api.ask(who, query)["apiTokens"]["edges"]}

    assert owners("ann") == {api.id("User", "ann")}
    assert owners("chief") == {api.id("User", name) for name in ("ann", "dev", "chief")}


def test_the_inbox_holds_what_waits_for_ones_decision(api: Api) -> None:
    query = "{ approvalInbox { totalCount edges { node { name } } } }"

    def inbox(who: str) -> list[str]:
        found = api.ask(who, query)["approvalInbox"]
        names = [edge["node"]["name"] for edge in found["edges"]]
        assert found["totalCount"] == len(names)
        return names

    # Ann requested both that are pending; dev approves nothing.
    assert (inbox("ann"), inbox("bob"), inbox("dev")) == ([], ["an_other", "Second mail"], [])


def test_a_ledger_entry_names_the_credential_it_was_done_with(api: Api) -> None:
    api.change("admin", "createRole", {"name": "New", "permissions": []}, "role { id }")
    newest = "{ ledger(first: 1) { edges { node { tag credential { kind id } } } } }"
    (edge,) = api.ask("admin", newest)["ledger"]["edges"]
    tokens = "{ apiTokens(first: 10) { edges { node { id user { id } } } } }"
    own = [
        edge["node"]["id"]
        for edge in api.ask("admin", tokens)["apiTokens"]["edges"]
        if edge["node"]["user"]["id"] == api.id("User", "admin")
    ]
    assert edge["node"] == {
        "tag": "role:created",
        "credential": {"kind": "TOKEN", "id": own[-1]},
    }
    clocks = "{ ledger(direction: ASC, first: 1) { edges { node { credential { kind id } } } } }"
    (first,) = api.ask("admin", clocks)["ledger"]["edges"]
    assert first["node"]["credential"] == {"kind": "COMMAND_LINE", "id": None}


def test_pages_of_every_filter_follow_each_other_as_time_passes(api: Api) -> None:
    """A cursor is bound to what was asked for, and not to the instant of the answer."""
    for name, cases in CASES.items():
        kind, _, field = name.partition(".")
        value, _ = cases[0]
        text = value if isinstance(value, str) else value(api)
        filter_ = f"filter: {{ {field}: {text} }}"
        page = f"{{ {LISTS[kind]}({filter_}, first: 1) {{ pageInfo {{ endCursor }} }} }}"
        cursor = api.ask("chief", page)[LISTS[kind]]["pageInfo"]["endCursor"]
        api.world.clock.pass_(seconds=1)
        rest = f'{{ {LISTS[kind]}({filter_}, after: "{cursor}") {{ edges {{ cursor }} }} }}'
        assert "errors" not in api.post("chief", rest), name
