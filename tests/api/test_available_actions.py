"""What `availableActions` says of keypairs, teams, users, tokens and the account happens."""

from __future__ import annotations

import itertools
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from api.graphql.ids import to_global
from engine.commands.administration.trusted_issuers import DeleteTrustedIssuer
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.commands.keys.certificates import RemoveCertificate
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.model.vocabulary import KeypairCategory, Permission, ReleaseType
from engine.queries.available_actions import SubjectAction
from notifications.webhooks.base import MAX_ACTIVE_WEBHOOKS
from tests.support.api import Api
from tests.support.chains import add_certificate, chain_for
from tests.support.pipelines import make_rule
from tests.support.world import DIGEST, NOON

ACTIONS = "availableActions { action allowed refusal { code message field } }"
#: Tokens of the administrator, and the scopes that narrow them.
NARROWED: dict[str, list[Permission]] = {
    "of keypairs": [Permission.MANAGE_KEYPAIRS],
    "of users": [Permission.MANAGE_USERS],
    "of account": [Permission.MANAGE_ACCOUNT],
    "of nothing": [Permission.VIEW_LEDGER],
}
PEOPLE = ("admin", "ann", "dev", "robot", *NARROWED)
count = itertools.count()


def new_name() -> str:
    return f"Thing {next(count)}"


@pytest.fixture
def busy(api: Api) -> Api:
    """Keypairs, people and teams of which different things may be done by different people."""
    world = api.world
    world.add_keypair("online", ReleaseType.ONLINE)
    world.add_keypair("tests", ReleaseType.TEST)
    world.set_team("blue", keypairs=["vault", "spare", "online", "tests"])
    world.add_team("red", ["ann"], ["tests"], 1)
    world.add_user("robot", "DEVELOPER", service=True)
    world.add_user("gone", "LEAD")
    world.do("admin", UpdateUser(user_id=world.people["gone"], active=False))
    world.do("admin", UpdateKeypair(keypair_id=world.things["spare"], enabled=False))
    admin = world.principal("admin")
    for name, scopes in NARROWED.items():
        token = world.do("admin", CreateApiToken(name=name, scopes=frozenset(scopes)))
        api.tokens[name] = token.secret
    assert admin.user_id == world.admin_id
    return api


def answers(api: Api, who: str, query: str) -> dict[str, dict[str, Any]]:
    """What may be done by action, each with its refusal or None."""
    node = api.ask(who, f"{{ node: {query} }}")["node"]
    node = node.get("account", node)
    return {entry["action"]: entry for entry in node["availableActions"]}


def node_of(kind: str, id_: str) -> str:
    return f'node(id: "{id_}") {{ ... on {kind} {{ {ACTIONS} }} }}'


def compare(
    api: Api, who: str, said: dict[str, Any], mutation: str, input_: dict[str, Any]
) -> bool:
    """Run the mutation, hold what was said against its errors, and return whether it was done."""
    errors = api.try_(who, mutation, input_)["errors"]
    case = (who, said["action"], mutation, input_, errors)
    assert said["allowed"] == (errors == []), case
    assert said["refusal"] == (errors[0] if errors else None), case
    return errors == []


KEYPAIR_ACTIONS = {
    "UPDATE", "ENABLE", "DISABLE", "SIGN", "ADD_CERTIFICATE", "CERTIFY",
    "RENEW_OPENPGP_CERTIFICATE", "RENEW", "RETIRE",
}  # fmt: skip


def test_what_is_said_of_keypairs_happens(busy: Api) -> None:
    world = busy.world
    world.add_keypair("packages", ReleaseType.TEST, category=KeypairCategory.GPG)
    pairs = itertools.product(PEOPLE, ("vault", "spare", "online", "tests"))
    for who, alias in (*pairs, ("admin", "packages"), ("ann", "packages")):
        id_ = busy.id("Keypair", alias)
        said = answers(busy, who, node_of("Keypair", id_))
        assert set(said) == KEYPAIR_ACTIONS
        enabled = alias != "spare"
        signature = {"keypairId": id_, "digest": b64encode(DIGEST).decode()}
        compare(busy, who, said["SIGN"], "sign", signature)
        compare(busy, who, said["UPDATE"], "updateKeypair", {"id": id_, "alias": alias})
        certificate = {"keypairId": id_, "chain": chain_for(world, alias)}
        compare(busy, who, said["ADD_CERTIFICATE"], "addCertificate", certificate)
        request = {"keypairId": id_, "subject": "CN=Example", "reason": "tried"}
        compare(busy, who, said["CERTIFY"], "createCertificateRequest", request)
        renewal = {"keypairId": id_, "reason": "tried"}
        renewed = said["RENEW_OPENPGP_CERTIFICATE"]
        compare(busy, who, renewed, "renewOpenpgpCertificate", renewal)
        for action, value in (("ENABLE", True), ("DISABLE", False)):
            compare(busy, who, said[action], "updateKeypair", {"id": id_, "enabled": value})
            restored = UpdateKeypair(keypair_id=world.things[alias], enabled=enabled)
            world.do("admin", restored)


SUCCESSION = (
    "state retiredAt enabled predecessor { alias }"
    " successor { state enabled predecessor { alias } }"
)


def test_what_is_said_of_renewed_and_retired_keypairs_happens(busy: Api) -> None:
    """Each is done once; what is refused afterwards, and to others, is said beforehand."""
    for who, alias in itertools.product((*reversed(PEOPLE), "admin"), ("spare", "online")):
        id_ = busy.id("Keypair", alias)
        said = answers(busy, who, node_of("Keypair", id_))
        renewal = {"keypairId": id_, "alias": new_name(), "reason": "tried"}
        compare(busy, who, said["RENEW"], "renewKeypair", renewal)
        compare(busy, who, said["RETIRE"], "retireKeypair", {"keypairId": id_, "reason": "tried"})
        said = answers(busy, who, node_of("Keypair", id_))
        compare(busy, who, said["ENABLE"], "updateKeypair", {"id": id_, "enabled": True})
    query = f'node(id: "{id_}") {{ ... on Keypair {{ {SUCCESSION} }} }}'
    shown = busy.ask("admin", f"{{ node: {query} }}")["node"]
    assert (shown["state"], shown["enabled"], shown["predecessor"]) == ("RETIRED", False, None)
    assert shown["retiredAt"] is not None
    successor = shown["successor"]
    assert (successor["state"], successor["enabled"]) == ("ENABLED", True)
    assert successor["predecessor"] == {"alias": "online"}


def test_what_is_said_of_certificates_happens(busy: Api) -> None:
    world, keypair = busy.world, busy.id("Keypair", "vault")
    added = [
        add_certificate(world),
        add_certificate(world, make_default=False),
        add_certificate(world, make_default=False, starts_at=NOON + timedelta(days=9)),
    ]
    gone = add_certificate(world, make_default=False)
    world.do("admin", RemoveCertificate(keypair_id=world.things["vault"], certificate_id=gone))
    for who, certificate in itertools.product(PEOPLE, [*added, gone]):
        id_ = to_global("Certificate", certificate)
        said = answers(busy, who, node_of("Certificate", id_))
        input_ = {"keypairId": keypair, "certificateId": id_}
        compare(busy, who, said["SET_DEFAULT"], "setDefaultCertificate", input_)
        # Who can remove one can remove it once only.
        if not said["REMOVE"]["allowed"]:
            compare(busy, who, said["REMOVE"], "removeCertificate", input_)
    input_ = {"keypairId": keypair, "certificateId": to_global("Certificate", added[1])}
    said = answers(busy, "admin", node_of("Certificate", input_["certificateId"]))
    assert compare(busy, "admin", said["REMOVE"], "removeCertificate", input_)


def test_what_is_said_of_teams_happens(busy: Api) -> None:
    for teams_enabled in (True, False):
        busy.world.settings(teams_enabled=teams_enabled)
        for who, name in itertools.product(PEOPLE, ("blue", "red")):
            id_ = busy.id("Team", name)
            said = answers(busy, who, node_of("Team", id_))
            compare(busy, who, said["UPDATE"], "updateTeam", {"id": id_, "name": name})
            request = {
                "name": new_name(),
                "type": "TEST",
                "teamId": id_,
                "keypairIds": [busy.id("Keypair", "tests")],
                "startsAt": "2030-06-03T13:00:00Z",
                "endsAt": "2030-06-03T15:00:00Z",
                "maxSignatures": 1,
            }
            if compare(busy, who, said["REQUEST_RELEASE"], "createRelease", request):
                release = busy.ask("admin", f'{{ release(name: "{request["name"]}") {{ id }} }}')
                ended = {"id": release["release"]["id"], "reason": "It was tried only."}
                busy.change(who, "withdrawRelease", ended, "release { id }")


@pytest.mark.parametrize("administrators", [1, 2])
@pytest.mark.parametrize("renaming", [True, False])
def test_what_is_said_of_users_happens(busy: Api, administrators: int, renaming: bool) -> None:
    world = busy.world
    world.settings(users_may_rename_themselves=renaming)
    if administrators == 2:
        world.add_user("second", "ADMIN")
    undo = "second" if administrators == 2 else "admin"
    for who, whom in itertools.product(PEOPLE, ("admin", "dev", "robot", "gone")):
        id_ = busy.id("User", whom)
        user_id = world.admin_id if whom == "admin" else world.people[whom]
        said = answers(busy, who, node_of("User", id_))
        roles = busy.ask("admin", f'{{ user(id: "{id_}") {{ name roles {{ name }} }} }}')["user"]
        held = [role["name"] for role in roles["roles"]]
        compare(busy, who, said["UPDATE"], "updateUser", {"id": id_, "locale": "en"})
        compare(busy, who, said["CHANGE_ROLES"], "updateUser", {"id": id_, "roles": held})
        if compare(busy, who, said["RENAME"], "updateUser", {"id": id_, "name": new_name()}):
            world.do("admin", UpdateUser(user_id=user_id, name=roles["name"]))
        token = {"name": "tried", "userId": id_, "scopes": []}
        compare(busy, who, said["CREATE_TOKEN"], "createApiToken", token)
        compare(busy, who, said["ACTIVATE"], "updateUser", {"id": id_, "active": True})
        world.do(undo, UpdateUser(user_id=user_id, active=whom != "gone"))
        # Deactivation ends the tokens with which the rest is tried: only where they are not used.
        if (whom in {"gone", "robot"} and who != whom) or not said["DEACTIVATE"]["allowed"]:
            compare(busy, who, said["DEACTIVATE"], "updateUser", {"id": id_, "active": False})
            world.do(undo, UpdateUser(user_id=user_id, active=whom != "gone"))
            busy.tokens.pop("robot", None)
    last = answers(busy, undo, node_of("User", busy.id("User", "admin")))["DEACTIVATE"]
    assert last["allowed"] == (administrators == 2)
    assert last["allowed"] or last["refusal"]["code"] == "LAST_ADMINISTRATOR"
    itself = {"id": busy.id("User", "admin"), "active": False}
    compare(busy, undo, last, "updateUser", itself)


def test_what_is_said_of_tokens_happens(busy: Api) -> None:
    for who, owner in itertools.product(PEOPLE, ("admin", "dev", "robot")):
        token = busy.world.do(owner, CreateApiToken(name="victim", scopes=frozenset()))
        id_ = to_global("ApiToken", token.token_id)
        node = busy.ask(who, f"{{ {node_of('ApiToken', id_)} }}")["node"]
        if node is None:
            assert busy.try_(who, "revokeApiToken", {"id": id_})["errors"][0]["code"] == "NOT_FOUND"
            continue
        (said,) = node["availableActions"]
        compare(busy, who, said, "revokeApiToken", {"id": id_})


def test_what_is_said_of_the_account_happens(busy: Api) -> None:
    ann = busy.id("User", "ann")
    account = f"viewer {{ account {{ {ACTIONS} }} }}"
    inputs: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
        "UPDATE": ("updateAccount", lambda: {"requiredApprovals": 1}),
        "CREATE_KEYPAIR": (
            "createKeypair",
            lambda: {"alias": new_name(), "type": "TEST", "algorithm": "ED25519"},
        ),
        "CREATE_TEAM": ("createTeam", lambda: {"name": new_name(), "memberIds": [ann]}),
        "CREATE_USER": (
            "createUser",
            lambda: {"email": f"n{next(count)}@example.com", "name": "New", "roles": []},
        ),
        "CREATE_ROLE": ("createRole", lambda: {"name": new_name(), "permissions": []}),
        "FREEZE_SIGNING": ("updateAccount", lambda: {"signingFrozen": True}),
        "UNFREEZE_SIGNING": ("updateAccount", lambda: {"signingFrozen": False}),
    }
    for frozen, who in itertools.product((False, True), PEOPLE):
        busy.world.settings(signing_frozen=frozen)
        said = answers(busy, who, account)
        assert set(said) == set(inputs)
        for action, (mutation, input_of) in inputs.items():
            compare(busy, who, said[action], mutation, input_of())
            busy.world.settings(signing_frozen=frozen)


def seen(api: Api, who: str, kind: str, id_: str) -> dict[str, dict[str, Any]] | None:
    """What may be done by action; None for callers who do not see the object."""
    node = api.ask(who, f"{{ {node_of(kind, id_)} }}")["node"]
    return {entry["action"]: entry for entry in node["availableActions"]} if node else None


def is_missing(api: Api, who: str, mutation: str, input_: dict[str, Any]) -> bool:
    (error,) = api.try_(who, mutation, input_)["errors"]
    return error["code"] in {"NOT_FOUND", "FORBIDDEN"}


def test_what_is_said_of_issuers_and_rules_happens(busy: Api) -> None:
    world = busy.world
    for who in PEOPLE:
        rule = to_global("PipelineRule", make_rule(world))
        issuer = to_global("TrustedIssuer", world.things["GitHub"])
        said = seen(busy, who, "PipelineRule", rule)
        change = {"id": rule, "name": new_name()}
        if said is None:
            assert is_missing(busy, who, "updatePipelineRule", change)
        else:
            assert set(said) == {"UPDATE", "DELETE"}
            compare(busy, who, said["UPDATE"], "updatePipelineRule", change)
            compare(busy, who, said["DELETE"], "deletePipelineRule", {"id": rule})
        said = seen(busy, who, "TrustedIssuer", issuer)
        change = {"id": issuer, "name": new_name()}
        if said is None:
            assert is_missing(busy, who, "updateTrustedIssuer", change)
        else:
            assert set(said) == {"UPDATE", "DELETE"}
            compare(busy, who, said["UPDATE"], "updateTrustedIssuer", change)
            compare(busy, who, said["DELETE"], "deleteTrustedIssuer", {"id": issuer})
        kept = busy.ask("admin", f'{{ node(id: "{issuer}") {{ id }} }}')["node"]
        issuer_id = world.things.pop("GitHub")
        if kept is not None:
            world.do("admin", DeleteTrustedIssuer(issuer_id=issuer_id))


@pytest.mark.parametrize("webhooks", [1, MAX_ACTIVE_WEBHOOKS])
def test_what_is_said_of_webhooks_happens(busy: Api, webhooks: int) -> None:
    ids = []
    for number in range(webhooks):
        hook = {"name": f"Hook {number}", "url": "https://example.com/", "tags": ["team:*"]}
        ids.append(busy.change("admin", "createWebhook", hook, "webhook { id }")["webhook"]["id"])
    off = ids[0]
    for active, who in itertools.product((True, False), PEOPLE):
        busy.change("admin", "updateWebhook", {"id": off, "active": active}, "webhook { id }")
        if not active and webhooks > 1:
            hook = {"name": "One more", "url": "https://example.com/"}
            more = busy.change("admin", "createWebhook", hook, "webhook { id }")["webhook"]["id"]
        said = seen(busy, who, "Webhook", off)
        tries = {
            "UPDATE": ("updateWebhook", {"id": off, "name": new_name()}),
            "ROTATE_SECRET": ("rotateWebhookSecret", {"id": off}),
            "SEND_TEST": ("sendTestWebhook", {"id": off}),
            "ENABLE": ("updateWebhook", {"id": off, "active": True}),
            "DISABLE": ("updateWebhook", {"id": off, "active": False}),
        }
        assert said is None or set(said) == set(tries)
        for action, (mutation, input_) in tries.items():
            if said is None:
                assert is_missing(busy, who, mutation, input_)
            else:
                compare(busy, who, said[action], mutation, input_)
        if not active and webhooks > 1:
            busy.change("admin", "updateWebhook", {"id": more, "active": False}, "webhook { id }")


def test_every_action_is_said_of_something(busy: Api) -> None:
    kinds = {"Keypair": "vault", "Team": "blue", "User": "dev"}
    said = set(answers(busy, "admin", f"viewer {{ account {{ {ACTIONS} }} }}"))
    for kind, name in kinds.items():
        said |= set(answers(busy, "admin", node_of(kind, busy.id(kind, name))))
    # Of tokens, certificates, what pipelines prove themselves by, and webhooks: see above.
    elsewhere = {"REVOKE", "DELETE", "ROTATE_SECRET", "SEND_TEST", "SET_DEFAULT", "REMOVE"}
    assert said | elsewhere == set(SubjectAction)
