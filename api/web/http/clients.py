"""Tells clients apart by the addresses of their connections."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection


def client_of(connection: HTTPConnection) -> str:
    """Return the client of a request by its address; for IPv6 by its network of 64 bits."""
    return client_network(connection.client.host if connection.client else "")


def is_confidential(connection: HTTPConnection) -> bool:
    """Return whether nobody can read a request on its way: by TLS, or from this very machine."""
    if connection.url.scheme in {"https", "wss"}:
        return True
    try:
        address = ip_address(connection.client.host if connection.client else "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


@lru_cache(1024)
def client_network(host: str) -> str:
    """Return the client that an address belongs to: the address, or the IPv6 network of 64 bits."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    # A socket for both kinds shows IPv4 addresses as part of one IPv6 network.
    return str(address.ipv4_mapped or address.exploded[:19])
