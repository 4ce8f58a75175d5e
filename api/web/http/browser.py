"""Reads and sets cookies, and tells whether a request comes from a page of this service."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.web.http.origin import Origins, Source

NAME = "countersign"
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
#: What separates the words of a path, and what a cookie's name cannot have.
_NO_NAME = re.compile(r"[^A-Za-z0-9_]+", re.ASCII)
_SAFE = frozenset({"GET", "HEAD"})


class Browser:
    """The cookies of the public URL's origin.

    `__Host-` binds a cookie to exactly this host and to https; plain http has no such thing. It
    demands the path `/`, so the names of cookies have the public URL's path in them: other
    applications of the host, and other installations, keep theirs apart. The cookies are Lax, not
    Strict: links in mails are followed from other sites, and the page behind one must know its
    browser. What changes something asks for more, see `is_our_page`.
    """

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._origins = Origins(public_url)
        self._secure = parts.scheme == "https"
        #: Of the pages, below the host.
        self.root = parts.path.rstrip("/")
        #: Where a sign-in leads: to the dashboard, and without one on to the page of sessions.
        self.home = f"{self.root}/"
        self._cookie_path = "/" if self._secure else self.root or "/"
        self._name = ".".join([NAME, *_NO_NAME.sub(" ", self.root).split()])

    def cookie(self, what: str = "") -> str:
        """Return the name of a cookie; without a word, that of the session."""
        name = f"{self._name}-{what}" if what else self._name
        return f"__Host-{name}" if self._secure else name

    def read(self, connection: HTTPConnection, what: str = "") -> str:
        """Return the value of a cookie; empty if there is none."""
        return connection.cookies.get(self.cookie(what), "")

    def names(self, connection: HTTPConnection, prefix: str) -> list[str]:
        """Return the words, for `read` and `take`, of all cookies that begin with a prefix."""
        start = len(self.cookie(prefix)) - len(prefix)
        names = [name for name in connection.cookies if name.startswith(self.cookie(prefix))]
        return [name[start:] for name in names]

    def session_secret(self, connection: HTTPConnection) -> str | None:
        """Return the secret in the session's cookie, if it has the form of one."""
        value = self.read(connection)
        return value if _SECRET.fullmatch(value) else None

    def give(self, response: Response, value: str, seconds: int, what: str = "") -> None:
        """Set a cookie that no script can read."""
        response.set_cookie(
            self.cookie(what),
            value,
            max_age=seconds,
            path=self._cookie_path,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def take(self, response: Response, what: str = "") -> None:
        """Delete a cookie."""
        response.delete_cookie(
            self.cookie(what),
            path=self._cookie_path,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def may_act(self, connection: HTTPConnection) -> bool:
        """Return whether the session's cookie counts: no other site can have caused a change.

        A websocket opens with a GET that any page may send, and then carries mutations. A page of
        another origin that may use the API does so with a token alone.
        """
        if self._origins.is_another(connection):
            return False
        reads = connection.scope["type"] == "http" and connection.scope["method"] in _SAFE
        return reads or self.is_our_page(connection)

    def is_our_page(self, connection: HTTPConnection) -> bool:
        """Return whether the browser says that a request comes from a page of this service."""
        return self._origins.source_of(connection) is Source.OWN_PAGE
