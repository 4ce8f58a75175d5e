"""Connections of p11-kit's clients: frames in, frames out, many calls at a time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial

from countersign.agent.notices import Notify
from countersign.agent.p11.byte_budget import ByteBudget
from countersign.agent.p11.call_body import CallBody
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
#: How many bytes of calls are held at a time, over all connections: four of the greatest calls.
MAX_HELD_BYTES = 4 * MAX_BODY_BYTES
#: How long a client may take to send what it has announced, since others may wait for the bytes.
BODY_SECONDS = 120.0

logger = logging.getLogger("countersign.agent.p11")


class TokenServer:
    """Answers the clients of one token.

    Args:
        signer: Has the keys and signs.
        max_held_bytes: How many bytes of calls are held at a time, over all connections; further
            calls wait in their sockets.
    """

    def __init__(self, signer: KeySigner, max_held_bytes: int = MAX_HELD_BYTES) -> None:
        self._objects = ObjectTable(signer)
        self._budget = ByteBudget(max_held_bytes)

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
        except (asyncio.IncompleteReadError, ConnectionError, MalformedMessage, TimeoutError):
            pass  # the client has gone, stands still, or does not speak the protocol
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

        def finish(call: asyncio.Task[None], body: CallBody) -> None:
            calls.discard(call)
            free_slots.release()
            body.drop()

        while True:
            await free_slots.acquire()
            code, body = await self._read_frame(reader)
            call = asyncio.create_task(_answer_frame(client, writer, code, body))
            calls.add(call)
            call.add_done_callback(partial(finish, body=body))

    async def _read_frame(self, reader: asyncio.StreamReader) -> tuple[int, CallBody]:
        """Read a call, whose bytes are taken from the budget for as long as they are held."""
        code, options_bytes, body_bytes = FRAME_HEADER.unpack(
            await reader.readexactly(FRAME_HEADER.size)
        )
        if options_bytes > MAX_OPTIONS_BYTES or body_bytes > MAX_BODY_BYTES:
            raise MalformedMessage("the frame is too long")
        await self._budget.take(body_bytes)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                await reader.readexactly(options_bytes)
                content = await reader.readexactly(body_bytes)
                return code, CallBody(content, partial(self._budget.give_back, body_bytes))
        except BaseException:
            self._budget.give_back(body_bytes)
            raise


async def _answer_frame(
    client: TokenClient, writer: asyncio.StreamWriter, code: int, body: CallBody
) -> None:
    try:
        answer_body = await answer(client, body)
    except Exception:
        logger.exception("call_failed")
        answer_body = error_body(ReturnValue.GENERAL_ERROR)
    with suppress(ConnectionError):
        writer.write(frame(code, answer_body))
        await writer.drain()
