"""How often one may ask, type and travel to sign in: in this process, and in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request

from api.clients import client_of
from api.graphql.limits.rate import Buckets
from engine.naming import name_key, tidy


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """Token buckets: so many a second in the long run, so many at once after a pause.

    A whole office may come from one address in the same minute; nobody wants many mails.
    """

    #: Mails asked for by one client.
    asking: Buckets = field(default_factory=lambda: Buckets(rate=1 / 6, burst=60))
    #: Mails to one address, whoever asks.
    address: Buckets = field(default_factory=lambda: Buckets(rate=1 / 300, burst=5))
    #: Codes typed by one client. What keeps a code from being guessed is counted for each mail.
    typing: Buckets = field(default_factory=lambda: Buckets(rate=1 / 3, burst=60))
    #: Ways to the OpenID provider and back of one client; each asks the provider something.
    travelling: Buckets = field(default_factory=lambda: Buckets(rate=1 / 3, burst=120))

    def asks_too_often(self, request: Request) -> bool:
        """This client has to wait before it asks for another mail."""
        return self.asking.wait(client_of(request)) > 0

    def is_mailed_enough(self, address: str) -> bool:
        """This address got as many mails as anybody can want."""
        return self.address.wait(name_key(tidy(address))) > 0

    def types_too_often(self, request: Request) -> bool:
        """This client has to wait before it tries another code."""
        return self.typing.wait(client_of(request)) > 0

    def travels_too_often(self, request: Request) -> bool:
        """This client has to wait before it goes to the provider, or comes back, once more."""
        return self.travelling.wait(client_of(request)) > 0
