"""`python -m benchmarks.sink PORT`: a mail server that takes everything and keeps nothing."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvloop
from aiosmtpd.smtp import SMTP


class Sink:
    """aiosmtpd's handler."""

    async def handle_DATA(self, *_: Any) -> str:  # noqa: N802 - aiosmtpd's name
        return "250 OK"


async def main() -> None:
    """Until it is killed."""
    loop = asyncio.get_running_loop()
    port = int(sys.argv[1])
    server = await loop.create_server(lambda: SMTP(Sink(), enable_SMTPUTF8=True), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
