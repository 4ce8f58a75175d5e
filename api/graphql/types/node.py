"""Relay's `Node` and connections."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import strawberry

from engine.persistence.db.pagination import Page

Item = TypeVar("Item")


@strawberry.interface(description="Anything that can be fetched again by its id.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque and stable.")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="There is more after `endCursor`.")
    has_previous_page: bool = strawberry.field(description="There is more before `startCursor`.")
    start_cursor: str | None = strawberry.field(description="The first row's cursor.")
    end_cursor: str | None = strawberry.field(description="The last row's cursor.")


@strawberry.type(description="One row of a page.")
class Edge(Generic[Item]):
    cursor: str = strawberry.field(description="Where to go on from; opaque.")
    node: Item = strawberry.field(description="The row itself.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[Item]):
    edges: list[Edge[Item]] = strawberry.field(description="The rows with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    total_count: int | None = strawberry.field(
        default=None, description="Rows of the whole list; counted only when asked for."
    )


def connect(
    kind: type[Connection[Item]],
    edge: type[Edge[Item]],
    items: list[Item],
    page: Page[Any],
    total: int | None = None,
) -> Connection[Item]:
    """The connection of a page whose rows became these items."""
    edges = [edge(cursor=c, node=n) for c, n in zip(page.cursors, items, strict=True)]
    info = PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=page.cursors[0] if page.cursors else None,
        end_cursor=page.cursors[-1] if page.cursors else None,
    )
    return kind(edges=edges, page_info=info, total_count=total)
