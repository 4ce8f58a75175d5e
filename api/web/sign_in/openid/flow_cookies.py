"""Keeps each unfinished sign-in at the provider in a cookie of its own."""

from __future__ import annotations

import hmac
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from api.web.http.browser import Browser
from api.web.sign_in.openid.provider import Flow
from api.web.sign_in.signed_cookie import SignedCookie

#: Seconds that a browser may be away at the provider.
AWAY_SECONDS = 600
#: Sign-ins of one browser at the same time; one more ends the oldest, for cookies are limited.
FLOWS = 5
_PREFIX = "openid-"


@dataclass(frozen=True, slots=True)
class KeptFlow:
    """A sign-in at the provider: when it began, and which path it leads to afterwards."""

    flow: Flow
    begun_at: datetime
    then: str | None


class FlowCookies:
    """The sign-ins of browsers at one provider, each found by its `state`."""

    def __init__(self, browser: Browser, secret: str, provider: str) -> None:
        self._browser = browser
        #: The name of the provider; an answer to the flow of another one finds none here.
        self._provider = provider
        self._seal = SignedCookie(secret, "openid-flow", AWAY_SECONDS)

    def begin(self, request: Request, response: Response, kept_flow: KeptFlow) -> None:
        """Store a flow, and delete the cookies of flows that are over."""
        flow = kept_flow.flow
        numbers: dict[str, int] = {}
        for name in self._browser.names(request, _PREFIX):
            values = self._seal.open(self._browser.read(request, name))
            if values is None:
                self._browser.take(response, name)
            else:
                numbers[name] = values["number"]
        oldest_first = sorted(numbers, key=lambda name: numbers[name])
        for name in oldest_first[: max(0, len(oldest_first) - FLOWS + 1)]:
            self._browser.take(response, name)
        number = max(numbers.values(), default=0) + 1
        begun_at = kept_flow.begun_at.isoformat()
        sealed = self._seal.seal(
            **asdict(flow),
            begun_at=begun_at,
            then=kept_flow.then,
            number=number,
            provider=self._provider,
        )
        self._browser.give(response, sealed, AWAY_SECONDS, _name(flow.state))

    def find(self, request: Request, state: str) -> KeptFlow | None:
        """Return the flow that this browser began with a state, unless it has expired."""
        values = self._seal.open(self._browser.read(request, _name(state)))
        if values is None or not hmac.compare_digest(values["state"].encode(), state.encode()):
            return None
        # The versions before this one sealed less.
        if "begun_at" not in values or values.get("provider", "") != self._provider:
            return None
        flow = Flow(values["state"], values["nonce"], values["verifier"])
        return KeptFlow(flow, datetime.fromisoformat(values["begun_at"]), values["then"])

    def end(self, response: Response, state: str) -> None:
        """Delete the cookie of one flow."""
        self._browser.take(response, _name(state))


def _name(state: str) -> str:
    """Return the cookie's name for a state, which may have characters that no name can."""
    return f"{_PREFIX}{sha256(state.encode('utf-8', 'replace')).hexdigest()[:16]}"
