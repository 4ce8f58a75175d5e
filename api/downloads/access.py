"""What every download asks of its caller: a credential, and not too many downloads."""

from __future__ import annotations

import re

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.runtime.credentials import principal_of
from api.runtime.runtime import Runtime
from api.web.http.rate_limit import TokenBuckets
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal

log = structlog.get_logger("countersign.downloads")

NO_CREDENTIAL = Refusal(
    Code.UNAUTHENTICATED,
    "Send a token as `Authorization: Bearer csn_...`, or sign in.",
)
NO_STORE = {"Cache-Control": "no-store"}
#: HTTP statuses of refusals; any other code has 400.
STATUSES = {
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.RATE_LIMITED: 429,
    Code.OVERLOADED: 503,
    Code.STORAGE_FAILED: 503,
}
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


class Access:
    """Admits the callers of all downloads.

    Args:
        runtime: The running process.
        rates: The rates of its users, apart from those of GraphQL.
    """

    def __init__(self, runtime: Runtime, rates: TokenBuckets) -> None:
        self.runtime = runtime
        self._rates = rates

    async def admit(self, request: Request) -> Principal:
        """Return who sent a request; raises a `Refusal`, also of a download too many."""
        principal = await self.principal(request)
        seconds = self._rates.wait(principal.user_id)
        if seconds:
            message = f"Too many downloads. Try again in {seconds:.1f} s."
            raise Refusal(Code.RATE_LIMITED, message)
        return principal

    async def admit_further(self, request: Request) -> Principal:
        """Return who sent a request, of which another page is read; raises a `Refusal`."""
        principal = await self.principal(request)
        self._rates.owe(principal.user_id, 1)
        return principal

    async def principal(self, request: Request) -> Principal:
        """Return who sent a request; raises a `Refusal`."""
        principal = await principal_of(self.runtime, request)
        if principal is None:
            raise NO_CREDENTIAL
        return principal


class Download(StreamingResponse):
    """A file that is read in pages while it is sent.

    What refuses a further page ends it without its last piece: the server closes the connection, so
    that no client takes what it has for the whole file.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pages, or as many of them as may be read."""
        try:
            await super().__call__(scope, receive, send)
        except Refusal as refusal:
            log.warning("download_cut_off", code=refusal.code)


def refused(refusal: Refusal) -> Response:
    """Answer a refusal with errors as GraphQL has them, and a status."""
    error = {"message": refusal.message, "extensions": {"code": refusal.code}}
    return JSONResponse({"errors": [error]}, STATUSES.get(refusal.code, 400), NO_STORE)


def attachment(name: str, file_name: str) -> dict[str, str]:
    """Return the headers of a file of something that has a name."""
    plain = f"{_NOT_PLAIN.sub('-', name)}.{file_name}"
    return NO_STORE | {"Content-Disposition": f'attachment; filename="{plain}"'}
