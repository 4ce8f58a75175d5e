"""Renewed OpenPGP certificates: what programs make of them, the ledger, and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from engine.commands.keys.openpgp_certificates import RenewOpenPgpCertificate
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code
from engine.model.vocabulary import KeypairCategory, Permission, ReleaseType
from engine.openpgp.certificate import certificate_fingerprint
from engine.persistence.store import tables as t
from engine.signers.base import SignerFailed, SigningInput, SigningKey
from engine.signers.local import LocalSigner
from engine.signers.openpgp_keys import OpenPgpSettings, read_settings
from tests.support.gnupg import gnupg
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import rows
from tests.support.world import NOON, World
from tests.verifiers import programs
from tests.verifiers.signing import Signer

CONTENT = b"the package index\n" * 1000
DAY = timedelta(days=1)
USER_ID = "Falcon <falcon@example.com>"
NEW_USER_ID = "Falcon Packages <packages@example.com>"
INTENDED, DONE = "keypair:certification:intended", "keypair:certification:done"
FAILED = "keypair:certification:failed"
#: What the signer is asked for: a certification, the subkey's own word, and the binding.
STEPS = 3
ALGORITHMS = [
    KeypairAlgorithm.ED25519,
    KeypairAlgorithm.ECDSA_P256,
    KeypairAlgorithm.RSA_PKCS1_3072,
]


def add_keypair(
    world: World,
    algorithm: KeypairAlgorithm = KeypairAlgorithm.ED25519,
    type_: ReleaseType = ReleaseType.TEST,
    **more: Any,
) -> None:
    category = KeypairCategory.GPG
    more.setdefault("openpgp_user_id", USER_ID)
    world.add_keypair("packages", type_, category=category, algorithm=algorithm, **more)
    world.set_team("blue", keypairs=["packages", "vault"])


def renewal(world: World, alias: str = "packages", **more: Any) -> RenewOpenPgpCertificate:
    values = {"reason": "It expires in May.", "expires_at": world.clock.instant + 100 * DAY}
    return RenewOpenPgpCertificate(keypair_id=world.things[alias], **(values | more))


def row_of(world: World) -> Any:
    (row,) = rows(world, t.keypairs, id=world.things["packages"])
    return row


def certificate_of(world: World) -> str:
    certificate: str = row_of(world).openpgp_certificate
    return certificate


def says(world: World) -> OpenPgpSettings:
    """What the certificate says, which is what is stored beside it."""
    (primary,) = rows(world, t.openpgp_primary_keys)
    settings = read_settings(certificate_of(world))
    assert settings == OpenPgpSettings(primary.openpgp_user_id, primary.expires_at)
    return settings


def signature(world: World) -> str:
    return Signer(world, row_of(world)).openpgp(CONTENT)


def signed_and_expired(world: World, algorithm: KeypairAlgorithm) -> str:
    """A signature of a keypair whose certificate has expired since, by the time of programs."""
    world.clock.instant = datetime.now(UTC).replace(microsecond=0) - 3 * DAY
    add_keypair(world, algorithm, openpgp_expires_at=world.clock.instant + DAY)
    detached = signature(world)
    world.clock.pass_(days=3)
    return detached


def gpg_fields(world: World, kind: str, field: int) -> list[str]:
    """One field of the lines of this kind that gpg lists, by the world's clock."""
    with gnupg(world.clock.instant) as program:
        listed = program.keys(certificate_of(world))
    return [fields[field] for fields in listed if fields[0] == kind]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_expired_certificate_is_valid_again_and_earlier_signatures_stay(
    world: World, algorithm: KeypairAlgorithm, tmp_path: Path
) -> None:
    before = signed_and_expired(world, algorithm)
    fingerprint = certificate_fingerprint(certificate_of(world))
    late = signature(world)
    assert not programs.sqv(tmp_path, certificate_of(world), late, CONTENT)
    assert gpg_fields(world, "pub", 1) == gpg_fields(world, "sub", 1) == ["e"]

    world.do("admin", renewal(world))
    certificate = certificate_of(world)
    assert certificate_fingerprint(certificate) == fingerprint
    for detached in (before, late, signature(world)):
        for accepts in (programs.sqv, programs.gpg, programs.gpgv):
            assert accepts(tmp_path, certificate, detached, CONTENT)
            assert not accepts(tmp_path, certificate, detached, CONTENT + b" ")
    assert "e" not in gpg_fields(world, "pub", 1) + gpg_fields(world, "sub", 1)
    expiry = str(int((world.clock.instant + 100 * DAY).timestamp()))
    assert gpg_fields(world, "pub", 6) == gpg_fields(world, "sub", 6) == [expiry]


@pytest.mark.long
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_openpgp_js_and_rpm_take_a_renewed_certificate(
    world: World, algorithm: KeypairAlgorithm, tmp_path: Path
) -> None:
    before = signed_and_expired(world, algorithm)
    assert not programs.openpgp_js(tmp_path, certificate_of(world), signature(world), CONTENT)
    world.do("admin", renewal(world, user_id=NEW_USER_ID))
    certificate = certificate_of(world)
    assert programs.openpgp_js(tmp_path, certificate, before, CONTENT)
    assert programs.openpgp_js(tmp_path, certificate, signature(world), CONTENT)
    is_known_to_rpm = algorithm is not KeypairAlgorithm.ECDSA_P256
    assert programs.rpm_imports(tmp_path, certificate) is is_known_to_rpm


def test_the_expiry_is_taken_back(world: World) -> None:
    add_keypair(world, openpgp_expires_at=NOON + DAY)
    assert says(world) == OpenPgpSettings(USER_ID, NOON + DAY)
    world.do("admin", renewal(world, expires_at=None))
    assert says(world) == OpenPgpSettings(USER_ID, None)
    assert gpg_fields(world, "pub", 6) == [""]


def test_of_renewals_in_one_second_the_last_counts(world: World) -> None:
    add_keypair(world, openpgp_expires_at=NOON + DAY)
    for days in (9, 3, 6):
        world.do("admin", renewal(world, expires_at=NOON + days * DAY))
        assert says(world).expires_at == NOON + days * DAY
    world.clock.pass_(minutes=1)
    assert gpg_fields(world, "pub", 6) == [str(int((NOON + 6 * DAY).timestamp()))]


def test_another_user_id_is_the_primary_one_and_the_earlier_one_stays(world: World) -> None:
    add_keypair(world)
    world.do("admin", renewal(world, user_id=NEW_USER_ID))
    assert says(world).user_id == NEW_USER_ID
    world.clock.pass_(minutes=1)
    assert gpg_fields(world, "uid", 9) == [NEW_USER_ID, USER_ID]
    world.do("admin", renewal(world, user_id=USER_ID))
    world.clock.pass_(minutes=1)
    assert gpg_fields(world, "uid", 9) == [USER_ID, NEW_USER_ID]


def test_the_revocation_made_at_first_revokes_the_renewed_certificate(world: World) -> None:
    add_keypair(world)
    world.do("admin", renewal(world))
    (primary,) = rows(world, t.openpgp_primary_keys)
    with gnupg(world.clock.instant + DAY) as program:
        program.keys(certificate_of(world))
        listed = program.keys(primary.revocation)
    assert [fields[1] for fields in listed if fields[0] == "pub"] == ["r"]


def test_the_ledger_says_what_was_renewed_and_why(world: World) -> None:
    add_keypair(world, openpgp_expires_at=NOON + DAY)
    known = len(world.ledger())
    command = renewal(world, expires_at=NOON + 2 * DAY, user_id=NEW_USER_ID)
    world.do("admin", command)
    intended, done = world.ledger()[known:]
    assert (intended.tag, done.tag) == (INTENDED, DONE)
    for entry in (intended, done):
        details = details_of(entry)
        assert json.loads(entry.body)["reason"] == command.reason
        assert (details["use_id"], details["purpose"]) == (str(command.use_id), "OPENPGP_RENEWAL")
        assert details["changes"] == {
            "openpgp_user_id": [USER_ID, NEW_USER_ID],
            "openpgp_expires_at": ["2030-06-04T12:00:00.000000Z", "2030-06-05T12:00:00.000000Z"],
        }


def test_refusals_change_nothing(world: World) -> None:
    add_keypair(world, type_=ReleaseType.OFFLINE)
    assert_refused(world, "ann", renewal(world), Code.FORBIDDEN)
    narrowed = frozenset({Permission.MANAGE_USERS})
    assert_refused(world, "admin", renewal(world), Code.FORBIDDEN, scopes=narrowed)
    unknown = replace(renewal(world), keypair_id=uuid4())
    assert_refused(world, "admin", unknown, Code.NOT_FOUND, "keypair_id", recorded=False)
    for command, field in (
        (renewal(world, "vault"), "keypair_id"),
        (renewal(world, reason=" "), "reason"),
        (renewal(world, expires_at=NOON), "expires_at"),
        (renewal(world, expires_at=NOON + 40_000 * DAY), "expires_at"),
        (renewal(world, user_id="two\nlines"), "user_id"),
    ):
        assert_refused(world, "admin", command, Code.INVALID_INPUT, field, recorded=False)
    world.settings(offline_certification=False)
    assert_refused(world, "admin", renewal(world), Code.FORBIDDEN, "keypair_id")
    world.settings(offline_certification=True, signing_frozen=True)
    assert_refused(world, "admin", renewal(world), Code.SIGNING_FROZEN)
    world.settings(signing_frozen=False)
    world.do("admin", UpdateKeypair(keypair_id=world.things["packages"], enabled=False))
    assert_refused(world, "admin", renewal(world), Code.KEYPAIR_DISABLED)


class Device(LocalSigner):
    """Counts its signatures, and does something before one of them."""

    def __init__(self, signer: LocalSigner, at: int, act: Callable[[], None]) -> None:
        self.__dict__ |= signer.__dict__
        self.steps, self.at, self.act = 0, at, act

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        self.steps += 1
        if self.steps == self.at:
            self.act()
        return super().sign(key, message)


def with_device(world: World, at: int, act: Callable[[], None]) -> Device:
    signer = world.system.signers["local"]
    assert isinstance(signer, LocalSigner)
    device = Device(signer, at, act)
    world.system = replace(world.system, signers={"local": device})
    return device


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_device_that_fails_at_any_step_leaves_the_certificate(world: World, step: int) -> None:
    add_keypair(world)
    before, known = world.snapshot(), len(world.ledger())

    def fail() -> None:
        raise SignerFailed("The device was taken away.")

    device = with_device(world, step, fail)
    refusal = world.refused("admin", renewal(world))
    assert (refusal.code, device.steps) == (Code.SIGNER_FAILED, step)
    assert world.snapshot() == before
    assert tags(world, known) == [INTENDED, FAILED]
    assert details_of(world.ledger()[-1])["fault"] == "The device was taken away."
    world.do("admin", renewal(world))
    assert device.steps == step + STEPS


def test_a_signature_of_another_key_gets_into_no_certificate(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_keypair(world)
    before, known = world.snapshot(), len(world.ledger())
    device = with_device(world, 0, lambda: None)
    monkeypatch.setattr(device, "sign", lambda key, message: bytes(64))
    refusal = world.refused("admin", renewal(world))
    assert refusal.code is Code.SIGNER_FAILED
    assert "not of this keypair" in refusal.message
    assert world.snapshot() == before
    assert tags(world, known) == [INTENDED, FAILED]


def test_a_renewal_in_between_is_not_lost(world: World) -> None:
    add_keypair(world)
    known = len(world.ledger())

    def meanwhile() -> None:
        world.do("admin", renewal(world, expires_at=NOON + 3 * DAY))

    with_device(world, 2, meanwhile)
    refusal = world.refused("admin", renewal(world))
    assert (refusal.code, refusal.field) == (Code.REVISION_CONFLICT, ("keypair_id",))
    assert tags(world, known) == [INTENDED, INTENDED, DONE, FAILED]
    assert says(world).expires_at == NOON + 3 * DAY
