"""`python -m benchmarks.environment.smtp_sink PORT [FOLDER]`: a mail server that takes everything.

It costs little beside what sends to it: it reads no address and no mail, and only keeps the order
of commands that RFC 5321 has. With a folder it writes there when each mail was taken, and what the
first one was.
"""

from __future__ import annotations

import asyncio
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import cast

import uvloop

ARRIVALS = "arrivals"
FIRST = "first.eml"
END_OF_LINE = b"\r\n"
END_OF_MAIL = b"\r\n.\r\n"
GREETING = b"220 sink.example.com ESMTP\r\n"
EXTENSIONS = (
    b"250-sink.example.com\r\n"
    b"250-SIZE 33554432\r\n"
    b"250-8BITMIME\r\n"
    b"250-PIPELINING\r\n"
    b"250 SMTPUTF8\r\n"
)
OK = b"250 OK\r\n"
GO_ON = b"354 End data with <CR><LF>.<CR><LF>\r\n"
BYE = b"221 Bye\r\n"
OUT_OF_ORDER = b"503 Bad sequence of commands\r\n"
UNKNOWN = b"502 Command not implemented\r\n"
_INSTANT = struct.Struct("d")


class MailStage(IntEnum):
    """How far a mail has come."""

    NOTHING = 0
    SENDER = 1
    RECIPIENT = 2


@dataclass(frozen=True, slots=True)
class Command:
    """How a command is answered, what it needs, and what it leads to if it leads anywhere."""

    reply: bytes
    needs: MailStage = MailStage.NOTHING
    leads_to: MailStage | None = None


COMMANDS = {
    b"EHLO": Command(EXTENSIONS, leads_to=MailStage.NOTHING),
    b"HELO": Command(OK, leads_to=MailStage.NOTHING),
    b"MAIL": Command(OK, leads_to=MailStage.SENDER),
    b"RCPT": Command(OK, needs=MailStage.SENDER, leads_to=MailStage.RECIPIENT),
    b"DATA": Command(GO_ON, needs=MailStage.RECIPIENT, leads_to=MailStage.NOTHING),
    b"RSET": Command(OK, leads_to=MailStage.NOTHING),
    b"NOOP": Command(OK),
    b"QUIT": Command(BYE),
}

#: Is called with each mail.
OnMail = Callable[[bytes], None]


class SmtpSession(asyncio.Protocol):
    """One connection; commands may be pipelined."""

    def __init__(self, on_mail: OnMail) -> None:
        self._on_mail = on_mail
        self._transport: asyncio.WriteTransport
        self._received = bytearray()
        self._stage = MailStage.NOTHING
        self._is_in_mail = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client."""
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        """Answer every command and mail that is complete."""
        self._received += data
        replies = []
        while (
            reply := self._take_mail() if self._is_in_mail else self._take_command()
        ) is not None:
            replies.append(reply)
        if replies:
            self._transport.write(b"".join(replies))
            if replies[-1] is BYE:
                self._transport.close()

    def _take_mail(self) -> bytes | None:
        # What is received begins with the end of the line of DATA, so that an empty mail ends too.
        end = self._received.find(END_OF_MAIL)
        if end < 0:
            return None
        content = bytes(self._received[: end + len(END_OF_LINE)])
        del self._received[: end + len(END_OF_MAIL)]
        self._is_in_mail = False
        self._on_mail(content.replace(b"\r\n..", b"\r\n.").removeprefix(END_OF_LINE))
        return OK

    def _take_command(self) -> bytes | None:
        end = self._received.find(END_OF_LINE)
        if end < 0:
            return None
        reply = self._reply(bytes(self._received[:4]).upper())
        self._is_in_mail = reply is GO_ON
        del self._received[: end if self._is_in_mail else end + len(END_OF_LINE)]
        return reply

    def _reply(self, verb: bytes) -> bytes:
        command = COMMANDS.get(verb)
        if command is None:
            return UNKNOWN
        if self._stage < command.needs:
            return OUT_OF_ORDER
        if command.leads_to is not None:
            self._stage = command.leads_to
        return command.reply


def arrivals(folder: Path) -> list[float]:
    """Return when each mail was taken, in seconds since the epoch."""
    return [instant for (instant,) in _INSTANT.iter_unpack((folder / ARRIVALS).read_bytes())]


def write_in(folder: Path) -> OnMail:
    """Return what notes each mail in a folder; the file may be emptied at any time."""
    instants = (folder / ARRIVALS).open("ab", buffering=0)
    first = folder / FIRST
    is_first = not first.exists()

    def note(content: bytes) -> None:
        nonlocal is_first
        instants.write(_INSTANT.pack(time.time()))
        if is_first:
            first.write_bytes(content)
            is_first = False

    return note


async def main() -> None:
    """Serve until the process is ended."""
    port, *folder = sys.argv[1:]
    on_mail = write_in(Path(folder[0])) if folder else lambda _: None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SmtpSession(on_mail), "127.0.0.1", int(port))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
