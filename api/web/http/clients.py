"""Who is at the other end of a connection, as far as its address tells."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection


def client_of(connection: HTTPConnection) -> str:
    """Where it comes from; of IPv6 the network, since one client has all of it."""
    return client_network(connection.client.host if connection.client else "")


def client_network(host: str) -> str:
    """The client that an address belongs to: itself, or its network of 64 bits of IPv6."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    # A socket that takes both kinds tells IPv4 as a part of one network of IPv6.
    return str(address.ipv4_mapped or address.exploded[:19])
