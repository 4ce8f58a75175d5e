"""Arguments that many fields have, with their descriptions."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import strawberry

First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description="So many rows from the start, 0 to 100; 20 without."),
]
After: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Only rows after the row of this cursor.")
]
Last: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description="So many rows from the end, 0 to 100. Not beside `first`."),
]
Before: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Only rows before the row of this cursor.")
]
