"""Connections to checked addresses: a name is looked up once, and that very address is used."""

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

#: How many of a name's addresses are tried, and how long each where no limit is given.
_ADDRESSES_TRIED = 3
_CONNECT_TIMEOUT_SECONDS = 4.0


class PrivateAddressError(Exception):
    """No address of the name is one that webhooks may be sent to."""


class PinnedBackend(AsyncNetworkBackend):
    """Opens the sockets of a connection pool; TLS still checks the name itself."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._backend = AnyIOBackend()
        self._resolver = Resolver()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the base has it
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of the name's allowed addresses that answers."""
        failure: ConnectError | ConnectTimeout | None = None
        for address in await self._allowed_addresses(host, port):
            try:
                return await self._backend.connect_tcp(
                    address,
                    port,
                    timeout or _CONNECT_TIMEOUT_SECONDS,
                    local_address,
                    socket_options,
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
        """Refuse: webhooks are sent over the network only."""
        raise ConnectError("webhooks use no Unix sockets")

    async def sleep(self, seconds: float) -> None:
        """Wait between two attempts of the pool."""
        await asyncio.sleep(seconds)

    def close(self) -> None:
        """End the look-ups; no more connections are possible."""
        self._resolver.close()

    async def _allowed_addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = await self._resolver.addresses(host, port)
        except (OSError, UnicodeError) as error:
            raise ConnectError(f"{host} cannot be found: {error}") from error
        allowed = [a for a in addresses if self._allow_private or is_public(ip_address(a))]
        if addresses and not allowed:
            raise PrivateAddressError(f"{host} is not on the public internet")
        return allowed[:_ADDRESSES_TRIED]
