"""A real SMTP server on a real socket, that can be told to misbehave toward some recipients."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from ssl import SSLContext
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass
class Inbox:
    """What the server took, and how it answers at RCPT: `answers["bob@…"] = "550 …"`."""

    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    at_data: dict[str, str] = field(default_factory=dict)
    hanging: set[str] = field(default_factory=set)
    dropping: set[str] = field(default_factory=set)
    #: Seconds it thinks about each message.
    delay: float = 0
    connections: int = 0
    port: int = 0
    on_mail: Callable[[], None] | None = None
    #: By what names clients said hello.
    client_names: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    def to(self, name: str) -> list[EmailMessage]:
        """The mails of one person, in the order they came."""
        return [mail for recipient, mail in self.mails if recipient.split("@")[0] == name]

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.hanging:
            await asyncio.sleep(3600)
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        self.client_names.add(session.host_name)
        if self.delay:
            await asyncio.sleep(self.delay)
        if recipient in self.dropping:
            server.transport.close()
            return "250 never heard"
        if recipient in self.at_data:
            return self.at_data[recipient]
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((recipient, mail))
        if self.on_mail:
            self.on_mail()
        return "250 OK"


@asynccontextmanager
async def smtp_server(
    *, implicit_tls: SSLContext | None = None, international: bool = True, **options: Any
) -> AsyncIterator[Inbox]:
    """An inbox behind a free port, for as long as the block lasts."""
    inbox = Inbox()
    loop = asyncio.get_running_loop()
    open_ones: list[SMTP] = []

    def connection() -> SMTP:
        inbox.connections += 1
        protocol = SMTP(
            inbox, hostname="mx.example.com", loop=loop, enable_SMTPUTF8=international, **options
        )
        open_ones.append(protocol)
        return protocol

    server = await loop.create_server(connection, "127.0.0.1", 0, ssl=implicit_tls)
    inbox.port = server.sockets[0].getsockname()[1]
    try:
        yield inbox
    finally:
        server.close()
        for protocol in open_ones:
            if protocol._handler_coroutine is not None:
                protocol._handler_coroutine.cancel()
            if protocol.transport is not None:
                protocol.transport.close()
        await asyncio.sleep(0)
