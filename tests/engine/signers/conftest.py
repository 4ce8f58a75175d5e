"""What the tests of every signer backend share."""

import hashlib
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm, Scheme
from engine.signers.base import Digest, GeneratedKey, SignerContext, SigningKey
from engine.signers.keyring import KeyBinding, Keyring
from tests.support.node import program

CONTENT = b"the installer, version 2.4.1"

StoreKey = Callable[[KeypairAlgorithm, KeyBinding, GeneratedKey], SigningKey]
DigestOf = Callable[[DigestAlgorithm], Digest]
OpensslVerifies = Callable[..., bool]


@pytest.fixture
def keyring() -> Keyring:
    return Keyring([os.urandom(32)])


@pytest.fixture
def context(keyring: Keyring) -> SignerContext:
    return SignerContext(keyring, options={})


@pytest.fixture
def binding() -> KeyBinding:
    return KeyBinding(account_id=uuid4(), keypair_id=uuid4())


@pytest.fixture
def stored() -> StoreKey:
    """What the engine hands back of a key that it stored."""

    def handed_back(
        algorithm: KeypairAlgorithm, binding: KeyBinding, generated: GeneratedKey
    ) -> SigningKey:
        return SigningKey(
            binding, algorithm, generated.public_key_pem, generated.material, generated.key_id
        )

    return handed_back


@pytest.fixture
def digest_of_content() -> DigestOf:
    def digest(algorithm: DigestAlgorithm) -> Digest:
        return Digest(algorithm, hashlib.new(algorithm.value, CONTENT).digest())

    return digest


@pytest.fixture
def openssl_verifies(tmp_path: Path) -> OpensslVerifies:
    """Whether OpenSSL, a program of its own, accepts a signature."""

    def verifies(
        algorithm: KeypairAlgorithm, public_key_pem: str, digest: Digest, signature: bytes
    ) -> bool:
        (tmp_path / "key.pem").write_text(public_key_pem)
        (tmp_path / "content").write_bytes(CONTENT)
        (tmp_path / "digest").write_bytes(digest.value)
        (tmp_path / "signature").write_bytes(signature)
        if algorithm.scheme is Scheme.ML_DSA:
            command = [*program("node"), "-e", _NODE_VERIFIES]
        else:
            command = ["openssl", *_arguments(algorithm, digest.algorithm)]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        return ended.returncode == 0

    return verifies


#: Node brings an OpenSSL of its own, which knows ML-DSA; that of many systems does not yet.
_NODE_VERIFIES = """
const [key, digest, signature] = ["key.pem", "digest", "signature"].map(
  (name) => require("fs").readFileSync(name));
process.exit(crypto.verify(null, digest, key.toString(), signature) ? 0 : 1);
"""


def _arguments(algorithm: KeypairAlgorithm, digest: DigestAlgorithm) -> Sequence[str]:
    if algorithm is KeypairAlgorithm.ED25519:
        raw = "pkeyutl -verify -rawin -pubin -inkey key.pem -in digest -sigfile signature"
        return raw.split()
    hashed = f"dgst -{digest.lower()} -verify key.pem -signature signature"
    pss = f" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:{digest.length}"
    of_scheme = hashed + (pss if algorithm.startswith("RSA_PSS") else "")
    return [*of_scheme.split(), "content"]
