"""Private keys from files: which are read, and which are refused as weak or as something else."""

from __future__ import annotations

import base64
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

from engine.model.algorithms import KeypairAlgorithm
from engine.signers import private_keys
from engine.signers.base import UnacceptableKey
from engine.signers.key_checks import is_roca, require_acceptable
from engine.signers.private_keys import MAX_FILE_BYTES, PrivateKeyFile, read_private_key
from engine.x509 import der
from tests.support.private_key_files import ED25519_PEM, pem_of, pkcs12_of

A = KeypairAlgorithm
KEYS: dict[KeypairAlgorithm, Any] = {
    A.ECDSA_P256: ec.generate_private_key(ec.SECP256R1()),
    A.ECDSA_P521: ec.generate_private_key(ec.SECP521R1()),
    A.ED25519: ed25519.Ed25519PrivateKey.generate(),
    A.ML_DSA_65: mldsa.MLDSA65PrivateKey.generate(),
    A.RSA_PKCS1_2048: rsa.generate_private_key(65537, 2048),
}


def public_of(key: Any) -> bytes:
    public: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return public


def refusal_of(file: PrivateKeyFile, algorithm: KeypairAlgorithm = A.ED25519) -> str:
    with pytest.raises(UnacceptableKey) as refused:
        read_private_key(file, algorithm)
    assert refused.value.__cause__ is None, "a parser's own words may quote the key"
    return str(refused.value)


def encrypted_by_scrypt(cost: str) -> bytes:
    """A PEM file of which trying the passphrase takes `cost` KiB of memory (RFC 7914 section 7)."""
    scrypt = der.sequence(
        bytes.fromhex("06092b06010401da47040b"),
        der.sequence(b"\x04\x04salt", bytes.fromhex(cost), b"\x02\x01\x08", b"\x02\x01\x01"),
    )
    aes = der.sequence(bytes.fromhex("060960864801650304012a"), b"\x04\x10" + bytes(16))
    pbes2 = der.sequence(bytes.fromhex("06092a864886f70d01050d"), der.sequence(scrypt, aes))
    body = base64.encodebytes(der.sequence(pbes2, b"\x04\x30" + bytes(48)))
    label = b"ENCRYPTED PRIVATE KEY-----\n"
    return b"-----BEGIN " + label + body + b"-----END " + label


def test_a_passphrase_does_not_take_all_memory() -> None:
    assert "passphrase is wrong" in refusal_of(
        PrivateKeyFile(encrypted_by_scrypt("02020400"), b"1234")
    )
    greedy = PrivateKeyFile(encrypted_by_scrypt("0203400000"), b"1234")
    assert "too much memory" in refusal_of(greedy)


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("passphrase", [None, "grün 1234".encode()], ids=["plain", "encrypted"])
def test_a_key_is_read_from_pem(algorithm: KeypairAlgorithm, passphrase: bytes | None) -> None:
    key = KEYS[algorithm]
    secret = read_private_key(PrivateKeyFile(pem_of(key, passphrase), passphrase), algorithm)
    assert public_of(load_der_private_key(secret, None)) == public_of(key)


@pytest.mark.parametrize("algorithm", [A.ECDSA_P256, A.RSA_PKCS1_2048])
@pytest.mark.parametrize("passphrase", [None, b"1234"], ids=["plain", "encrypted"])
def test_a_key_is_read_from_pkcs12(algorithm: KeypairAlgorithm, passphrase: bytes | None) -> None:
    key = KEYS[algorithm]
    secret = read_private_key(PrivateKeyFile(pkcs12_of(key, passphrase), passphrase), algorithm)
    assert public_of(load_der_private_key(secret, None)) == public_of(key)


def test_a_key_that_openssl_made_is_read(tmp_path: Path) -> None:
    command = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -aes256"
    more = ["-pass", "pass:1234", "-out", str(tmp_path / "key.pem")]
    subprocess.run([*command.split(), *more], check=True, capture_output=True)
    file = PrivateKeyFile((tmp_path / "key.pem").read_bytes(), b"1234")
    assert load_der_private_key(read_private_key(file, A.ECDSA_P384), None)


@pytest.mark.parametrize(
    ("content", "passphrase", "sentence"),
    [
        (pem_of(KEYS[A.ED25519], b"1234"), None, "is encrypted. Give its passphrase."),
        (pem_of(KEYS[A.ED25519], b"1234"), b"4321", "or the passphrase is wrong. Check both."),
        (pkcs12_of(KEYS[A.ECDSA_P256], b"1234"), b"4321", "or the passphrase is wrong."),
        (ED25519_PEM, b"1234", "is not encrypted. Leave the passphrase out."),
        (b"", None, "This is no private key in PEM or PKCS#12"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", None, "no private key"),
        (ED25519_PEM[:60], None, "no private key in PEM"),
        (bytes(MAX_FILE_BYTES + 1), None, f"at most {MAX_FILE_BYTES} bytes"),
    ],
)
def test_what_cannot_be_read_says_why(
    content: bytes, passphrase: bytes | None, sentence: str
) -> None:
    message = refusal_of(PrivateKeyFile(content, passphrase))
    assert sentence in message
    assert "1234" not in message


def test_neither_key_nor_passphrase_shows_when_it_is_printed() -> None:
    assert repr(PrivateKeyFile(b"secret", b"1234")) == "PrivateKeyFile()"


def test_a_passphrase_that_takes_too_long_to_try_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(private_keys, "READ_SECONDS", 0.01)
    assert "takes too long to try" in refusal_of(PrivateKeyFile(ED25519_PEM))


@pytest.mark.parametrize(
    ("key", "algorithm", "sentence"),
    [
        (KEYS[A.ECDSA_P256], A.ECDSA_P384, "a key of ECDSA_P256, not of ECDSA_P384"),
        (KEYS[A.RSA_PKCS1_2048], A.RSA_PSS_3072, "RSA_PKCS1_2048 or RSA_PSS_2048, not of"),
        (KEYS[A.RSA_PKCS1_2048], A.ED25519, "not of ED25519. Name its own algorithm."),
        (rsa.generate_private_key(65537, 1024), A.RSA_PSS_2048, "of this kind or size"),
        (
            rsa.generate_private_key(3, 2048),
            A.RSA_PSS_2048,
            "The public exponent of this RSA key is 3",
        ),
        (ec.generate_private_key(ec.SECP256K1()), A.ECDSA_P256, "of this kind or size"),
        (ed448.Ed448PrivateKey.generate(), A.ED25519, "of this kind or size"),
        (dsa.generate_private_key(2048), A.RSA_PSS_2048, "of this kind or size"),
    ],
)
def test_other_and_weak_keys_are_refused(
    key: Any, algorithm: KeypairAlgorithm, sentence: str
) -> None:
    assert sentence in refusal_of(PrivateKeyFile(pem_of(key)), algorithm)


def public_pem(modulus: int, exponent: int = 65537) -> str:
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_a_modulus_of_the_flawed_generator_is_known_by_its_remainders() -> None:
    chance = random.Random(2017)
    primes = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79)
    primes += (83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167)
    product = 1
    for prime in primes:
        product *= prime
    power = pow(65537, chance.getrandbits(200), product)
    shift = (1 << 2047) // product
    modulus = (shift + chance.getrandbits(1000)) * product + power
    assert modulus.bit_length() == 2048
    assert is_roca(modulus)
    with pytest.raises(UnacceptableKey, match="CVE-2017-15361"):
        require_acceptable(public_pem(modulus), A.RSA_PSS_2048)
    assert not is_roca(KEYS[A.RSA_PKCS1_2048].public_key().public_numbers().n)


def test_a_modulus_of_two_close_primes_is_refused() -> None:
    prime = KEYS[A.RSA_PKCS1_2048].private_numbers().p
    modulus = prime * (prime + 2**20)  # their distance is what counts
    with pytest.raises(UnacceptableKey, match="CVE-2022-26320"):
        require_acceptable(public_pem(modulus), A.RSA_PSS_2048)


def test_base64_of_a_pem_file_is_no_pem_file() -> None:
    assert "no private key" in refusal_of(PrivateKeyFile(base64.b64encode(ED25519_PEM)))
