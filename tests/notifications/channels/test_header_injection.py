"""Every field that a user controls, with whatever could begin another header or recipient."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, build_schema, get_named_type, is_scalar_type

from engine.commands.administration.account import create_account
from engine.commands.administration.pipeline_rules import UpdatePipelineRule
from engine.commands.administration.roles import CreateRole, UpdateRole
from engine.commands.administration.teams import CreateTeam, UpdateTeam
from engine.commands.administration.trusted_issuers import UpdateTrustedIssuer
from engine.commands.administration.users import CreateUser, UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.commands.keys.existing_keypairs import AdoptKeypair, ImportKeypair
from engine.commands.keys.openpgp_certificates import RenewOpenPgpCertificate
from engine.commands.keys.succession import RenewKeypair
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
from engine.model.artifacts import Artifact
from engine.model.claims import ClaimCondition
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import KeypairCategory, ReleaseType, Status, Verdict
from engine.signers.private_keys import PrivateKeyFile
from engine.signing.request import Refused
from notifications.channels.smtp import SmtpChannel
from notifications.content.writer import MessageRenderer
from notifications.delivery.relay import Relay
from notifications.outbox.preferences import UpdatePreferences
from notifications.periodic.certificate_expiry import CertificateExpiry
from notifications.vocabulary import EMAIL, MessageKind
from notifications.webhooks.create import CreateWebhook
from notifications.webhooks.update import UpdateWebhook
from tests.support.chains import add_certificate
from tests.support.databases import Templates
from tests.support.notices import LINK_KEY, with_outbox
from tests.support.pipelines import CONDITIONS, make_rule, trust
from tests.support.private_key_files import ED25519_PEM
from tests.support.smtp_server import Inbox, smtp_server
from tests.support.world import World

ENDINGS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x00", "\x1c", "\x85", "\u2028", "\u2029"]
#: Of headers these and no others are in any mail.
HEADERS = {
    "to", "message-id", "from", "subject", "date", "in-reply-to", "references", "mime-version",
    "auto-submitted", "x-auto-response-suppress", "content-type",
}  # fmt: skip
SCHEMA = Path(__file__).parents[3] / "api" / "graphql" / "schema.graphql"
NO_TEXT = {"ID", "Int", "Boolean", "DateTime"}
PUBLIC = "https://countersign.example.com"
Making = Callable[[World, str], Any]

#: By their place in the schema: fields of one line, and how somebody writes them.
ONE_LINE: dict[str, Making] = {
    "CreateUserInput.name": lambda w, it: w.do("admin", _user(name=it)),
    "CreateUserInput.email": lambda w, it: w.do("admin", _user(email=it)),
    "CreateUserInput.roles": lambda w, it: w.do("admin", _user(roles=(it,))),
    "CreateUserInput.timeZone": lambda w, it: w.do("admin", _user(time_zone=it)),
    "CreateUserInput.locale": lambda w, it: w.do("admin", _user(locale=it)),
    "UpdateUserInput.email": lambda w, it: w.do("ann", _ann(w, email=it, link_key=bytes(32))),
    "UpdateUserInput.name": lambda w, it: w.do("ann", _ann(w, name=it)),
    "UpdateUserInput.roles": lambda w, it: w.do("admin", _ann(w, roles=(it,))),
    "UpdateUserInput.timeZone": lambda w, it: w.do("ann", _ann(w, time_zone=it)),
    "UpdateUserInput.locale": lambda w, it: w.do("ann", _ann(w, locale=it)),
    "CreateRoleInput.name": lambda w, it: w.do("admin", _role(it)),
    "UpdateRoleInput.name": lambda w, it: w.do("admin", UpdateRole(role_id=_role_of(w), name=it)),
    "CreateTeamInput.name": lambda w, it: w.do("admin", _team(it)),
    "UpdateTeamInput.name": lambda w, it: w.do("admin", UpdateTeam(team_id=_blue(w), name=it)),
    "CreateKeypairInput.alias": lambda w, it: w.add_keypair(it),
    "CreateKeypairInput.backend": lambda w, it: w.add_keypair("third", backend=it),
    "CreateKeypairInput.openpgpUserId": lambda w, it: w.add_keypair(
        "third", category=KeypairCategory.GPG, openpgp_user_id=it
    ),
    "ImportKeypairInput.alias": lambda w, it: w.do("admin", _imported(alias=it)),
    "ImportKeypairInput.backend": lambda w, it: w.do("admin", _imported(backend=it)),
    "AdoptKeypairInput.alias": lambda w, it: w.do("admin", _adopted(alias=it)),
    "AdoptKeypairInput.backend": lambda w, it: w.do("admin", _adopted(backend=it)),
    "UpdateKeypairInput.alias": lambda w, it: w.do("admin", _vault(w, it)),
    "CreateCertificateRequestInput.subject": lambda w, it: w.do("admin", _csr(w, subject=it)),
    "CreateCertificateRequestInput.dnsNames": lambda w, it: w.do("admin", _csr(w, dns_names=(it,))),
    "CreateCertificateRequestInput.emails": lambda w, it: w.do("admin", _csr(w, emails=(it,))),
    "CreateCertificateRequestInput.uris": lambda w, it: w.do("admin", _csr(w, uris=(it,))),
    "IssueSelfSignedCertificateInput.subject": lambda w, it: w.do("admin", _self(w, subject=it)),
    "IssueSelfSignedCertificateInput.dnsNames": lambda w, it: w.do(
        "admin", _self(w, dns_names=(it,))
    ),
    "IssueSelfSignedCertificateInput.emails": lambda w, it: w.do("admin", _self(w, emails=(it,))),
    "IssueSelfSignedCertificateInput.uris": lambda w, it: w.do("admin", _self(w, uris=(it,))),
    "RenewOpenpgpCertificateInput.userId": lambda w, it: w.do("admin", _renewal(w, it)),
    "RenewKeypairInput.alias": lambda w, it: w.do("admin", _successor(w, it)),
    "CreateApiTokenInput.name": lambda w, it: w.do("ann", CreateApiToken(name=it)),
    "CreateWebhookInput.name": lambda w, it: w.do("admin", _webhook(name=it)),
    "CreateWebhookInput.url": lambda w, it: w.do("admin", _webhook(url=f"https://x.example/{it}")),
    "CreateWebhookInput.tags": lambda w, it: w.do("admin", _webhook(tags=(it,))),
    "UpdateWebhookInput.name": lambda w, it: w.do("admin", _changed(w, name=it)),
    "UpdateWebhookInput.url": lambda w, it: w.do(
        "admin", _changed(w, url=f"https://x.example/{it}")
    ),
    "UpdateWebhookInput.tags": lambda w, it: w.do("admin", _changed(w, tags=(it,))),
    "CreateTrustedIssuerInput.name": lambda w, it: trust(w, name=it),
    "CreateTrustedIssuerInput.url": lambda w, it: trust(w, url=f"https://x.example/{it}"),
    "CreateTrustedIssuerInput.audience": lambda w, it: trust(w, audience=it),
    "UpdateTrustedIssuerInput.name": lambda w, it: w.do("admin", _issuer(w, name=it)),
    "UpdateTrustedIssuerInput.audience": lambda w, it: w.do("admin", _issuer(w, audience=it)),
    "CreatePipelineRuleInput.name": lambda w, it: make_rule(w, name=it),
    "UpdatePipelineRuleInput.name": lambda w, it: w.do(
        "admin", UpdatePipelineRule(rule_id=w.things["rule"], name=it)
    ),
    "ClaimConditionInput.claim": lambda w, it: _condition(w, ClaimCondition(it, ("x",))),
    "ClaimConditionInput.equals": lambda w, it: _condition(w, ClaimCondition("ref", (it,))),
    "ClaimConditionInput.matches": lambda w, it: _condition(
        w, ClaimCondition("ref", matches=(f"{it}*",))
    ),
    "NotificationPreferenceInput.channels": lambda w, it: w.do("ann", _preferring(it)),
    "CreateReleaseInput.name": lambda w, it: w.request(name=it),
    "CreateReleaseInput.version": lambda w, it: w.request(version=it),
    "UpdateReleaseInput.name": lambda w, it: _revise(w, name=it),
    "UpdateReleaseInput.version": lambda w, it: _revise(w, version=it),
    "ArtifactInput.name": lambda w, it: _signed(w, artifact=Artifact(name=it)),
    "ContextEntryInput.name": lambda w, it: _signed(w, context={it: "x"}),
    # Not over the API: by `countersign init`.
    "account": lambda w, it: create_account(w.system, it, "admin@example.com"),
}
#: May have many lines; `everything` puts each of them into mails.
MANY_LINES = {
    "AddCertificateInput.chain", "CreateCertificateRequestInput.reason",
    "IssueSelfSignedCertificateInput.reason", "RenewOpenpgpCertificateInput.reason",
    "RenewKeypairInput.reason", "RetireKeypairInput.reason",
    "CreateReleaseInput.note", "UpdateReleaseInput.note", "ApproveReleaseInput.comment",
    "RejectReleaseInput.comment", "WithdrawReleaseInput.reason", "CloseReleaseInput.reason",
    "StopReleaseInput.reason", "ContextEntryInput.value",
}  # fmt: skip
#: What is signed is in no message.
UNTOLD = {
    "SignInput.digest", "SignInput.content", "SignInput.message", "SignBatchItem.message",
    "SshSigInput.namespace", "SshSigInput.digest",
    "SignInput.idempotencyKey", "SignInput.keypairAlias",
    "SignBatchInput.keypairAlias", "SignBatchItem.digest", "SignBatchItem.idempotencyKey",
    "ArtifactInput.size", "ArtifactInput.digest", "ImportKeypairInput.privateKeyFile",
    "ImportKeypairInput.passphrase", "AdoptKeypairInput.key",
}  # fmt: skip


def written_fields() -> Iterator[str]:
    """Every text that a mutation takes, by its place in the schema."""
    schema = build_schema(SCHEMA.read_text("utf-8"))
    assert schema.mutation_type is not None
    arguments = [a for field in schema.mutation_type.fields.values() for a in field.args.values()]
    inputs = {get_named_type(argument.type) for argument in arguments}
    seen: set[Any] = set()
    while inputs:
        one = inputs.pop()
        assert isinstance(one, GraphQLInputObjectType), "mutations take inputs, and no scalars"
        seen.add(one)
        for name, field in one.fields.items():
            type_ = get_named_type(field.type)
            if isinstance(type_, GraphQLInputObjectType):
                inputs |= {type_} - seen
            elif is_scalar_type(type_) and type_.name not in NO_TEXT:
                yield f"{one.name}.{name}"


def test_no_field_is_forgotten() -> None:
    assert set(written_fields()) == (set(ONE_LINE) - {"account"}) | MANY_LINES | UNTOLD


def _user(**values: Any) -> CreateUser:
    return CreateUser(**({"email": "x@example.com", "name": "X", "roles": ()} | values))


def _ann(world: World, **values: Any) -> UpdateUser:
    return UpdateUser(user_id=world.people["ann"], **values)


def _csr(world: World, **values: Any) -> CreateCertificateRequest:
    given = {"keypair_id": world.things["vault"], "subject": "CN=X", "reason": "X"} | values
    return CreateCertificateRequest(**given)


def _self(world: World, **values: Any) -> IssueSelfSignedCertificate:
    given = {"keypair_id": world.things["vault"], "subject": "CN=X", "reason": "X"} | values
    return IssueSelfSignedCertificate(days=1, **given)


def _renewal(world: World, user_id: str) -> RenewOpenPgpCertificate:
    packages = world.things["packages"]
    return RenewOpenPgpCertificate(keypair_id=packages, reason="X", user_id=user_id)


def _successor(world: World, alias: str) -> RenewKeypair:
    return RenewKeypair(keypair_id=world.things["packages"], alias=alias, reason="X")


def _role(name: str) -> CreateRole:
    return CreateRole(name=name, permissions=frozenset())


def _role_of(world: World) -> Any:
    return world.things["reader"]


def _blue(world: World) -> Any:
    return world.things["blue"]


def _imported(**values: Any) -> ImportKeypair:
    fixed = {"type": ReleaseType.ONLINE, "algorithm": KeypairAlgorithm.ED25519}
    file = PrivateKeyFile(ED25519_PEM)
    return ImportKeypair(**({"alias": "third"} | fixed | {"private_key_file": file} | values))


def _adopted(**values: Any) -> AdoptKeypair:
    fixed = {"type": ReleaseType.ONLINE, "algorithm": KeypairAlgorithm.ED25519, "key": "release"}
    return AdoptKeypair(**({"alias": "third"} | fixed | values))


def _vault(world: World, alias: str) -> UpdateKeypair:
    return UpdateKeypair(keypair_id=world.things["vault"], alias=alias)


def _changed(world: World, **values: Any) -> UpdateWebhook:
    return UpdateWebhook(webhook_id=world.things["hook"], **values)


def _preferring(channel: str) -> UpdatePreferences:
    chosen = {MessageKind.OPENED: frozenset({channel})}
    return UpdatePreferences(chosen=chosen, channels=frozenset({EMAIL}))


def _signed(world: World, **more: Any) -> Any:
    (outcome,) = world.sign("dev", **more)
    if isinstance(outcome, Refused):
        raise outcome.refusal
    return outcome


def _revise(world: World, **changes: str) -> Any:
    command = ReviseRelease(release_id=world.things["falcon"], revision=1, changes=changes)
    return world.do("dev", command)


def _team(name: str) -> CreateTeam:
    return CreateTeam(
        name=name, member_ids=frozenset(), keypair_ids=frozenset(), required_approvals=1
    )


def _issuer(world: World, **values: Any) -> UpdateTrustedIssuer:
    return UpdateTrustedIssuer(issuer_id=world.things["GitHub"], **values)


def _condition(world: World, condition: ClaimCondition) -> None:
    make_rule(world, name="Another", conditions=(CONDITIONS[0], condition))


def _webhook(**more: Any) -> CreateWebhook:
    return CreateWebhook(**({"name": "X", "url": "https://example.com/"} | more), key=bytes(32))


@pytest.fixture(scope="module")
def quiet_world(templates: Templates) -> Any:
    """On SQLite alone, for tests that change nothing in it."""
    with templates.world("sqlite") as world:
        yield furnished(with_outbox(world))


def furnished(world: World) -> World:
    """With a role, a webhook, a pipeline's rule, an OpenPGP keypair and a release to be renamed."""
    make_rule(world)
    world.add_keypair("packages", category=KeypairCategory.GPG)
    world.things["reader"] = world.do("admin", _role("Reader"))
    world.things["hook"] = world.do("admin", _webhook()).webhook_id
    spare = frozenset({world.things["spare"]})
    world.things["falcon"] = world.request(name="To be renamed", keypair_ids=spare)
    return world


@pytest.mark.parametrize("ending", ENDINGS, ids=repr)
@pytest.mark.parametrize("field", ONE_LINE)
def test_what_is_one_line_is_refused_with_another_in_it(
    quiet_world: World, field: str, ending: str
) -> None:
    before = quiet_world.snapshot()

    with pytest.raises(Refusal) as refused:
        ONE_LINE[field](quiet_world, f"ann@example.com{ending}Bcc: eve@example.com")

    assert refused.value.code in {Code.INVALID_INPUT, Code.NOT_FOUND}
    assert quiet_world.snapshot() == before


@pytest.mark.anyio
@pytest.mark.parametrize("ending", [*ENDINGS, "=?utf-8?q?=0d=0a?=", ", ", '" <eve@example.com>, "'])
async def test_no_text_adds_a_header_or_a_recipient(templates: Templates, ending: str) -> None:
    with templates.world("sqlite") as world:
        world = furnished(with_outbox(world))
        evil = f"X{ending}Bcc: eve@example.com{ending}{ending}<b>{ending}.{ending}QUIT"
        await asyncio.to_thread(everything, world, evil)
        assert await CertificateExpiry(world.system, world.executor).run_once() >= 2
        async with smtp_server() as inbox:
            channel = SmtpChannel(inbox.url, "Countersign <countersign@example.com>", timeout=5)
            relay = Relay(
                world.system, world.executor, channel, MessageRenderer(PUBLIC), LINK_KEY, PUBLIC
            )
            await relay.run_once()
            await relay._finish()
            check(inbox)


def everything(world: World, evil: str) -> None:
    """Every text that gets into mails; what is refused is said in a harmless way instead."""

    def say(who: str, command: Callable[[str], Any]) -> Any:
        try:
            return world.do(who, command(evil))
        except Refusal:
            return world.do(who, command("fine"))

    def ask(name: str) -> Any:
        return say("dev", lambda it: RequestRelease(fields=world.fields(name=name, note=it)))

    for making in ONE_LINE.values():
        with suppress(Refusal):
            making(world, evil)
    for entry in world.ledger(tag="release:requested"):
        if world.release(entry.release_id).status is Status.PENDING:
            world.do("dev", WithdrawRelease(release_id=entry.release_id, reason="fine"))
    add_certificate(world, name=evil[:64], ends_at=world.clock.instant + timedelta(days=5))
    say("admin", lambda it: _csr(world, reason=it))
    say("admin", lambda it: _self(world, reason=it))
    first = ask("First")
    changes = {"max_signatures": 7}
    say(
        "dev",
        lambda it: ReviseRelease(release_id=first, revision=1, changes={"note": it} | changes),
    )
    say("ann", lambda it: Decide(release_id=first, revision=2, verdict=Verdict.APPROVE, comment=it))
    say("dev", lambda it: WithdrawRelease(release_id=first, reason=it))
    second = ask("Second")
    say("bob", lambda it: Decide(release_id=second, revision=1, verdict=Verdict.REJECT, comment=it))
    third = world.approved(name="Third", max_signatures=1)
    world.clock.pass_(hours=1)
    artifact = Artifact(name="dist/fine")
    try:
        _signed(world, artifact=artifact, context={"commit": evil})
    except Refusal:
        _signed(world, artifact=artifact, context={"commit": "fine"})
    say("ann", lambda it: StopRelease(release_id=third, reason=it))
    fourth = world.approved(name="Fourth")
    world.clock.pass_(hours=1)
    say("dev", lambda it: CloseRelease(release_id=fourth, reason=it))


def check(inbox: Inbox) -> None:
    """Each mail has one recipient, the one it was handed in for, and our headers only."""
    assert len(inbox.mails) > 12
    known = {f"{name}@example.com" for name in ("admin", "ann", "bob", "dev", "eve", "x")}
    for recipient, mail in inbox.mails:
        assert recipient in known - {"eve@example.com"}
        assert {name.lower() for name in mail.keys()} <= HEADERS  # noqa: SIM118
        assert [one.addr_spec for one in mail["To"].addresses] == [recipient]
        assert [one.addr_spec for one in mail["From"].addresses] == ["countersign@example.com"]
        assert all(mail.get_all(name, []) == [mail[name]] for name in HEADERS if name in mail)
        assert "\n" not in mail["Subject"]
        assert mail.defects == []
