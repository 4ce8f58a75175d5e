"""Each way to sign asks the server for the right digest, and for nothing else."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from countersign.agent.p11.mechanisms import DIGEST_INFO_PREFIXES
from countersign.agent.signing_keys import DigestAlgorithm
from tests.support.agent_keys import KeysInMemory, keys_in_memory
from tests.support.p11_client import TokenConnection, TokenError, token_connection, u32, u64

CONTENT = b"what a tool signs"
NO_LENGTH = u32(0xFFFFFFFF)
SHA256, SHA384, SHA512 = (
    hashlib.new(name, CONTENT).digest() for name in ("sha256", "sha384", "sha512")
)
HASHES = {32: hashes.SHA256(), 48: hashes.SHA384(), 64: hashes.SHA512()}


def pss_parameters(hash_function: int, mask_function: int, salt_bytes: int) -> bytes:
    return u64(hash_function) + u64(mask_function) + u64(salt_bytes)


PSS_SHA256 = pss_parameters(0x250, 2, 32)
#: Bytes of mechanisms as p11-kit sends them: up to 0.25.5, and since 0.25.6.
FRAMINGS = {
    "up to 0.25.5": (NO_LENGTH, PSS_SHA256),
    "since 0.25.6": (b"", b"\1" + PSS_SHA256),
}


def digest_info(algorithm: str, digest: bytes) -> bytes:
    return DIGEST_INFO_PREFIXES[DigestAlgorithm(algorithm)] + digest


async def sign_with(
    connection: TokenConnection, alias: str, mechanism: bytes, content: bytes
) -> bytes:
    session = await connection.open_session()
    key = await connection.find_private_key(session, alias)
    await connection.sign_init(session, key, mechanism)
    return await connection.sign(session, content)


def verify(keys: KeysInMemory, alias: str, signature: bytes, digest: bytes) -> None:
    public_key = keys.private_keys[alias].public_key()
    prehashed = utils.Prehashed(HASHES[len(digest)])
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        half = len(signature) // 2
        r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
        public_key.verify(utils.encode_dss_signature(r, s), digest, ec.ECDSA(prehashed))
    elif alias.startswith("rsa-pss"):
        assert isinstance(public_key, rsa.RSAPublicKey)
        hash_function = HASHES[len(digest)]
        pss = padding.PSS(padding.MGF1(hash_function), len(digest))
        public_key.verify(signature, digest, pss, prehashed)
    else:
        assert isinstance(public_key, rsa.RSAPublicKey)
        public_key.verify(signature, digest, padding.PKCS1v15(), prehashed)


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize(
    ("algorithm", "mechanism", "content", "digest"),
    [
        ("RSA_PKCS1_2048", 0x01, digest_info("SHA256", SHA256), SHA256),
        ("RSA_PKCS1_2048", 0x01, digest_info("SHA384", SHA384), SHA384),
        ("RSA_PKCS1_2048", 0x01, digest_info("SHA512", SHA512), SHA512),
        ("RSA_PKCS1_2048", 0x40, CONTENT, SHA256),
        ("RSA_PKCS1_2048", 0x41, CONTENT, SHA384),
        ("RSA_PKCS1_2048", 0x42, CONTENT, SHA512),
        ("RSA_PSS_2048", 0x0D, SHA256, SHA256),
        ("RSA_PSS_2048", 0x43, CONTENT, SHA256),
        ("ECDSA_P256", 0x1041, SHA256, SHA256),
        ("ECDSA_P256", 0x1044, CONTENT, SHA256),
        ("ECDSA_P384", 0x1041, SHA384, SHA384),
        ("ECDSA_P384", 0x1045, CONTENT, SHA384),
        ("ECDSA_P384", 0x1046, CONTENT, SHA512),
        ("ECDSA_P521", 0x1041, SHA512, SHA512),
    ],
)
async def test_mechanism_signs_the_digest(
    framing: str, algorithm: str, mechanism: int, content: bytes, digest: bytes
) -> None:
    keys = keys_in_memory(algorithm)
    [alias] = keys.private_keys
    parameters = FRAMINGS[framing][algorithm.startswith("RSA_PSS")]
    async with token_connection(keys) as connection:
        signature = await sign_with(connection, alias, u32(mechanism) + parameters, content)
    verify(keys, alias, signature, digest)
    assert [(name, value) for name, value, _ in keys.signed] == [(alias, digest)]


DATA_INVALID, DATA_LEN_RANGE = 0x20, 0x21
NOT_PERMITTED, MECHANISM_INVALID, PARAMETERS_INVALID = 0x68, 0x70, 0x71


@pytest.mark.parametrize(
    ("algorithm", "mechanism", "content", "value", "words"),
    [
        # SHA-1, and data without any DigestInfo
        (
            "RSA_PKCS1_2048",
            u32(0x01) + NO_LENGTH,
            b"\0" * 35,
            DATA_INVALID,
            "did not pass",
        ),
        ("RSA_PKCS1_2048", u32(0x01) + NO_LENGTH, SHA256, DATA_INVALID, "did not pass"),
        (
            "RSA_PKCS1_2048",
            u32(0x01),
            CONTENT * 50,
            DATA_LEN_RANGE,
            "that hashes",
        ),
        ("ECDSA_P256", u32(0x1041), b"\0" * 20, DATA_LEN_RANGE, "of 20 bytes cannot be signed"),
        ("ECDSA_P256", u32(0x1041), b"", DATA_LEN_RANGE, "of 0 bytes cannot be signed"),
        ("ECDSA_P256", u32(0x1042), SHA256, MECHANISM_INVALID, "0x1042 is not offered"),
        ("ECDSA_P256", u32(0x1041) + PSS_SHA256, SHA256, PARAMETERS_INVALID, "RSA-PSS"),
        ("ECDSA_P256", u32(0x1041) + b"\1\2\3", SHA256, PARAMETERS_INVALID, "RSA-PSS"),
        ("RSA_PSS_2048", u32(0x01), SHA256, NOT_PERMITTED, "cannot make RSA_PKCS1 signatures"),
        ("RSA_PSS_2048", u32(0x0D), SHA256, PARAMETERS_INVALID, "salt as long as the digest"),
        # a salt of 20 bytes, another mask function, and SHA-1
        *(
            (
                "RSA_PSS_2048",
                u32(0x0D) + b"".join(map(u64, pss)),
                SHA256,
                PARAMETERS_INVALID,
                "MGF1",
            )
            for pss in map(pss_parameters, (0x250, 0x250, 0x220), (2, 3, 1), (20, 32, 20))
        ),
        ("RSA_PSS_2048", u32(0x0D) + PSS_SHA256, SHA512, DATA_LEN_RANGE, "named for RSA-PSS"),
        ("RSA_PSS_2048", u32(0x45) + PSS_SHA256, SHA256, PARAMETERS_INVALID, "MGF1"),
    ],
)
async def test_whatever_else_a_tool_names_is_refused_with_a_sentence(
    algorithm: str, mechanism: bytes, content: bytes, value: int, words: str
) -> None:
    keys = keys_in_memory(algorithm)
    [alias] = keys.private_keys
    async with token_connection(keys) as connection:
        with pytest.raises(TokenError) as failure:
            await sign_with(connection, alias, mechanism, content)
    assert failure.value.value == value
    [(_code, sentence)] = connection.notices
    assert words in sentence
    assert keys.signed == []
