"""The ssh-agent signs what SSHSIG has signed, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from countersign.agent.ssh.agent import SshAgent, key_blob
from countersign.agent.ssh.messages import string
from countersign.errors import RefusedError
from tests.support.agent_keys import KeysInMemory, keys_in_memory

FAILURE, IDENTITIES, SIGNED = b"\5", 12, 14
SHA512_FLAG = (4).to_bytes(4)
DIGEST = bytes(64)
FILE = b"SSHSIG" + b"".join(map(string, (b"file", b"", b"sha512", DIGEST)))
KEYS = keys_in_memory("ECDSA_P256", "RSA_PKCS1_2048", "RSA_PSS_2048", "ED25519")


async def answer(keys: KeysInMemory, message: bytes) -> tuple[bytes, list[tuple[str, str]]]:
    notices: list[tuple[str, str]] = []
    answered = await SshAgent(keys).answer(message, lambda *words: notices.append(words))
    return answered, notices


def request(alias: str, signed: bytes, flags: bytes = SHA512_FLAG) -> bytes:
    [key] = [key for key in KEYS.key_list if key.alias == alias]
    return bytes([13]) + string(key_blob(key)) + string(signed) + flags


async def test_keys_are_those_that_ssh_verifies() -> None:
    identities, _ = await answer(KEYS, b"\x0b")
    assert identities[0] == IDENTITIES
    assert identities[1:5] == (3).to_bytes(4)
    assert b"ecdsa-p256" in identities
    assert b"rsa-pkcs1-2048" in identities


async def test_file_is_signed() -> None:
    KEYS.signed.clear()
    for alias in ("ecdsa-p256", "rsa-pkcs1-2048", "ed25519"):
        answered, _ = await answer(KEYS, request(alias, FILE))
        assert answered[0] == SIGNED
    assert [hashed_by for _, _, hashed_by in KEYS.signed] == ["SHA256", "SHA512", None]
    assert KEYS.signed[2][1] == FILE


async def test_login_is_not_signed_and_the_person_reads_why() -> None:
    KEYS.signed.clear()
    login = string(bytes(32)) + b"\x32" + string(b"root") + string(b"ssh-connection")
    for signed in (login, b"", b"SSHSIG", b"SSHSIG" + login, FILE + b"\0", FILE[:-1]):
        answered, notices = await answer(KEYS, request("ecdsa-p256", signed))
        assert answered == FAILURE
        assert [code for code, _ in notices] == ["NO_LOGIN"]
    assert KEYS.signed == []


async def test_sha_1_and_unknown_keys_are_refused() -> None:
    KEYS.signed.clear()
    assert (await answer(KEYS, request("rsa-pkcs1-2048", FILE, bytes(4))))[0] == FAILURE
    assert (await answer(KEYS, request("rsa-pss-2048", FILE)))[0] == FAILURE
    assert KEYS.signed == []


async def test_refusal_of_the_server_reaches_the_person() -> None:
    keys = keys_in_memory("ECDSA_P256")
    keys.refusal = RefusedError("OUTSIDE_WINDOW", "The window opens at noon.")
    message = bytes([13]) + string(key_blob(keys.key_list[0])) + string(FILE) + SHA512_FLAG
    answered, notices = await answer(keys, message)
    assert answered == FAILURE
    assert notices == [("OUTSIDE_WINDOW", "The window opens at noon.")]


@given(st.binary(min_size=1, max_size=200))
async def test_hostile_bytes_fail(message: bytes) -> None:
    KEYS.signed.clear()
    answered, _ = await answer(KEYS, message)
    assert answered == FAILURE or message[0] == 11
    assert KEYS.signed == []
