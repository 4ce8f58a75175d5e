"""Holds a tool's call until its release opens, instead of refusing it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from countersign.agent.notices import Notify
from countersign.agent.signing_keys import AgentKey, DigestAlgorithm, KeySigner
from countersign.errors import RefusedError, TransientError

#: The refusal that passes with time: no open release holds the keypair now.
OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
#: The server is asked whether it would sign now, which leaves no trace there: at first after so
#: long, then after twice as long each time, up to the limit.
FIRST_POLL_SECONDS = 1.0
MAX_POLL_SECONDS = 15.0

#: Tells whether the server would sign with a keypair now.
IsOpen = Callable[[str], Awaitable[bool]]


class WaitingSigner:
    """Signs as another signer does, but waits while the release has not opened.

    A tool that gives up closes its connection, which cancels the call and with it the wait.

    Args:
        signer: Has the keys and signs.
        is_open: Tells whether the server would sign with a keypair now.
        limit_seconds: How long one call is held at most.
        notify: Tells the person that the tool waits.
    """

    def __init__(
        self, signer: KeySigner, is_open: IsOpen, limit_seconds: float, notify: Notify
    ) -> None:
        self._signer = signer
        self._is_open = is_open
        self._limit_seconds = limit_seconds
        self._notify = notify
        self._openings: dict[str, asyncio.Task[None]] = {}

    async def keys(self) -> Sequence[AgentKey]:
        """Return the keys of the other signer."""
        return await self._signer.keys()

    async def sign(self, alias: str, content: bytes, hashed_by: DigestAlgorithm | None) -> bytes:
        """Return one signature, if need be when the release has opened.

        Raises:
            ClientError: There is none, or the release has not opened in time.
        """
        deadline = time.monotonic() + self._limit_seconds
        while True:
            try:
                return await self._signer.sign(alias, content, hashed_by)
            except RefusedError as refusal:
                if refusal.code != OUTSIDE_WINDOW:
                    raise
                opening = self._opening(alias, refusal)
                # Other calls wait for the same opening, so a cancelled one does not cancel it.
                await asyncio.wait([opening], timeout=deadline - time.monotonic())
                if not opening.done():
                    raise

    def _opening(self, alias: str, refusal: RefusedError) -> asyncio.Task[None]:
        opening = self._openings.get(alias)
        if opening is None:
            self._notify("WAITING", f"{refusal.message} The tool waits until then.")
            opening = self._openings[alias] = asyncio.create_task(self._wait_for(alias))
            opening.add_done_callback(lambda _opening: self._openings.pop(alias, None))
        return opening

    async def _wait_for(self, alias: str) -> None:
        ends_at = time.monotonic() + self._limit_seconds
        pause_seconds = FIRST_POLL_SECONDS
        while time.monotonic() < ends_at:
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, MAX_POLL_SECONDS)
            try:
                if await self._is_open(alias):
                    return
            except TransientError:
                continue  # the server is away for a while
