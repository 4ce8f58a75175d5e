"""Connections to addresses that were checked: each name is looked up once, and used as found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from ipaddress import ip_address

from httpcore2 import (
    SOCKET_OPTION,
    AnyIOBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
)

from notifications.net.dns import Resolver
from notifications.net.public_addresses import is_public

#: Of a name's addresses so many are tried, each for so many seconds.
_TRIED = 3
_PATIENCE = 4.0


class PrivateAddressError(Exception):
    """None of the name's addresses is one that webhooks may go to."""


class PinnedBackend(AsyncNetworkBackend):
    """What the connection pool opens its sockets with; TLS still checks the name itself."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._inner = AnyIOBackend()
        self._names = Resolver()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the base has it
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """To the first of the name's checked addresses that answers."""
        failure: ConnectError | ConnectTimeout | None = None
        for address in await self._checked(host, port):
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout or _PATIENCE, local_address, socket_options
                )
            except (ConnectError, ConnectTimeout) as error:
                failure = error
        raise failure or ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the base has it
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Never: a webhook is on the network."""
        raise ConnectError("no such thing")

    async def sleep(self, seconds: float) -> None:
        """Between tries of the pool's own."""
        await asyncio.sleep(seconds)

    def close(self) -> None:
        """No more look-ups."""
        self._names.close()

    async def _checked(self, host: str, port: int) -> list[str]:
        try:
            found = await self._names.addresses(host, port)
        except (OSError, UnicodeError) as error:
            raise ConnectError(f"{host} cannot be found: {error}") from error
        allowed = [a for a in found if self._allow_private or is_public(ip_address(a))]
        if found and not allowed:
            raise PrivateAddressError(f"{host} is not on the public internet")
        return allowed[:_TRIED]
