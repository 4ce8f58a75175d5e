"""Signed webhooks by the Standard Webhooks specification."""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Self
from urllib.parse import urlsplit
from uuid import UUID

import httpcore2
from standardwebhooks import Webhook

from notifications.channels.base import ChannelContext, Gone, Outgoing, Refused, Undelivered
from notifications.channels.webhook_secrets import PURPOSE, OtherKeyError, secret_of
from notifications.net.dns import on_behalf_of
from notifications.net.pinned_backend import PinnedBackend, PrivateAddressError
from notifications.net.url_rules import url_fault
from notifications.vocabulary import WEBHOOK

#: The option that lets webhooks go to private addresses, and without TLS.
ALLOW_PRIVATE = "webhook_allow_private"
#: Seconds for all of it: look-up, connection, TLS, request and answer.
TIME_LIMIT = 15.0
#: Of an answer's body so much is read, for the connection to be of further use.
_READ = 4096
_LONGEST_ERROR = 300
#: Answers that may say when to come back: too many requests, unavailable.
_BUSY = frozenset({429, 503})
_NETWORK = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    OSError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Posting:
    """Ready to be signed and sent."""

    message_id: str
    url: str
    body: str
    secrets: tuple[str, ...] = field(repr=False)
    account_id: UUID | None = None


class WebhookChannel:
    """Posts to any number of receivers, each connection to an address that was checked."""

    name = WEBHOOK

    def __init__(
        self,
        key: bytes,
        *,
        allow_private: bool = False,
        time_limit: float = TIME_LIMIT,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._key = key
        self._allow_private = allow_private
        self._time_limit = time_limit
        self._network = PinnedBackend(allow_private=allow_private)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl_context or ssl.create_default_context(),
            # The relay's own limit is below it: nobody waits for a turn here.
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=30,
            network_backend=self._network,
        )

    @classmethod
    def from_context(cls, context: ChannelContext) -> Self:
        """There are webhooks wherever somebody makes one."""
        allow_private = context.options.get(ALLOW_PRIVATE) == "true"
        return cls(context.key(PURPOSE), allow_private=allow_private)

    def prepare(self, outgoing: Outgoing) -> Posting:
        """With the secrets that sign it; what cannot be signed is not sent."""
        fault = url_fault(outgoing.address, allow_private=self._allow_private)
        if fault is not None:
            raise Refused(fault)
        try:
            secrets = [self._secret(outgoing, seed) for seed in outgoing.seeds]
        except OtherKeyError as error:
            raise Undelivered(str(error)) from error
        return Posting(
            message_id=str(outgoing.delivery_id),
            url=outgoing.address,
            body=outgoing.message.text,
            secrets=tuple(secrets),
            account_id=outgoing.account_id,
        )

    async def send(self, prepared: Posting) -> None:
        """Post it. Only a status of 2xx is an answer; redirects are not followed."""
        try:
            async with asyncio.timeout(self._time_limit):
                with on_behalf_of(prepared.account_id):
                    status, after = await self._post(prepared)
        except TimeoutError as error:
            raise Undelivered(f"no answer within {self._time_limit:g} seconds") from error
        except PrivateAddressError as error:
            raise Refused(str(error)) from error
        except _NETWORK as error:
            words = str(error) or type(error).__name__
            raise Undelivered(words[:_LONGEST_ERROR]) from error
        if status == 410:
            raise Gone("it answered 410 Gone")
        if not 200 <= status < 300:
            raise Undelivered(f"it answered {status}", after=after)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._pool.aclose()
        self._network.close()

    def _secret(self, outgoing: Outgoing, seed: bytes) -> str:
        assert outgoing.recipient_id is not None
        return secret_of(self._key, outgoing.recipient_id, seed)

    async def _post(self, posting: Posting) -> tuple[int, timedelta | None]:
        request = self._pool.stream(
            "POST", posting.url, headers=_headers(posting), content=posting.body.encode()
        )
        async with request as response:
            size = 0
            async for chunk in response.aiter_stream():
                size += len(chunk)
                if size > _READ:
                    break
            return response.status, _asked_patience(response)


def _asked_patience(response: httpcore2.Response) -> timedelta | None:
    """What `Retry-After` says, in seconds or as a date; None where it makes no sense."""
    headers = {name.lower(): value for name, value in response.headers}
    told = headers.get(b"retry-after", b"").decode("latin-1").strip()
    if response.status not in _BUSY or not told:
        return None
    if re.fullmatch("[0-9]{1,9}", told, re.ASCII):
        return timedelta(seconds=int(told))
    try:
        return parsedate_to_datetime(told) - datetime.now(UTC)
    except (ValueError, TypeError):
        return None


def _headers(posting: Posting) -> dict[bytes | str, bytes | str]:
    # Signed for this try: receivers refuse what is minutes old.
    now = datetime.now(UTC)
    signatures = (
        Webhook(secret).sign(posting.message_id, now, posting.body) for secret in posting.secrets
    )
    return {
        "Host": urlsplit(posting.url).netloc,
        "Content-Type": "application/json",
        "Content-Length": str(len(posting.body.encode())),
        "User-Agent": "Countersign",
        "webhook-id": posting.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
