"""How PostgreSQL goes about a statement, as it is said."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa


@contextmanager
def explained(beginning: str) -> Iterator[list[str]]:
    """The plans, run, of the statements that begin so and are said meanwhile."""
    plans: list[str] = []

    def explain(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(beginning):
            # To be explained it is run, and that is undone before it is run in earnest.
            cursor.execute("SAVEPOINT explained")
            found = cursor.execute(f"EXPLAIN (ANALYZE) {statement}", parameters).fetchall()
            cursor.execute("ROLLBACK TO SAVEPOINT explained")
            plans.append("\n".join(row[0] for row in found))

    sa.event.listen(sa.Engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", explain)
