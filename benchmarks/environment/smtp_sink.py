"""`python -m benchmarks.environment.smtp_sink PORT [FOLDER]`: a mail server that takes everything.

With a folder it writes there when each mail was taken, and what the first one was.
"""

from __future__ import annotations

import asyncio
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop
from aiosmtpd.smtp import SMTP, Envelope

ARRIVALS = "arrivals"
FIRST = "first.eml"
_INSTANT = struct.Struct("d")


class SmtpSink:
    """aiosmtpd's handler."""

    def __init__(self, taken: Callable[[Envelope], None]) -> None:
        self._taken = taken

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self._taken(envelope)
        return "250 OK"


def arrivals(folder: Path) -> list[float]:
    """When each mail was taken, in seconds since the epoch."""
    return [instant for (instant,) in _INSTANT.iter_unpack((folder / ARRIVALS).read_bytes())]


def written_in(folder: Path) -> Callable[[Envelope], None]:
    """Writes down what is taken; the file may be emptied at any time."""
    found = (folder / ARRIVALS).open("ab", buffering=0)
    first = folder / FIRST

    def taken(envelope: Envelope) -> None:
        found.write(_INSTANT.pack(time.time()))
        if not first.exists():
            assert isinstance(envelope.content, bytes)
            first.write_bytes(envelope.content)

    return taken


async def main() -> None:
    """Until it is killed."""
    loop = asyncio.get_running_loop()
    port, *folder = sys.argv[1:]
    handler = SmtpSink(written_in(Path(folder[0])) if folder else lambda _: None)
    server = await loop.create_server(
        lambda: SMTP(handler, enable_SMTPUTF8=True), "127.0.0.1", int(port)
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
