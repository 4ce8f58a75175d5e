"""Where webhooks may go: an https address of the public internet, unless the operator allows more.

Names are looked up when something is sent, and the connection goes to the very address that was
checked: a name that answers differently the second time gains nothing.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from engine.errors import Code, Refusal

Address = IPv4Address | IPv6Address

_LONGEST = 2000
#: Everything else is spelt with percent signs, or as `xn--` in a host.
_PRINTABLE = re.compile(r"[\x21-\x7e]+", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", re.ASCII)
#: IPv6 that a gateway translates to whatever IPv4 it carries, and local translations.
_TRANSLATED = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
#: Reachable from anywhere, says the registry; but not what a webhook is meant for.
_NEVER = tuple(map(ip_network, ("192.88.99.0/24", "168.63.129.16/32", "fec0::/10", "::/96")))


def require_url(url: str, *, allow_private: bool) -> None:
    """An address that a webhook can have, or INVALID_INPUT; says what is wrong with it."""
    fault = url_fault(url, allow_private=allow_private)
    if fault is not None:
        raise Refusal(Code.INVALID_INPUT, fault, "url")


def url_fault(url: str, *, allow_private: bool) -> str | None:
    """What keeps a webhook from having this address; None if nothing does."""
    parts = _split(url)
    if parts is None:
        return "This is no web address. Give one like https://example.com/hooks."
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        return "A webhook's address must begin with https://."
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "A webhook's address has no user name, password or fragment."
    address = literal(parts.hostname or "")
    if address is not None and not (allow_private or is_public(address)):
        return "Webhooks go to public addresses only."
    return None


def literal(host: str) -> Address | None:
    """The address that a host spells out; None for a name."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """On the public internet: neither private, loopback, link-local, multicast nor translated."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in network for network in _TRANSLATED + _NEVER)


def origin_only(url: str) -> str:
    """The address without its path and query, which may be secrets of the receiver's."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"


def _split(url: str) -> SplitResult | None:
    if len(url) > _LONGEST or not _PRINTABLE.fullmatch(url) or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2]
    if port is not None:
        host = host.rpartition(":")[0]
    well_formed = parts.hostname and _HOST.fullmatch(host.removesuffix(":")) and port != 0
    return parts if well_formed else None
