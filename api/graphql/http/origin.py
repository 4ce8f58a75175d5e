"""Web pages of others cannot use a visitor's session: which requests are our own pages' or no
page's at all.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

#: What browsers say in Sec-Fetch-Site of requests that no foreign page made.
_HARMLESS = {"same-origin", "none"}


def origin_of(url: str) -> str:
    """Scheme, host and port, as browsers write an origin. Raises ValueError for what has none."""
    parts = urlsplit(url.lower())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} has no origin")
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port not in (None, usual) else ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


class Origins:
    """The service's own origins: of its public address, and of the address that was asked."""

    def __init__(self, public_url: str | None) -> None:
        self._public = origin_of(public_url) if public_url else None

    def is_foreign(self, connection: HTTPConnection) -> bool:
        """Another site's page made the request, or one may have, and with a session of ours."""
        headers = connection.headers
        origin = headers.get("origin")
        if origin is not None:
            return not self.is_ours(origin, headers.get("host", ""))
        site = headers.get("sec-fetch-site")
        return "cookie" in headers and site is not None and site not in _HARMLESS

    def is_ours(self, origin: str, host: str) -> bool:
        """A page with this origin is the service's own."""
        try:
            asked = urlsplit(origin_of(origin))
            public = urlsplit(self._public or "")
            if asked.netloc == public.netloc:
                return asked.scheme == public.scheme
            return asked.netloc == urlsplit(origin_of(f"{asked.scheme}://{host}")).netloc
        except ValueError:
            return False
