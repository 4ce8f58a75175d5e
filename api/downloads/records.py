"""The records whose forms are downloaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request

from api.downloads.access import Access
from api.graphql.ids import from_global
from engine.model.errors import not_found
from engine.model.grants import missing_scopes
from engine.model.vocabulary import Permission
from engine.queries.context import QueryContext
from engine.queries.records import Record, RecordKind, by_ids

Result = TypeVar("Result")

#: The name of the type in global ids, which is the path's parameter.
_TYPES = {RecordKind.KEYPAIR: "Keypair", RecordKind.CERTIFICATE: "Certificate"}


async def read_record(
    access: Access,
    request: Request,
    kind: RecordKind,
    read: Callable[[QueryContext, Record], Result],
) -> Result:
    """Return what is read of the record whose global id is the path's `id`.

    Raises:
        Refusal: The caller may not see it, or it is not there.
    """
    principal = await access.admit(request)
    record_id = from_global(request.path_params["id"], _TYPES[kind])

    def read_it(context: QueryContext) -> Result:
        if not context.actor.covers(Permission.VIEW_RELEASES):
            raise missing_scopes(Permission.VIEW_RELEASES)
        records = by_ids(context, kind, [record_id])
        if not records:
            raise not_found(_TYPES[kind].lower(), "id")
        return read(context, records[record_id])

    return await access.runtime.read(principal, read_it)
