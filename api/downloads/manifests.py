"""Downloads of the manifest of a release, with any number of signatures.

The signatures are read in pages while they are sent. Each page is read with the credential of the
request, and only if its user may see the release still: what ended meanwhile ends the download.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from api.graphql.ids import from_global
from api.graphql.limits.config import Limits
from api.graphql.manifests import WRITERS, Rows, download_path
from api.graphql.types.enums import ManifestFormat
from api.runtime.credentials import principal_of
from api.runtime.runtime import Runtime
from api.web.http.rate_limit import TokenBuckets
from engine.model.errors import Code, Refusal, not_found
from engine.model.principal import Principal
from engine.queries.context import QueryContext
from engine.queries.manifests import FIRST, ReleaseRecord, release_record, signature_rows

#: Signatures that are read at once.
PAGE_SIZE = 500
NO_CREDENTIAL = Refusal(
    Code.UNAUTHENTICATED,
    "Send a token as `Authorization: Bearer csn_...`, or sign in.",
)
#: HTTP statuses of refusals.
STATUSES = {
    Code.UNAUTHENTICATED: 401,
    Code.NOT_FOUND: 404,
    Code.RATE_LIMITED: 429,
    Code.OVERLOADED: 503,
    Code.STORAGE_FAILED: 503,
}
_NO_STORE = {"Cache-Control": "no-store"}
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


def manifest_routes(runtime: Runtime, limits: Limits) -> list[BaseRoute]:
    """Return a route for each form of the manifest."""
    rates = TokenBuckets(limits.rate, limits.burst)
    return [
        Route(
            download_path("{release_id}", format_),
            partial(_answer, runtime, rates, format_),
            methods=["GET"],
        )
        for format_ in ManifestFormat
    ]


async def _answer(
    runtime: Runtime, rates: TokenBuckets, format_: ManifestFormat, request: Request
) -> Response:
    """Send the manifest, or answer a refusal as GraphQL does."""
    download = _Download(runtime, rates, format_, request)
    try:
        release_id = from_global(request.path_params["release_id"], "Release")
        record, rows = await download.first_page(release_id)
    except Refusal as refusal:
        error = {"message": refusal.message, "extensions": {"code": refusal.code}}
        return JSONResponse({"errors": [error]}, STATUSES.get(refusal.code, 400), _NO_STORE)
    writer = WRITERS[format_]
    name = f"{_NOT_PLAIN.sub('-', record.release.fields.name)}.{writer.file_name}"
    return StreamingResponse(
        download.parts(record, rows),
        media_type=writer.media_type,
        headers=_NO_STORE | {"Content-Disposition": f'attachment; filename="{name}"'},
    )


@dataclass(frozen=True, slots=True)
class _Download:
    """One download, for the caller of its request."""

    runtime: Runtime
    rates: TokenBuckets
    format_: ManifestFormat
    request: Request

    async def first_page(self, release_id: UUID) -> tuple[ReleaseRecord, Rows]:
        """Return the release with its first signatures; raises a `Refusal`."""
        principal = await self._principal()
        seconds = self.rates.wait(principal.user_id)
        if seconds:
            message = f"Too many downloads. Try again in {seconds:.1f} s."
            raise Refusal(Code.RATE_LIMITED, message)

        def read(context: QueryContext) -> tuple[ReleaseRecord, Rows]:
            record = release_record(context, release_id)
            if record is None:
                raise not_found("release", "id")
            return record, signature_rows(context, release_id, FIRST, PAGE_SIZE)

        return await self.runtime.read(principal, read)

    async def parts(self, record: ReleaseRecord, rows: Rows) -> AsyncIterator[str]:
        """Yield the manifest, a page of signatures at a time."""
        writer, has_rows_before = WRITERS[self.format_], False
        yield writer.start(record)
        while rows:
            yield writer.page(rows, has_rows_before)
            has_rows_before = True
            rows = await self._next_page(record.release.id, rows) if _is_full(rows) else ()
        yield writer.end

    async def _next_page(self, release_id: UUID, rows: Rows) -> Rows:
        principal = await self._principal()
        self.rates.owe(principal.user_id, 1)

        def read(context: QueryContext) -> Rows:
            if release_record(context, release_id) is None:
                raise not_found("release", "id")
            return signature_rows(context, release_id, rows[-1].id, PAGE_SIZE)

        return await self.runtime.read(principal, read)

    async def _principal(self) -> Principal:
        principal = await principal_of(self.runtime, self.request)
        if principal is None:
            raise NO_CREDENTIAL
        return principal


def _is_full(rows: Rows) -> bool:
    return len(rows) == PAGE_SIZE
