"""Signatures of OpenSSH: ssh-keygen accepts what is put together here, and nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from engine.formats.sshsig import HASH_NAMES, SshContent, armored, hash_of_key
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.signers.public_keys import PublicKey
from tests.support.raw_keys import MAKERS, RawPrivateKey, public_pem, sign_digest
from tests.support.ssh import ssh_accepts

CONTENT = b"a release\n"
ALGORITHMS = [name for name in MAKERS if name in KeypairAlgorithm.__members__]


def signed(
    private: RawPrivateKey, algorithm: KeypairAlgorithm, content: SshContent
) -> tuple[str, str]:
    """The public key's line, and the armored signature."""
    data, hashed_by = content.signed_data, hash_of_key(algorithm)
    if hashed_by is not None:
        data = hashlib.new(hashed_by.lower(), data).digest()
    value = sign_digest(private, data, hashed_by or DigestAlgorithm.SHA512)
    pem = public_pem(private)
    return PublicKey(algorithm, pem, "falcon").ssh, armored(content, algorithm, pem, value)


def content_of(digest_algorithm: DigestAlgorithm, namespace: str = "file") -> SshContent:
    digest = hashlib.new(digest_algorithm.lower(), CONTENT).digest()
    return SshContent(namespace=namespace, digest=digest, digest_algorithm=digest_algorithm)


@pytest.mark.parametrize("digest_algorithm", HASH_NAMES)
@pytest.mark.parametrize("name", ALGORITHMS)
def test_ssh_keygen_accepts_it_in_its_namespace_and_for_its_content_only(
    name: str, digest_algorithm: DigestAlgorithm, tmp_path: Path
) -> None:
    line, signature = signed(
        MAKERS[name](), KeypairAlgorithm[name], content_of(digest_algorithm, "git")
    )
    assert ssh_accepts(tmp_path, line, signature, CONTENT, "git")
    assert not ssh_accepts(tmp_path, line, signature, CONTENT, "file")
    assert not ssh_accepts(tmp_path, line, signature, CONTENT + b" ", "git")


def test_numbers_of_every_length_are_read(tmp_path: Path) -> None:
    """A number whose first bit is set has a zero before it, and a shorter one is shorter."""
    private = MAKERS["ECDSA_P256"]()
    content = content_of(DigestAlgorithm.SHA512)
    for _ in range(20):
        line, signature = signed(private, KeypairAlgorithm.ECDSA_P256, content)
        assert ssh_accepts(tmp_path, line, signature, CONTENT, "file")
