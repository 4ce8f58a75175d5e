"""The SMTP channel: how the server is given, TLS with verified certificates, and signing in."""

import asyncio
import socket
import ssl
import time
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from notifications.channels.base import PermanentFailure, Undelivered
from notifications.channels.smtp import Server, SmtpChannel
from tests.support.certificates import certify
from tests.support.mails import SENDER, outgoing
from tests.support.smtp_server import smtp_server
from tests.support.waiting import until


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(the server's, one that trusts it): a certificate for 127.0.0.1, signed by itself."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    certify(path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))


def knows(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    known = data == LoginPassword(b"us@er", b"p:ss")
    return AuthResult(success=known, handled=known)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mx.example.com", Server(host="mx.example.com", port=587, tls="starttls")),
        ("smtp://mx.example.com?tls=tls", Server(host="mx.example.com", port=465, tls="tls")),
        ("smtp://[::1]:26?tls=none", Server(host="::1", port=26, tls="none")),
        (
            "smtp://us%40er:p%3Ass@mx:1",
            Server(host="mx", port=1, tls="starttls", user="us@er", password="p:ss"),
        ),
    ],
)
def test_how_a_server_is_given(url: str, server: Server) -> None:
    assert Server.of(url) == server


@pytest.mark.parametrize("url", ["mx.example.com", "http://mx", "smtp://", "smtp://mx?tls=maybe"])
def test_what_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://host:port"):
        Server.of(url)


@pytest.mark.anyio
async def test_an_address_that_the_server_cannot_carry_is_refused_at_once() -> None:
    async with smtp_server(international=False) as inbox:
        channel = SmtpChannel(inbox.url, SENDER, timeout=5)
        with pytest.raises(PermanentFailure, match="cannot carry this address"):
            await channel.send(channel.prepare(outgoing("müller@example.com")))
        await channel.send(channel.prepare(outgoing()))
        await channel.close()
        assert [recipient for recipient, _ in inbox.mails] == ["ann@example.com"]


@pytest.mark.anyio
async def test_starttls_and_signing_in(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server_side, trusting = contexts
    options = {"tls_context": server_side, "require_starttls": True, "auth_required": True}
    async with smtp_server(**options, authenticator=knows) as inbox:
        url = f"smtp://us%40er:p%3Ass@127.0.0.1:{inbox.port}?tls=starttls"
        channel = SmtpChannel(url, SENDER, timeout=5, tls_context=trusting)

        await channel.send(channel.prepare(outgoing()))
        await channel.send(channel.prepare(outgoing("bob@example.com")))
        await channel.close()

        assert [to for to, _ in inbox.mails] == ["ann@example.com", "bob@example.com"]
        assert inbox.connections == 1


@pytest.mark.anyio
async def test_a_wrong_password_is_ours_to_mend_not_the_messages_end(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server_side, trusting = contexts
    async with smtp_server(tls_context=server_side, authenticator=knows) as inbox:
        url = f"smtp://us%40er:wrong@127.0.0.1:{inbox.port}?tls=starttls"
        channel = SmtpChannel(url, SENDER, timeout=5, tls_context=trusting)

        with pytest.raises(Undelivered, match="535") as caught:
            await channel.send(channel.prepare(outgoing()))
        assert not caught.value.final
        await channel.close()


@pytest.mark.anyio
async def test_an_untrusted_certificate_gets_no_mail(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async with smtp_server(tls_context=contexts[0]) as inbox:
        channel = SmtpChannel(f"smtp://127.0.0.1:{inbox.port}?tls=starttls", SENDER, timeout=5)

        with pytest.raises(Undelivered, match=r"(?i)certificate") as caught:
            await channel.send(channel.prepare(outgoing()))

        assert not caught.value.final
        assert inbox.mails == []
        await channel.close()


@pytest.mark.anyio
async def test_tls_from_the_first_byte(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server_side, trusting = contexts
    async with smtp_server(implicit_tls=server_side) as inbox:
        url = f"smtp://127.0.0.1:{inbox.port}?tls=tls"
        channel = SmtpChannel(url, SENDER, timeout=5, tls_context=trusting)

        await channel.send(channel.prepare(outgoing()))
        await channel.close()

        assert [to for to, _ in inbox.mails] == ["ann@example.com"]


@pytest.mark.anyio
async def test_tls_from_the_first_byte_wants_a_certificate_to_trust(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async with smtp_server(implicit_tls=contexts[0]) as inbox:
        channel = SmtpChannel(f"smtp://127.0.0.1:{inbox.port}?tls=tls", SENDER, timeout=5)

        with pytest.raises(Undelivered, match=r"(?i)certificate") as caught:
            await channel.send(channel.prepare(outgoing()))

        assert not caught.value.final
        assert inbox.mails == []
        await channel.close()


@pytest.mark.anyio
async def test_a_server_without_starttls_gets_no_mail() -> None:
    async with smtp_server() as inbox:
        channel = SmtpChannel(f"smtp://127.0.0.1:{inbox.port}?tls=starttls", SENDER, timeout=5)

        with pytest.raises(Undelivered) as caught:
            await channel.send(channel.prepare(outgoing()))

        assert not caught.value.final
        assert inbox.mails == []
        await channel.close()


@pytest.mark.anyio
async def test_a_connection_the_server_closed_is_replaced() -> None:
    async with smtp_server(timeout=1) as inbox:
        channel = SmtpChannel(inbox.url, SENDER, timeout=5)
        await channel.send(channel.prepare(outgoing()))
        ((_, idle),) = channel._idle
        await asyncio.to_thread(until, lambda: not idle.is_connected)

        await channel.send(channel.prepare(outgoing()))
        await channel.close()

        assert len(inbox.mails) == 2


@pytest.mark.anyio
async def test_an_international_address_needs_a_server_that_takes_it() -> None:
    async with smtp_server() as inbox:
        channel = SmtpChannel(inbox.url, SENDER, timeout=5)
        await channel.send(channel.prepare(outgoing("jürgen@example.com")))
        assert [to for to, _ in inbox.mails] == ["jürgen@example.com"]

        inbox.answers["jörg@example.com"] = "553 5.6.7 not that one"
        with pytest.raises(PermanentFailure, match=r"553 5\.6\.7"):
            await channel.send(channel.prepare(outgoing("jörg@example.com")))
        await channel.close()


@pytest.mark.anyio
async def test_its_own_name_is_looked_up_once_however_many_connections_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lookups = []

    def look_up() -> str:
        lookups.append(1)
        time.sleep(0.05)
        return "countersign.example.com"

    monkeypatch.setattr(socket, "getfqdn", look_up)
    async with smtp_server() as inbox:
        inbox.delay = 0.1
        channel = SmtpChannel(inbox.url, SENDER)
        await asyncio.gather(*(channel.send(channel.prepare(outgoing())) for _ in range(3)))
        await channel.close()
    assert inbox.connections == 3
    assert inbox.client_names == {"countersign.example.com"}
    assert len(lookups) == 1
