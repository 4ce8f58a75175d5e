"""The demo's mailbox: a real SMTP server that keeps what it is sent, in memory."""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from api.web.mailbox.caught_mail import CaughtMail, count_recipients, parse

MAX_MAILS = 500
MAX_MAIL_BYTES = 5 * 2**20


class Mailbox:
    """Keeps the newest messages in memory, for any recipient."""

    def __init__(self, *, max_mails: int = MAX_MAILS) -> None:
        self._messages: deque[CaughtMail] = deque(maxlen=max_mails)
        self._ids = itertools.count(1)

    def receive(self, raw: bytes, *, sender: str, recipients: list[str]) -> CaughtMail:
        message = parse(
            raw,
            message_id=str(next(self._ids)),
            received_at=datetime.now(UTC),
            sender=sender,
            recipients=tuple(recipients),
        )
        self._messages.append(message)
        return message

    def newest_first(self, *, to: str | None = None) -> list[CaughtMail]:
        messages = list(reversed(self._messages))
        return messages if to is None else [mail for mail in messages if mail.is_for(to)]

    def find(self, message_id: str) -> CaughtMail | None:
        return next((mail for mail in self._messages if mail.id == message_id), None)

    def recipients(self) -> dict[str, int]:
        """Return how many messages each recipient has, by address."""
        return count_recipients(self._messages)


class _Receiver:
    """Takes each whole message from the SMTP protocol."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(  # noqa: N802 - the protocol's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)  # the protocol was told not to decode
        self._mailbox.receive(
            envelope.content, sender=envelope.mail_from or "", recipients=envelope.rcpt_tos
        )
        return "250 CaughtMail kept"


@asynccontextmanager
async def smtp_server(mailbox: Mailbox, *, host: str, port: int = 0) -> AsyncIterator[int]:
    """Receive mail during the block, and yield the port; port 0 takes a free one."""
    loop = asyncio.get_running_loop()
    receiver = _Receiver(mailbox)
    connections: WeakSet[SMTP] = WeakSet()

    def connection() -> SMTP:
        protocol = SMTP(
            receiver,
            hostname="mailbox.example.com",
            ident="Countersign demo mailbox",
            data_size_limit=MAX_MAIL_BYTES,
            enable_SMTPUTF8=True,
            loop=loop,
        )
        connections.add(protocol)
        return protocol

    server = await loop.create_server(connection, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for protocol in connections:
            if protocol.transport is not None:
                protocol.transport.close()
