"""The calls of PKCS#11 that the token answers, as a table.

A call that is not in the table is answered FUNCTION_NOT_SUPPORTED. None of the tools that were
tried makes one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from countersign.agent.p11 import object_calls, signing_calls, token_calls
from countersign.agent.p11.call_body import CallBody
from countersign.agent.p11.client_state import Result, TokenClient
from countersign.agent.p11.constants import ReturnValue
from countersign.agent.p11.mechanisms import MechanismFailed
from countersign.agent.p11.sessions import CallFailed
from countersign.agent.p11.wire import BodyReader, MalformedMessage, read_arguments, write_body
from countersign.errors import ClientError, TransientError

ERROR_CALL_ID = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is answered.

    Attributes:
        request: The signature of its arguments.
        response: The signature of its result.
        handler: Answers it, and does not wait before it has read what is long.
    """

    request: str
    response: str
    handler: Callable[..., Awaitable[Result]]


CALLS = {
    1: Call("ayyay", "", token_calls.initialize),
    2: Call("", "", token_calls.finalize),
    3: Call("", "vsusv", token_calls.get_info),
    4: Call("yfu", "au", token_calls.get_slot_list),
    5: Call("u", "ssuvv", token_calls.get_slot_info),
    6: Call("u", "ssssuuuuuuuuuuuvvs", token_calls.get_token_info),
    7: Call("ufu", "au", token_calls.get_mechanism_list),
    8: Call("uu", "uuu", token_calls.get_mechanism_info),
    10: Call("uu", "u", token_calls.open_session),
    11: Call("u", "", token_calls.close_session),
    12: Call("u", "", token_calls.close_all_sessions),
    13: Call("u", "uuuu", token_calls.get_session_info),
    18: Call("uuay", "", token_calls.check_session),  # C_Login
    19: Call("u", "", token_calls.check_session),  # C_Logout
    23: Call("uu", "u", object_calls.get_object_size),
    24: Call("uufA", "aAu", object_calls.get_attribute_value),
    26: Call("uaA", "", object_calls.find_objects_init),
    27: Call("ufu", "au", object_calls.find_objects),
    28: Call("u", "", object_calls.find_objects_final),
    42: Call("uMu", "", signing_calls.sign_init),
    43: Call("uayfy", "ay", signing_calls.sign),
    44: Call("uay", "", signing_calls.sign_update),
    45: Call("ufy", "ay", signing_calls.sign_final),
    63: Call("uay", "", token_calls.check_session),  # C_SeedRandom
    64: Call("ufy", "ay", token_calls.generate_random),
}


def error_body(value: int) -> bytes:
    """The body of an answer that is an error."""
    return write_body(ERROR_CALL_ID, "u", (value,))


async def answer(client: TokenClient, body: CallBody) -> bytes:
    """The body that answers a body; every fault is an error of PKCS#11 in it.

    What is to be signed has been hashed when the call waits, and the body is not held then.
    """
    try:
        return await _answer(client, body)
    except MalformedMessage:
        return error_body(ReturnValue.DEVICE_ERROR)
    except CallFailed as failure:
        return error_body(failure.value)
    except MechanismFailed as failure:
        client.notify(failure.code, failure.sentence)
        return error_body(failure.value)
    except TransientError as error:
        client.notify(error.code, error.message)
        return error_body(ReturnValue.DEVICE_ERROR)
    except ClientError as error:
        client.notify(error.code, error.message)
        return error_body(ReturnValue.FUNCTION_REJECTED)


async def _answer(client: TokenClient, body: CallBody) -> bytes:
    call_id, result = _begin(client, body)
    body.drop()
    return write_body(call_id, CALLS[call_id].response, await result)


def _begin(client: TokenClient, body: CallBody) -> tuple[int, Awaitable[Result]]:
    """Read a call and begin it; none of what it was given is needed for what is left of it."""
    reader = BodyReader(body.content)
    call_id = reader.uint32()
    call = CALLS.get(call_id)
    if call is None:
        raise CallFailed(ReturnValue.FUNCTION_NOT_SUPPORTED)
    if reader.counted_bytes() != call.request.encode():
        raise MalformedMessage("the signature is another one")
    arguments = read_arguments(call.request, reader)
    if not client.is_initialized and call.handler is not token_calls.initialize:
        raise CallFailed(ReturnValue.CRYPTOKI_NOT_INITIALIZED)
    return call_id, call.handler(client, *arguments)
