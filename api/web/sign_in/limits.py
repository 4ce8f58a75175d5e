"""Rate limits of sign-in: mails, codes, and visits to the provider, in this process."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request

from api.web.http.clients import client_of
from api.web.http.rate_limit import TokenBuckets


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """The rate limits of sign-in, as token buckets.

    A whole office may come from one address in the same minute; nobody wants many mails.
    """

    #: Mails asked for by one client.
    asking: TokenBuckets = field(default_factory=lambda: TokenBuckets(rate=1 / 6, burst=60))
    #: Mails to one address that one client asks for.
    address_and_client: TokenBuckets = field(
        default_factory=lambda: TokenBuckets(rate=1 / 300, burst=5)
    )
    #: Mails to one address that strangers ask for, from however many networks.
    address: TokenBuckets = field(default_factory=lambda: TokenBuckets(rate=1 / 60, burst=60))
    #: Mails to one address that a browser asks for in which its owner signed in before: what
    #: strangers ask for does not count there.
    address_and_browser: TokenBuckets = field(
        default_factory=lambda: TokenBuckets(rate=1 / 60, burst=10)
    )
    #: Codes typed by one client. What keeps a code from being guessed is counted for each mail.
    typing: TokenBuckets = field(default_factory=lambda: TokenBuckets(rate=1 / 3, burst=60))
    #: Ways to the OpenID provider and back of one client; each asks the provider something.
    travelling: TokenBuckets = field(default_factory=lambda: TokenBuckets(rate=1 / 3, burst=120))

    def asks_too_often(self, request: Request) -> bool:
        """Return whether a client has to wait before it asks for another mail."""
        return self.asking.wait(client_of(request)) > 0

    def exhausted(self, address: str, client: str, known_browser: str | None) -> str | None:
        """Return the limit that keeps another mail from an address; None if one may be sent.

        Args:
            address: The mailbox, as it is stored.
            client: Where the request comes from.
            known_browser: The browser's id, if the address's owner signed in with it before.
        """
        mailbox = address.casefold()
        if known_browser is not None:
            waits = self.address_and_browser.wait((mailbox, known_browser)) > 0
            return "browser" if waits else None
        if self.address_and_client.wait((mailbox, client)) > 0:
            return "client"
        return "address" if self.address.wait(mailbox) > 0 else None

    def types_too_often(self, request: Request) -> bool:
        """Return whether a client has to wait before it tries another code."""
        return self.typing.wait(client_of(request)) > 0

    def travels_too_often(self, request: Request) -> bool:
        """Return whether a client has to wait before it visits the provider again."""
        return self.travelling.wait(client_of(request)) > 0
