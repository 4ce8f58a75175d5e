"""The forms of signatures: what a signer signs for a request, and what its value is put into.

A keypair of the category `GPG` signs a digest as any other does: whoever hashed content and
trailer puts the OpenPGP packet together. Small content is hashed here, and comes back as an armored
detached signature. Signatures of OpenSSH are put together here out of a digest and a namespace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from engine.formats import sshsig
from engine.formats.sshsig import SSH_SCHEMES, SshContent
from engine.model.algorithms import DigestAlgorithm, Scheme
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import KeypairCategory, SignatureForm
from engine.openpgp.keys import OpenPgpKey
from engine.openpgp.signatures import SignatureType, UnsignedSignature
from engine.signers.base import Digest, Message, SigningInput, SigningKey
from engine.signers.openpgp_keys import openpgp_time
from engine.signing.account_facts import StoredKeypair
from engine.signing.check_request import check_request
from engine.signing.request import CONTENT_HASH, SignRequest

#: Schemes whose keys sign a message as it is.
MESSAGE_SCHEMES = frozenset({Scheme.ED25519, Scheme.ML_DSA})
_OPENPGP_FORMS = frozenset({SignatureForm.DIGEST, SignatureForm.CONTENT})
#: The fields of the input by the forms that keypairs of the category `GPG` do not make.
_FIELDS = {SignatureForm.MESSAGE: "message", SignatureForm.SSHSIG: "sshsig"}
#: Makes the value of a signature out of what the signer answered.
Finish = Callable[[bytes], bytes]


def as_it_is(value: bytes) -> bytes:
    """The value as the signer answered it."""
    return value


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the signer signs, and how its answer becomes the value of the signature."""

    signing_input: SigningInput
    finish: Finish = as_it_is


def check_for_keypair(request: SignRequest, stored: StoredKeypair) -> Refusal | None:
    """Why this keypair cannot sign such a request at all, whoever sends it."""
    return check_request(request) or _check_kind(request, stored)


def prepare(request: SignRequest, stored: StoredKeypair, now: datetime) -> Prepared:
    """Return what is signed for a request that `check_for_keypair` did not refuse."""
    if request.digest is not None:
        return Prepared(Digest(request.hash_algorithm, request.digest))
    if request.message is not None:
        return Prepared(Message(request.message))
    if request.ssh is not None:
        return _openssh(request.ssh, stored.signing_key)
    assert stored.openpgp is not None
    return _detached_openpgp(request, stored.openpgp, now)


def _openssh(content: SshContent, key: SigningKey) -> Prepared:
    hashed_by = sshsig.hash_of_key(key.algorithm)
    data = content.signed_data
    signing_input: SigningInput = Message(data)
    if hashed_by is not None:
        signing_input = Digest(hashed_by, hashlib.new(hashed_by.lower(), data).digest())
    return Prepared(signing_input, partial(_openssh_armored, content, key))


def _openssh_armored(content: SshContent, key: SigningKey, value: bytes) -> bytes:
    return sshsig.armored(content, key.algorithm, key.public_key_pem, value).encode("ascii")


def _detached_openpgp(request: SignRequest, key: OpenPgpKey, now: datetime) -> Prepared:
    unsigned = UnsignedSignature(
        key=key,
        type=SignatureType.BINARY,
        hash_algorithm=CONTENT_HASH,
        # A signature that is older than its key is accepted by nobody.
        created_at=max(openpgp_time(now), key.created_at),
    )
    digest = unsigned.digest_after(request.content_hash)
    return Prepared(Digest(CONTENT_HASH, digest), partial(_armored, unsigned, digest))


def _armored(unsigned: UnsignedSignature, digest: bytes, value: bytes) -> bytes:
    return unsigned.armored(digest, value).encode("ascii")


def _check_kind(request: SignRequest, stored: StoredKeypair) -> Refusal | None:
    if stored.keypair.category is KeypairCategory.GPG:
        return _check_openpgp(request, stored.openpgp)
    scheme = stored.signing_key.algorithm.scheme
    match request.form:
        case SignatureForm.CONTENT:
            message = "This keypair signs digests. Give the digest, not the content."
            return Refusal(Code.INVALID_INPUT, message, "digest")
        case SignatureForm.MESSAGE if scheme not in MESSAGE_SCHEMES:
            message = "This keypair signs digests. Give the digest, not the message."
            return Refusal(Code.INVALID_INPUT, message, "message")
        case SignatureForm.SSHSIG if scheme not in SSH_SCHEMES:
            message = (
                f"OpenSSH has no keys of the algorithm {stored.signing_key.algorithm}."
                " Use a keypair of ED25519, ECDSA or RSA_PKCS1."
            )
            return Refusal(Code.INVALID_INPUT, message, "sshsig")
        case _:
            return None


def _check_openpgp(request: SignRequest, key: OpenPgpKey | None) -> Refusal | None:
    if key is None:
        message = (
            "This keypair is still as an earlier version stored it, since its key does not open."
            " Ask an administrator to run `countersign keys check`."
        )
        return Refusal(Code.SIGNER_FAILED, message)
    if request.form in _OPENPGP_FORMS:
        return _check_digest_length(request.hash_algorithm, key)
    field = _FIELDS[request.form]
    message = f"This keypair makes OpenPGP signatures. Give a digest or content, not {field}."
    return Refusal(Code.INVALID_INPUT, message, field)


def _check_digest_length(algorithm: DigestAlgorithm, key: OpenPgpKey) -> Refusal | None:
    if algorithm.length >= key.shortest_digest_bytes:
        return None
    allowed = [a for a in DigestAlgorithm if a.length >= key.shortest_digest_bytes]
    message = (
        f"OpenPGP signs no {algorithm} digest with the curve of this keypair."
        f" Hash with {' or '.join(allowed)}."
    )
    return Refusal(Code.INVALID_INPUT, message, "digest_algorithm")
