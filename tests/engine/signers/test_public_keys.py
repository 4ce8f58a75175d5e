"""The forms of a public key, as programs that are not ours read them."""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import (
    load_der_public_key,
    load_pem_public_key,
    load_ssh_public_key,
)

from engine.model.algorithms import KeypairAlgorithm
from engine.signers.base import KeyBinding, SignerContext
from engine.signers.local import LocalSigner
from engine.signers.openpgp_keys import OpenPgpSettings, certify
from engine.signers.public_keys import PublicKey
from tests.engine.signers.conftest import StoreKey
from tests.support.node import program

LOCAL = sorted(LocalSigner.capabilities.generates)
#: Reads a JSON Web Key as browsers do, and writes it as PEM.
WEB_CRYPTO = """
const jwk = JSON.parse(require("fs").readFileSync(0, "utf8"));
const name = { EC: { name: "ECDSA", namedCurve: jwk.crv }, OKP: { name: "Ed25519" },
  AKP: { name: jwk.alg },
  RSA: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } }[jwk.kty];
crypto.subtle.importKey("jwk", jwk, name, true, ["verify"])
  .then((key) => crypto.subtle.exportKey("spki", key))
  .then((der) => process.stdout.write(Buffer.from(der)));
"""


def output(*command: str, text: bytes = b"") -> bytes:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is missing")
    return subprocess.run(command, input=text, capture_output=True, check=True).stdout


@pytest.fixture(params=LOCAL)
def key(request: pytest.FixtureRequest, context: SignerContext, binding: KeyBinding) -> PublicKey:
    generated = LocalSigner(context).generate(request.param, binding)
    return PublicKey(request.param, generated.public_key_pem, comment="falcon app")


@pytest.fixture
def openpgp_key(context: SignerContext, binding: KeyBinding, stored: StoreKey) -> PublicKey:
    signer, algorithm, now = LocalSigner(context), KeypairAlgorithm.ED25519, datetime.now(UTC)
    signing, primary = (
        stored(algorithm, bound, signer.generate(algorithm, bound))
        for bound in (binding, KeyBinding(binding.account_id, uuid4()))
    )
    settings = OpenPgpSettings("Falcon")
    part = certify(signer, (primary, signing), settings, created_at=now, signed_at=now)
    return PublicKey(algorithm, signing.public_key_pem, "falcon", part.certificate.armored)


def test_all_forms_are_the_same_key(key: PublicKey) -> None:
    same = load_pem_public_key(key.pem.encode())
    assert load_der_public_key(key.der) == same
    assert key.openpgp is None
    if key.ssh is not None:
        assert load_ssh_public_key(key.ssh.encode()) == same


def test_ml_dsa_alone_has_no_form_of_openssh(key: PublicKey) -> None:
    jwk = key.jwk
    assert (key.ssh is None) == (key.ssh_fingerprint is None) == (jwk["kty"] == "AKP")


def test_openssl_reads_the_der_and_counts_the_same_fingerprint(
    key: PublicKey, tmp_path: Path
) -> None:
    # The OpenSSL of many systems does not know ML-DSA yet; Node's reads it below.
    if key.ssh is None:
        return
    der = output("openssl", "pkey", "-pubin", "-inform", "DER", "-outform", "DER", text=key.der)
    assert der == key.der
    digest = output("openssl", "dgst", "-sha256", "-r", text=der).split()[0]
    assert digest.decode() == key.fingerprint


def test_openssh_reads_the_line_and_shows_the_same_fingerprint(
    key: PublicKey, tmp_path: Path
) -> None:
    if key.ssh is None:
        return
    (tmp_path / "key.pub").write_text(key.ssh)
    shown = output("ssh-keygen", "-l", "-f", str(tmp_path / "key.pub")).decode().split()
    assert shown[1:3] == [key.ssh_fingerprint, "falcon-app"]


def test_web_crypto_reads_the_json_web_key(key: PublicKey) -> None:
    jwk = key.jwk
    # WebCrypto knows no algorithm of a key that is not the one it is imported for.
    if jwk["kty"] != "AKP":
        jwk.pop("alg", None)
    assert output(*program("node"), "-e", WEB_CRYPTO, text=json.dumps(jwk).encode()) == key.der
    assert (jwk["use"], len(jwk["kid"])) == ("sig", 43)
    assert not {"d", "p", "q"} & jwk.keys()


def test_gpg_reads_the_certificate_and_shows_the_same_fingerprint(
    openpgp_key: PublicKey, tmp_path: Path
) -> None:
    assert openpgp_key.openpgp is not None
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    gpg = ("gpg", "--homedir", str(home), "--batch", "--with-colons")
    shown = output(*gpg, "--show-keys", text=openpgp_key.openpgp.encode()).decode()
    fingerprints = [line.split(":")[9] for line in shown.splitlines() if line.startswith("fpr:")]
    assert fingerprints[0].lower() == openpgp_key.fingerprint.lower()


def test_an_openpgp_key_has_the_other_forms_too(openpgp_key: PublicKey) -> None:
    assert openpgp_key.ssh.startswith("ssh-ed25519 ")
    assert load_der_public_key(openpgp_key.der) == load_pem_public_key(openpgp_key.pem.encode())
