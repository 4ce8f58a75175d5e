"""Calls about the token, its mechanisms and the client's sessions."""

from __future__ import annotations

import os

from countersign.agent.p11.client_state import Result, TokenClient, has_room
from countersign.agent.p11.constants import (
    MechanismFlag,
    ReturnValue,
    SessionFlag,
    SlotFlag,
    TokenFlag,
)
from countersign.agent.p11.mechanisms import MECHANISMS
from countersign.agent.p11.sessions import MAX_SESSIONS, CallFailed
from countersign.agent.p11.wire import SizeOnly
from countersign.agent.signing_keys import Scheme

HANDSHAKE = b"PRIVATE-GNOME-KEYRING-PKCS11-PROTOCOL-V-1"
SLOT_ID = 1
NAME = "Countersign"
CRYPTOKI_VERSION, TOKEN_VERSION = (2, 40), (1, 0)
#: How many random bytes one call may have.
MAX_RANDOM_BYTES = 64 << 10
#: For counts that the token does not keep.
UNAVAILABLE = 0xFFFFFFFFFFFFFFFF
#: States of a session without a login.
READ_ONLY_PUBLIC, READ_WRITE_PUBLIC = 0, 2


def _padded(text: str, size: int) -> bytes:
    return text.encode()[:size].ljust(size)


def _check_slot(slot: int) -> None:
    if slot != SLOT_ID:
        raise CallFailed(ReturnValue.SLOT_ID_INVALID)


async def initialize(client: TokenClient, handshake: bytes, *_reserved: object) -> Result:
    if handshake != HANDSHAKE:
        raise CallFailed(ReturnValue.ARGUMENTS_BAD)
    client.is_initialized = True
    return ()


async def finalize(client: TokenClient) -> Result:
    client.sessions.close_all()
    return ()


async def get_info(_client: TokenClient) -> Result:
    return CRYPTOKI_VERSION, _padded(NAME, 32), 0, _padded(NAME, 32), TOKEN_VERSION


async def get_slot_list(_client: TokenClient, _token_present: int, room: int) -> Result:
    return ([SLOT_ID] if has_room(room, 1) else SizeOnly(1),)


async def get_slot_info(_client: TokenClient, slot: int) -> Result:
    _check_slot(slot)
    names = _padded(NAME, 64), _padded(NAME, 32)
    return *names, SlotFlag.TOKEN_PRESENT, TOKEN_VERSION, TOKEN_VERSION


async def get_token_info(client: TokenClient, slot: int) -> Result:
    _check_slot(slot)
    names = _padded(NAME, 32), _padded(NAME, 32), _padded("agent", 16), _padded("1", 16)
    flags = (
        TokenFlag.RNG
        | TokenFlag.WRITE_PROTECTED
        | TokenFlag.USER_PIN_INITIALIZED
        | TokenFlag.TOKEN_INITIALIZED
    )
    open_sessions = len(client.sessions)
    session_counts = MAX_SESSIONS, open_sessions, MAX_SESSIONS, UNAVAILABLE
    pin_sizes = 255, 0
    memory = (UNAVAILABLE,) * 4
    versions = TOKEN_VERSION, TOKEN_VERSION
    return *names, flags, *session_counts, *pin_sizes, *memory, *versions, _padded("", 16)


async def get_mechanism_list(_client: TokenClient, slot: int, room: int) -> Result:
    _check_slot(slot)
    types = list(MECHANISMS)
    return (types if has_room(room, len(types)) else SizeOnly(len(types)),)


async def get_mechanism_info(_client: TokenClient, slot: int, type_: int) -> Result:
    _check_slot(slot)
    mechanism = MECHANISMS.get(type_)
    if mechanism is None:
        raise CallFailed(ReturnValue.MECHANISM_INVALID)
    if mechanism.scheme is Scheme.ECDSA:
        curves = MechanismFlag.EC_F_P | MechanismFlag.EC_NAMEDCURVE | MechanismFlag.EC_UNCOMPRESS
        return 256, 521, MechanismFlag.SIGN | curves
    return 2048, 4096, MechanismFlag.SIGN


async def open_session(client: TokenClient, slot: int, flags: int) -> Result:
    _check_slot(slot)
    return (client.sessions.open(flags),)


async def close_session(client: TokenClient, session: int) -> Result:
    client.sessions.close(session)
    return ()


async def close_all_sessions(client: TokenClient, slot: int) -> Result:
    _check_slot(slot)
    client.sessions.close_all()
    return ()


async def get_session_info(client: TokenClient, session: int) -> Result:
    flags = client.sessions.get(session).flags
    state = READ_WRITE_PUBLIC if flags & SessionFlag.RW_SESSION else READ_ONLY_PUBLIC
    return SLOT_ID, state, flags, 0


async def check_session(client: TokenClient, session: int, *_ignored: object) -> Result:
    """Logging in and out changes nothing, and neither does a seed: whoever connects may sign."""
    client.sessions.get(session)
    return ()


async def generate_random(client: TokenClient, session: int, room: int) -> Result:
    client.sessions.get(session)
    if room > MAX_RANDOM_BYTES:
        raise CallFailed(ReturnValue.ARGUMENTS_BAD)
    return (os.urandom(room),)
