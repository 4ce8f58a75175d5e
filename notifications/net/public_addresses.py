"""Which IP addresses belong to the public internet, by a table of this project's own.

The tables repeat the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190) as
of October 2025: https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry. The `ipaddress` module of the standard
library has a table too, but it differs from one Python version to the next, and what a webhook can
reach must not. Compared with those of Python 3.11 to 3.13 nothing that they call private or
reserved is public here. They lack 3fff::/20, which matters, 6to4 addresses and the 6to4 relay
(before 3.13 in part), and they call globally reachable what the next paragraph refuses.

No special-purpose address is a receiver of webhooks, and so all of them are refused, including
those that the registries call globally reachable: they are anycast services (PCP, TURN, AMT,
AS112), which are answered by the nearest host, often one inside of the operator's own network,
identifiers that no host listens at (ORCHIDv2, DRIP), or translations (NAT64), where a gateway
decides which IPv4 host is meant.
"""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
)
from typing import NamedTuple

IpAddress = IPv4Address | IPv6Address


class SpecialBlock(NamedTuple):
    """One row of a registry."""

    network: IPv4Network | IPv6Network
    name: str
    #: What the registry says; None where it says "N/A".
    globally_reachable: bool | None


_YES, _NO, _NOT_APPLICABLE = True, False, None

IPV4_SPECIAL_PURPOSE = tuple(
    SpecialBlock(IPv4Network(block), name, reachable)
    for block, name, reachable in (
        ("0.0.0.0/8", "This network", _NO),
        ("0.0.0.0/32", "This host on this network", _NO),
        ("10.0.0.0/8", "Private-Use", _NO),
        ("100.64.0.0/10", "Shared Address Space", _NO),
        ("127.0.0.0/8", "Loopback", _NO),
        ("169.254.0.0/16", "Link Local", _NO),
        ("172.16.0.0/12", "Private-Use", _NO),
        ("192.0.0.0/24", "IETF Protocol Assignments", _NO),
        ("192.0.0.0/29", "IPv4 Service Continuity Prefix", _NO),
        ("192.0.0.8/32", "IPv4 dummy address", _NO),
        ("192.0.0.9/32", "Port Control Protocol Anycast", _YES),
        ("192.0.0.10/32", "Traversal Using Relays around NAT Anycast", _YES),
        ("192.0.0.170/32", "NAT64/DNS64 Discovery", _NO),
        ("192.0.0.171/32", "NAT64/DNS64 Discovery", _NO),
        ("192.0.2.0/24", "Documentation (TEST-NET-1)", _NO),
        ("192.31.196.0/24", "AS112-v4", _YES),
        ("192.52.193.0/24", "AMT", _YES),
        ("192.88.99.0/24", "Deprecated (6to4 Relay Anycast)", _NOT_APPLICABLE),
        ("192.88.99.2/32", "6a44-relay anycast address", _NO),
        ("192.168.0.0/16", "Private-Use", _NO),
        ("192.175.48.0/24", "Direct Delegation AS112 Service", _YES),
        ("198.18.0.0/15", "Benchmarking", _NO),
        ("198.51.100.0/24", "Documentation (TEST-NET-2)", _NO),
        ("203.0.113.0/24", "Documentation (TEST-NET-3)", _NO),
        ("240.0.0.0/4", "Reserved", _NO),
        ("255.255.255.255/32", "Limited Broadcast", _NO),
    )
)

IPV6_SPECIAL_PURPOSE = tuple(
    SpecialBlock(IPv6Network(block), name, reachable)
    for block, name, reachable in (
        ("::1/128", "Loopback Address", _NO),
        ("::/128", "Unspecified Address", _NO),
        ("::ffff:0:0/96", "IPv4-mapped Address", _NO),
        ("64:ff9b::/96", "IPv4-IPv6 Translation", _YES),
        ("64:ff9b:1::/48", "IPv4-IPv6 Translation", _NO),
        ("100::/64", "Discard-Only Address Block", _NO),
        ("100:0:0:1::/64", "Dummy IPv6 Prefix", _NO),
        ("2001::/23", "IETF Protocol Assignments", _NO),
        ("2001::/32", "TEREDO", _NOT_APPLICABLE),
        ("2001:1::1/128", "Port Control Protocol Anycast", _YES),
        ("2001:1::2/128", "Traversal Using Relays around NAT Anycast", _YES),
        ("2001:1::3/128", "DNS-SD Service Registration Protocol Anycast", _YES),
        ("2001:2::/48", "Benchmarking", _NO),
        ("2001:3::/32", "AMT", _YES),
        ("2001:4:112::/48", "AS112-v6", _YES),
        ("2001:10::/28", "Deprecated (previously ORCHID)", _NOT_APPLICABLE),
        ("2001:20::/28", "ORCHIDv2", _YES),
        ("2001:30::/28", "Drone Remote ID Protocol Entity Tags (DETs) Prefix", _YES),
        ("2001:db8::/32", "Documentation", _NO),
        ("2002::/16", "6to4", _NOT_APPLICABLE),
        ("2620:4f:8000::/48", "Direct Delegation AS112 Service", _YES),
        ("3fff::/20", "Documentation", _NO),
        ("5f00::/16", "Segment Routing (SRv6) SIDs", _NO),
        ("fc00::/7", "Unique-Local", _NO),
        ("fe80::/10", "Link-Local Unicast", _NO),
    )
)

#: Not in the registries of special purposes: multicast (RFC 5771), and an address of a cloud's
#: hosts that any of its machines reaches.
_IPV4_OTHERS = (IPv4Network("224.0.0.0/4"), IPv4Network("168.63.129.16/32"))
#: All that IANA has ever given out for global unicast (RFC 4291). Multicast, site-local and
#: IPv4-compatible addresses, and all that is reserved, lie outside.
_IPV6_GLOBAL_UNICAST = IPv6Network("2000::/3")

_REFUSED_IPV4 = (*(block.network for block in IPV4_SPECIAL_PURPOSE), *_IPV4_OTHERS)
_REFUSED_IPV6 = tuple(block.network for block in IPV6_SPECIAL_PURPOSE)


def is_public(address: IpAddress) -> bool:
    """Tell whether an address is an ordinary unicast address of the public internet.

    An IPv4-mapped IPv6 address is another spelling of its IPv4 address, and judged as that.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in _IPV6_GLOBAL_UNICAST:
            return False
        return not any(address in network for network in _REFUSED_IPV6)
    return not any(address in network for network in _REFUSED_IPV4)
