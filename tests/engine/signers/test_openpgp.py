"""OpenPGP keys: GnuPG accepts what they sign."""

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock
from uuid import uuid4

import pytest
from pysequoia.packet import HashAlgorithm, PacketPile

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.signers.base import Content, SignerContext, SignerFailed, UnsuitableMessage
from engine.signers.keyring import KeyBinding, Keyring
from engine.signers.openpgp import OpenPgpSigner
from engine.signing.request import CONTENT_HASH

ED25519, RSA = KeypairAlgorithm.OPENPGP_ED25519, KeypairAlgorithm.OPENPGP_RSA_4096
# To find the primes of an RSA key takes seconds.
ALGORITHMS = pytest.mark.parametrize(
    "algorithm", [ED25519, pytest.param(RSA, marks=pytest.mark.long)]
)
CONTENT = Content(b"the package index\n" * 1000)


@pytest.fixture
def openpgp(context) -> OpenPgpSigner:
    return OpenPgpSigner(context)


@pytest.fixture
def make_key(openpgp, binding, stored):
    return lambda algorithm: stored(algorithm, binding, openpgp.generate(algorithm, binding))


@pytest.fixture
def gpg():
    """Runs GnuPG in a home of its own, short enough for its sockets."""
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not installed")
    home = Path(tempfile.mkdtemp(prefix="gpg"))
    environment = {**os.environ, "GNUPGHOME": str(home), "LC_ALL": "C"}

    def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = ["gpg", "--batch", "--no-autostart", "--status-fd", "1", *arguments]
        return subprocess.run(
            command, input=given, cwd=home, env=environment, capture_output=True, check=False
        )

    yield run
    shutil.rmtree(home)


@ALGORITHMS
def test_gpg_accepts_what_was_signed_and_nothing_else(
    openpgp, make_key, gpg, tmp_path, algorithm
) -> None:
    key = make_key(algorithm)
    signature = openpgp.sign(key, CONTENT)
    assert signature.startswith(b"-----BEGIN PGP SIGNATURE-----")
    (tmp_path / "content.asc").write_bytes(signature)
    assert gpg("--import", given=key.public_key_pem.encode()).returncode == 0

    verify = ("--verify", str(tmp_path / "content.asc"), "-")
    good = gpg(*verify, given=CONTENT.value)
    assert good.returncode == 0
    assert b"VALIDSIG" in good.stdout
    assert gpg(*verify, given=CONTENT.value + b" ").returncode == 1


def test_the_public_key_names_its_keypair_and_can_only_certify_and_sign(
    make_key, gpg, binding
) -> None:
    key = make_key(ED25519)
    assert "PRIVATE" not in key.public_key_pem
    gpg("--import", given=key.public_key_pem.encode())
    listed = gpg("--with-colons", "--list-keys").stdout.decode()
    assert f"Countersign {binding.keypair_id}" in listed
    keys = [line.split(":") for line in listed.splitlines() if line.startswith(("pub", "sub"))]
    assert [(fields[0], fields[11].lower()) for fields in keys] == [("pub", "csc"), ("sub", "s")]


def test_a_digest_is_refused_where_content_belongs(openpgp, make_key, digest_of_content) -> None:
    with pytest.raises(UnsuitableMessage, match="signs content, not a digest"):
        openpgp.sign(make_key(ED25519), digest_of_content(DigestAlgorithm.SHA256))


def test_other_keys_are_not_made_here(openpgp, binding) -> None:
    with pytest.raises(SignerFailed, match="openpgp cannot make ED25519 keys"):
        openpgp.generate(KeypairAlgorithm.ED25519, binding)


def test_a_key_opens_only_untouched_in_its_place_and_under_its_master_key(
    openpgp, make_key
) -> None:
    key = make_key(ED25519)
    openpgp.sign(key, CONTENT)
    moved = replace(key, binding=KeyBinding(key.binding.account_id, uuid4()))
    with pytest.raises(SignerFailed, match="belongs to another keypair"):
        openpgp.sign(moved, CONTENT)
    with pytest.raises(SignerFailed, match="was altered"):
        openpgp.sign(replace(key, material=key.material + b"x"), CONTENT)
    elsewhere = OpenPgpSigner(SignerContext(Keyring([os.urandom(32)]), {}))
    with pytest.raises(SignerFailed, match="which is not configured"):
        elsewhere.sign(key, CONTENT)


@pytest.mark.parametrize("opened_before", [False, True])
def test_on_a_machine_whose_clock_is_behind_the_refusal_speaks_of_the_clock(
    openpgp, make_key, monkeypatch, opened_before
) -> None:
    key = make_key(ED25519)
    if opened_before:
        openpgp.sign(key, CONTENT)
    behind = datetime.now(UTC) - timedelta(minutes=2)
    clock = Mock(wraps=datetime, now=Mock(return_value=behind))
    monkeypatch.setattr("engine.signers.openpgp.datetime", clock)
    with pytest.raises(SignerFailed) as failed:
        openpgp.sign(key, CONTENT)
    message = str(failed.value)
    assert f"the clock of the machine that signs says {behind:%Y-%m-%dT%H:%M:%SZ}" in message
    assert message.endswith("Set that clock right, then sign again.")

    clock.now.return_value = datetime.now(UTC)
    assert openpgp.sign(key, CONTENT).startswith(b"-----BEGIN PGP SIGNATURE-----")


def test_a_key_that_the_library_itself_finds_to_be_from_the_future(
    openpgp, binding, stored
) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    key = stored(ED25519, binding, openpgp.generate(ED25519, binding))
    secret = openpgp._keyring.open(key.material, key.key_id, binding)
    packets = list(PacketPile.from_bytes(secret))
    created = int(packets[0].key_created.timestamp()).to_bytes(4, "big")
    future = secret.replace(created, int(tomorrow.timestamp()).to_bytes(4, "big"))
    sealed = openpgp._keyring.seal(future, binding)
    with pytest.raises(SignerFailed, match=r"Set that clock right, then sign again\.$"):
        openpgp.sign(replace(key, material=sealed.material), CONTENT)


@ALGORITHMS
def test_content_is_hashed_as_its_signature_is_recorded(openpgp, make_key, algorithm) -> None:
    signature = openpgp.sign(make_key(algorithm), CONTENT)
    (packet,) = PacketPile.from_bytes(signature)
    assert packet.hash_algorithm is HashAlgorithm.SHA512
    assert CONTENT_HASH is DigestAlgorithm.SHA512


def test_many_threads_sign_with_one_key(openpgp, make_key, gpg, tmp_path) -> None:
    key = make_key(ED25519)
    with ThreadPoolExecutor(8) as threads:
        signatures = list(threads.map(lambda _: openpgp.sign(key, CONTENT), range(200)))
    gpg("--import", given=key.public_key_pem.encode())
    for signature in (signatures[0], signatures[-1]):
        (tmp_path / "content.asc").write_bytes(signature)
        verified = gpg("--verify", str(tmp_path / "content.asc"), "-", given=CONTENT.value)
        assert verified.returncode == 0
