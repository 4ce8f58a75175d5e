"""What clients of three versions of p11-kit send to begin a signature.

The bytes of 0.24.1 were recorded while pkcs11-tool signed through Debian's p11-kit-client.so. Those
of 0.25.5 and of 0.26 were put together from the documented framing: 0.25.5 frames as 0.24 does and
asks for version 1, and since 0.25.6 a mechanism without parameters has no bytes for them, while
RSA-PSS has a byte that says that they follow, and version 2 is asked for.
"""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from countersign.agent.p11.call_body import CallBody
from countersign.agent.p11.calls import answer
from countersign.agent.p11.client_state import TokenClient
from countersign.agent.p11.connection import TokenServer
from countersign.agent.p11.objects import ObjectTable
from countersign.agent.signing_keys import DigestAlgorithm
from tests.support.agent_keys import keys_in_memory
from tests.support.p11_client import body, u32, u64

INITIALIZE = bytes.fromhex(
    "000000010000000561797961790100000029505249564154452d474e4f4d452d4b455952494e472d504b435331"
    "312d50524f544f434f4c2d562d3100010000000100"
)
OPEN_SESSION = body(10, "uu", u64(1), u64(4))
FIND_KEYS = body(26, "uaA", u64(1), u32(0))
DATA = bytes(32)
SIGN = bytes.fromhex(
    "0000002b00000005756179667900000000000000010100000020"
    "000000000000000000000000000000000000000000000000000000000000000000000200"
)
#: By version and algorithm: the call that begins a signature in session 1 with the private key 1.
SIGN_INIT = {
    ("0.24.1", "ECDSA_P256"): "0000002a00000003754d75000000000000000100001041ffffffff"
    "0000000000000001",
    ("0.24.1", "RSA_PKCS1_2048"): "0000002a00000003754d75000000000000000100000040ffffffff"
    "0000000000000001",
    ("0.24.1", "RSA_PSS_2048"): "0000002a00000003754d750000000000000001"
    "0000000d0000000000000250000000000000000200000000000000200000000000000001",
    ("0.26", "ECDSA_P256"): "0000002a00000003754d750000000000000001000010410000000000000001",
    ("0.26", "RSA_PKCS1_2048"): "0000002a00000003754d750000000000000001000000400000000000000001",
    ("0.26", "RSA_PSS_2048"): "0000002a00000003754d750000000000000001"
    "0000000d010000000000000250000000000000000200000000000000200000000000000001",
}
#: What is signed: data that the token hashes, or a digest.
HASHED = {"RSA_PKCS1_2048"}


@pytest.mark.parametrize(("version", "algorithm"), SIGN_INIT)
async def test_client_of_this_version_signs(version: str, algorithm: str) -> None:
    keys = keys_in_memory(algorithm)
    client = TokenClient(ObjectTable(keys), lambda *_words: None)
    sign_init = bytes.fromhex(SIGN_INIT[version, algorithm])
    for call in (INITIALIZE, OPEN_SESSION, FIND_KEYS, sign_init, SIGN):
        answered = await answer(client, CallBody(call))
        assert answered[:4] == call[:4]
    digest = hashlib.sha256(DATA).digest() if algorithm in HASHED else DATA
    assert keys.signed == [(keys.key_list[0].alias, digest, DigestAlgorithm.SHA256)]


@pytest.mark.parametrize("asked_version", [0, 1, 2, 255])
async def test_version_0_is_answered_to_every_client(asked_version: int) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(bytes([asked_version]))
    reader.feed_eof()
    written: list[bytes] = []

    class Writer:
        def write(self, content: bytes) -> None:
            written.append(content)

        def close(self) -> None:
            pass

    server = TokenServer(keys_in_memory("ECDSA_P256"))
    await server.serve(reader, Writer(), lambda *_words: None)  # type: ignore[arg-type]
    assert written == [b"\0"]
