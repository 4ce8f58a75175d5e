"""The limit on the rows of an answer, checked while the answer is made."""

from __future__ import annotations

from collections.abc import Sized

from graphql import OperationType

from api.graphql.attribute_executor import AttributeExecution
from api.graphql.limits.config import Limits
from api.graphql.limits.errors import exceeded


class RowCounter:
    """Counts the rows of every list of one answer.

    Args:
        allowed: The rows that the answer may have; None for as many as there are.
    """

    __slots__ = ("_allowed", "rows")

    def __init__(self, allowed: int | None) -> None:
        self._allowed = allowed
        self.rows = 0

    def count(self, rows: Sized) -> None:
        """Count rows, and refuse LIMIT_EXCEEDED beyond the limit."""
        self.rows += len(rows)
        if self._allowed is not None and self.rows > self._allowed:
            raise exceeded("rows", self._allowed, self.rows, "Too many rows in the answer")


def row_counter(operation_type: OperationType, limits: Limits) -> RowCounter:
    """Return a counter for an answer. A mutation's has no limit, since it is done already."""
    return RowCounter(None if operation_type is OperationType.MUTATION else limits.rows)


class BoundedExecution(AttributeExecution):
    """Executes an operation within the limit on its rows."""

    _counter: RowCounter | None = None

    def before_list(self, rows: Sized) -> None:
        """Count a list that the executor answers."""
        self.count(rows)

    def count(self, rows: Sized) -> None:
        """Count rows, and refuse LIMIT_EXCEEDED beyond the limit."""
        # Not made before: the executor of a subscription is copied for each event.
        if self._counter is None:
            self._counter = row_counter(self.operation.operation, self.context_value.limits)
        self._counter.count(rows)

    def row_count(self) -> int:
        """Return the number of rows counted so far."""
        return self._counter.rows if self._counter is not None else 0

    def reset_row_count(self, count: int) -> None:
        """Set the number of rows back: the executor will count them again."""
        if self._counter is not None:
            self._counter.rows = count
