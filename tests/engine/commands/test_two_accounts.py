"""Two accounts in one database never see, count or collide with each other's things."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from engine import commands
from engine.commands.administration.account import UpdateAccount
from engine.commands.administration.directory import (
    AddDirectoryTeam,
    AddDirectoryUser,
    ChangeDirectoryTeam,
    ChangeDirectoryUser,
    RemoveDirectoryUser,
)
from engine.commands.administration.follow_groups import FollowGroups
from engine.commands.administration.pipeline_rules import (
    CreatePipelineRule,
    DeletePipelineRule,
    UpdatePipelineRule,
)
from engine.commands.administration.roles import CreateRole, UpdateRole
from engine.commands.administration.teams import (
    AddTeamMembers,
    CreateTeam,
    RemoveTeamMembers,
    UpdateTeam,
)
from engine.commands.administration.trusted_issuers import (
    CreateTrustedIssuer,
    DeleteTrustedIssuer,
    UpdateTrustedIssuer,
)
from engine.commands.administration.users import CreateUser, UpdateUser
from engine.commands.command import Command, execute
from engine.commands.credentials.api_tokens import CreateApiToken, RevokeApiToken
from engine.commands.credentials.change_address import TOKEN_PURPOSE, ConfirmAddress
from engine.commands.credentials.device_sign_in import DecideDevice, StartDeviceSession
from engine.commands.credentials.identities import LinkIdentity, UnlinkIdentity
from engine.commands.credentials.pipeline_tokens import IssuePipelineToken
from engine.commands.credentials.sessions import RevokeSession, StartSession
from engine.commands.keys.certificates import (
    AddCertificate,
    RemoveCertificate,
    SetDefaultCertificate,
)
from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.keys.existing_keypairs import AdoptKeypair, ImportKeypair
from engine.commands.keys.openpgp_certificates import RenewOpenPgpCertificate
from engine.commands.keys.succession import RenewKeypair, RetireKeypair
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.keys.x509_certificates import (
    CreateCertificateRequest,
    IssueSelfSignedCertificate,
)
from engine.commands.releases.close_release import CloseRelease
from engine.commands.releases.decide import Decide
from engine.commands.releases.request_release import RequestRelease
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.algorithms import KeypairAlgorithm
from engine.model.derived_tokens import derive_token, spell
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import (
    ROLE_PERMISSIONS,
    ReleaseType,
    SignatureState,
    SignInMethod,
    Status,
    Verdict,
)
from engine.persistence.store import tables as t
from engine.signers.private_keys import PrivateKeyFile
from engine.signing.request import SignRequest
from tests.support.chains import add_certificate, chain_for
from tests.support.pipelines import GITHUB, make_rule, rule_command
from tests.support.private_key_files import ED25519_PEM
from tests.support.refusals import assert_refused
from tests.support.releases import release_in, rows
from tests.support.sign_now import sign
from tests.support.world import DIGEST, World, make_world

LINK_KEY = b"l" * 32


def confirming(them: World, *, of: World) -> ConfirmAddress:
    """A link to a new address of theirs, for a user of one of the accounts."""
    (change,) = rows(them, t.address_changes, account_id=them.account_id)
    token = derive_token(LINK_KEY, TOKEN_PURPOSE, change.id, change.nonce)
    user_id = of.people["dev" if of is them else "max"]
    return ConfirmAddress(user_id=user_id, spelling=spell(change.id, token), key=LINK_KEY)


#: A command of ours on something of theirs; who gives it; None: nothing foreign can be named.
Foreign = Callable[[World, World], Command[Any]]
ON_FOREIGN_THINGS: dict[type[Any], list[Foreign]] = {
    RequestRelease: [
        lambda us, them: RequestRelease(
            fields=replace(us.fields(), keypair_ids=frozenset({them.things["vault"]}))
        ),
        lambda us, them: RequestRelease(fields=replace(us.fields(), team_id=them.things["blue"])),
    ],
    ReviseRelease: [
        lambda us, them: ReviseRelease(
            release_id=them.things["release"], revision=1, changes={"note": "ours"}
        ),
        lambda us, them: ReviseRelease(
            release_id=us.things["release"],
            revision=1,
            changes={"keypair_ids": frozenset({them.things["vault"]})},
        ),
        lambda us, them: ReviseRelease(
            release_id=us.things["release"],
            revision=1,
            changes={"team_id": them.things["blue"]},
        ),
    ],
    Decide: [
        lambda us, them: Decide(
            release_id=them.things["release"], revision=1, verdict=Verdict.APPROVE
        ),
        lambda us, them: Decide(
            release_id=them.things["release"], revision=1, verdict=Verdict.REJECT, comment="No."
        ),
    ],
    WithdrawRelease: [lambda us, them: WithdrawRelease(release_id=them.things["release"])],
    CloseRelease: [lambda us, them: CloseRelease(release_id=them.things["release"])],
    StopRelease: [lambda us, them: StopRelease(release_id=them.things["release"], reason="ours")],
    CreateKeypair: [
        lambda us, them: CreateKeypair(
            alias="new", type=ReleaseType.TEST, user_ids=frozenset({them.people["dev"]})
        )
    ],
    ImportKeypair: [
        lambda us, them: ImportKeypair(
            alias="new",
            type=ReleaseType.TEST,
            private_key_file=PrivateKeyFile(ED25519_PEM),
            algorithm=KeypairAlgorithm.ED25519,
            user_ids=frozenset({them.people["dev"]}),
        )
    ],
    AdoptKeypair: [
        lambda us, them: AdoptKeypair(
            alias="new",
            type=ReleaseType.TEST,
            key="release",
            algorithm=KeypairAlgorithm.ED25519,
            user_ids=frozenset({them.people["dev"]}),
        )
    ],
    UpdateKeypair: [
        lambda us, them: UpdateKeypair(keypair_id=them.things["vault"], enabled=False),
        lambda us, them: UpdateKeypair(
            keypair_id=us.things["vault"], user_ids=frozenset({them.people["dev"]})
        ),
        lambda us, them: UpdateKeypair(
            keypair_id=us.things["vault"], add_user_ids=frozenset({them.people["dev"]})
        ),
    ],
    AddCertificate: [
        lambda us, them: AddCertificate(keypair_id=them.things["vault"], chain=chain_for(them)),
    ],
    SetDefaultCertificate: [
        lambda us, them: SetDefaultCertificate(
            keypair_id=them.things["vault"], certificate_id=them.things["certificate"]
        ),
        lambda us, them: SetDefaultCertificate(
            keypair_id=us.things["vault"], certificate_id=them.things["certificate"]
        ),
    ],
    RemoveCertificate: [
        lambda us, them: RemoveCertificate(
            keypair_id=them.things["vault"], certificate_id=them.things["certificate"]
        ),
        lambda us, them: RemoveCertificate(
            keypair_id=us.things["vault"], certificate_id=them.things["certificate"]
        ),
    ],
    CreateCertificateRequest: [
        lambda us, them: CreateCertificateRequest(
            keypair_id=them.things["vault"], subject="CN=Ours", reason="ours"
        )
    ],
    IssueSelfSignedCertificate: [
        lambda us, them: IssueSelfSignedCertificate(
            keypair_id=them.things["vault"], subject="CN=Ours", reason="ours", days=1
        )
    ],
    RenewOpenPgpCertificate: [
        lambda us, them: RenewOpenPgpCertificate(keypair_id=them.things["vault"], reason="ours")
    ],
    RenewKeypair: [
        lambda us, them: RenewKeypair(keypair_id=them.things["vault"], alias="ours", reason="ours")
    ],
    RetireKeypair: [lambda us, them: RetireKeypair(keypair_id=them.things["vault"], reason="ours")],
    CreateTeam: [
        lambda us, them: CreateTeam(name="new", member_ids=frozenset({them.people["ann"]})),
        lambda us, them: CreateTeam(
            name="new",
            member_ids=frozenset({us.people["ann"]}),
            keypair_ids=frozenset({them.things["vault"]}),
        ),
    ],
    UpdateTeam: [
        lambda us, them: UpdateTeam(team_id=them.things["blue"], name="ours"),
        lambda us, them: UpdateTeam(
            team_id=us.things["blue"], keypair_ids=frozenset({them.things["vault"]})
        ),
    ],
    AddTeamMembers: [
        lambda us, them: AddTeamMembers(
            team_id=them.things["blue"], user_ids=frozenset({them.people["eve"]})
        ),
        lambda us, them: AddTeamMembers(
            team_id=us.things["blue"], user_ids=frozenset({them.people["eve"]})
        ),
    ],
    RemoveTeamMembers: [
        lambda us, them: RemoveTeamMembers(
            team_id=them.things["blue"], user_ids=frozenset({them.people["dev"]})
        ),
        lambda us, them: RemoveTeamMembers(
            team_id=us.things["blue"], user_ids=frozenset({them.people["dev"]})
        ),
    ],
    CreateUser: [
        lambda us, them: CreateUser(email="x@example.com", name="X", roles=("Their role",))
    ],
    UpdateUser: [
        lambda us, them: UpdateUser(user_id=them.people["dev"], active=False),
        lambda us, them: UpdateUser(user_id=us.people["dev"], roles=("Their role",)),
        lambda us, them: UpdateUser(
            user_id=them.people["dev"], email="dev@example.org", link_key=LINK_KEY
        ),
    ],
    ConfirmAddress: [
        lambda us, them: confirming(them, of=them),
        lambda us, them: confirming(them, of=us),
    ],
    CreateRole: [],
    UpdateRole: [lambda us, them: UpdateRole(role_id=them.things["role"], name="ours")],
    UpdateAccount: [
        lambda us, them: UpdateAccount(
            account_id=them.account_id, settings={"signing_frozen": True}
        )
    ],
    CreateApiToken: [
        lambda us, them: CreateApiToken(name="x", user_id=them.people["bot"]),
    ],
    RevokeApiToken: [lambda us, them: RevokeApiToken(token_id=them.things["token"])],
    StartSession: [],
    # What a device asks for is in no account until somebody decides; whose it is from then on,
    # the tests of the device flow say.
    DecideDevice: [],
    StartDeviceSession: [],
    AddDirectoryUser: [],
    ChangeDirectoryUser: [
        lambda us, them: ChangeDirectoryUser(user_id=them.people["dev"], external_id=None)
    ],
    RemoveDirectoryUser: [lambda us, them: RemoveDirectoryUser(user_id=them.people["dev"])],
    AddDirectoryTeam: [
        lambda us, them: AddDirectoryTeam(
            name="Ours", external_id=None, member_ids=frozenset({them.people["ann"]})
        )
    ],
    ChangeDirectoryTeam: [
        lambda us, them: ChangeDirectoryTeam(
            team_id=them.things["blue"], name="Ours", external_id=None, member_ids=None
        ),
        lambda us, them: ChangeDirectoryTeam(
            team_id=us.things["blue"],
            name="Blue",
            external_id=None,
            member_ids=frozenset({them.people["ann"]}),
        ),
    ],
    CreateTrustedIssuer: [],
    UpdateTrustedIssuer: [
        lambda us, them: UpdateTrustedIssuer(issuer_id=them.things["GitHub"], name="Ours")
    ],
    DeleteTrustedIssuer: [lambda us, them: DeleteTrustedIssuer(issuer_id=them.things["GitHub"])],
    CreatePipelineRule: [
        lambda us, them: rule_command(us, issuer_id=them.things["GitHub"]),
        lambda us, them: rule_command(us, user_id=them.people["bot"]),
        lambda us, them: rule_command(us, keypair_ids=frozenset({them.things["vault"]})),
    ],
    UpdatePipelineRule: [
        lambda us, them: UpdatePipelineRule(rule_id=them.things["rule"], name="Ours")
    ],
    DeletePipelineRule: [lambda us, them: DeletePipelineRule(rule_id=them.things["rule"])],
    IssuePipelineToken: [
        lambda us, them: IssuePipelineToken(
            rule_id=them.things["rule"],
            issuer=GITHUB,
            audience=None,
            claims={"repository_id": "4711", "ref": "refs/tags/v1"},
            proof_hash=bytes(32),
            proof_expires_at=us.clock.instant,
        )
    ],
    RevokeSession: [lambda us, them: RevokeSession(session_id=them.things["session"])],
    # Rules name roles and teams, which are looked up in the account of who signs in.
    FollowGroups: [],
    LinkIdentity: [],
    UnlinkIdentity: [lambda us, them: UnlinkIdentity(identity_id=them.things["identity"])],
}


@pytest.fixture
def us(world: World) -> World:
    """Our account, where one person may do everything."""
    everything = ROLE_PERMISSIONS
    world.do("admin", CreateRole(name="Everything", permissions=everything))
    world.add_user("max", "Everything")
    world.set_team("blue", members=["ann", "bob", "dev", "max"])
    world.things["release"] = world.request()
    return world


@pytest.fixture
def them(us: World) -> Iterator[World]:
    """Theirs, in the same database, with one thing of every kind."""
    other = make_world(us.system.database, account="Other")
    other.add_user("bot", "SIGNER", service=True)
    other.things["release"] = other.request()
    other.things["role"] = other.do("admin", CreateRole(name="Their role", permissions=frozenset()))
    other.things["token"] = other.do("dev", CreateApiToken(name="laptop")).token_id
    session = other.do("dev", StartSession(method=SignInMethod.MAIL))
    other.things["session"] = session.session_id
    other.do("dev", LinkIdentity(issuer="https://id.example.com", subject="dev"))
    (identity,) = rows(other, t.identities, account_id=other.account_id)
    other.things["identity"] = identity.id
    other.things["rule"] = make_rule(other)
    other.things["certificate"] = add_certificate(other)
    other.do(
        "dev", UpdateUser(user_id=other.people["dev"], email="new@example.org", link_key=LINK_KEY)
    )
    before = other.ledger()
    yield other
    assert other.ledger()[: len(before)] == before
    assert all(
        entry.actor_id in {None, *other.people.values()} for entry in other.ledger()[len(before) :]
    )


def all_commands() -> set[type[Any]]:
    """Every command there is, found by what it can do."""
    found = set()
    for module in pkgutil.walk_packages(commands.__path__, "engine.commands."):
        names = vars(importlib.import_module(module.name))
        found |= {
            kind
            for kind in names.values()
            if isinstance(kind, type) and hasattr(kind, "apply") and hasattr(kind, "attempt")
        }
    return {kind for kind in found if not inspect.isabstract(kind)}


def test_no_command_is_left_out() -> None:
    assert set(ON_FOREIGN_THINGS) == all_commands()


def test_what_belongs_to_another_account_does_not_exist(us: World, them: World) -> None:
    for make in (foreign for makers in ON_FOREIGN_THINGS.values() for foreign in makers):
        assert_refused(us, "max", make(us, them), Code.NOT_FOUND, recorded=False)


def test_a_principal_of_two_accounts_is_nobody(us: World, them: World) -> None:
    mixed = Principal(account_id=us.account_id, user_id=them.people["ann"])
    before = us.snapshot()
    command = Decide(release_id=us.things["release"], revision=1, verdict=Verdict.APPROVE)
    with pytest.raises(Refusal) as refused:
        execute(us.system, mixed, command)
    assert refused.value.code is Code.NOT_FOUND
    assert us.snapshot() == before


def test_nobody_signs_with_another_accounts_keypair(us: World, them: World) -> None:
    release_in(
        them, Status.IN_PROGRESS, keypair_ids=frozenset({them.things["spare"]}), name="Eagle"
    )
    request = SignRequest(keypair_id=them.things["spare"], digest=DIGEST)
    before = us.snapshot()
    with pytest.raises(Refusal) as refused:
        sign(us.system, us.principal("max"), them.things["spare"], [request])
    assert refused.value.code is Code.NOT_FOUND
    assert us.snapshot() == before
    assert rows(us, t.signatures, state=SignatureState.RESERVED) == []


def test_each_ledger_counts_its_own_entries_without_gaps(us: World, them: World) -> None:
    them.things.clear()
    for world in (us, them):
        positions = [entry.position for entry in world.ledger()]
        assert positions == list(range(1, len(positions) + 1))
        (head,) = rows(world, t.ledger_heads, account_id=world.account_id)
        assert head.count == len(positions)
