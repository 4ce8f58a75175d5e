"""Whatever bytes a client sends, the token answers, and signs nothing that was not asked for."""

from __future__ import annotations

import asyncio
import struct

from hypothesis import given
from hypothesis import strategies as st

from countersign.agent.p11.call_body import CallBody
from countersign.agent.p11.calls import CALLS, answer
from countersign.agent.p11.client_state import TokenClient
from countersign.agent.p11.objects import ObjectTable
from tests.support.agent_keys import keys_in_memory
from tests.support.p11_client import INITIALIZE, body, byte_array, u32, u64

KEYS = keys_in_memory("ECDSA_P256", "RSA_PKCS1_2048", "RSA_PSS_2048", with_certificates=True)
NUMBERS = st.one_of(st.integers(0, 12), st.sampled_from([0x40, 0x1041, 2**32 - 1, 2**64 - 1]))

#: Bytes of an argument by the letter of its type: sound ones, in which any value may stand.
ARGUMENTS = {
    "y": st.binary(min_size=1, max_size=1),
    "u": NUMBERS.map(u64),
    "fu": NUMBERS.map(lambda number: u32(number % 2**32)),
    "fy": NUMBERS.map(lambda number: u32(number % 2**32)),
    "ay": st.binary(max_size=64).map(byte_array),
    "M": st.builds(
        lambda number, rest: u32(number % 2**32) + rest, NUMBERS, st.binary(max_size=30)
    ),
    "aA": st.lists(NUMBERS.map(lambda number: u32(number % 2**32) + b"\0"), max_size=4).map(
        lambda attributes: u32(len(attributes)) + b"".join(attributes)
    ),
    "fA": st.lists(st.tuples(NUMBERS, NUMBERS), max_size=8).map(
        lambda rooms: u32(len(rooms)) + b"".join(u32(n % 2**32) for pair in rooms for n in pair)
    ),
}


def _letters(signature: str) -> list[str]:
    letters: list[str] = []
    rest = signature
    while rest:
        size = 2 if rest[0] in "af" else 1
        letters, rest = [*letters, rest[:size]], rest[size:]
    return letters


@st.composite
def sound_calls(draw: st.DrawFn) -> bytes:
    call_id = draw(st.sampled_from(sorted(CALLS)))
    signature = CALLS[call_id].request
    return body(call_id, signature, *(draw(ARGUMENTS[code]) for code in _letters(signature)))


@st.composite
def damaged_calls(draw: st.DrawFn) -> bytes:
    call = bytearray(draw(sound_calls()))
    for _ in range(draw(st.integers(1, 4))):
        call[draw(st.integers(0, len(call) - 1))] = draw(st.integers(0, 255))
    return bytes(call[: draw(st.integers(0, len(call)))]) + draw(st.binary(max_size=8))


def _is_answer(answer_body: bytes) -> bool:
    call_id, signature_bytes = struct.unpack(">II", answer_body[:8])
    signature = answer_body[8 : 8 + signature_bytes].decode()
    return signature == ("u" if call_id == 0 else CALLS[call_id].response)


async def _answers(bodies: list[bytes]) -> list[bytes]:
    client = TokenClient(ObjectTable(KEYS), lambda *_words: None)
    return [await answer(client, CallBody(call)) for call in [INITIALIZE, *bodies]]


@given(st.lists(st.one_of(st.binary(max_size=80), damaged_calls()), max_size=12))
def test_damaged_bytes_are_answered_and_sign_nothing(bodies: list[bytes]) -> None:
    KEYS.signed.clear()
    assert all(map(_is_answer, asyncio.run(_answers(bodies))))
    # Damage may leave a sound call to sign, but only after a session and a key were named.
    assert len(KEYS.signed) <= sum(call[:4] in {u32(43), u32(45)} for call in bodies)


@given(st.lists(sound_calls(), max_size=20))
def test_sound_calls_in_any_order_sign_at_most_once_for_each_begun_signature(
    bodies: list[bytes],
) -> None:
    KEYS.signed.clear()
    answers = asyncio.run(_answers(bodies))[1:]
    assert all(map(_is_answer, answers))
    begun = sum(answer_body[:4] == u32(42) for answer_body in answers)
    signatures = [a for a in answers if a[:4] in {u32(43), u32(45)} and a[10:11] == b"\1"]
    assert len(KEYS.signed) <= begun
    assert len(signatures) <= begun


async def test_every_length_that_is_cut_short_is_answered() -> None:
    client = TokenClient(ObjectTable(KEYS), lambda *_words: None)
    await answer(client, CallBody(INITIALIZE))
    attributes = u32(1) + u32(3) + b"\1" + u32(5) + u32(5) + b"label"
    whole = body(26, "uaA", u64(1), attributes)
    for size in range(len(whole)):
        assert _is_answer(await answer(client, CallBody(whole[:size])))


async def test_too_many_attributes_are_refused_before_they_are_read() -> None:
    client = TokenClient(ObjectTable(KEYS), lambda *_words: None)
    await answer(client, CallBody(INITIALIZE))
    many = body(24, "uufA", u64(1), u64(1), u32(2**32 - 1))
    assert await answer(client, CallBody(many)) == body(0, "u", u64(0x30))
