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

from notifications.channels.base import (
    ChannelContext,
    Gone,
    Outgoing,
    PermanentFailure,
    Undelivered,
)
from notifications.channels.webhook_secrets import PURPOSE, OtherKeyError, secret_of
from notifications.net.dns import on_behalf_of
from notifications.net.pinned_backend import PinnedBackend, PrivateAddressError
from notifications.net.url_rules import url_fault
from notifications.vocabulary import WEBHOOK

#: The option that lets webhooks go to private addresses, and without TLS.
ALLOW_PRIVATE = "webhook_allow_private"
#: The limit for look-up, connection, TLS, request and answer together.
TIME_LIMIT_SECONDS = 15.0
#: How much of a response is read, so that the connection can be used again.
_MAX_RESPONSE_BYTES = 4096
_MAX_ERROR_CHARACTERS = 300
#: Responses that may have `Retry-After`: too many requests, and unavailable.
_RETRY_AFTER_STATUSES = frozenset({429, 503})
_NETWORK_ERRORS = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    OSError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request to a receiver, ready to be signed and sent."""

    message_id: str
    url: str
    body: str
    secrets: tuple[str, ...] = field(repr=False)
    account_id: UUID | None = None


class WebhookChannel:
    """Sends signed requests to receivers, at addresses that were checked."""

    name = WEBHOOK

    def __init__(
        self,
        key: bytes,
        *,
        allow_private: bool = False,
        time_limit: float = TIME_LIMIT_SECONDS,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._key = key
        self._allow_private = allow_private
        self._time_limit = time_limit
        self._backend = PinnedBackend(allow_private=allow_private)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl_context or ssl.create_default_context(),
            # The relay's own limit is lower, so nothing waits for a connection here.
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=30,
            network_backend=self._backend,
        )

    @classmethod
    def from_context(cls, context: ChannelContext) -> Self:
        """Return the channel, which needs no configuration."""
        allow_private = context.options.get(ALLOW_PRIVATE) == "true"
        return cls(context.key(PURPOSE), allow_private=allow_private)

    def prepare(self, outgoing: Outgoing) -> PreparedRequest:
        """Check the address and derive the secrets that sign the request.

        Raises:
            Refused: Webhooks may not go to this address.
            Undelivered: The secrets cannot be derived.
        """
        fault = url_fault(outgoing.address, allow_private=self._allow_private)
        if fault is not None:
            raise PermanentFailure(fault)
        try:
            secrets = [self._secret(outgoing, seed) for seed in outgoing.seeds]
        except OtherKeyError as error:
            raise Undelivered(str(error)) from error
        return PreparedRequest(
            message_id=str(outgoing.delivery_id),
            url=outgoing.address,
            body=outgoing.message.text,
            secrets=tuple(secrets),
            account_id=outgoing.account_id,
        )

    async def send(self, prepared: PreparedRequest) -> None:
        """Send the request. Only a status of 2xx accepts it; redirects are not followed.

        Raises:
            Gone: The receiver answered 410.
            Undelivered: It did not accept the request.
        """
        try:
            async with asyncio.timeout(self._time_limit):
                with on_behalf_of(prepared.account_id):
                    status, after = await self._post(prepared)
        except TimeoutError as error:
            raise Undelivered(f"no answer within {self._time_limit:g} seconds") from error
        except PrivateAddressError as error:
            raise PermanentFailure(str(error)) from error
        except _NETWORK_ERRORS as error:
            message = str(error) or type(error).__name__
            raise Undelivered(message[:_MAX_ERROR_CHARACTERS]) from error
        if status == 410:
            raise Gone("it answered 410 Gone")
        if not 200 <= status < 300:
            raise Undelivered(f"it answered {status}", after=after)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()
        self._backend.close()

    def _secret(self, outgoing: Outgoing, seed: bytes) -> str:
        assert outgoing.recipient_id is not None
        return secret_of(self._key, outgoing.recipient_id, seed)

    async def _post(self, prepared: PreparedRequest) -> tuple[int, timedelta | None]:
        request = self._pool.stream(
            "POST", prepared.url, headers=_headers(prepared), content=prepared.body.encode()
        )
        async with request as response:
            size = 0
            async for chunk in response.aiter_stream():
                size += len(chunk)
                if size > _MAX_RESPONSE_BYTES:
                    break
            return response.status, _retry_after(response)


def _retry_after(response: httpcore2.Response) -> timedelta | None:
    """Return what `Retry-After` says, in seconds or as a date; None where it says neither."""
    headers = {name.lower(): value for name, value in response.headers}
    value = headers.get(b"retry-after", b"").decode("latin-1").strip()
    if response.status not in _RETRY_AFTER_STATUSES or not value:
        return None
    if re.fullmatch("[0-9]{1,9}", value, re.ASCII):
        return timedelta(seconds=int(value))
    try:
        return parsedate_to_datetime(value) - datetime.now(UTC)
    except (ValueError, TypeError):
        return None


def _headers(prepared: PreparedRequest) -> dict[bytes | str, bytes | str]:
    # Signed for each attempt: receivers refuse what is minutes old.
    now = datetime.now(UTC)
    signatures = (
        Webhook(secret).sign(prepared.message_id, now, prepared.body) for secret in prepared.secrets
    )
    return {
        "Host": urlsplit(prepared.url).netloc,
        "Content-Type": "application/json",
        "Content-Length": str(len(prepared.body.encode())),
        "User-Agent": "Countersign",
        "webhook-id": prepared.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
