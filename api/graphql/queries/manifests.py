"""The manifest of a release: what it has signed, in the forms that programs read."""

from __future__ import annotations

from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.manifests import WRITERS, Rows, download_path
from api.graphql.resolvers import run_query
from api.graphql.selection import Selection
from api.graphql.types.enums import ManifestFormat
from engine.queries import manifests as queries

#: Signatures of a manifest that is answered by GraphQL; a longer one is downloaded.
MAX_SIGNATURES = 1000


@strawberry.type(
    description="What a release has signed, as a text for programs. The JSON form names the"
    " release, its approvals and each signature; the others are lines of checksums."
)
class ReleaseManifest:
    media_type: str = strawberry.field(description="The media type of the text.")
    download_path: str = strawberry.field(
        description="Where the manifest is downloaded, beneath the public URL, with the same"
        " credentials as GraphQL."
    )
    text: str | None = strawberry.field(
        description="The manifest, or null if the release has more than 1,000 signatures: then"
        " download it."
    )


@strawberry.type
class ManifestQueries:
    @strawberry.field(
        description="Returns the manifest of a release, or null if the caller may not see it."
    )
    async def release_manifest(
        self,
        info: Info,
        release_id: Annotated[
            strawberry.ID, strawberry.argument(description="The global id of the release.")
        ],
        format: Annotated[
            ManifestFormat, strawberry.argument(description="The form of the manifest.")
        ] = ManifestFormat.JSON,
    ) -> ReleaseManifest | None:
        info.context.charge_objects(MAX_SIGNATURES)
        return await run_query(info, _manifest, release_id, format)


def _manifest(
    cache: EntityCache, selection: Selection, release_id: strawberry.ID, format: ManifestFormat
) -> ReleaseManifest | None:
    id_ = from_global(release_id, "Release", "releaseId")
    record = queries.release_record(cache.reading, id_)
    if record is None:
        return None
    writer = WRITERS[format]
    rows: Rows = ()
    if "text" in selection:
        rows = queries.signature_rows(cache.reading, id_, limit=MAX_SIGNATURES + 1)
    return ReleaseManifest(
        media_type=writer.media_type,
        download_path=download_path(release_id, format),
        text=writer.write(record, rows) if len(rows) <= MAX_SIGNATURES else None,
    )
