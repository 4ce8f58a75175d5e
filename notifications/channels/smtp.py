"""Mail over SMTP, with a few connections kept open."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectResponseError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from notifications.channels.base import (
    ChannelContext,
    ChannelFailed,
    Outgoing,
    PermanentFailure,
    Undelivered,
)
from notifications.channels.mail_folder import folder_of
from notifications.channels.mime import Mail, UnwritableAddressError, build, sender_of
from notifications.vocabulary import EMAIL

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_MAX_ERROR_CHARACTERS = 500
#: The reply to MAIL that refuses the message for its size; any other reply refuses the sender.
_TOO_LARGE = 552


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The mail server: `smtp://user:password@host:587?tls=starttls|tls|none`."""

    host: str
    port: int
    tls: str
    user: str | None = None
    password: str | None = None

    @classmethod
    def of(cls, url: str) -> Server:
        """Read the setting.

        Raises:
            ValueError: It names no mail server.
        """
        parts = urlsplit(url)
        tls = parse_qs(parts.query).get("tls", ["starttls"])[0]
        if parts.scheme != "smtp" or not parts.hostname or tls not in _PORTS:
            raise ValueError("the mail server is given as smtp://host:port?tls=starttls|tls|none")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[tls],
            tls=tls,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


class SmtpChannel:
    """Sends mail to one server, over at most `connections` that are used for many messages."""

    name = EMAIL

    def __init__(
        self,
        url: str,
        sender: str,
        *,
        connections: int = 16,
        timeout: float = 20,
        idle: float = 30,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._server = Server.of(url)
        self._sender = sender_of(sender)
        self._timeout = timeout
        self._idle_limit = idle
        self._tls_context = tls_context
        self._semaphore = asyncio.Semaphore(connections)
        #: The name of this machine, which it tells the server; None: not looked up yet.
        self._local_hostname: str | None = None
        self._local_hostname_lock = asyncio.Lock()
        #: Unused connections with the time since when they are unused, the newest last.
        self._idle: list[tuple[float, SMTP]] = []

    @classmethod
    def from_context(cls, context: ChannelContext) -> Self | None:
        """Return the channel of `smtp_url` and `mail_from`; None where mails go to a folder."""
        try:
            if folder_of(context.options["smtp_url"]) is not None:
                return None
            return cls(context.options["smtp_url"], context.options["mail_from"])
        except (KeyError, ValueError) as error:
            raise ChannelFailed(f"The channel {cls.name} cannot be used: {error}") from error

    def prepare(self, outgoing: Outgoing) -> Mail:
        """Build and serialise the mail."""
        try:
            return Mail(outgoing.address, build(outgoing, self._sender))
        except UnwritableAddressError as error:
            raise PermanentFailure(str(error)) from error

    async def send(self, prepared: Mail) -> None:
        """Send the mail.

        Raises:
            Undelivered: The server did not accept it; the error has the server's own words.
        """
        await self.submit(prepared)

    async def submit(self, prepared: Mail) -> str:
        """Send the mail, and return the server's reply."""
        try:
            async with self._semaphore, asyncio.timeout(self._timeout), self._connection() as smtp:
                return await self._submit_over(smtp, prepared)
        except TimeoutError as error:
            raise Undelivered(f"no answer within {self._timeout:g} seconds") from error
        except (SMTPException, OSError, ValueError) as error:
            raise _undelivered(error) from error

    async def close(self) -> None:
        """Close every idle connection with QUIT."""
        while self._idle:
            _, smtp = self._idle.pop()
            with suppress(SMTPException, OSError, TimeoutError):
                await smtp.quit(timeout=2)
            smtp.close()

    async def _submit_over(self, smtp: SMTP, mail: Mail) -> str:
        options = [] if mail.recipient.isascii() else ["SMTPUTF8"]
        try:
            _, answer = await smtp.sendmail(
                self._sender.addr_spec, [mail.recipient], mail.content, mail_options=options
            )
        except SMTPNotSupported as error:
            # No later attempt changes what the server supports.
            raise PermanentFailure(f"the mail server cannot carry this address: {error}") from error
        return answer

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[SMTP]:
        """Yield a connection for one message, and keep it for the next unless something failed."""
        smtp = self._take_idle() or await self._connect()
        usable = False
        try:
            yield smtp
            usable = True
        except (SMTPResponseException, SMTPRecipientsRefused):
            # The server refused and the envelope was reset: the connection can be used again.
            usable = True
            raise
        finally:
            if usable and smtp.is_connected:
                self._idle.append((time.monotonic(), smtp))
            else:
                smtp.close()

    def _take_idle(self) -> SMTP | None:
        while self._idle:
            idle_since, smtp = self._idle.pop()
            if smtp.is_connected and time.monotonic() - idle_since < self._idle_limit:
                return smtp
            smtp.close()
        return None

    async def _connect(self) -> SMTP:
        server = self._server
        local_hostname = await self._own_hostname()
        secure: dict[str, Any] = {"use_tls": server.tls == "tls"}
        secure["start_tls"] = server.tls == "starttls"
        if server.tls != "none":
            secure["tls_context"] = self._tls_context or ssl.create_default_context()
        smtp = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            local_hostname=local_hostname,
            timeout=self._timeout,
            **secure,
        )
        try:
            await smtp.connect()
        except BaseException:
            smtp.close()
            raise
        return smtp

    async def _own_hostname(self) -> str:
        """Look the name up once for all connections: the name service may be slow."""
        async with self._local_hostname_lock:
            if self._local_hostname is None:
                self._local_hostname = await asyncio.to_thread(  # noqa: TID251 - a channel has no executor
                    socket.getfqdn
                )
            return self._local_hostname


def _undelivered(error: Exception) -> Undelivered:
    text = _message_of(error)[:_MAX_ERROR_CHARACTERS]
    return PermanentFailure(text) if _is_final(error) else Undelivered(text)


def _is_final(error: Exception) -> bool:
    """Tell whether a reply refuses this message for good.

    A 5xx about the sender, the credentials or the connection may be corrected, and is not final.
    """
    if isinstance(error, SMTPRecipientsRefused):
        return all(refused.code >= 500 for refused in error.recipients)
    if isinstance(error, SMTPSenderRefused):
        return error.code == _TOO_LARGE
    correctable = (SMTPAuthenticationError, SMTPConnectResponseError, SMTPHeloError)
    if isinstance(error, SMTPResponseException) and not isinstance(error, correctable):
        return error.code >= 500
    # The address cannot be sent over SMTP; anything else is a fault of the network.
    return isinstance(error, ValueError) and not isinstance(error, OSError)


def _message_of(error: Exception) -> str:
    if isinstance(error, SMTPRecipientsRefused):
        return "; ".join(f"{refused.code} {refused.message}" for refused in error.recipients)
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__
