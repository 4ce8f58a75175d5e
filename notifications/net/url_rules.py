"""Where requests may go: an https address of the public internet, unless the operator allows more.

Names are looked up when something is sent, and the connection goes to the very address that was
checked: a name that answers differently the second time gains nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from engine.model.errors import Code, Refusal
from notifications.net.public_addresses import IpAddress, is_public

_MAX_URL_CHARACTERS = 2000
#: Everything else is spelt with percent signs, or as `xn--` in a host.
_PRINTABLE = re.compile(r"[\x21-\x7e]+", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", re.ASCII)
_MAX_HOST_CHARACTERS = 253
#: A name that ends like this is an IPv4 address to browsers and to the system's resolver
#: (https://url.spec.whatwg.org/#ends-in-a-number-checker): `2130706433`, `0x7f.1`, `127.1`.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*", re.ASCII)
#: Names that no public name server answers for (RFC 6761, RFC 6762, RFC 7686, RFC 8375, RFC 9476,
#: and ICANN's resolution 2024.07.29.06 for `internal`), with all names below them.
_PRIVATE_NAMES = frozenset(
    {"alt", "home.arpa", "internal", "invalid", "local", "localdomain", "localhost", "onion"}
)


@dataclass(frozen=True, slots=True)
class UrlUse:
    """What addresses are for, in the words of refusals."""

    #: What has the address, with an article and a capital letter.
    owner: str
    #: What is said to need a public address.
    needs_public: str
    example: str
    #: The setting of an operator who allows private networks.
    setting: str

    @property
    def _unless_allowed(self) -> str:
        return f"unless the operator sets {self.setting}."

    @property
    def no_address(self) -> str:
        """The refusal of what is no address at all."""
        return f"This is no web address. Give one like https://{self.example}."

    @property
    def public_only(self) -> str:
        """The refusal of a private IP address."""
        return f"{self.needs_public}, {self._unless_allowed}"

    @property
    def https_only(self) -> str:
        """The refusal of an address without TLS."""
        return f"{self.owner}'s address must begin with https://, {self._unless_allowed}"

    @property
    def private_name(self) -> str:
        """The refusal of a name that only a private network knows."""
        return (
            "This host is no name of the public internet. Give the whole name, like ci.example.com:"
            f" names of a private network are refused {self._unless_allowed}"
        )


WEBHOOKS = UrlUse(
    "A webhook",
    "Webhooks go to public addresses only",
    "example.com/hooks",
    "COUNTERSIGN_WEBHOOK_ALLOW_PRIVATE",
)
ISSUERS = UrlUse(
    "An issuer",
    "Keys of issuers are fetched from public addresses only",
    "ci.example.com",
    "COUNTERSIGN_ISSUER_ALLOW_PRIVATE",
)
PUBLIC_ONLY = WEBHOOKS.public_only
_UNUSUAL_IPV4 = (
    "This host is a number, or an IP address in an unusual spelling. Give a name, or an address"
    " of four decimal numbers without leading zeros."
)
_NO_PUBLIC_NAME = (
    "This host is no name of the public internet. Give the whole name, like hooks.example.com,"
    " without a dot at its end."
)


def require_url(url: str, *, allow_private: bool) -> None:
    """Refuse an address that a webhook cannot have.

    Raises:
        Refusal: With `INVALID_INPUT`, and what is wrong with the address.
    """
    fault = url_fault(url, allow_private=allow_private)
    if fault is not None:
        raise Refusal(Code.INVALID_INPUT, fault, "url")


def url_fault(url: str, *, allow_private: bool, use: UrlUse = WEBHOOKS) -> str | None:
    """Return what is wrong with an address for this use; None if nothing is."""
    parts = _split(url)
    if parts is None:
        return use.no_address
    if parts.scheme == "http" and not allow_private:
        return use.https_only
    if parts.scheme not in {"http", "https"}:
        return use.no_address
    if parts.username is not None or parts.password is not None or parts.fragment:
        return f"{use.owner}'s address has no user name, password or fragment."
    return _host_fault(parts.hostname or "", use, allow_private=allow_private)


def _host_fault(host: str, use: UrlUse, *, allow_private: bool) -> str | None:
    """Return what is wrong with a host, as far as that is known without a look-up."""
    address = literal_address(host)
    if address is not None:
        return None if allow_private or is_public(address) else use.public_only
    labels = host.split(".")
    last = next((label for label in reversed(labels) if label), "")
    if _NUMBER.fullmatch(last):
        return _UNUSUAL_IPV4
    if len(host) > _MAX_HOST_CHARACTERS or not all(map(_LABEL.fullmatch, labels)):
        return _NO_PUBLIC_NAME
    return None if allow_private or not _is_private_name(labels) else use.private_name


def _is_private_name(labels: list[str]) -> bool:
    """Tell whether a name is of the local network: one label alone, or below a reserved name."""
    endings = {".".join(labels[start:]) for start in range(len(labels))}
    return len(labels) == 1 or not endings.isdisjoint(_PRIVATE_NAMES)


def literal_address(host: str) -> IpAddress | None:
    """Return the IP address that a host is, in the usual spelling; None for anything else."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def origin_only(url: str) -> str:
    """Return an address without its path and query, which may hold secrets of the receiver."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"


def _split(url: str) -> SplitResult | None:
    if len(url) > _MAX_URL_CHARACTERS or not _PRINTABLE.fullmatch(url) or "\\" in url:
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
