"""Certificate requests and self-signed certificates: who may, what the ledger says, and the key."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509

from engine.commands.administration.users import UpdateUser
from engine.commands.keys import certificates, certify, x509_certificates
from engine.commands.keys.certificates import RemoveCertificate, SetDefaultCertificate
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.keys.x509_certificates import (
    MAX_SELF_SIGNED_DAYS,
    CreateCertificateRequest,
    IssueSelfSignedCertificate,
)
from engine.commands.maintenance.advance_due import advance_due
from engine.model.algorithms import KeypairAlgorithm
from engine.model.certificates import CertificateWarning
from engine.model.errors import Code
from engine.model.vocabulary import Permission, ReleaseType, Status
from engine.persistence.store import tables as t
from engine.persistence.store.administration.certifications import NOT_FINISHED
from engine.signers.base import SignerFailed, SigningInput, SigningKey
from engine.signers.local import LocalSigner
from tests.support.chains import add_certificate
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.world import World

SUBJECT = "CN=Example Signing,O=Example GmbH,C=AT"
#: What `cryptography` and the signer `local` have keys of.
ALGORITHMS = [
    KeypairAlgorithm.ECDSA_P256,
    KeypairAlgorithm.ECDSA_P384,
    KeypairAlgorithm.ECDSA_P521,
    KeypairAlgorithm.ED25519,
    KeypairAlgorithm.ML_DSA_65,
    KeypairAlgorithm.RSA_PSS_2048,
    KeypairAlgorithm.RSA_PKCS1_2048,
]
#: OpenSSL 3.0 knows no ML-DSA; later ones do.
UNKNOWN_TO_OPENSSL = {KeypairAlgorithm.ML_DSA_65}
INTENDED, DONE = "keypair:certification:intended", "keypair:certification:done"
FAILED = "keypair:certification:failed"


def request_of(world: World, alias: str = "vault", **more: Any) -> CreateCertificateRequest:
    values = {"subject": SUBJECT, "reason": "The authority asks for a new one."}
    return CreateCertificateRequest(keypair_id=world.things[alias], **(values | more))


def self_signed(world: World, alias: str = "vault", **more: Any) -> IssueSelfSignedCertificate:
    values = {"subject": SUBJECT, "reason": "For tests.", "days": 30}
    return IssueSelfSignedCertificate(keypair_id=world.things[alias], **(values | more))


def stored(world: World, certificate_id: Any) -> Any:
    query = sa.select(t.certificates).where(t.certificates.c.id == certificate_id)
    with world.system.database.reading() as connection:
        return connection.execute(query).one()


def openssl(*arguments: object, given: str) -> str:
    command = ["openssl", *map(str, arguments)]
    ran = subprocess.run(command, input=given, check=True, capture_output=True, text=True)
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_openssl_verifies_the_requests_and_certificates_of_every_kind_of_key(
    world: World, algorithm: KeypairAlgorithm, tmp_path: Path
) -> None:
    world.add_keypair("key", algorithm=algorithm)
    names = {"dns_names": ("example.com",), "emails": ("a@example.com",)}
    pem = world.do("admin", request_of(world, "key", **names, uris=("https://example.com/",)))
    csr = x509.load_pem_x509_csr(pem.encode())
    assert csr.is_signature_valid
    assert csr.subject.rfc4514_string() == SUBJECT
    alternatives = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert len(alternatives) == 3
    row = stored(world, world.do("admin", self_signed(world, "key", **names)))
    assert row.warnings.split() == [CertificateWarning.SELF_SIGNED]
    if algorithm in UNKNOWN_TO_OPENSSL:
        return
    assert "verify OK" in openssl("req", "-verify", "-noout", given=pem)
    root = tmp_path / "root.pem"
    root.write_text(row.content)
    at = int(world.clock.instant.timestamp()) + 60
    verify = ("verify", "-attime", at, "-x509_strict", "-check_ss_sig", "-CAfile", root)
    assert openssl(*verify, given=row.content).endswith(": OK\n")


def test_keytool_reads_a_request(world: World) -> None:
    if shutil.which("keytool") is None:
        pytest.skip("keytool is not installed")
    world.add_keypair("key", algorithm=KeypairAlgorithm.ECDSA_P256)
    pem = world.do("admin", request_of(world, "key"))
    ran = subprocess.run(
        ["keytool", "-printcertreq"], input=pem, check=True, capture_output=True, text=True
    )
    assert "Subject: CN=Example Signing, O=Example GmbH, C=AT" in ran.stdout


def test_the_ledger_has_the_intention_first_and_then_how_it_ended(world: World) -> None:
    known = len(world.ledger())
    command = request_of(world)
    world.do("admin", command)
    intended, done = world.ledger()[known:]
    assert (intended.tag, done.tag) == (INTENDED, DONE)
    for entry in (intended, done):
        details = details_of(entry)
        assert entry.subject_id == world.things["vault"]
        assert json.loads(entry.body)["reason"] == command.reason
        assert (details["use_id"], details["purpose"]) == (str(command.use_id), "REQUEST")
    assert details_of(intended)["changes"] == {"subject": [None, SUBJECT]}


class LoggingSigner(LocalSigner):
    """Keeps a log of its signatures, and may fail or be stopped at one."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.log: list[Any] = []
        self.before: Callable[[], None] = lambda: None

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        self.log.append(key.binding.keypair_id)
        self.before()
        return super().sign(key, message)


@pytest.fixture
def logged(world: World) -> tuple[World, LoggingSigner]:
    signer = object.__new__(LoggingSigner)
    signer.__dict__ |= world.system.signers["local"].__dict__
    signer.log, signer.before = [], lambda: None
    world.system = replace(world.system, signers={"local": signer})
    return world, signer


def test_an_offline_key_is_used_without_a_release_by_these_commands_alone(
    logged: tuple[World, LoggingSigner],
) -> None:
    world, signer = logged
    vault = world.things["vault"]
    world.add_keypair("third")
    world.do("admin", UpdateKeypair(keypair_id=vault, alias="Safe"))
    add_certificate(world)
    certificate = add_certificate(world, name="Example Second", make_default=False)
    choose = SetDefaultCertificate(keypair_id=vault, certificate_id=certificate)
    world.do("admin", choose)
    world.approved()
    world.sign("dev")  # refused: the window has not begun
    assert signer.log == []
    world.do("admin", request_of(world))
    assert signer.log == [vault]
    world.do("admin", self_signed(world))
    assert signer.log == [vault, vault]
    world.clock.pass_(hours=1)
    world.sign("dev")
    assert signer.log == [vault, vault, vault]


def test_what_is_refused_uses_no_key(logged: tuple[World, LoggingSigner]) -> None:
    world, signer = logged
    world.add_keypair("web", ReleaseType.ONLINE)
    narrowed = frozenset({Permission.MANAGE_USERS})
    assert_refused(world, "ann", request_of(world), Code.FORBIDDEN)
    assert_refused(world, "admin", self_signed(world), Code.FORBIDDEN, scopes=narrowed)
    for command in (
        request_of(world, reason=" "),
        request_of(world, subject=""),
        request_of(world, subject="nobody"),
        request_of(world, subject="C=Austria"),
        request_of(world, subject="CN=example.com\\00.example.net"),
        self_signed(world, subject="CN=Example\\0AO=Other"),
        self_signed(world, subject="CN=Example\\E2\\80\\AEReversed"),
        request_of(world, dns_names=("\u00e4.example.com",)),
        request_of(world, dns_names=("",)),
        request_of(world, emails=("Ann <a@example.com>",)),
        request_of(world, uris=tuple(f"https://example.com/{n}" for n in range(21))),
        self_signed(world, days=0),
        self_signed(world, days=MAX_SELF_SIGNED_DAYS + 1),
    ):
        assert_refused(world, "admin", command, Code.INVALID_INPUT, recorded=False)
    world.settings(offline_certification=False)
    for make in (request_of, self_signed):
        assert_refused(world, "admin", make(world), Code.FORBIDDEN)
    assert signer.log == []
    world.do("admin", request_of(world, "web"))
    assert len(signer.log) == 1, "the setting is about offline keypairs"
    world.settings(signing_frozen=True)
    assert_refused(world, "admin", request_of(world, "web"), Code.SIGNING_FROZEN)
    world.settings(signing_frozen=False)
    world.do("admin", UpdateKeypair(keypair_id=world.things["web"], enabled=False))
    assert_refused(world, "admin", request_of(world, "web"), Code.KEYPAIR_DISABLED)
    assert len(signer.log) == 1


def test_a_signer_that_fails_is_in_the_ledger(logged: tuple[World, LoggingSigner]) -> None:
    world, signer = logged
    known = len(world.ledger())

    def fail() -> None:
        raise SignerFailed("The token is away. Plug it in.")

    signer.before = fail
    refusal = world.refused("admin", self_signed(world))
    assert (refusal.code, refusal.message) == (Code.SIGNER_FAILED, "The token is away. Plug it in.")
    assert tags(world, known) == [INTENDED, FAILED]
    assert details_of(world.ledger()[-1])["fault"] == refusal.message


def test_a_signature_of_another_key_is_not_handed_out(
    logged: tuple[World, LoggingSigner], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, signer = logged
    known = len(world.ledger())
    monkeypatch.setattr(signer, "sign", lambda key, message: bytes(64))
    for make in (request_of, self_signed):
        refusal = world.refused("admin", make(world))
        assert refusal.code is Code.SIGNER_FAILED
        assert "not of this keypair" in refusal.message
    assert tags(world, known) == [INTENDED, FAILED] * 2


def test_how_it_ended_is_recorded_whatever_happened_meanwhile(
    logged: tuple[World, LoggingSigner],
) -> None:
    world, signer = logged
    world.add_user("second", "ADMIN")
    known = len(world.ledger())

    def meanwhile() -> None:
        signer.before = lambda: None
        world.do("second", UpdateUser(user_id=world.admin_id, active=False))
        world.do("second", UpdateKeypair(keypair_id=world.things["vault"], enabled=False))

    signer.before = meanwhile
    certificate = world.do("admin", self_signed(world))
    assert tags(world, known) == [INTENDED, "user:updated", "keypair:updated", DONE]
    assert stored(world, certificate).added_by == world.admin_id
    assert world.ledger()[-1].actor_id == world.admin_id


def test_a_certificate_that_came_first_leaves_no_room_for_the_self_signed_one(
    logged: tuple[World, LoggingSigner], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, signer = logged
    monkeypatch.setattr(certificates, "MAX_KEYPAIR_CERTIFICATES", 1)
    known = len(world.ledger())

    def meanwhile() -> None:
        signer.before = lambda: None
        add_certificate(world, make_default=False)

    signer.before = meanwhile
    refusal = world.refused("admin", self_signed(world, make_default=True))
    assert (refusal.code, refusal.field) == (Code.INVALID_INPUT, ("keypair_id",))
    assert tags(world, known) == [INTENDED, "keypair:certificate:added", FAILED]
    failed = world.ledger()[-1]
    assert (failed.actor_id, details_of(failed)["fault"]) == (world.admin_id, refusal.message)
    with world.system.database.reading() as connection:
        (only,) = connection.execute(sa.select(t.certificates)).all()
    assert (only.issuer, only.is_default) == ("CN=Example Intermediate", False)


def test_a_self_signed_certificate_becomes_the_default_if_that_is_asked_for(world: World) -> None:
    add_certificate(world)
    certificate = world.do("admin", self_signed(world, make_default=True))
    assert stored(world, certificate).is_default
    assert details_of(world.ledger()[-1])["changes"] == {
        "certificate": [None, SUBJECT],
        "expires_at": [None, "2030-07-03T12:00:00.000000Z"],
        "default_certificate": ["CN=Example Signing", SUBJECT],
    }


def test_a_default_that_completes_a_quorum_approves_the_request(world: World) -> None:
    certificate = add_certificate(world)
    release = world.request(with_default_certificate=True)
    world.decide("ann", release)
    world.do("admin", UpdateUser(user_id=world.people["ann"], roles=("SIGNER",)))
    world.decide("bob", release)
    vault = world.things["vault"]
    world.do("admin", RemoveCertificate(keypair_id=vault, certificate_id=certificate))
    world.do("admin", UpdateUser(user_id=world.people["ann"], roles=("LEAD",)))
    assert world.release(release).status is Status.PENDING
    world.do("admin", self_signed(world, make_default=True))
    assert tags(world)[-2:] == [DONE, "release:approved"]
    assert world.release(release).status is Status.APPROVED


class Killed(BaseException):
    """The process ends here: nothing of it runs any more."""


@pytest.mark.parametrize("step", ["before the key", "after the key", "at the end"])
def test_what_a_server_that_dies_has_begun_fails_in_time(
    logged: tuple[World, LoggingSigner], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    world, signer = logged
    known = len(world.ledger())

    def die(*_: Any, **__: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patched:
        if step == "before the key":
            patched.setattr(signer, "sign", die)
        elif step == "after the key":
            patched.setattr(x509_certificates, "checked_certificate", die)
        else:
            patched.setattr(certify, "transaction", die)
        with pytest.raises(Killed):
            world.do("admin", self_signed(world))
    assert tags(world, known) == [INTENDED]
    certificate = world.do("admin", self_signed(world))
    assert tags(world, known) == [INTENDED, INTENDED, DONE]
    assert stored(world, certificate).is_default is False
    assert advance_due(world.system) == 0
    world.clock.pass_(seconds=world.system.reservation_seconds)
    assert advance_due(world.system) == 1
    assert advance_due(world.system) == 0
    assert tags(world, known) == [INTENDED, INTENDED, DONE, FAILED]
    begun, failed = world.ledger()[known], world.ledger()[-1]
    assert details_of(failed)["use_id"] == details_of(begun)["use_id"]
    assert (failed.subject_id, failed.actor_id) == (world.things["vault"], None)


@pytest.mark.parametrize("fails", [False, True])
def test_one_that_ends_too_late_has_failed(
    logged: tuple[World, LoggingSigner], *, fails: bool
) -> None:
    world, signer = logged
    known = len(world.ledger())

    def meanwhile() -> None:
        signer.before = lambda: None
        world.clock.pass_(seconds=world.system.reservation_seconds)
        assert advance_due(world.system) == 1
        if fails:
            raise SignerFailed("The token is away. Plug it in.")

    signer.before = meanwhile
    refusal = world.refused("admin", self_signed(world))
    assert refusal.code is Code.SIGNER_FAILED
    assert refusal.message == ("The token is away. Plug it in." if fails else NOT_FINISHED)
    assert tags(world, known) == [INTENDED, FAILED]
    assert details_of(world.ledger()[-1])["fault"] == NOT_FINISHED
    with world.system.database.reading() as connection:
        assert connection.execute(sa.select(t.certificates)).all() == []
