"""The download of an account's ledger, which anybody can verify without Countersign.

It is in JSON Lines: a line for each entry, with the text that was hashed, and last the head. The
head is read first, so that a ledger which grows meanwhile is cut there. The entries are read in
pages while they are sent, each with the credential of the request: what ended meanwhile ends the
download, which then has no head.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.downloads.access import Access, Download, attachment, refused
from engine.model.errors import Refusal
from engine.persistence.store.ledger import Head
from engine.queries.context import QueryContext
from engine.queries.ledger_export import StoredEntry, ledger_head, stored_entries

#: Entries that are read at once.
PAGE_SIZE = 500
#: Not registered with IANA; jsonlines.org and the OpenAPI registry name JSON Lines so.
MEDIA_TYPE = "application/jsonl"

Entries = Sequence[StoredEntry]


def ledger_routes(access: Access) -> list[BaseRoute]:
    """Return the route of the ledger."""
    return [Route("/downloads/ledger.jsonl", partial(_answer, access), methods=["GET"])]


async def _answer(access: Access, request: Request) -> Response:
    download = _Download(access, request)
    try:
        head, entries = await download.first_page()
    except Refusal as refusal:
        return refused(refusal)
    return Download(
        download.parts(head, entries),
        media_type=MEDIA_TYPE,
        headers=attachment("ledger", "jsonl"),
    )


@dataclass(frozen=True, slots=True)
class _Download:
    """One download, for the caller of its request."""

    access: Access
    request: Request

    async def first_page(self) -> tuple[Head, Entries]:
        """Return the head with the first entries; raises a `Refusal`."""
        principal = await self.access.admit(self.request)

        def read(context: QueryContext) -> tuple[Head, Entries]:
            head = ledger_head(context)
            return head, stored_entries(context, head.count, PAGE_SIZE)

        return await self.access.runtime.read(principal, read)

    async def parts(self, head: Head, entries: Entries) -> AsyncIterator[bytes]:
        """Yield the lines of the entries, a page at a time, and that of the head."""
        while entries:
            yield b"".join(map(_entry_line, entries))
            entries = await self._next_page(head, entries) if len(entries) == PAGE_SIZE else ()
        yield _line({"head": {"count": head.count, "hash": head.hash.hex()}})

    async def _next_page(self, head: Head, entries: Entries) -> Entries:
        principal = await self.access.admit_further(self.request)

        def read(context: QueryContext) -> Entries:
            return stored_entries(context, head.count, PAGE_SIZE, entries[-1].position)

        return await self.access.runtime.read(principal, read)


def _entry_line(entry: StoredEntry) -> bytes:
    return _line({"position": entry.position, "hash": entry.hash.hex(), "body": entry.body})


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
