"""The mail server of the benchmarks takes what clients send, as they send it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiosmtplib import SMTP, SMTPResponseException

from benchmarks.environment import servers
from benchmarks.environment.smtp_sink import FIRST, SmtpSession, arrivals

pytestmark = pytest.mark.anyio
SENDER, RECIPIENT = "countersign@example.com", "ann@example.com"
MAIL = b"Subject: Approved\r\n\r\nHello.\r\n.\r\n..two dots\r\nThe end.\r\n"


@asynccontextmanager
async def sink(mails: list[bytes]) -> AsyncIterator[int]:
    """Its port; what it takes is in the list."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SmtpSession(mails.append), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def client(port: int) -> SMTP:
    return SMTP(hostname="127.0.0.1", port=port, start_tls=False)


async def test_mails_of_one_connection_arrive_whole() -> None:
    mails: list[bytes] = []
    async with sink(mails) as port, client(port) as smtp:
        await smtp.ehlo()
        assert smtp.supports_extension("8bitmime")
        for content in (MAIL, b".", MAIL * 5000):
            await smtp.sendmail(SENDER, [RECIPIENT], content)
        await smtp.sendmail(SENDER, ["ä@example.com"], MAIL, mail_options=["SMTPUTF8"])

    assert mails == [MAIL, b".\r\n", MAIL * 5000, MAIL]


async def test_pipelined_commands_are_answered_in_their_order() -> None:
    mails: list[bytes] = []
    async with sink(mails) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        mail = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{RECIPIENT}>\r\nDATA\r\n".encode()
        writer.write(
            b"EHLO test\r\n"
            + mail
            + b".\r\n"
            + mail
            + MAIL.replace(b"\r\n.", b"\r\n..")
            + b".\r\nNOOP\r\nQUIT\r\n"
        )
        replies = (await reader.read()).decode().splitlines()
        writer.close()

    codes = [reply[:3] for reply in replies if reply[3:4] == " "]
    assert codes == ["220", *["250"] * 3, "354", *["250"] * 3, "354", *["250"] * 2, "221"]
    assert mails == [b"", MAIL]


async def test_a_mail_without_a_recipient_is_refused() -> None:
    mails: list[bytes] = []
    async with sink(mails) as port, client(port) as smtp:
        await smtp.mail(SENDER)
        with pytest.raises(SMTPResponseException, match="Bad sequence"):
            await smtp.data(MAIL)
        await smtp.rset()
        with pytest.raises(SMTPResponseException, match="Bad sequence"):
            await smtp.rcpt(RECIPIENT)

    assert mails == []


async def test_the_process_notes_each_mail_and_keeps_the_first(tmp_path: Path) -> None:
    with servers.sink(tmp_path) as port:
        async with client(port) as smtp:
            for content in (MAIL, b"Another.\r\n"):
                await smtp.sendmail(SENDER, [RECIPIENT], content)

    assert len(arrivals(tmp_path)) == 2
    assert (tmp_path / FIRST).read_bytes() == MAIL
