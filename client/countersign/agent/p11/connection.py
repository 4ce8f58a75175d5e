"""Connections of p11-kit's clients: frames in, frames out, many calls at a time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from countersign.agent.notices import Notify
from countersign.agent.p11.calls import answer, error_body
from countersign.agent.p11.client_state import TokenClient
from countersign.agent.p11.constants import ReturnValue
from countersign.agent.p11.objects import ObjectTable
from countersign.agent.p11.wire import (
    FRAME_HEADER,
    MAX_BODY_BYTES,
    MAX_OPTIONS_BYTES,
    PROTOCOL_VERSION,
    MalformedMessage,
    frame,
)
from countersign.agent.signing_keys import KeySigner

#: How many calls of one connection are answered at a time; further ones wait in the socket.
MAX_CALLS = 64

logger = logging.getLogger("countersign.agent.p11")


class TokenServer:
    """Answers the clients of one token.

    Args:
        signer: Has the keys and signs.
    """

    def __init__(self, signer: KeySigner) -> None:
        self._objects = ObjectTable(signer)

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, notify: Notify
    ) -> None:
        """Answer one client until it closes the connection or sends what is no frame.

        Calls are answered as soon as they can be, in any order: clients use one connection for
        all of their threads, and sort answers by the code of the call. When the client is gone,
        nothing more is signed for it.
        """
        client = TokenClient(self._objects, notify)
        calls: set[asyncio.Task[None]] = set()
        try:
            await reader.readexactly(1)  # the version that the client would like
            writer.write(bytes([PROTOCOL_VERSION]))
            await self._answer_frames(client, reader, writer, calls)
        except (asyncio.IncompleteReadError, ConnectionError, MalformedMessage):
            pass  # the client has gone, or does not speak the protocol
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            writer.close()

    async def _answer_frames(
        self,
        client: TokenClient,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        calls: set[asyncio.Task[None]],
    ) -> None:
        free_slots = asyncio.Semaphore(MAX_CALLS)

        def finish(call: asyncio.Task[None]) -> None:
            calls.discard(call)
            free_slots.release()

        while True:
            await free_slots.acquire()
            code, body = await _read_frame(reader)
            call = asyncio.create_task(_answer_frame(client, writer, code, body))
            calls.add(call)
            call.add_done_callback(finish)


async def _read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    header = await reader.readexactly(FRAME_HEADER.size)
    code, options_bytes, body_bytes = FRAME_HEADER.unpack(header)
    if options_bytes > MAX_OPTIONS_BYTES or body_bytes > MAX_BODY_BYTES:
        raise MalformedMessage("the frame is too long")
    await reader.readexactly(options_bytes)
    return code, await reader.readexactly(body_bytes)


async def _answer_frame(
    client: TokenClient, writer: asyncio.StreamWriter, code: int, body: bytes
) -> None:
    try:
        answer_body = await answer(client, body)
    except Exception:
        logger.exception("call_failed")
        answer_body = error_body(ReturnValue.GENERAL_ERROR)
    with suppress(ConnectionError):
        writer.write(frame(code, answer_body))
        await writer.drain()
