"""Refuses requests whose Host header is not a host of this service.

A page that makes links or compares origins believes the header. Behind a proxy that passes every
name on, or after a name of another site was pointed at this machine, it is the attacker's.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from api.web.http.paths import path_below_mount
from api.web.http.websockets import refuse_socket
from engine.logs.log_throttle import LogThrottle

log = structlog.get_logger("countersign.requests")

#: "Misdirected Request" (RFC 9110, section 15.5.20).
MISDIRECTED = 421
UNKNOWN_HOST = "UNKNOWN_HOST"
#: Names of the machine itself: nobody else's page can have them.
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
#: Probes ask a process by the address of its container, and learn nothing but its state.
_FOR_ANY_HOST = frozenset({"/healthz", "/readyz"})
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", re.ASCII)
_HOST_HEADER = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/@]+)(:[0-9]{1,5})?", re.ASCII)
_SENTENCE = (
    "This service does not answer for the host that was asked. Use {public_url}. Where a proxy or"
    " another name leads here, let the proxy pass on the Host header as it is, or name the host in"
    " COUNTERSIGN_ALLOWED_HOSTS."
)
#: The same for the reason of a closed WebSocket.
BRIEFLY = (
    f"{UNKNOWN_HOST}: This service does not answer for the host that was asked;"
    " see COUNTERSIGN_ALLOWED_HOSTS."
)
_LONGEST_LOGGED = 100


class KnownHosts:
    """Middleware that refuses requests for hosts that are not this service's."""

    def __init__(self, app: ASGIApp, *, public_url: str, others: str | None = None) -> None:
        self._app = app
        public = _normal(urlsplit(public_url).hostname or "")
        self._known = _LOOPBACK | hosts_of(others or "") | {public}
        self._sentence = _SENTENCE.format(public_url=public_url)
        self._refused = LogThrottle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it with a sentence about the host."""
        if _needs_no_host(scope) or self._knows(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await refuse_socket(WebSocket(scope, receive, send), BRIEFLY)
        else:
            await self._refusal(scope)(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        hosts = Headers(scope=scope).getlist("host")
        known = len(hosts) == 1 and self._is_known(hosts[0])
        if not known:
            self._note(hosts)
        return known

    def _is_known(self, header: str) -> bool:
        # The port is the listener's own affair, and may be mapped on the way.
        match = _HOST_HEADER.fullmatch(header)
        try:
            return match is not None and _normal(match["host"]) in self._known
        except ValueError:
            return False

    def _note(self, hosts: list[str]) -> None:
        # Whatever the hosts are: each could be another one.
        _, not_logged = self._refused.admit(UNKNOWN_HOST)
        if not_logged is not None:
            host = ", ".join(hosts)[:_LONGEST_LOGGED]
            log.warning("request_for_unknown_host", host=host, not_logged=not_logged)

    def _refusal(self, scope: Scope) -> Response:
        headers = {"Cache-Control": "no-store"}
        if not path_below_mount(scope).startswith("/graphql"):
            return PlainTextResponse(f"{self._sentence}\n", MISDIRECTED, headers)
        error = {"message": self._sentence, "extensions": {"code": UNKNOWN_HOST}}
        return JSONResponse({"errors": [error]}, MISDIRECTED, headers)


def _needs_no_host(scope: Scope) -> bool:
    return scope["type"] == "lifespan" or path_below_mount(scope) in _FOR_ANY_HOST


def hosts_of(text: str) -> frozenset[str]:
    """Read names and addresses that commas separate; ValueError for what is neither."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return frozenset(_host(part) for part in parts)


def _host(text: str) -> str:
    host = _normal(text)
    if ":" not in host and not _NAME.fullmatch(host):
        raise ValueError(f"{text!r} is no host")
    return host


def _normal(host: str) -> str:
    """Return a host as browsers write it, without brackets; raises ValueError for other texts."""
    bare = host.removeprefix("[").removesuffix("]").lower()
    if ":" not in bare:
        return bare if bare.isascii() else bare.encode("idna").decode("ascii")
    address = ip_address(bare)
    assert isinstance(address, IPv6Address)
    return address.compressed
