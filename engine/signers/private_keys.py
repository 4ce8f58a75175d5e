"""Private keys in files that come in from elsewhere: PEM and PKCS#12."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

from engine.model.algorithms import KeypairAlgorithm
from engine.signers import private_key_reader as reader
from engine.signers.base import SignerFailed, UnacceptableKey
from engine.signers.key_checks import require_acceptable

#: Bytes of a file with a private key, at most; one with a long chain of certificates has less.
MAX_FILE_BYTES = 64 * 1024
#: Seconds to try a passphrase.
READ_SECONDS = 20

_READER = Path(reader.__file__)
_FAULTS: Mapping[int, str] = {
    reader.UNREADABLE: "This is no private key in PEM or PKCS#12 that can be read, or the"
    " passphrase is wrong. Check both.",
    reader.IS_ENCRYPTED: "The private key is encrypted. Give its passphrase.",
    reader.IS_NOT_ENCRYPTED: "The private key is not encrypted. Leave the passphrase out.",
    reader.HAS_NO_KEY: "The file has no private key. Export it with its private key.",
    reader.NEEDS_MEMORY: "The passphrase takes too much memory to try. Encrypt the key anew, for"
    " example with `openssl pkcs8 -topk8 -iter 100000`.",
}


@dataclass(frozen=True, slots=True)
class PrivateKeyFile:
    """The content of a file with a private key, PEM or PKCS#12, and what it is encrypted with."""

    content: bytes = field(repr=False)
    passphrase: bytes | None = field(default=None, repr=False)


def read_private_key(file: PrivateKeyFile, algorithm: KeypairAlgorithm) -> bytes:
    """Return a private key as PKCS#8 in DER.

    Raises:
        UnacceptableKey: It cannot be read, is not of this algorithm, or is weak.
        SignerFailed: The program that reads it could not be run.
    """
    if len(file.content) > MAX_FILE_BYTES:
        message = f"A file with a private key has at most {MAX_FILE_BYTES} bytes."
        raise UnacceptableKey(message)
    private_key = _read(file)
    # The reader has checked it, and checking an RSA key's primes takes long.
    private = load_der_private_key(private_key, None, unsafe_skip_rsa_key_validation=True)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    require_acceptable(public.decode("ascii"), algorithm)
    return private_key


def _read(file: PrivateKeyFile) -> bytes:
    passphrase = None if file.passphrase is None else b64encode(file.passphrase).decode("ascii")
    request = {"content": b64encode(file.content).decode("ascii"), "passphrase": passphrase}
    # -P: the program's own directory must not hide installed packages of the same names.
    command = [sys.executable, "-P", str(_READER)]
    try:
        result = subprocess.run(  # noqa: S603 - no shell, and no argument of anybody's
            command,
            input=json.dumps(request).encode("ascii"),
            capture_output=True,
            timeout=READ_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        # Without its cause, which would hold what was already written of the key.
        message = (
            "The passphrase takes too long to try. Encrypt the key anew with fewer rounds, for"
            " example with `openssl pkcs8 -topk8 -iter 100000`."
        )
        raise UnacceptableKey(message) from None
    except OSError:
        raise SignerFailed("The private key could not be read. Try again.") from None
    if result.returncode in _FAULTS:
        raise UnacceptableKey(_FAULTS[result.returncode])
    if result.returncode:
        raise SignerFailed("The private key could not be read. Try again.")
    return result.stdout
