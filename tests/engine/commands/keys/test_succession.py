"""Keypairs that get a successor, and keypairs that are retired."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from engine.commands.keys.succession import RenewKeypair, RetireKeypair
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.keys.x509_certificates import CreateCertificateRequest
from engine.commands.releases.request_release import RequestRelease
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import (
    KeypairAccess,
    KeypairCategory,
    Permission,
    ReleaseType,
    Status,
)
from engine.persistence.store import tables as t
from engine.signers.base import GeneratedKey, SignerFailed, SigningKey
from engine.signers.keyring import KeyBinding
from engine.signers.local import LocalSigner
from engine.signers.openpgp_keys import read_settings
from engine.signing.request import Made, Refused
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import rows
from tests.support.threads import at_once
from tests.support.world import NOON, World

DAY = timedelta(days=1)
CREATED, RENEWED, RETIRED = "keypair:created", "keypair:renewed", "keypair:retired"
#: What a successor has of its predecessor.
INHERITED = ("type", "category", "access", "algorithm", "backend")


def renewal(world: World, predecessor: str = "vault", **more: Any) -> RenewKeypair:
    values = {"alias": "vault 2031", "reason": "The key is five years old."}
    return RenewKeypair(keypair_id=world.things[predecessor], **(values | more))


def retirement(world: World, alias: str = "vault", **more: Any) -> RetireKeypair:
    values = {"reason": "Its successor has taken over."} | more
    return RetireKeypair(keypair_id=world.things[alias], **values)


def renew(world: World, predecessor: str = "vault", **more: Any) -> Any:
    """Renew a keypair; answers the row of its successor."""
    command = renewal(world, predecessor, **more)
    world.things[command.alias] = world.do("admin", command)
    return row_of(world, command.alias)


def row_of(world: World, alias: str) -> Any:
    (row,) = rows(world, t.keypairs, id=world.things[alias])
    return row


def links(world: World, table: Any, column: str, alias: str) -> set[Any]:
    return {row._mapping[column] for row in rows(world, table, keypair_id=world.things[alias])}


def test_a_successor_has_a_key_of_its_own_and_all_else_of_its_predecessor(world: World) -> None:
    dev = world.people["dev"]
    world.add_keypair(
        "web",
        ReleaseType.TEST,
        access=KeypairAccess.RESTRICTED,
        algorithm=KeypairAlgorithm.ECDSA_P384,
        user_ids=frozenset({dev}),
    )
    world.add_team("red", ["ann", "dev"], ["web"], 1)
    world.set_team("blue", keypairs=["vault", "spare", "web"])
    before = row_of(world, "web")
    successor = renew(world, "web", alias="web 2")
    assert row_of(world, "web") == before
    for name in INHERITED:
        assert getattr(successor, name) == getattr(before, name)
    assert successor.public_key != before.public_key
    assert (successor.enabled, successor.has_default_certificate) == (True, False)
    assert links(world, t.keypair_users, "user_id", "web 2") == {dev}
    teams = {world.things["blue"], world.things["red"]}
    assert links(world, t.team_keypairs, "team_id", "web 2") == teams
    for alias in ("web", "web 2"):
        (outcome,) = world.sign("dev", alias)
        assert isinstance(outcome, Made), "the predecessor signs on until it is retired"


def test_the_ledger_names_both(world: World) -> None:
    known = len(world.ledger())
    command = renewal(world)
    successor = world.do("admin", command)
    created, renewed, granted = world.ledger()[known:]
    assert (created.tag, created.subject_id) == (CREATED, successor)
    assert details_of(created)["changes"]["predecessor"] == [None, "vault"]
    assert (renewed.tag, renewed.subject_id) == (RENEWED, world.things["vault"])
    assert json.loads(renewed.body)["reason"] == command.reason
    assert details_of(renewed)["successor_id"] == str(successor)
    assert details_of(renewed)["changes"] == {"successor": [None, "vault 2031"]}
    assert (granted.tag, granted.subject_id) == ("team:updated", world.things["blue"])
    before, after = details_of(granted)["changes"]["keypair_ids"]
    assert set(after) - set(before) == {str(successor)}


def test_whoever_changes_a_team_that_was_read_before_sees_the_successor_first(
    world: World,
) -> None:
    (before,) = rows(world, t.teams, id=world.things["blue"])
    renew(world)
    (after,) = rows(world, t.teams, id=world.things["blue"])
    assert after.revision == before.revision + 1


def test_a_keypair_has_one_successor_which_can_be_renewed(world: World) -> None:
    renew(world)
    refusal = assert_refused(
        world, "admin", renewal(world, alias="third"), Code.INVALID_INPUT, recorded=False
    )
    assert refusal.field == ("keypair_id",)
    assert "vault 2031" in refusal.message
    renew(world, "vault 2031", alias="third")
    pairs = {(row.predecessor_id, row.successor_id) for row in rows(world, t.keypair_successors)}
    line = [world.things[alias] for alias in ("vault", "vault 2031", "third")]
    assert pairs == set(pairwise(line))


def test_a_successor_of_an_openpgp_keypair_has_its_user_id(world: World) -> None:
    user_id = "Falcon <falcon@example.com>"
    gpg = {"category": KeypairCategory.GPG, "openpgp_user_id": user_id}
    world.add_keypair("packages", ReleaseType.TEST, **gpg, openpgp_expires_at=NOON + DAY)
    successor = renew(world, "packages", openpgp_expires_at=NOON + 100 * DAY)
    settings = read_settings(successor.openpgp_certificate)
    assert (settings.user_id, settings.expires_at) == (user_id, NOON + 100 * DAY)
    assert successor.openpgp_certificate != row_of(world, "packages").openpgp_certificate


def test_refusals_of_a_renewal_change_nothing(world: World) -> None:
    assert_refused(world, "ann", renewal(world), Code.FORBIDDEN)
    narrowed = frozenset({Permission.MANAGE_KEYPAIRS})
    refused = assert_refused(world, "admin", renewal(world), Code.FORBIDDEN, scopes=narrowed)
    assert refused.field == ("keypair_id",), "others are to sign with the successor"
    unknown = replace(renewal(world), keypair_id=uuid4())
    assert_refused(world, "admin", unknown, Code.NOT_FOUND, "keypair_id", recorded=False)
    for more, code, field in (
        ({"reason": " "}, Code.INVALID_INPUT, "reason"),
        ({"alias": ""}, Code.INVALID_INPUT, "alias"),
        ({"alias": "VAULT"}, Code.NAME_TAKEN, "alias"),
        ({"openpgp_expires_at": NOON + DAY}, Code.INVALID_INPUT, "openpgp_expires_at"),
    ):
        recorded = code is Code.NAME_TAKEN
        assert_refused(world, "admin", renewal(world, **more), code, field, recorded=recorded)


class Device(LocalSigner):
    """Does something before it makes a key, and counts the keys that it still has."""

    def __init__(self, signer: LocalSigner) -> None:
        self.__dict__ |= signer.__dict__
        self.held: set[KeyBinding] = set()
        self.before: Callable[[], None] = lambda: None

    def generate(self, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
        act, self.before = self.before, lambda: None
        act()
        self.held.add(binding)
        return super().generate(algorithm, binding)

    def destroy(self, key: SigningKey) -> None:
        self.held.remove(key.binding)


@pytest.fixture
def device(world: World) -> Device:
    signer = world.system.signers["local"]
    assert isinstance(signer, LocalSigner)
    device = Device(signer)
    world.system = replace(world.system, signers={"local": device})
    return device


def test_a_signer_that_fails_leaves_nothing(world: World, device: Device) -> None:
    before, known = world.snapshot(), len(world.ledger())

    def fail() -> None:
        raise SignerFailed("The token is away. Plug it in.")

    device.before = fail
    refusal = world.refused("admin", renewal(world))
    assert (refusal.code, refusal.message) == (Code.SIGNER_FAILED, "The token is away. Plug it in.")
    assert (world.snapshot(), len(world.ledger())) == (before, known)


def test_all_faults_are_answered_at_once(world: World) -> None:
    faulty = renewal(world, reason=" ", alias="", openpgp_expires_at=NOON)
    assert _faults(world, faulty) == ["alias", "openpgp_expires_at", "reason"]
    renew(world)
    assert _faults(world, faulty) == ["keypair_id", "alias", "openpgp_expires_at", "reason"]
    world.do("admin", retirement(world))
    assert _faults(world, retirement(world, reason="")) == ["keypair_id", "reason"]


def _faults(world: World, command: Any) -> list[str]:
    before = world.snapshot()
    refusal = world.refused("admin", command)
    assert world.snapshot() == before
    return [".".join(fault.field) for fault in refusal.all]


def test_a_key_of_a_signer_that_makes_none_has_no_successor(world: World, device: Device) -> None:
    makes_none = replace(device.capabilities, generates=frozenset())
    device.capabilities = makes_none
    for signers in ({"local": device}, {}):
        world.system = replace(world.system, signers=signers)
        refusal = assert_refused(
            world, "admin", renewal(world), Code.INVALID_INPUT, "keypair_id", recorded=False
        )
        assert "signer local makes no ED25519 keys here" in refusal.message


def test_of_several_at_once_one_renews_and_one_retires(world: World) -> None:
    renewals = [renewal(world, alias=f"vault {number}") for number in range(3)]
    retirements = [retirement(world) for _ in range(3)]
    commands = [*renewals, *retirements]
    answers = at_once([partial(world.do, "admin", command) for command in commands])
    refused = [isinstance(answer, Refusal) for answer in answers]
    assert (sorted(refused[:3]), sorted(refused[3:])) == ([False, True, True],) * 2
    assert {answer.code for answer in answers[3:] if isinstance(answer, Refusal)} == {
        Code.KEYPAIR_DISABLED
    }
    (link,) = rows(world, t.keypair_successors)
    assert [link.successor_id] == [answer for answer in answers[:3] if answer == link.successor_id]
    assert len(rows(world, t.keypairs)) == 3
    assert row_of(world, "vault").retired_at == NOON


def test_of_two_renewals_at_a_time_one_is_refused_and_its_key_destroyed(
    world: World, device: Device
) -> None:
    device.before = lambda: world.do("admin", renewal(world, alias="first"))
    refusal = world.refused("admin", renewal(world, alias="second"))
    assert (refusal.code, refusal.field) == (Code.INVALID_INPUT, ("keypair_id",))
    assert {row.alias for row in rows(world, t.keypairs)} == {"vault", "spare", "first"}
    assert len(device.held) == 1


def test_a_grant_that_is_taken_back_meanwhile_is_not_passed_on(
    world: World, device: Device
) -> None:
    device.before = lambda: world.set_team("blue", keypairs=["spare"])
    renew(world)
    assert links(world, t.team_keypairs, "team_id", "vault 2031") == set()


def test_a_retired_keypair_never_signs_again(world: World) -> None:
    world.add_keypair("web", ReleaseType.TEST)
    world.set_team("blue", keypairs=["web", "vault"])
    (outcome,) = world.sign("dev", "web")
    assert isinstance(outcome, Made)
    before, signatures = row_of(world, "web"), rows(world, t.signatures)
    world.clock.pass_(minutes=1)
    assert world.do("admin", retirement(world, "web")) == world.things["web"]
    row = row_of(world, "web")
    assert (row.enabled, row.retired_at) == (False, NOON + timedelta(minutes=1))
    assert (row.public_key, row.material) == (before.public_key, before.material)
    assert rows(world, t.signatures) == signatures
    (outcome,) = world.sign("dev", "web")
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code is Code.KEYPAIR_DISABLED
    assert "retired and never signs again" in outcome.refusal.message


def test_retiring_is_final(world: World) -> None:
    world.do("admin", retirement(world))
    vault = world.things["vault"]
    code = Code.KEYPAIR_DISABLED
    enable = UpdateKeypair(keypair_id=vault, enabled=True)
    assert_refused(world, "admin", enable, code, "enabled")
    assert_refused(world, "admin", retirement(world), code, "keypair_id")
    request = CreateCertificateRequest(keypair_id=vault, subject="CN=Example", reason="Late.")
    assert_refused(world, "admin", request, code, "keypair_id")
    refusal = assert_refused(world, "dev", RequestRelease(fields=world.fields()), code)
    assert "keypair vault is retired. Choose its successor or another." in refusal.message
    world.do("admin", UpdateKeypair(keypair_id=vault, alias="old vault"))
    assert renew(world, alias="vault").enabled, "its successor can come later, with its alias"


def test_retiring_stops_the_release_that_holds_it(world: World) -> None:
    release = world.approved()
    known = len(world.ledger())
    command = retirement(world)
    world.do("admin", command)
    assert world.release(release).status is Status.FAILED
    retired, stopped = world.ledger()[known:]
    assert (retired.tag, stopped.tag) == (RETIRED, "release:stopped")
    assert json.loads(retired.body)["reason"] == command.reason
    assert details_of(retired)["changes"]["state"] == ["ENABLED", "RETIRED"]
    assert json.loads(stopped.body)["reason"] == "Its keypair vault was retired."


def test_refusals_of_a_retirement_change_nothing(world: World) -> None:
    assert_refused(world, "ann", retirement(world), Code.FORBIDDEN)
    unknown = replace(retirement(world), keypair_id=uuid4())
    assert_refused(world, "admin", unknown, Code.NOT_FOUND, "keypair_id", recorded=False)
    blank = retirement(world, reason=" ")
    assert_refused(world, "admin", blank, Code.INVALID_INPUT, "reason", recorded=False)


def test_a_disabled_keypair_can_be_retired(world: World) -> None:
    world.do("admin", UpdateKeypair(keypair_id=world.things["spare"], enabled=False))
    known = len(world.ledger())
    world.do("admin", retirement(world, "spare"))
    assert tags(world, known) == [RETIRED]
    assert details_of(world.ledger()[-1])["changes"] == {"state": ["DISABLED", "RETIRED"]}
