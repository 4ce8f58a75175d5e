"""The gpg-agent signs digests with subkeys of OpenPGP keypairs, and answers anything else."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.agent.gpg.assuan import Conversation, answer, data_lines
from countersign.agent.gpg.keygrip import keygrip
from countersign.errors import RefusedError
from tests.support.agent_keys import KeysInMemory, keys_in_memory

DIGEST = hashlib.sha256(b"content").hexdigest()
NO_SECRET_KEY, FORBIDDEN = b"ERR 67108881 ", b"ERR 67109115 "


def openpgp_keys(*algorithms: str) -> KeysInMemory:
    keys = keys_in_memory(*algorithms)
    keys.key_list = [replace(key, openpgp_certificate="armored") for key in keys.key_list]
    return keys


KEYS = openpgp_keys("ED25519", "RSA_PKCS1_2048", "ECDSA_P256")


def grip_of(keys: KeysInMemory, number: int = 0) -> str:
    return keygrip(keys.key_list[number].public_key).hex().upper()


async def talk(keys: KeysInMemory, *lines: str) -> tuple[list[bytes], list[tuple[str, str]]]:
    """The last line of the answer to each line, and what the person read."""
    notices: list[tuple[str, str]] = []
    conversation = Conversation(keys, lambda *words: notices.append(words))
    return [(await answer(conversation, line.encode()))[-1] for line in lines], notices


@pytest.mark.parametrize("number", range(3))
async def test_digest_is_signed_with_the_chosen_key(number: int) -> None:
    KEYS.signed.clear()
    lines = [f"SIGKEY {grip_of(KEYS, number)}", f"SETHASH 8 {DIGEST}", "PKSIGN"]
    answers, _ = await talk(KEYS, *lines)
    assert answers == [b"OK"] * 3
    alias = KEYS.key_list[number].alias
    assert [(name, digest.hex()) for name, digest, _ in KEYS.signed] == [(alias, DIGEST)]


async def test_nothing_is_signed_without_key_and_digest() -> None:
    KEYS.signed.clear()
    answers, _ = await talk(KEYS, "PKSIGN", f"SETHASH 8 {DIGEST}", "PKSIGN", "RESET", "PKSIGN")
    assert [line[:12] for line in answers[::2]] == [NO_SECRET_KEY[:12]] * 3
    for sethash in ("SETHASH 2 " + "00" * 20, "SETHASH 8 00", "SETHASH 8", "SETHASH x y"):
        answers, _ = await talk(KEYS, f"SIGKEY {grip_of(KEYS)}", sethash, "PKSIGN")
        assert answers[1].startswith(b"ERR ")
        assert answers[2].startswith(NO_SECRET_KEY)
    assert KEYS.signed == []


async def test_refusal_is_forbidden_and_read_by_the_person() -> None:
    keys = openpgp_keys("ED25519")
    keys.refusal = RefusedError("QUOTA_EXHAUSTED", "All are used.")
    answers, notices = await talk(keys, f"SIGKEY {grip_of(keys)}", f"SETHASH 8 {DIGEST}", "PKSIGN")
    assert answers[2].startswith(FORBIDDEN)
    assert notices == [("QUOTA_EXHAUSTED", "All are used.")]


async def test_other_keypairs_are_not_offered() -> None:
    keys = keys_in_memory("ED25519")
    answers, _ = await talk(keys, f"HAVEKEY {grip_of(keys)}", f"SIGKEY {grip_of(keys)}")
    assert all(line.startswith(NO_SECRET_KEY) for line in answers)


def test_data_are_escaped_and_in_short_lines() -> None:
    content = bytes(range(256)) * 4
    lines = data_lines(content)
    assert all(len(line) < 1000 and b"\n" not in line and b"\r" not in line for line in lines)
    joined = b"".join(line.removeprefix(b"D ") for line in lines)
    assert joined.replace(b"%0D", b"\r").replace(b"%0A", b"\n").replace(b"%25", b"%") == content


@given(
    st.one_of(st.text(max_size=60), st.sampled_from(["HAVEKEY", "KEYINFO", "READKEY", "SIGKEY"]))
)
async def test_every_line_is_answered(line: str) -> None:
    answers, _ = await talk(KEYS, line)
    assert answers[0] == b"OK" or answers[0].startswith(b"ERR ")
