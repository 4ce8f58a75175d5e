"""Calls that sign. Only a call that has room for the signature uses one of the release."""

from __future__ import annotations

from collections.abc import Awaitable

from countersign.agent.p11.client_state import Result, TokenClient, has_room
from countersign.agent.p11.constants import ReturnValue
from countersign.agent.p11.mechanisms import (
    check_digest_of_parameters,
    choose_mechanism,
    signature_size_bytes,
    to_token_form,
)
from countersign.agent.p11.sessions import CallFailed, Session, SigningOperation
from countersign.agent.p11.wire import Mechanism, SizeOnly


async def sign_init(client: TokenClient, handle: int, named: Mechanism, key_handle: int) -> Result:
    session = client.sessions.get(handle)
    if session.operation is not None:
        raise CallFailed(ReturnValue.OPERATION_ACTIVE)
    obj = client.objects.get(key_handle)
    if obj is None or obj.key is None:
        raise CallFailed(ReturnValue.KEY_HANDLE_INVALID)
    mechanism = choose_mechanism(obj.key, named)
    session.operation = SigningOperation(obj.key, named, mechanism, mechanism.new_input())
    return ()


def _asks_for_size(session: Session, room: int) -> SizeOnly | None:
    """The size of the signature for a caller that only asks for it; nothing is signed then."""
    if session.operation is None:
        raise CallFailed(ReturnValue.OPERATION_NOT_INITIALIZED)
    size = signature_size_bytes(session.operation.key)
    return None if has_room(room, size) else SizeOnly(size)


async def _finish(client: TokenClient, operation: SigningOperation) -> Result:
    digest_algorithm, digest = operation.mechanism.digest_of(operation.signing_input)
    check_digest_of_parameters(operation.named, digest_algorithm)
    signer = client.objects.signer
    signature = await signer.sign(operation.key.alias, digest, digest_algorithm)
    return (to_token_form(operation.key, signature),)


def sign(
    client: TokenClient, handle: int, content: bytes | SizeOnly, room: int
) -> Awaitable[Result]:
    """Hash the content, which may be a whole file; what is awaited then has only its digest."""
    session = client.sessions.get(handle)
    if size := _asks_for_size(session, room):
        return _answer((size,))
    operation = session.take_operation()
    if isinstance(content, SizeOnly) or operation.has_parts:
        raise CallFailed(ReturnValue.ARGUMENTS_BAD)
    operation.signing_input.update(content)
    return _finish(client, operation)


async def _answer(result: Result) -> Result:
    return result


async def sign_update(client: TokenClient, handle: int, part: bytes | SizeOnly) -> Result:
    session = client.sessions.get(handle)
    operation = session.take_operation()
    if isinstance(part, SizeOnly):
        raise CallFailed(ReturnValue.ARGUMENTS_BAD)
    operation.signing_input.update(part)
    operation.has_parts = True
    session.operation = operation
    return ()


async def sign_final(client: TokenClient, handle: int, room: int) -> Result:
    session = client.sessions.get(handle)
    if size := _asks_for_size(session, room):
        return (size,)
    return await _finish(client, session.take_operation())
