"""The token's calls: what they answer, and that only a real call to sign signs."""

from __future__ import annotations

import asyncio
import hashlib
import struct

import pytest

from countersign.agent.p11.sessions import MAX_SESSIONS
from countersign.agent.p11.wire import MAX_BODY_BYTES
from countersign.errors import ClientError, RefusedError, TransientError
from tests.support.agent_keys import keys_in_memory
from tests.support.p11_client import (
    TokenError,
    body,
    byte_array,
    token_connection,
    u32,
    u64,
)

ECDSA = u32(0x1041)
ECDSA_SHA256 = u32(0x1044)
DIGEST = hashlib.sha256(b"content").digest()
CLASS_IS_PRIVATE_KEY = u32(0) + b"\1" + u32(8) + u64(3)
CLASS_IS_CERTIFICATE = u32(0) + b"\1" + u32(8) + u64(1)
#: Room for nothing: a null pointer, and a pointer to nothing.
NO_ROOM = (0, 0xFFFFFFFF, 63)


def size_only(count: int) -> bytes:
    return b"\0" + u32(count)


@pytest.mark.parametrize("room", NO_ROOM)
async def test_question_for_the_size_signs_nothing_and_keeps_the_operation(room: int) -> None:
    keys = keys_in_memory("ECDSA_P256")
    async with token_connection(keys) as connection:
        session = await connection.open_session()
        key = await connection.find_private_key(session, "ecdsa-p256")
        await connection.sign_init(session, key, ECDSA)
        assert await connection.sign(session, DIGEST, room) == size_only(64)
        assert await connection.call(45, "ufy", u64(session), u32(room)) == size_only(64)
        assert keys.signed == []
        assert len(await connection.sign(session, DIGEST, 64)) == 64
    assert len(keys.signed) == 1


async def test_parts_are_hashed_and_signed_once() -> None:
    keys = keys_in_memory("ECDSA_P256")
    async with token_connection(keys) as connection:
        session = await connection.open_session()
        key = await connection.find_private_key(session, "ecdsa-p256")
        await connection.sign_init(session, key, ECDSA_SHA256)
        for part in (b"con", b"", b"tent"):
            await connection.call(44, "uay", u64(session), byte_array(part))
        await connection.call(45, "ufy", u64(session), u32(64))
        with pytest.raises(TokenError, match="0x91"):  # the operation has ended
            await connection.call(45, "ufy", u64(session), u32(64))
    assert [digest for _, digest, _ in keys.signed] == [DIGEST]


@pytest.mark.parametrize(
    ("refusal", "value"),
    [
        (RefusedError("OUTSIDE_WINDOW", "The window of 2.0 opens at noon."), "0x200"),
        (TransientError("UNREACHABLE", "No answer: try again.", did_nothing=True), "0x30"),
    ],
)
async def test_refusal_reaches_the_person_and_ends_the_operation(
    refusal: ClientError, value: str
) -> None:
    keys = keys_in_memory("ECDSA_P256")
    keys.refusal = refusal
    async with token_connection(keys) as connection:
        session = await connection.open_session()
        key = await connection.find_private_key(session, "ecdsa-p256")
        await connection.sign_init(session, key, ECDSA)
        with pytest.raises(TokenError, match=value):
            await connection.sign(session, DIGEST)
        keys.refusal = None
        with pytest.raises(TokenError, match="0x91"):
            await connection.sign(session, DIGEST)
    assert connection.notices == [(refusal.code, refusal.message)]
    assert keys.signed == []


async def test_calls_of_threads_are_answered_out_of_order() -> None:
    keys = keys_in_memory("ECDSA_P256")
    keys.release = asyncio.Event()
    async with token_connection(keys) as connection:
        session = await connection.open_session()
        key = await connection.find_private_key(session, "ecdsa-p256")
        await connection.sign_init(session, key, ECDSA)
        arguments = u64(session), byte_array(DIGEST), u32(64)
        first = connection.send(body(43, "uayfy", *arguments))
        second = connection.send(body(10, "uu", u64(1), u64(4)))
        assert await connection.receive(second) == u64(session + 1)
        keys.release.set()
        assert len(await connection.receive(first)) == 1 + 4 + 64


async def test_nothing_is_signed_for_a_client_that_has_gone() -> None:
    keys = keys_in_memory("ECDSA_P256")
    keys.release = asyncio.Event()
    async with token_connection(keys) as connection:
        session = await connection.open_session()
        key = await connection.find_private_key(session, "ecdsa-p256")
        await connection.sign_init(session, key, ECDSA)
        arguments = u64(session), byte_array(DIGEST), u32(64)
        connection.send(body(43, "uayfy", *arguments))
        await connection.writer.drain()
    keys.release.set()
    await asyncio.sleep(0)
    assert keys.signed == []


async def test_private_keys_keep_their_secrets() -> None:
    async with token_connection(keys_in_memory("RSA_PKCS1_2048")) as connection:
        session = await connection.open_session()
        key = await connection.find_private_key(session, "rsa-pkcs1-2048")
        rooms = u32(2) + u32(0x123) + u32(512) + u32(0x9999) + u32(8)
        answer = await connection.call(24, "uufA", u64(session), u64(key), rooms)
        absent = u32(2) + u32(0x123) + b"\0" + u32(0x9999) + b"\0"
        assert answer == absent + u64(0x12)
        secret = u32(1) + u32(0x123) + u32(512)
        answer = await connection.call(24, "uufA", u64(session), u64(key), secret)
        assert answer == u32(1) + u32(0x123) + b"\0" + u64(0x11)


async def test_value_that_does_not_fit_is_said_to_be_too_long() -> None:
    async with token_connection(keys_in_memory("ECDSA_P256")) as connection:
        session = await connection.open_session()
        key = await connection.find_private_key(session, "ecdsa-p256")
        label = u32(1) + u32(3)
        for room, is_answered in ((0, True), (10, True), (9, False)):
            answer = await connection.call(24, "uufA", u64(session), u64(key), label + u32(room))
            assert (b"ecdsa-p256" in answer) is is_answered
            assert answer.endswith(u64(0 if is_answered else 0x150))


async def test_ed25519_is_not_in_the_token() -> None:
    keys = keys_in_memory("ED25519", "ECDSA_P256", with_certificates=True)
    async with token_connection(keys) as connection:
        session = await connection.open_session()
        assert len(await connection.find(session)) == 3  # private key, public key, certificate
        assert len(await connection.find(session, CLASS_IS_PRIVATE_KEY)) == 1


async def test_certificate_has_the_id_of_its_key_and_the_subject_is_on_both() -> None:
    keys = keys_in_memory("ECDSA_P256", with_certificates=True)
    [certificate] = keys.key_list[0].certificates
    async with token_connection(keys) as connection:
        session = await connection.open_session()
        [private] = await connection.find(session, CLASS_IS_PRIVATE_KEY)
        [public] = await connection.find(session, CLASS_IS_CERTIFICATE)
        rooms = u32(2) + u32(0x102) + u32(21) + u32(0x101) + u32(256)
        both = [
            await connection.call(24, "uufA", u64(session), u64(handle), rooms)
            for handle in (private, public)
        ]
    assert both[0] == both[1]
    assert certificate.subject.public_bytes() in both[0]


async def test_handles_stay_while_keys_come_and_go() -> None:
    keys = keys_in_memory("ECDSA_P256", "ECDSA_P384")
    both = keys.key_list
    async with token_connection(keys) as connection:
        session = await connection.open_session()
        handle = await connection.find_private_key(session, "ecdsa-p384")
        keys.key_list = both[1:]
        assert await connection.find_private_key(session, "ecdsa-p384") == handle
        keys.key_list = both[:1]
        assert len(await connection.find(session)) == 2
        with pytest.raises(TokenError, match="0x60"):
            await connection.sign_init(session, handle, ECDSA)


async def test_sessions_are_bounded() -> None:
    async with token_connection(keys_in_memory("ECDSA_P256")) as connection:
        for _ in range(MAX_SESSIONS):
            last = await connection.open_session()
        with pytest.raises(TokenError, match="0xb1"):
            await connection.open_session()
        await connection.call(11, "u", u64(last))
        await connection.open_session()


async def test_nothing_is_answered_before_the_handshake() -> None:
    async with token_connection(keys_in_memory("ECDSA_P256"), initialized=False) as connection:
        with pytest.raises(TokenError, match="0x190"):
            await connection.open_session()
        with pytest.raises(TokenError, match="0x7"):
            await connection.call(1, "ayyay", byte_array(b"other"), b"\0", byte_array(b""))


async def test_calls_that_are_not_offered_are_refused() -> None:
    async with token_connection(keys_in_memory("ECDSA_P256")) as connection:
        for call_id in (20, 29, 58, 90, 0, 0xFFFFFFFF):
            with pytest.raises(TokenError, match="0x54"):
                await connection.call(call_id, "u", u64(1))
        with pytest.raises(TokenError, match="0x30"):  # the signature is another one
            await connection.call(10, "u", u64(1))


@pytest.mark.parametrize("lengths", [(0, MAX_BODY_BYTES + 1), (4097, 4), (0xFFFFFFFF, 0xFFFFFFFF)])
async def test_frame_that_is_too_long_ends_the_connection(lengths: tuple[int, int]) -> None:
    async with token_connection(keys_in_memory("ECDSA_P256")) as connection:
        connection.writer.write(struct.pack(">III", 0x20, *lengths))
        assert await connection.reader.read() == b""
