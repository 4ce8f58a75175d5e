"""Downloads of the manifest of a release, with any number of signatures.

The signatures are read in pages while they are sent. Each page is read with the credential of the
request, and only if its user may see the release still: what ended meanwhile ends the download.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.downloads.access import Access, Download, attachment, refused
from api.graphql.ids import from_global
from api.graphql.manifests import WRITERS, ManifestWriter, Rows, download_path
from engine.model.errors import Refusal, not_found
from engine.queries import releases
from engine.queries.context import QueryContext
from engine.queries.manifests import FIRST, ReleaseRecord, release_record, signature_rows

#: Signatures that are read at once.
PAGE_SIZE = 500


def manifest_routes(access: Access) -> list[BaseRoute]:
    """Return a route for each form of the manifest."""
    return [
        Route(
            download_path("{release_id}", format_),
            partial(_answer, access, writer),
            methods=["GET"],
        )
        for format_, writer in WRITERS.items()
    ]


async def _answer(access: Access, writer: ManifestWriter, request: Request) -> Response:
    download = _Download(access, writer, request)
    try:
        release_id = from_global(request.path_params["release_id"], "Release")
        record, rows = await download.first_page(release_id)
    except Refusal as refusal:
        return refused(refusal)
    return Download(
        download.parts(record, rows),
        media_type=writer.media_type,
        headers=attachment(record.release.fields.name, writer.file_name),
    )


@dataclass(frozen=True, slots=True)
class _Download:
    """One download, for the caller of its request."""

    access: Access
    writer: ManifestWriter
    request: Request

    async def first_page(self, release_id: UUID) -> tuple[ReleaseRecord, Rows]:
        """Return the release with its first signatures; raises a `Refusal`."""
        principal = await self.access.admit(self.request)

        def read(context: QueryContext) -> tuple[ReleaseRecord, Rows]:
            record = release_record(context, release_id)
            if record is None:
                raise not_found("release", "id")
            return record, signature_rows(context, release_id, FIRST, PAGE_SIZE)

        return await self.access.runtime.read(principal, read)

    async def parts(self, record: ReleaseRecord, rows: Rows) -> AsyncIterator[str]:
        """Yield the manifest, a page of signatures at a time."""
        has_rows_before = False
        yield self.writer.start(record)
        while rows:
            yield self.writer.page(rows, has_rows_before)
            has_rows_before = True
            rows = await self._next_page(record.release.id, rows) if _is_full(rows) else ()
        yield self.writer.end

    async def _next_page(self, release_id: UUID, rows: Rows) -> Rows:
        principal = await self.access.admit_further(self.request)

        def read(context: QueryContext) -> Rows:
            if release_id not in releases.by_ids(context, [release_id]):
                raise not_found("release", "id")
            return signature_rows(context, release_id, rows[-1].id, PAGE_SIZE)

        return await self.access.runtime.read(principal, read)


def _is_full(rows: Rows) -> bool:
    return len(rows) == PAGE_SIZE
