"""Headers that every answer has, unless it brings its own of that name; and what callers' say."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    # Not `no-referrer`: with it browsers hide the origin of our own forms from us.
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}
_SECURE = {b"strict-transport-security": b"max-age=31536000"}
#: Nothing but a page has any use for more.
_NO_PAGE = {b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'"}


def wants_page(headers: Mapping[str, str]) -> bool:
    """A person looks at the answer, in a browser."""
    return "text/html" in headers.get("accept", "")


class SecurityHeaders:
    """Puts them on every answer of an application."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._always = _ALWAYS | (_SECURE if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": self._completed(message.get("headers", ()))}
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _completed(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        known = {name.lower(): value for name, value in headers}
        is_page = known.get(b"content-type", b"").startswith(b"text/html")
        required = self._always if is_page else self._always | _NO_PAGE
        return [*headers, *((name, required[name]) for name in required if name not in known)]
