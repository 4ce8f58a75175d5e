"""Security headers: those of every answer, and the content policies that pages add."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

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
#: What a page may do: nothing. A page names the directives in which it needs more.
_STRICTEST = {"base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'"}


def content_policy(directives: Mapping[str, str | None]) -> str:
    """Return a Content-Security-Policy that allows nothing but what the directives say.

    Args:
        directives: By name, such as `"img-src": "data:"`; None leaves a directive out.
    """
    policy = {"default-src": "'none'", **dict.fromkeys(directives), **_STRICTEST, **directives}
    return "; ".join(f"{name} {value}" for name, value in policy.items() if value is not None)


def page_headers(style_sheet: str, directives: Mapping[str, str | None]) -> dict[str, str]:
    """Return the headers of a page that no cache keeps and no search engine lists.

    Args:
        style_sheet: The text of its only style element, which is allowed by its hash.
        directives: Further directives of its content policy.
    """
    allowed_style = f"'sha256-{sha256_base64(style_sheet)}'"
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": content_policy({"style-src": allowed_style, **directives}),
        "X-Robots-Tag": "noindex, nofollow",
    }


def sha256_base64(text: str) -> str:
    """Return the digest of a style sheet or script as content policies spell it."""
    return b64encode(sha256(text.encode()).digest()).decode("ascii")


def wants_page(headers: Mapping[str, str]) -> bool:
    """Return whether a person looks at the response, in a browser."""
    return "text/html" in headers.get("accept", "")


class SecurityHeaders:
    """Middleware that adds the security headers to every response."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._always = _ALWAYS | (_SECURE if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to the response."""

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
