"""Relay's `Node` and connections."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import strawberry

from engine.persistence.db.pagination import Page

Item = TypeVar("Item")


@strawberry.interface(description="Any object that can be fetched again by its global id.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="The global id of the object, which is opaque and never changes."
    )


@strawberry.type(description="The position of a page within its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(
        description="Whether there are more rows after `endCursor`."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether there are more rows before `startCursor`."
    )
    start_cursor: str | None = strawberry.field(description="The cursor of the page's first row.")
    end_cursor: str | None = strawberry.field(description="The cursor of the page's last row.")


@strawberry.type(description="One row of a page, together with its cursor.")
class Edge(Generic[Item]):
    cursor: str = strawberry.field(
        description="An opaque cursor, with which reading can continue from this row."
    )
    node: Item = strawberry.field(description="The object in this row.")


@strawberry.type(description="One page of a list, by the Relay specification of connections.")
class Connection(Generic[Item]):
    edges: list[Edge[Item]] = strawberry.field(
        description="The rows of the page, with their cursors."
    )
    page_info: PageInfo = strawberry.field(description="The position of the page within its list.")
    total_count: int | None = strawberry.field(
        default=None,
        description="The number of rows in the whole list, which is counted only if this"
        " field is selected.",
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
