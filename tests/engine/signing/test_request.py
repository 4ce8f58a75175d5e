"""What is handed in to be signed, before anything is looked up."""

from base64 import b64decode
from hashlib import sha256, sha512
from typing import Any
from uuid import uuid4

import pytest

from engine.model.algorithms import DigestAlgorithm
from engine.model.errors import Code
from engine.signing.check_request import check_request
from engine.signing.request import SignRequest


def fault(digest: bytes, algorithm: DigestAlgorithm) -> str | None:
    request = SignRequest(keypair_id=uuid4(), digest=digest, digest_algorithm=algorithm)
    refusal = check_request(request)
    return refusal.message if refusal else None


@pytest.mark.parametrize(
    ("hashed", "algorithm", "hint"),
    [
        (sha256(b"x"), DigestAlgorithm.SHA256, "has 32 bytes, this one 48. It looks like hex"),
        (sha512(b"x"), DigestAlgorithm.SHA512, "has 64 bytes, this one 96. It looks like hex"),
    ],
)
def test_hex_digits_sent_as_base64_are_recognised(
    hashed: Any, algorithm: DigestAlgorithm, hint: str
) -> None:
    assert hint in (fault(b64decode(hashed.hexdigest()), algorithm) or "")
    assert fault(hashed.digest(), algorithm) is None


def test_content_without_an_algorithm_is_recorded_as_it_is_signed() -> None:
    request = SignRequest(keypair_id=uuid4(), content=b"x")
    assert check_request(request) is None
    assert request.hash_algorithm is DigestAlgorithm.SHA512
    assert request.stored_digest == sha512(b"x").digest()


@pytest.mark.parametrize("algorithm", [DigestAlgorithm.SHA256, DigestAlgorithm.SHA384])
def test_content_is_not_said_to_be_signed_with_another_algorithm(
    algorithm: DigestAlgorithm,
) -> None:
    request = SignRequest(keypair_id=uuid4(), content=b"x", digest_algorithm=algorithm)
    refusal = check_request(request)
    assert refusal is not None
    assert (refusal.code, refusal.field) == (Code.INVALID_INPUT, ("digest_algorithm",))
    assert refusal.message == (
        f"Content is signed with SHA512, not with {algorithm}. Leave the digest algorithm out."
    )


def test_a_digest_without_an_algorithm_is_sha256() -> None:
    request = SignRequest(keypair_id=uuid4(), digest=sha256(b"x").digest())
    assert check_request(request) is None
    assert request.hash_algorithm is DigestAlgorithm.SHA256


def test_other_bytes_of_that_length_are_not_taken_for_hex() -> None:
    message = fault(b"\xff" * 48, DigestAlgorithm.SHA256)
    assert message == "A SHA256 digest has 32 bytes, this one 48."
