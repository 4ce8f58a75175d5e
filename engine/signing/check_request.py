"""Why a request for a signature is invalid, whatever its keypair."""

from __future__ import annotations

import base64
import string

from engine.formats.sshsig import HASH_NAMES, SshContent
from engine.model.algorithms import DigestAlgorithm
from engine.model.artifacts import check_artifact, check_context
from engine.model.errors import Code, Refusal
from engine.signers.base import MAX_MESSAGE_BYTES
from engine.signing.request import CONTENT_HASH, SignRequest

#: Bytes of content that a keypair of the category `GPG` signs at most.
MAX_CONTENT_BYTES = 10 * 1024 * 1024
MAX_IDEMPOTENCY_KEY_LENGTH = 200
MAX_NAMESPACE_LENGTH = 255
_HEX = " It looks like hex: send the raw bytes in base64."


def check_request(request: SignRequest) -> Refusal | None:
    """Why a request is invalid: what it gives to be signed, its idempotency key, its purpose."""
    inputs = (request.digest, request.content, request.message, request.ssh)
    if sum(value is not None for value in inputs) != 1:
        message = "Give exactly one of digest, content, message and sshsig."
        return Refusal(Code.INVALID_INPUT, message, "digest")
    refusal = _check_digest(request.digest, request.hash_algorithm, "digest")
    refusal = refusal or _check_hashed_here(request) or _check_ssh(request.ssh)
    return refusal or _check_idempotency_key(request.idempotency_key) or _check_purpose(request)


def _check_digest(digest: bytes | None, algorithm: DigestAlgorithm, *field: str) -> Refusal | None:
    length = algorithm.length
    if digest is None or len(digest) == length:
        return None
    message = f"A {algorithm} digest has {length} bytes, this one {len(digest)}." + (
        _HEX if _was_hex(digest, length) else ""
    )
    return Refusal(Code.INVALID_INPUT, message, *field)


def _check_hashed_here(request: SignRequest) -> Refusal | None:
    """Content and messages come without a digest algorithm, and are not too long."""
    if request.content is None and request.message is None:
        return None
    if request.hash_algorithm is not CONTENT_HASH:
        what = "Content is signed" if request.content is not None else "A message is recorded"
        message = (
            f"{what} with {CONTENT_HASH}, not with {request.hash_algorithm}."
            " Leave the digest algorithm out."
        )
        return Refusal(Code.INVALID_INPUT, message, "digest_algorithm")
    if request.content is not None and len(request.content) > MAX_CONTENT_BYTES:
        message = (
            f"The content has more than {MAX_CONTENT_BYTES} bytes. Hash it with the trailer of the"
            " signature, and send the digest."
        )
        return Refusal(Code.INVALID_INPUT, message, "content")
    if request.message is not None and len(request.message) > MAX_MESSAGE_BYTES:
        message = f"A message has at most {MAX_MESSAGE_BYTES} bytes. Sign its digest."
        return Refusal(Code.INVALID_INPUT, message, "message")
    return None


def _check_ssh(ssh: SshContent | None) -> Refusal | None:
    if ssh is None:
        return None
    if not 0 < len(ssh.namespace) <= MAX_NAMESPACE_LENGTH or not _is_plain(ssh.namespace):
        message = (
            f"A namespace has 1 to {MAX_NAMESPACE_LENGTH} printable ASCII characters without"
            " spaces, such as `git` or `file`."
        )
        return Refusal(Code.INVALID_INPUT, message, "sshsig", "namespace")
    if ssh.digest_algorithm not in HASH_NAMES:
        message = f"OpenSSH has no {ssh.digest_algorithm}. Hash with {' or '.join(HASH_NAMES)}."
        return Refusal(Code.INVALID_INPUT, message, "sshsig", "digest_algorithm")
    return _check_digest(ssh.digest, ssh.digest_algorithm, "sshsig", "digest")


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _check_purpose(request: SignRequest) -> Refusal | None:
    """Why what the signature is for cannot be kept."""
    refusal = check_artifact(request.artifact) if request.artifact is not None else None
    if refusal is None and request.context is not None:
        refusal = check_context(request.context)
    return refusal


def _was_hex(digest: bytes, length: int) -> bool:
    """Whether the digest was sent in hex: hex digits are valid base64 of other bytes."""
    text = base64.b64encode(digest).decode("ascii")
    return len(text) == 2 * length and set(text) <= set(string.hexdigits)


def _check_idempotency_key(key: str | None) -> Refusal | None:
    if key is None or (0 < len(key) <= MAX_IDEMPOTENCY_KEY_LENGTH and key.isprintable()):
        return None
    message = f"An idempotency key has 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} printable characters."
    return Refusal(Code.INVALID_INPUT, message, "idempotency_key")
