"""The limits, as numbers."""

from __future__ import annotations

from dataclasses import dataclass

from api.web.http.bodies import SLOWEST


@dataclass(frozen=True, slots=True)
class Limits:
    """What the endpoint lets through; `engine.persistence.db.pagination` limits pages."""

    #: Bytes of a request's body.
    body_bytes: int = 2 * 1024 * 1024
    #: Seconds that it may take to arrive.
    body_seconds: float = SLOWEST
    #: Seconds that a WebSocket may take to begin.
    init_seconds: float = 10
    #: Tokens of a document.
    tokens: int = 4000
    #: Fields inside of fields, introspection's too.
    depth: int = 16
    #: Fields of a document with an alias.
    aliases: int = 50
    #: Directives of a document. Clients' own introspection has a few dozen.
    directives: int = 60
    #: Operations and fragments of a document.
    definitions: int = 100
    #: Fields of a document's operations and fragments, each fragment written out wherever it is
    #: spread: to read and to plan takes as long.
    fields: int = 5000
    #: Pairs of fields of one name in one place, and of fragments: validation compares each, and a
    #: hundred such take it a millisecond.
    comparisons: int = 10_000
    #: Fields at the root of an operation.
    root_fields: int = 20
    #: Objects that an operation could answer, by its page sizes, estimated before it runs.
    cost: int = 10_000
    #: Rows that a query does answer: lists are as long as they are.
    rows: int = 20_000
    #: Seconds that an operation may take.
    seconds: float = 20
    #: Operations of a caller in a second, in the long run; 0 for no limit. Large ones count more.
    rate: float = 200
    #: Operations of a caller at once, after a pause.
    burst: int = 2000
    #: Subscriptions of a caller at once, in this process.
    subscriptions: int = 100
    #: Clients may ask for the schema.
    introspection: bool = True
