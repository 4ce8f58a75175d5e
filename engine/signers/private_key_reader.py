"""A separate program that reads a private key from a file and writes it as PKCS#8 in DER.

How long a passphrase takes to try, and how much memory, is said by the file: a hostile one holds
the interpreter for hours, or takes all memory of the machine. What this program had in its memory
is gone when it ends.

Its standard input is JSON with `content` and `passphrase` in Base64; the passphrase may be null.
"""

import json
import resource
import sys
from base64 import b64decode

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

#: Bytes of memory, at most: a file says how much its passphrase takes.
MEMORY_BYTES = 512 * 1024 * 1024
#: Exit statuses.
UNREADABLE, IS_ENCRYPTED, IS_NOT_ENCRYPTED, HAS_NO_KEY, NEEDS_MEMORY = 10, 11, 12, 13, 14


def read(content: bytes, passphrase: bytes | None) -> bytes | int:
    """Return the private key, or the exit status that says why there is none."""
    is_pem = content.lstrip().startswith(b"-----BEGIN")
    try:
        key = (
            load_pem_private_key(content, passphrase)
            if is_pem
            else pkcs12.load_key_and_certificates(content, passphrase)[0]
        )
        if key is None:
            return HAS_NO_KEY
        return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    except TypeError:
        return IS_ENCRYPTED if passphrase is None else IS_NOT_ENCRYPTED
    except (ValueError, UnsupportedAlgorithm):
        return UNREADABLE
    except (MemoryError, InternalError):
        # OpenSSL says the latter where it gets no memory.
        return NEEDS_MEMORY


def main() -> int:
    """Read the standard input; return the exit status."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    # A core file would hold the key.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    request = json.load(sys.stdin)
    passphrase = request["passphrase"]
    result = read(
        b64decode(request["content"]), None if passphrase is None else b64decode(passphrase)
    )
    if isinstance(result, int):
        return result
    sys.stdout.buffer.write(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
