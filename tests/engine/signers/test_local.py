"""Software keys: OpenSSL accepts what they sign, and nothing else opens them."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.signers import sealed_keys
from engine.signers.base import (
    MAX_MESSAGE_BYTES,
    Message,
    SignerContext,
    SignerFailed,
    UnsuitableMessage,
)
from engine.signers.keyring import KeyBinding, Keyring
from engine.signers.local import LocalSigner

SHA256 = DigestAlgorithm.SHA256
#: One of each scheme that is quick to make.
QUICK = [KeypairAlgorithm.ECDSA_P256, KeypairAlgorithm.ED25519, KeypairAlgorithm.ML_DSA_44]


@pytest.fixture
def local(context) -> LocalSigner:
    return LocalSigner(context)


@pytest.fixture
def make_key(local, binding, stored):
    return lambda algorithm: stored(algorithm, binding, local.generate(algorithm, binding))


@pytest.mark.parametrize("algorithm", sorted(LocalSigner.capabilities.generates))
def test_openssl_accepts_what_was_signed_and_no_other_digest(
    local, make_key, digest_of_content, openssl_verifies, algorithm
) -> None:
    key = make_key(algorithm)
    for of in DigestAlgorithm:
        digest = digest_of_content(of)
        signature = local.sign(key, digest)
        assert openssl_verifies(algorithm, key.public_key_pem, digest, signature)

        other = replace(digest, value=bytes(reversed(digest.value)))
        signature = local.sign(key, other)
        assert not openssl_verifies(algorithm, key.public_key_pem, digest, signature)


def test_openpgp_keys_are_not_made_here(local, binding) -> None:
    with pytest.raises(SignerFailed, match="local cannot make OPENPGP_ED25519 keys"):
        local.generate(KeypairAlgorithm.OPENPGP_ED25519, binding)


@pytest.mark.parametrize(
    "algorithm",
    [
        KeypairAlgorithm.ECDSA_P256,
        KeypairAlgorithm.RSA_PSS_2048,
        KeypairAlgorithm.RSA_PKCS1_2048,
    ],
)
def test_a_message_is_refused_where_a_digest_belongs(local, make_key, algorithm) -> None:
    with pytest.raises(UnsuitableMessage, match="signs a digest, not a message"):
        local.sign(make_key(algorithm), Message(b"any"))


@pytest.mark.parametrize("algorithm", [KeypairAlgorithm.ED25519, KeypairAlgorithm.ML_DSA_65])
def test_a_message_is_signed_as_itself(local, make_key, algorithm) -> None:
    key = make_key(algorithm)
    public = load_pem_public_key(key.public_key_pem.encode())
    for message in (Message(b""), Message(b"tag v2.4.1"), Message(bytes(MAX_MESSAGE_BYTES))):
        public.verify(local.sign(key, message), message.value)


@pytest.mark.parametrize("algorithm", QUICK)
def test_a_wrong_master_key_opens_no_key(make_key, digest_of_content, algorithm) -> None:
    key = make_key(algorithm)
    elsewhere = LocalSigner(SignerContext(Keyring([os.urandom(32)]), {}))
    with pytest.raises(SignerFailed, match=f"master key {key.key_id}, which is not configured"):
        elsewhere.sign(key, digest_of_content(SHA256))


@pytest.mark.parametrize("algorithm", QUICK)
def test_tampered_material_signs_nothing(local, make_key, digest_of_content, algorithm) -> None:
    key = make_key(algorithm)
    local.sign(key, digest_of_content(SHA256))  # So that the true one is kept.
    tampered = key.material[:-1] + bytes([key.material[-1] ^ 1])
    with pytest.raises(SignerFailed, match="was altered"):
        local.sign(replace(key, material=tampered), digest_of_content(SHA256))


def test_material_moved_elsewhere_signs_nothing(local, make_key, digest_of_content) -> None:
    key = make_key(KeypairAlgorithm.ED25519)
    local.sign(key, digest_of_content(SHA256))  # So that the true one is kept.
    for stranger in (
        KeyBinding(key.binding.account_id, uuid4()),
        KeyBinding(uuid4(), key.binding.keypair_id),
    ):
        with pytest.raises(SignerFailed, match="belongs to another keypair"):
            local.sign(replace(key, binding=stranger), digest_of_content(SHA256))


@pytest.mark.parametrize(
    "stated",
    [KeypairAlgorithm.ECDSA_P384, KeypairAlgorithm.RSA_PSS_2048, KeypairAlgorithm.ML_DSA_44],
)
def test_a_key_signs_only_as_what_it_is(local, make_key, digest_of_content, stated) -> None:
    key = make_key(KeypairAlgorithm.ECDSA_P256)
    with pytest.raises(SignerFailed, match=f"not a local {stated} key"):
        local.sign(replace(key, algorithm=stated), digest_of_content(SHA256))


def test_sealed_bytes_that_are_no_private_key_are_named_so(
    local, keyring, make_key, digest_of_content
) -> None:
    key = make_key(KeypairAlgorithm.ED25519)
    sealed = keyring.seal(b"not a key", key.binding)
    with pytest.raises(SignerFailed, match="not a private key of this backend"):
        local.sign(replace(key, material=sealed.material), digest_of_content(SHA256))


def test_many_threads_sign_with_more_keys_than_are_kept(
    local, stored, digest_of_content, openssl_verifies, monkeypatch
) -> None:
    monkeypatch.setattr(sealed_keys, "MAX_OPENED_KEYS", 3)
    digest, algorithm = digest_of_content(SHA256), KeypairAlgorithm.ED25519
    bindings = [KeyBinding(uuid4(), uuid4()) for _ in range(10)]
    keys = [stored(algorithm, its, local.generate(algorithm, its)) for its in bindings]

    with ThreadPoolExecutor(8) as threads:
        signatures = list(threads.map(lambda key: local.sign(key, digest), keys * 40))

    assert len(local._keys._opened) == 3
    assert len(set(signatures)) == 10, "Ed25519 is deterministic: one signature for each key"
    for key, signature in zip(keys, signatures[:10], strict=True):
        assert openssl_verifies(algorithm, key.public_key_pem, digest, signature)
