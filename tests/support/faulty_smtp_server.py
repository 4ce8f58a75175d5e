"""An SMTP server that misbehaves at a given moment toward one recipient, and is well otherwise."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

#: Instead of a reply.
CLOSE, HANG = "close", "hang"


@dataclass
class Unruly:
    """`moment`: greeting, EHLO, MAIL, RCPT, DATA, content or end; `reply`: a line, CLOSE or HANG.

    The greeting and what precedes RCPT name no recipient: there it is the first connection, once.
    """

    moment: str
    reply: str
    victim: str = "ann@example.com"
    took: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        talk = _Talk(self, reader, writer, first=self.connections == 1)
        try:
            await talk.run()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@dataclass
class _Talk:
    server: Unruly
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    first: bool
    to: str = ""

    async def run(self) -> None:
        if not await self.say("greeting", "220 mx.example.com"):
            return
        while line := (await self.reader.readline()).decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "RCPT":
                self.to = line.partition("<")[2].partition(">")[0]
            if verb == "DATA":
                if not await self.data():
                    return
            elif not await self.say(verb, "250 OK"):
                return

    async def data(self) -> bool:
        if not await self.say("DATA", "354 Go ahead"):
            return False
        if self.unwell("DATA"):
            return True
        if self.unwell("content"):
            await self.reader.readline()
            return await self.say("content", "")
        await self.reader.readuntil(b"\r\n.\r\n")
        if not self.unwell("end"):
            self.server.took.append(self.to)
        return await self.say("end", "250 Taken")

    def unwell(self, moment: str) -> bool:
        early = moment in ("greeting", "EHLO", "MAIL")
        concerned = self.first if early else self.to == self.server.victim
        return concerned and moment == self.server.moment

    async def say(self, moment: str, usual: str) -> bool:
        """Answer; False where the connection ends."""
        unwell = self.unwell(moment)
        reply = self.server.reply if unwell else usual
        self.first = self.first and not unwell  # once is enough
        if reply == HANG:
            await asyncio.sleep(3600)
        if reply == CLOSE:
            return False
        self.writer.write(f"{reply}\r\n".encode())
        await self.writer.drain()
        # Whoever says 421 closes, as the standard has it.
        return not reply.startswith("421")


@asynccontextmanager
async def unruly(moment: str, reply: str) -> AsyncIterator[Unruly]:
    """The server behind a free port, for as long as the block lasts."""
    unruly_server = Unruly(moment, reply)
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(unruly_server.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    unruly_server.port = server.sockets[0].getsockname()[1]
    try:
        yield unruly_server
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
