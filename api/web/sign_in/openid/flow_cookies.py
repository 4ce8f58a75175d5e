"""Sign-ins of a browser that are under way at the provider, each in a cookie of its own."""

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
    """A flow, when it began, and the path that the person was on the way to."""

    flow: Flow
    begun_at: datetime
    then: str | None


class FlowCookies:
    """The flows of browsers; each is found by its state alone."""

    def __init__(self, browser: Browser, secret: str) -> None:
        self._browser = browser
        self._seal = SignedCookie(secret, "openid-flow", AWAY_SECONDS)

    def begin(self, request: Request, response: Response, kept_flow: KeptFlow) -> None:
        """Keep a flow; cookies of flows that are over go."""
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
            **asdict(flow), begun_at=begun_at, then=kept_flow.then, number=number
        )
        self._browser.give(response, sealed, AWAY_SECONDS, _name(flow.state))

    def find(self, request: Request, state: str) -> KeptFlow | None:
        """The flow that this browser began with this state, not long ago."""
        values = self._seal.open(self._browser.read(request, _name(state)))
        if values is None or not hmac.compare_digest(values["state"].encode(), state.encode()):
            return None
        # The version before this one did not seal when the flow began.
        if "begun_at" not in values:
            return None
        flow = Flow(values["state"], values["nonce"], values["verifier"])
        return KeptFlow(flow, datetime.fromisoformat(values["begun_at"]), values["then"])

    def end(self, response: Response, state: str) -> None:
        """Forget this flow, and no other."""
        self._browser.take(response, _name(state))


def _name(state: str) -> str:
    """A cookie's name may not hold everything that a parameter of a stranger can."""
    return f"{_PREFIX}{sha256(state.encode('utf-8', 'replace')).hexdigest()[:16]}"
