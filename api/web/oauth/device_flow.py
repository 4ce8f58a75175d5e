"""The device flow (RFC 8628): a command line asks for codes, and then for its session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from api.runtime.runtime import Runtime
from api.web.http.clients import client_of
from api.web.http.rate_limit import TokenBuckets
from api.web.oauth.answers import IssuedToken, OAuthError, uncached
from api.web.oauth.requests import admit, answer_errors, parameters_of
from engine.commands.credentials import device_sign_in
from engine.commands.credentials.device_sign_in import DeviceCodes, PollAnswer, StartDeviceSession
from engine.commands.credentials.sessions import LIFETIME, NewSession
from engine.model.device_codes import spell_user_code
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.vocabulary import Channel

PATH = "/oauth/device_authorization"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
#: The one client there is: our own command line, which has no secret.
CLIENT_ID = "countersign"
#: What a device is called that says no name.
_UNNAMED_DEVICE = "Command line"
#: What refuses a confirmed device for good: its code was used, or its person has no session now.
_OVER = frozenset({Code.WRONG_STATUS, Code.UNAUTHENTICATED, Code.NOT_FOUND, Code.FORBIDDEN})

_SENTENCES = {
    PollAnswer.PENDING: "Nobody has confirmed the code yet. Ask again later.",
    PollAnswer.SLOW_DOWN: "You ask too often. Wait five seconds more between two requests.",
    PollAnswer.DENIED: "The sign-in was denied in the browser.",
    PollAnswer.EXPIRED: "The code has expired. Start again.",
    PollAnswer.UNKNOWN: "There is no such code, or it was used already. Start again.",
}


class DeviceFlow:
    """Answers a device, which is authenticated by nothing but its code."""

    def __init__(
        self,
        runtime: Runtime,
        key: bytes,
        verification_uri: str,
        limit: TokenBuckets | None = None,
    ) -> None:
        """Take what the answers are made with.

        Args:
            runtime: The engine.
            key: What user codes are hashed with.
            verification_uri: The page where people type the user code.
            limit: How often a client may ask for codes in this process; `device_sign_in` has the
                limits on those that wait, of all processes.
        """
        self._runtime = runtime
        self._key = key
        self._verification_uri = verification_uri
        self._limit = limit or TokenBuckets(rate=1 / 6, burst=60)

    async def answer(self, request: Request) -> Response:
        """Return a device code and the user code that belongs to it, or an error."""
        return await answer_errors(self._begin(request))

    async def _begin(self, request: Request) -> Response:
        admit(self._limit, request)
        parameters = await parameters_of(request)
        _require_client(parameters)
        values = {
            "device_name": parameters.get("device_name") or _UNNAMED_DEVICE,
            "address": request.client.host if request.client else "",
            "client": client_of(request),
            "user_agent": request.headers.get("user-agent", ""),
        }
        try:
            codes = await self._runtime.change_as_system(
                lambda connection, now: device_sign_in.begin(connection, now, self._key, **values)
            )
        except Refusal as refusal:
            if refusal.code is Code.RATE_LIMITED:
                raise OAuthError("slow_down", refusal.message, status=429) from refusal
            if refusal.code is not Code.INVALID_INPUT:
                raise
            raise OAuthError("invalid_request", refusal.message) from refusal
        return uncached(self._describe(codes))

    def _describe(self, codes: DeviceCodes) -> dict[str, Any]:
        user_code = spell_user_code(codes.user_code)
        query = urlencode({"user_code": user_code})
        return {
            "device_code": codes.device_code,
            "user_code": user_code,
            "verification_uri": self._verification_uri,
            "verification_uri_complete": f"{self._verification_uri}?{query}",
            "expires_in": int(device_sign_in.LIFETIME.total_seconds()),
            "interval": device_sign_in.INTERVAL_SECONDS,
        }

    async def redeem(self, request: Request, parameters: Mapping[str, str]) -> IssuedToken:
        """Return the secret of the device's session, once its code was confirmed.

        Raises:
            OAuthError: There is no session yet, or there will be none.
        """
        _require_client(parameters)
        device_code = parameters.get("device_code")
        if device_code is None:
            raise OAuthError("invalid_request", "The parameter device_code is missing. Send it.")
        polled = await self._runtime.change_as_system(
            lambda connection, now: device_sign_in.poll(connection, now, device_code)
        )
        if isinstance(polled, PollAnswer):
            raise OAuthError(polled, _SENTENCES[polled])
        session = await self._start_session(polled, request.headers.get("user-agent", ""))
        lifetime_seconds = int(LIFETIME.total_seconds())
        return IssuedToken(
            access_token=session.secret, lifetime_seconds=lifetime_seconds, scopes=None
        )

    async def _start_session(self, confirmed: Row[Any], user_agent: str) -> NewSession:
        command = StartDeviceSession(authorization_id=confirmed.id, user_agent=user_agent)
        try:
            return await self._runtime.execute(_principal_of(confirmed), command)
        except Refusal as refusal:
            if refusal.code not in _OVER:
                raise
            raise OAuthError("invalid_grant", refusal.message) from refusal


def _principal_of(row: Row[Any]) -> Principal:
    """Return who confirmed a device, in the session in which they did."""
    return Principal(
        account_id=row.account_id,
        user_id=row.user_id,
        channel=Channel.API,
        session_id=row.session_id,
    )


def _require_client(parameters: Mapping[str, str]) -> None:
    if parameters.get("client_id") != CLIENT_ID:
        raise OAuthError("invalid_client", f"Use the client_id {CLIENT_ID}.", status=401)
