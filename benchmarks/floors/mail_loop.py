"""The floor of sending: a few aiosmtplib connections that hand in ready-made mails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiosmtplib import SMTP

CONNECTIONS = 8


async def hand_in(port: int, sender: str, mails: Iterable[tuple[str, bytes]]) -> None:
    """All of them, each to its recipient."""
    waiting = iter(mails)

    async def send() -> None:
        server = SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False)
        async with server:
            for recipient, content in waiting:
                await server.sendmail(sender, [recipient], content)

    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
