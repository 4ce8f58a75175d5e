"""Web pages of others cannot use a visitor's session: which requests are our own pages' or no
page's at all.

This is the one rule for requests, for streams of events and for WebSockets. Chromium sends no
Sec-Fetch-Site when it opens a WebSocket, so what a page may do must not depend on that header
alone: an Origin that is this service's says as much.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto
from urllib.parse import urlsplit

import structlog
from starlette.requests import HTTPConnection

from api.web.http.refusals import RefusedError
from engine.logs.log_throttle import LogThrottle

log = structlog.get_logger("countersign.requests")

FOREIGN_ORIGIN = "FOREIGN_ORIGIN"
#: What browsers say in Sec-Fetch-Site of requests that no foreign page made.
_HARMLESS = {"same-origin", "none"}
#: A page that hides its address, as the pages behind links in mails do, has this for an origin.
_HIDDEN = "null"
_SENTENCE = (
    "Web pages of other sites cannot use this API: the page's origin{origin} is neither the one of"
    " COUNTERSIGN_PUBLIC_URL nor that of the host that was asked{host}. If it is a page of this"
    " service, a proxy in between has changed the Host header: it must pass it on as it is. A page"
    " of yours on another origin can use it with a token, if COUNTERSIGN_ALLOWED_ORIGINS names it."
)
#: The same for the reason of a closed WebSocket, which has room for 123 bytes.
BRIEFLY = (
    f"{FOREIGN_ORIGIN}: Web pages of other sites cannot use this API;"
    " a proxy must pass on the Host header as it is."
)
_LONGEST_TOLD = 100


class Source(Enum):
    """What a browser says about the page that made a request."""

    #: A page of this service made it.
    OWN_PAGE = auto()
    #: A page made it whose origin an operator has named: its cookies do not count.
    ALLOWED_PAGE = auto()
    #: A page of another site made it, or one may have.
    FOREIGN_PAGE = auto()
    #: The request names no page: it is of a program, or of a link outside of any page.
    UNKNOWN = auto()


def origin_of(url: str) -> str:
    """Return the origin of a URL as browsers write it; raises ValueError if it has none."""
    parts = urlsplit(url.lower())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} has no origin")
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port not in (None, usual) else ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


class Origins:
    """The service's own origins: of its public address, and of the address that was asked.

    Args:
        public_url: The public address.
        allowed: The origins of other pages that may use the API, as browsers write them.
    """

    def __init__(self, public_url: str | None, allowed: Collection[str] = ()) -> None:
        self._public = origin_of(public_url) if public_url else None
        self._allowed = frozenset(allowed)
        self._refused = LogThrottle()

    def source_of(self, connection: HTTPConnection) -> Source:
        """Tell whose page made the request, and log a foreign one now and then."""
        source = self._source_of(connection)
        if source is Source.FOREIGN_PAGE:
            _, not_logged = self._refused.admit(FOREIGN_ORIGIN)
            if not_logged is not None:
                headers = connection.headers
                log.warning(
                    "request_of_foreign_page",
                    origin=headers.get("origin", "")[:_LONGEST_TOLD],
                    host=headers.get("host", "")[:_LONGEST_TOLD],
                    public_origin=self._public,
                    not_logged=not_logged,
                )
        return source

    def _source_of(self, connection: HTTPConnection) -> Source:
        """Return which page made a request: one of another site if either header says so."""
        origin = connection.headers.get("origin")
        site = connection.headers.get("sec-fetch-site")
        if origin == _HIDDEN and site == "same-origin":
            return Source.OWN_PAGE
        if self.is_another(connection):
            return Source.ALLOWED_PAGE if origin in self._allowed else Source.FOREIGN_PAGE
        if site is not None and site not in _HARMLESS:
            return Source.FOREIGN_PAGE
        return Source.OWN_PAGE if origin is not None or site == "same-origin" else Source.UNKNOWN

    def is_another(self, connection: HTTPConnection) -> bool:
        """Return whether a request names an origin, and one that is not the service's own."""
        headers = connection.headers
        origin = headers.get("origin")
        if origin is None or (origin, headers.get("sec-fetch-site")) == (_HIDDEN, "same-origin"):
            return False
        return not self.is_ours(origin, headers.get("host", ""))

    def refusal_of(self, connection: HTTPConnection) -> RefusedError | None:
        """Return why the API refuses a request; None if it does not.

        A page of another site is refused by its origin. Where only Sec-Fetch-Site tells, a request
        without any cookie is harmless.
        """
        headers = connection.headers
        origin, host = headers.get("origin"), headers.get("host", "")
        if self.source_of(connection) is not Source.FOREIGN_PAGE:
            return None
        if not self.is_another(connection) and "cookie" not in headers:
            return None
        sentence = _SENTENCE.format(origin=_in_brackets(origin), host=_in_brackets(host))
        return RefusedError(403, FOREIGN_ORIGIN, sentence)

    def is_ours(self, origin: str, host: str) -> bool:
        """Return whether a page with this origin is the service's own."""
        try:
            requested = urlsplit(origin_of(origin))
            public = urlsplit(self._public or "")
            if requested.netloc == public.netloc:
                return requested.scheme == public.scheme
            return requested.netloc == urlsplit(origin_of(f"{requested.scheme}://{host}")).netloc
        except ValueError:
            return False


def _in_brackets(value: str | None) -> str:
    return f" ({value[:_LONGEST_TOLD]})" if value else ""
