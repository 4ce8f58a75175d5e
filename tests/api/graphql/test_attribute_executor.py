"""What is read straight off is what the executor would have told, errors and all."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

import pytest
import strawberry
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.graphql.attribute_executor import AttributeExecution

Item = TypeVar("Item")


@strawberry.enum
class Colour(Enum):
    RED = "RED"
    BLUE = "BLUE"


@strawberry.type
class Part:
    name: str
    weight: int | None = None


@strawberry.type
class Thing:
    name: str
    colour: Colour = Colour.RED
    parts: list[Part] = strawberry.field(default_factory=list)
    spare: Part | None = None

    @strawberry.field
    def twice(self) -> str:
        return self.name * 2


@strawberry.type
class Page(Generic[Item]):
    items: list[Item]


@dataclass
class Shelf:
    """What the query answers."""

    things: Any = field(default_factory=list)


@strawberry.type
class Query:
    @strawberry.field
    def page(self, info: strawberry.Info) -> Page[Thing]:
        return Page(items=info.context.things)


GOOD = [
    Thing(name="one", parts=[Part(name="a", weight=1), Part(name="b")]),
    Thing(name="two", colour=Colour.BLUE, spare=Part(name="c", weight=3)),
]


class Counting(AttributeExecution):
    """Tells how many rows were read straight off."""

    rows = 0

    def count(self, rows: Any) -> None:
        Counting.rows += len(rows)

    def row_count(self) -> int:
        return Counting.rows

    def reset_row_count(self, count: int) -> None:
        Counting.rows = count


def executed(how: type, query: str, things: Any, **variables: Any) -> tuple[Any, Any]:
    """Data and errors."""
    schema = strawberry.Schema(Query, execution_context_class=how)
    result = schema.execute_sync(query, variables, context_value=Shelf(things))
    return result.data, [(e.message, e.path, e.locations) for e in result.errors or ()]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("{ page { items { name colour parts { name weight } spare { name } } } }", 4),
        ("{ __typename page { __typename items { kind: __typename what: name } } }", 2),
        ("{ page { items { ...F } } } fragment F on Thing { name ... on Thing { colour } }", 2),
        ("query ($no: Boolean = false) { page { items { name colour @include(if: $no) } } }", 2),
        # The list is the executor's where a row has a resolver; the rows' parts are not.
        ("{ page { items { twice parts { name } } } }", 0),
        ("{ page { items { twice spare { name weight } } } }", 0),
    ],
)
def test_the_answer_is_the_same(query: str, rows: int) -> None:
    Counting.rows = 0
    assert executed(Counting, query, GOOD) == executed(
        StrawberryGraphQLCoreExecutionContext, query, GOOD
    )
    assert Counting.rows == rows


@pytest.mark.parametrize(
    "things",
    [
        [Thing(name="one"), Thing(name=None)],  # type: ignore[arg-type]
        [Thing(name="one"), None],
        [Thing(name="one", colour="GREEN")],  # type: ignore[arg-type]
        [Thing(name="one", parts=[Part(name="a", weight="much")])],  # type: ignore[arg-type]
        [Thing(name="one", spare=Thing(name="other"))],  # type: ignore[arg-type]
        (Thing(name="one"), Thing(name="two")),
        None,
        7,
    ],
)
def test_what_is_out_of_the_ordinary_is_told_by_the_executor(things: Any) -> None:
    query = "{ page { items { name colour parts { name weight } spare { name } } } }"
    Counting.rows = 0
    expected = executed(StrawberryGraphQLCoreExecutionContext, query, things)
    assert executed(Counting, query, things) == expected
    assert Counting.rows == 0, "what was counted on the way is forgotten"
