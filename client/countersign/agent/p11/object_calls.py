"""Calls about the objects of the token: searching and reading them."""

from __future__ import annotations

from collections.abc import Sequence

from countersign.agent.p11.client_state import Result, TokenClient
from countersign.agent.p11.constants import ReturnValue
from countersign.agent.p11.objects import SECRET_ATTRIBUTES, TokenObject
from countersign.agent.p11.sessions import CallFailed
from countersign.agent.p11.wire import AttributeValue, attribute_size_bytes

#: How many handles one call may have.
MAX_HANDLES = 4096


def _object(client: TokenClient, handle: int) -> TokenObject:
    obj = client.objects.get(handle)
    if obj is None:
        raise CallFailed(ReturnValue.OBJECT_HANDLE_INVALID)
    return obj


async def get_object_size(client: TokenClient, session: int, handle: int) -> Result:
    client.sessions.get(session)
    obj = _object(client, handle)
    return (sum(attribute_size_bytes(value) for value in obj.attributes.values()),)


async def get_attribute_value(
    client: TokenClient, session: int, handle: int, rooms: Sequence[tuple[int, int]]
) -> Result:
    client.sessions.get(session)
    obj = _object(client, handle)
    values: list[tuple[int, AttributeValue | None]] = []
    failure = 0
    for type_, room in rooms:
        value = obj.attributes.get(type_)
        if value is None:
            is_secret = obj.is_private_key and type_ in SECRET_ATTRIBUTES
            kind = "ATTRIBUTE_SENSITIVE" if is_secret else "ATTRIBUTE_TYPE_INVALID"
            failure = ReturnValue[kind]
        elif 0 < room < attribute_size_bytes(value):
            value, failure = None, ReturnValue.BUFFER_TOO_SMALL
        values.append((type_, value))
    return values, failure


async def find_objects_init(
    client: TokenClient, handle: int, template: Sequence[tuple[int, AttributeValue | None]]
) -> Result:
    session = client.sessions.get(handle)
    if session.search is not None:
        raise CallFailed(ReturnValue.OPERATION_ACTIVE)
    objects = await client.objects.refresh()
    session.search = [number for number, obj in objects.items() if obj.matches(template)]
    return ()


async def find_objects(client: TokenClient, handle: int, room: int) -> Result:
    session = client.sessions.get(handle)
    if session.search is None:
        raise CallFailed(ReturnValue.OPERATION_NOT_INITIALIZED)
    count = min(room, MAX_HANDLES)
    page, session.search = session.search[:count], session.search[count:]
    return (page,)


async def find_objects_final(client: TokenClient, handle: int) -> Result:
    session = client.sessions.get(handle)
    if session.search is None:
        raise CallFailed(ReturnValue.OPERATION_NOT_INITIALIZED)
    session.search = None
    return ()
