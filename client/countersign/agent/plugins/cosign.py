"""`sigstore-kms-countersign`: cosign signs with `--key countersign://ALIAS`.

cosign runs it after the plug-in protocol of sigstore (pkg/signature/kms/cliplugin): the version and
the arguments as JSON on the command line, the message on standard input, the result as JSON on
standard output. Its standard error is the person's terminal.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countersign.agent.plugins.keys import find_key, sign
from countersign.agent.signing_keys import AgentKey, DigestAlgorithm, Scheme
from countersign.errors import ClientError, UsageError
from countersign.terminal import note_failure

PROTOCOL_VERSION = "v1"
KEY_PREFIX = "countersign://"
#: Hash functions as Go's package crypto numbers them.
GO_HASHES = {5: DigestAlgorithm.SHA256, 6: DigestAlgorithm.SHA384, 7: DigestAlgorithm.SHA512}
#: What sigstore calls the algorithms of keypairs that it can use.
ALGORITHMS = ("ecdsa-p256", "ecdsa-p384", "rsa-pkcs1-2048", "rsa-pkcs1-3072", "rsa-pkcs1-4096")
READ_BYTES = 1 << 20

Arguments = dict[str, Any]


def _alias(arguments: Arguments) -> str:
    return str(arguments["initOptions"]["keyResourceID"]).removeprefix(KEY_PREFIX)


def _digest(
    arguments: Arguments, options: Arguments, message: BinaryIO
) -> tuple[DigestAlgorithm, bytes]:
    """The digest that cosign passes, or that of the message."""
    number = arguments["initOptions"].get("hashFunc") or 5
    if number not in GO_HASHES:
        raise UsageError("Use SHA-256, SHA-384 or SHA-512.")
    algorithm = GO_HASHES[number]
    passed = (options.get("messageOptions") or {}).get("digest")
    if passed:
        return algorithm, base64.b64decode(passed)
    running = algorithm.new()
    while part := message.read(READ_BYTES):
        running.update(part)
    return algorithm, running.digest()


def _default_algorithm(_arguments: Arguments, _message: BinaryIO) -> Arguments:
    return {"defaultAlgorithm": ALGORITHMS[0]}


def _supported_algorithms(_arguments: Arguments, _message: BinaryIO) -> Arguments:
    return {"supportedAlgorithms": list(ALGORITHMS)}


def _create_key(_arguments: Arguments, _message: BinaryIO) -> Arguments:
    raise UsageError("Keypairs are made by an administrator, who decides who may use them.")


def _public_key(arguments: Arguments, _message: BinaryIO) -> Arguments:
    key = find_key(_alias(arguments))
    pem = key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {"publicKeyPEM": base64.b64encode(pem).decode()}


def _sign_message(arguments: Arguments, message: BinaryIO) -> Arguments:
    options = arguments["signMessage"].get("signOptions") or {}
    algorithm, digest = _digest(arguments, options, message)
    signature = sign(_alias(arguments), digest, algorithm)
    return {"signature": base64.b64encode(signature).decode()}


def _verify_signature(arguments: Arguments, message: BinaryIO) -> Arguments:
    method = arguments["verifySignature"]
    algorithm, digest = _digest(arguments, method.get("verifyOptions") or {}, message)
    key = find_key(_alias(arguments))
    try:
        _verify(key, base64.b64decode(method["signature"]), digest, algorithm)
    except InvalidSignature as error:
        raise ClientError("INVALID_SIGNATURE", f"{key.alias} did not make it.") from error
    return {}


def _verify(key: AgentKey, signature: bytes, digest: bytes, algorithm: DigestAlgorithm) -> None:
    hash_function: hashes.HashAlgorithm = getattr(hashes, algorithm.value)()
    prehashed = Prehashed(hash_function)
    match key.public_key:
        case ec.EllipticCurvePublicKey() as curve_key:
            curve_key.verify(signature, digest, ec.ECDSA(prehashed))
        case rsa.RSAPublicKey() as rsa_key if key.scheme is Scheme.RSA_PSS:
            pss = padding.PSS(padding.MGF1(hash_function), padding.PSS.DIGEST_LENGTH)
            rsa_key.verify(signature, digest, pss, prehashed)
        case rsa.RSAPublicKey() as rsa_key:
            rsa_key.verify(signature, digest, padding.PKCS1v15(), prehashed)
        case ed25519.Ed25519PublicKey() as edwards_key:
            edwards_key.verify(signature, digest)


METHODS: dict[str, Callable[[Arguments, BinaryIO], Arguments]] = {
    "defaultAlgorithm": _default_algorithm,
    "supportedAlgorithms": _supported_algorithms,
    "createKey": _create_key,
    "publicKey": _public_key,
    "signMessage": _sign_message,
    "verifySignature": _verify_signature,
}


def run(words: list[str], message: BinaryIO) -> Arguments:
    """Return the answer to one call."""
    try:
        if len(words) != 2 or words[0] != PROTOCOL_VERSION:
            return {"errorMessage": f"Only version {PROTOCOL_VERSION} of the protocol is spoken."}
        arguments = json.loads(words[1])
        name = arguments["methodName"]
        if name not in METHODS:
            return {"errorMessage": f"There is no method {name!r}."}
        return {name: METHODS[name](arguments, message)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"errorMessage": "The arguments are not those of the protocol."}
    except ClientError as error:
        note_failure(error.code, error.message)
        return {"errorMessage": str(error)}


def main() -> None:
    """Answer the call on this process's command line."""
    sys.stdout.write(json.dumps(run(sys.argv[1:], sys.stdin.buffer)))
