"""Every mutation, asked with tokens of each single scope and of each pair of scopes.

The person behind the tokens holds every permission, so that the scopes alone decide. A mutation is
done exactly with the scopes that this table names; with any others it is refused, and changes
nothing.
"""

from __future__ import annotations

import itertools
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from strawberry.utils.str_converters import to_camel_case

from api.graphql.ids import to_global
from api.graphql.limits.config import Limits
from engine.commands.administration.roles import CreateRole
from engine.commands.administration.teams import UpdateTeam
from engine.commands.administration.trusted_issuers import DeleteTrustedIssuer
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.commands.credentials.identities import LinkIdentity
from engine.commands.credentials.sessions import StartSession
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.model.vocabulary import (
    KeypairAccess,
    KeypairCategory,
    Permission,
    QuotaOnOnline,
    ReleaseType,
    SignInMethod,
)
from engine.persistence.store import tables as t
from engine.refusal_throttle import RefusalThrottle
from engine.system import System
from notifications.outbox.outbox import Outbox
from notifications.tables import deliveries
from tests.api.graphql.operations import MUTATIONS
from tests.support.api import Api, make_api
from tests.support.chains import add_certificate, chain_for
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.device import Device
from tests.support.pipelines import trust
from tests.support.private_key_files import pem_of
from tests.support.state_machines import report
from tests.support.world import World

P = Permission
Scopes = frozenset[Permission]
SINGLE: list[Scopes] = [frozenset({scope}) for scope in Permission]
PAIRS: list[Scopes] = [frozenset(pair) for pair in itertools.combinations(Permission, 2)]
#: Codes that say: not with this credential.
NO = {"FORBIDDEN", "NOT_FOUND", "NOT_AN_APPROVER"}


class Stage:
    """The world, and one new thing of a kind whenever a mutation used up the last one."""

    def __init__(self, world: World, api: Api) -> None:
        self.world, self.api = world, api
        self.count = itertools.count()

    def name(self) -> str:
        return f"Thing {next(self.count)}"

    def keypair(self, **more: Any) -> str:
        alias = self.name()
        self.world.add_keypair(alias, **more)
        team = self.world.things["blue"]
        keys = self.keys() | {self.world.things[alias]}
        self.world.do("admin", UpdateTeam(team_id=team, keypair_ids=keys))
        return alias

    def keys(self) -> frozenset[UUID]:
        granted = sa.select(t.team_keypairs.c.keypair_id)
        with self.world.system.database.reading() as connection:
            return frozenset(connection.execute(granted).scalars())

    def release(self, who: str = "max", *, begun: bool = False, approved: bool = False) -> str:
        """A pending one, or one that two leads approved, an hour from now or begun."""
        alias, now = self.keypair(), self.world.clock.instant
        release_id = self.world.request(
            who,
            name=self.name(),
            keypair_ids=frozenset({self.world.things[alias]}),
            starts_at=now - timedelta(minutes=1) if begun else now + timedelta(hours=1),
        )
        if begun or approved:
            for name in ("ann", "bob"):
                self.world.decide(name, release_id)
        return to_global("Release", release_id)

    def user(self, *roles: str, **more: Any) -> UUID:
        return self.world.add_user(f"user{next(self.count)}", *roles, **more)

    def role(self, *permissions: Permission) -> tuple[str, UUID]:
        name = self.name()
        command = CreateRole(name=name, permissions=frozenset(permissions))
        return name, self.world.do("admin", command)

    def session(self) -> UUID:
        session = self.world.do("max", StartSession(method=SignInMethod.MAIL))
        session_id: UUID = session.session_id
        return session_id

    def identity(self) -> UUID:
        subject = self.name()
        link = LinkIdentity(issuer="https://login.example.com", subject=subject)
        self.world.do("max", link)
        own = t.identities.c.subject == subject
        with self.world.system.database.reading() as connection:
            found: UUID = connection.execute(sa.select(t.identities.c.id).where(own)).scalar_one()
        return found

    def token(self) -> UUID:
        token = self.world.do("max", CreateApiToken(name=self.name(), scopes=frozenset()))
        token_id: UUID = token.token_id
        return token_id

    def delivery(self) -> UUID:
        """Of a mail to an approver about a release of max, as if it had been sent."""
        self.release()
        d = deliveries
        with self.world.system.database.writing() as connection:
            connection.execute(d.update().values(state="SENT", settled_at=self.world.clock.instant))
            newest = sa.select(d.c.id).where(d.c.action_link_id.is_not(None))
            found: UUID = connection.execute(newest.order_by(d.c.id.desc())).scalars().first()
            connection.commit()
        return found

    def webhook(self) -> str:
        hook = {"name": self.name(), "url": "https://example.com/"}
        webhook = self.api.change("max", "createWebhook", hook, "webhook { id }")["webhook"]["id"]
        self.api.change("max", "updateWebhook", {"id": webhook, "active": False}, "webhook { id }")
        return str(webhook)

    def issuer(self) -> str:
        """One that is trusted, in place of the one before, since an account has few of them."""
        with self.world.system.database.reading() as connection:
            earlier = connection.execute(sa.select(t.trusted_issuers.c.id)).scalars().all()
        for issuer_id in earlier:
            self.world.do("admin", DeleteTrustedIssuer(issuer_id=issuer_id))
        return to_global("TrustedIssuer", trust(self.world, name=self.name()))

    def rule_input(self, scope: str) -> dict[str, Any]:
        return {
            "issuerId": self.issuer(),
            "name": self.name(),
            "userId": self.api.id("User", "bot"),
            "conditions": [{"claim": "repository_id", "equals": ["4711"]}],
            "scopes": [scope],
            "keypairIds": [self.api.id("Keypair", "vault")],
        }

    def rule(self) -> str:
        input_ = self.rule_input("SIGN")
        rule = self.api.change("max", "createPipelineRule", input_, "rule { id }")["rule"]["id"]
        return str(rule)

    def hook_an_hour_later(self) -> str:
        """The webhook that exists from the beginning, when one may send again by hand."""
        self.world.clock.instant += timedelta(hours=1)
        return str(self.api.hook)  # type: ignore[attr-defined]


Input = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A mutation with an input that somebody who holds everything may ask for."""

    mutation: str
    #: Makes the input, with a new subject.
    input: Callable[[Stage], Input]
    #: Any of these is enough.
    needs: tuple[Scopes, ...]


def case(mutation: str, make: Callable[[Stage], Input], *needs: set[Permission]) -> Case:
    return Case(mutation, make, tuple(map(frozenset, needs)))


def _id(kind: str, id_: UUID) -> Input:
    return {"id": to_global(kind, id_)}


def _requested(stage: Stage) -> Input:
    now, keypair = stage.world.clock.instant, stage.world.things[stage.keypair()]
    return {
        "name": stage.name(),
        "type": "OFFLINE",
        "teamId": to_global("Team", stage.world.things["blue"]),
        "keypairIds": [to_global("Keypair", keypair)],
        "startsAt": (now + timedelta(hours=1)).isoformat(),
        "endsAt": (now + timedelta(hours=2)).isoformat(),
        "maxSignatures": 1,
    }


def _issuer(stage: Stage) -> Input:
    stage.issuer()
    name = stage.name()
    url = f"https://{name.lower().replace(' ', '-')}.example.com"
    return {"name": name, "kind": "GITLAB_CI", "url": url}


def _team_with(stage: Stage, *names: str) -> Input:
    """Team `blue` with others than before."""
    everybody = ["ann", "bob", "dev", "max", *names]
    stage.world.set_team("blue", members=["ann", "bob", "dev", "max"])
    members = [stage.api.id("User", name) for name in everybody]
    return _id("Team", stage.world.things["blue"]) | {"memberIds": members}


def _joining(stage: Stage, name: str) -> Input:
    """Somebody who is to join team `blue`, and is not in it."""
    team = _team_with(stage)
    return {"id": team["id"], "userIds": [stage.api.id("User", name)]}


def _leaving(stage: Stage, name: str) -> Input:
    """Somebody who is to leave team `blue`, and is in it."""
    stage.world.set_team("blue", members=["ann", "bob", "dev", "max", name])
    blue = _id("Team", stage.world.things["blue"])
    return blue | {"userIds": [stage.api.id("User", name)]}


def _restricted(stage: Stage) -> UUID:
    keypair = stage.world.things[stage.keypair()]
    restrict = UpdateKeypair(keypair_id=keypair, access=KeypairAccess.RESTRICTED)
    stage.world.do("admin", restrict)
    return keypair


def _deactivated(stage: Stage) -> UUID:
    role, _ = stage.role(P.VIEW_LEDGER)
    user_id = stage.user(role)
    stage.world.do("admin", UpdateUser(user_id=user_id, active=False))
    return user_id


def _user(stage: Stage, *roles: str) -> Input:
    number = next(stage.count)
    return {"email": f"u{number}@example.com", "name": "New", "roles": list(roles)}


def _addressed(stage: Stage, whom: str) -> Input:
    number = next(stage.count)
    return _id("User", stage.world.people[whom]) | {"email": f"a{number}@example.org"}


def _setting(stage: Stage, name: str, before: Any, after: Any) -> Input:
    """A change of one setting, away from a value that it is given first."""
    if name == "teams_enabled":  # which is switched while no release is open
        stage.world.clock.pass_(days=1)
    given = {"enabled_release_types": frozenset, "quota_on_online": QuotaOnOnline}
    stage.world.settings(**{name: given.get(name, lambda value: value)(before)})
    return {to_camel_case(name): after}


def _sign(stage: Stage) -> Input:
    return {"keypairId": stage.api.id("Keypair", "web")}


def _certified(stage: Stage) -> Input:
    return _sign(stage) | {"subject": "CN=Example", "reason": "a new authority"}


def _openpgp(stage: Stage) -> Input:
    name = stage.name()
    keypair = stage.world.add_keypair(name, ReleaseType.TEST, category=KeypairCategory.GPG)
    return {"keypairId": to_global("Keypair", keypair), "reason": "it never expires"}


def _retiring(stage: Stage) -> Input:
    keypair = stage.world.add_keypair(stage.name())
    return {"keypairId": to_global("Keypair", keypair), "reason": "it is old"}


def _predecessor(stage: Stage) -> Input:
    return _retiring(stage) | {"alias": stage.name()}


def _certificate(stage: Stage) -> Input:
    certificate = add_certificate(stage.world, "web", make_default=False)
    return _sign(stage) | {"certificateId": to_global("Certificate", certificate)}


USERS, TEAMS, KEYS, ACCOUNT = (
    P.MANAGE_USERS,
    P.MANAGE_TEAMS,
    P.MANAGE_KEYPAIRS,
    P.MANAGE_ACCOUNT,
)
PROFILE, TOKENS = P.MANAGE_OWN_PROFILE, P.MANAGE_OWN_TOKENS
REQUEST, APPROVE = P.REQUEST_RELEASE, P.APPROVE_RELEASE
#: Of each setting a strict value and a loose one, and what a token needs to go from the first to
#: the second besides `MANAGE_ACCOUNT`; the way back needs nothing else.
SETTINGS: list[tuple[str, Any, Any, set[Permission]]] = [
    ("signing_frozen", True, False, {P.SIGN}),
    ("reapprove_on_edit", True, False, {APPROVE}),
    ("allow_self_approval", False, True, {APPROVE}),
    ("required_approvals", 2, 1, {APPROVE}),
    ("enabled_release_types", ["OFFLINE"], ["OFFLINE", "ONLINE"], {REQUEST}),
    ("quota_on_online", "REFUSE", "UNASSOCIATED", {P.SIGN}),
    ("restrict_signing_to_releases", True, False, {P.SIGN}),
    ("signed_in_approvals", True, False, {APPROVE}),
    ("users_may_rename_themselves", False, True, set()),
    ("max_window_days", 30, 31, {P.SIGN}),
    ("offline_certification", False, True, set()),
]
B64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

CASES = [
    case("createRelease", _requested, {REQUEST}),
    case(
        "updateRelease",
        lambda s: {"id": s.release(), "revision": 1, "note": "new"},
        {REQUEST},
        {APPROVE},
    ),
    case("approveRelease", lambda s: {"id": s.release("dev"), "revision": 1}, {APPROVE}),
    case(
        "rejectRelease",
        lambda s: {"id": s.release("dev"), "revision": 1, "comment": "no"},
        {APPROVE},
    ),
    case("withdrawRelease", lambda s: {"id": s.release()}, {REQUEST}, {APPROVE}),
    case("closeRelease", lambda s: {"id": s.release(begun=True)}, {REQUEST}, {APPROVE}),
    case("stopRelease", lambda s: {"id": s.release(approved=True), "reason": "leak"}, {APPROVE}),
    case("sign", lambda s: _sign(s) | {"digest": B64}, {P.SIGN}),
    case("signBatch", lambda s: _sign(s) | {"items": [{"digest": B64}]}, {P.SIGN}),
    case(
        "createKeypair",
        lambda s: {"alias": s.name(), "type": "ONLINE", "algorithm": "ED25519"},
        {KEYS},
    ),
    case(
        "createKeypair",
        lambda s: {
            "alias": s.name(),
            "type": "ONLINE",
            "algorithm": "ED25519",
            "access": "RESTRICTED",
            "userIds": [s.api.id("User", "dev")],
        },
        {KEYS, P.SIGN},
    ),
    case(
        "importKeypair",
        lambda s: {
            "alias": s.name(),
            "type": "ONLINE",
            "algorithm": "ED25519",
            "privateKeyFile": b64encode(pem_of(Ed25519PrivateKey.generate())).decode(),
        },
        {KEYS},
    ),
    case(
        "adoptKeypair",
        lambda s: {
            "alias": s.name(),
            "type": "ONLINE",
            "algorithm": "ED25519",
            "backend": "device",
            "key": f"key {s.name()}",
        },
        {KEYS},
    ),
    case(
        "updateKeypair",
        lambda s: _id("Keypair", s.world.things[s.keypair()]) | {"alias": s.name()},
        {KEYS},
    ),
    case(
        "updateKeypair",
        lambda s: _id("Keypair", _restricted(s)) | {"userIds": [s.api.id("User", "dev")]},
        {KEYS, P.SIGN},
    ),
    case(
        "updateKeypair",
        lambda s: _id("Keypair", _restricted(s)) | {"addUserIds": [s.api.id("User", "dev")]},
        {KEYS, P.SIGN},
    ),
    case(
        "updateKeypair",
        lambda s: _id("Keypair", _restricted(s)) | {"access": "OPEN"},
        {KEYS, P.SIGN},
    ),
    case(
        "addCertificate",
        lambda s: _sign(s) | {"chain": chain_for(s.world, "web")},
        {KEYS},
    ),
    case("createCertificateRequest", _certified, {KEYS}),
    case("issueSelfSignedCertificate", lambda s: _certified(s) | {"days": 30}, {KEYS}),
    case("renewOpenpgpCertificate", _openpgp, {KEYS}),
    case("renewKeypair", _predecessor, {KEYS, P.SIGN}),
    case("retireKeypair", _retiring, {KEYS}),
    case("setDefaultCertificate", _certificate, {KEYS}),
    case("removeCertificate", _certificate, {KEYS}),
    case("createUser", _user, {USERS}),
    case("createUser", lambda s: _user(s, s.role(P.SIGN)[0]), {USERS, P.SIGN}),
    case("createUser", lambda s: _user(s, s.role(APPROVE)[0]), {USERS, APPROVE}),
    case("createUser", lambda s: _user(s, "ADMIN") | {"service": True}),
    case("createUser", lambda s: _user(s, s.role(TEAMS)[0])),
    case("updateUser", lambda s: _id("User", s.user()) | {"name": s.name()}, {USERS}),
    case(
        "updateUser",
        lambda s: _id("User", s.world.people["max"]) | {"name": s.name()},
        {USERS},
        {PROFILE},
    ),
    # No token changes an address: anybody's, one's own, a service user's.
    *(case("updateUser", partial(_addressed, whom=whom)) for whom in ("max", "none", "bot")),
    case("updateUser", lambda s: _id("User", s.user()) | {"active": False}, {USERS}),
    case(
        "updateUser",
        lambda s: _id("User", _deactivated(s)) | {"active": True},
        {USERS, P.VIEW_LEDGER},
    ),
    case(
        "updateUser",
        lambda s: _id("User", s.user()) | {"roles": [s.role(KEYS)[0]]},
    ),
    case("updateUser", lambda s: _id("User", s.user()) | {"roles": [s.role(ACCOUNT)[0]]}),
    case(
        "updateUser",
        lambda s: _id("User", s.user()) | {"roles": [s.role(P.VIEW_LEDGER)[0]]},
        {USERS, P.VIEW_LEDGER},
    ),
    case("updateUser", lambda s: _id("User", s.user()) | {"roles": ["LEAD"]}),
    case("createRole", lambda s: {"name": s.name(), "permissions": []}, {USERS}),
    case("createRole", lambda s: {"name": s.name(), "permissions": ["SIGN"]}, {USERS, P.SIGN}),
    case(
        "updateRole",
        lambda s: _id("Role", s.role()[1]) | {"permissions": ["APPROVE_RELEASE"]},
        {USERS, APPROVE},
    ),
    case("updateRole", lambda s: _id("Role", s.role(P.SIGN)[1]) | {"permissions": []}, {USERS}),
    case(
        "createTeam",
        lambda s: {"name": s.name(), "memberIds": [s.api.id("User", "ann")]},
    ),
    case("updateTeam", lambda s: _team_with(s) | {"name": s.name()}, {TEAMS}),
    case("updateTeam", lambda s: _team_with(s, "none"), {TEAMS, P.VIEW_RELEASES}),
    case("updateTeam", lambda s: _team_with(s, "eve")),
    case("addTeamMembers", lambda s: _joining(s, "none"), {TEAMS, P.VIEW_RELEASES}),
    case("addTeamMembers", lambda s: _joining(s, "eve")),
    case("removeTeamMembers", lambda s: _leaving(s, "none"), {TEAMS}),
    case("createApiToken", lambda s: {"name": "t", "scopes": []}, {TOKENS}),
    case("createApiToken", lambda s: {"name": "t", "scopes": ["SIGN"]}, {TOKENS, P.SIGN}),
    case("createApiToken", lambda s: {"name": "t"}),
    case(
        "createApiToken",
        lambda s: {"name": "t", "scopes": [], "userId": s.api.id("User", "bot")},
        {USERS},
    ),
    case(
        "createApiToken",
        lambda s: {"name": "t", "scopes": ["SIGN"], "userId": s.api.id("User", "bot")},
        {USERS, P.SIGN},
    ),
    case("revokeApiToken", lambda s: _id("ApiToken", s.token()), {TOKENS}, {USERS}),
    case("revokeSession", lambda s: _id("Session", s.session()), {PROFILE}, {USERS}),
    case("unlinkIdentity", lambda s: _id("Identity", s.identity()), {PROFILE}, {USERS}),
    case(
        "updateNotificationPreferences",
        lambda s: {"preferences": [{"kind": "OPENED", "channels": ["email"]}]},
        {PROFILE},
    ),
    case(
        "resendDelivery", lambda s: _id("Delivery", s.delivery()), {REQUEST}, {APPROVE}, {ACCOUNT}
    ),
    case(
        "createWebhook",
        lambda s: {"name": s.name(), "url": "https://example.com/"},
        {ACCOUNT, P.VIEW_RELEASES},
    ),
    case("updateWebhook", lambda s: {"id": s.webhook(), "name": s.name()}, {ACCOUNT}),
    case(
        "updateWebhook",
        lambda s: {"id": s.webhook(), "url": "https://example.net/"},
        {ACCOUNT, P.VIEW_RELEASES},
    ),
    case(
        "updateWebhook",
        lambda s: {"id": s.webhook(), "active": True},
        {ACCOUNT, P.VIEW_RELEASES},
    ),
    case("rotateWebhookSecret", lambda s: {"id": s.webhook()}, {ACCOUNT}),
    case("sendTestWebhook", lambda s: {"id": s.hook_an_hour_later()}, {ACCOUNT}),
    case("createTrustedIssuer", _issuer, {USERS}),
    case("updateTrustedIssuer", lambda s: {"id": s.issuer(), "name": s.name()}, {USERS}),
    case("deleteTrustedIssuer", lambda s: {"id": s.issuer()}, {USERS}),
    case("createPipelineRule", lambda s: s.rule_input("SIGN"), {USERS, P.SIGN}),
    case("createPipelineRule", lambda s: s.rule_input("VIEW_LEDGER"), {USERS, P.VIEW_LEDGER}),
    case("updatePipelineRule", lambda s: {"id": s.rule(), "name": s.name()}, {USERS, P.SIGN}),
    case("deletePipelineRule", lambda s: {"id": s.rule()}, {USERS}),
    # Last, for they leave the account with other settings.
    *(
        case("updateAccount", partial(_setting, name=name, before=before, after=after), needs)
        for name, strict, loose, needs_to_loosen in SETTINGS
        for before, after, needs in (
            (loose, strict, {ACCOUNT}),
            (strict, loose, {ACCOUNT} | needs_to_loosen),
        )
    ),
    # More than any two scopes: everything that is used in teams.
    case("updateAccount", partial(_setting, name="teams_enabled", before=True, after=False)),
    case(
        "updateAccount",
        partial(_setting, name="teams_enabled", before=False, after=True),
        {ACCOUNT, APPROVE},
    ),
]


@pytest.fixture
def stage(world: World) -> Iterator[Stage]:
    world.system = _quiet(world)
    world.add_user("max", "ADMIN", "LEAD", "DEVELOPER")
    world.add_user("none")
    world.add_user("bot", service=True)
    world.add_keypair("web", ReleaseType.ONLINE)
    keys = frozenset(world.things[alias] for alias in ("vault", "spare", "web"))
    members = frozenset(world.people[name] for name in ("ann", "bob", "dev", "max"))
    blue = UpdateTeam(team_id=world.things["blue"], member_ids=members, keypair_ids=keys)
    world.do("admin", blue)
    api, runtime = make_api(world, limits=Limits(rate=0))
    with api.client:
        stage = Stage(world, api)
        api.hook = hook = stage.webhook()  # type: ignore[attr-defined]
        api.change("max", "updateWebhook", {"id": hook, "active": True}, "webhook { id }")
        for scopes in (*SINGLE, *PAIRS):
            command = CreateApiToken(name="walk", scopes=scopes)
            api.tokens[_called(scopes)] = world.do("max", command).secret
        yield stage
    runtime.executor.shutdown()


def _quiet(world: World) -> System:
    """Every refusal is written down, and mails are queued."""
    listeners = (Outbox(b"l" * 32),)
    signers = {**world.system.signers, "device": Device()}
    return replace(
        world.system,
        signers=signers,
        refusal_throttle=RefusalThrottle(per_minute=10**6),
        event_handlers=listeners,
    )


def _called(scopes: Scopes) -> str:
    return "+".join(sorted(scopes))


def test_the_walk_knows_every_mutation() -> None:
    assert {case.mutation for case in CASES} == set(MUTATIONS)


@POSTGRESQL_IS_LONG
def test_every_mutation_takes_the_scopes_it_needs_and_no_single_other_one(
    stage: Stage, request: pytest.FixtureRequest
) -> None:
    _walk(stage, request, lambda case_: [*SINGLE, *(n for n in case_.needs if len(n) == 2)])


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nor_does_any_pair_of_scopes_reach_further(
    stage: Stage, request: pytest.FixtureRequest
) -> None:
    assert _walk(stage, request, lambda _: PAIRS) == len(CASES) * 55


def _walk(
    stage: Stage, request: pytest.FixtureRequest, scopes_of: Callable[[Case], list[Scopes]]
) -> int:
    """Asks each case with each of the scopes; answers how many calls that were."""
    tried = 0
    for case_ in CASES:
        subject = None
        for scopes in scopes_of(case_):
            subject = subject or case_.input(stage)
            codes, done = _ask(stage, case_.mutation, scopes, subject)
            where = case_.mutation, sorted(scopes), subject, codes
            if any(needed <= scopes for needed in case_.needs):
                assert not codes, where
                subject = None
            else:
                assert set(codes) & NO, where
                assert not done, where
            tried += 1
    report(request, f"scope walk: {tried} calls of {len(CASES)} inputs")
    return tried


def _ask(stage: Stage, mutation: str, scopes: Scopes, input_: Input) -> tuple[list[str], list[str]]:
    """The codes of the answer, and what the ledger says was done all the same."""
    e, database = t.ledger_entries, stage.world.system.database
    with database.reading() as connection:
        known = connection.execute(sa.select(sa.func.max(e.c.position))).scalar_one()
    each = "outcomes { errors { code } }" if mutation == "signBatch" else ""
    payload = stage.api.try_(_called(scopes), mutation, input_, each)
    errors = [*payload["errors"], *(e for o in payload.get("outcomes", ()) for e in o["errors"])]
    entries = sa.select(e.c.tag).where(e.c.position > known, e.c.tag != "attempt:refused")
    with database.reading() as connection:
        done = list(connection.execute(entries).scalars())
    return [error["code"] for error in errors], done
