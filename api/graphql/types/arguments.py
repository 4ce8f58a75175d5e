"""Arguments that many fields have, with their descriptions."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import strawberry

from api.graphql.types.enums import Direction

First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(
        description="The number of rows to return from the start of the list, from 0 to"
        " 100; it is 20 if neither `first` nor `last` is given."
    ),
]
After: TypeAlias = Annotated[
    str | None,
    strawberry.argument(description="Return only rows that come after the row of this cursor."),
]
Last: TypeAlias = Annotated[
    int | None,
    strawberry.argument(
        description="The number of rows to return from the end of the list, from 0 to 100;"
        " it cannot be combined with `first`."
    ),
]
Before: TypeAlias = Annotated[
    str | None,
    strawberry.argument(description="Return only rows that come before the row of this cursor."),
]
ByTime: TypeAlias = Annotated[
    Direction,
    strawberry.argument(description="Whether the newest or the oldest rows come first."),
]
ByName: TypeAlias = Annotated[
    Direction,
    strawberry.argument(description="Whether names are sorted from A to Z or from Z to A."),
]
