"""The limit on the rows of an answer, checked while the answer is made."""

from __future__ import annotations

from collections.abc import Sized

from graphql import OperationType

from api.graphql.attribute_executor import AttributeExecution
from api.graphql.limits.errors import exceeded


class BoundedExecution(AttributeExecution):
    """Counts the rows of every list. A mutation's answer has no limit, since it is done already."""

    _row_count = 0

    def before_list(self, rows: Sized) -> None:
        """Count a list that the executor answers."""
        self.count(rows)

    def count(self, rows: Sized) -> None:
        """Count rows, and refuse LIMIT_EXCEEDED beyond the limit."""
        if self.operation.operation is OperationType.MUTATION:
            return
        self._row_count += len(rows)
        allowed = self.context_value.limits.rows
        if self._row_count > allowed:
            raise exceeded("rows", allowed, self._row_count, "Too many rows in the answer")

    def row_count(self) -> int:
        """Return the number of rows counted so far."""
        return self._row_count

    def reset_row_count(self, count: int) -> None:
        """Set the number of rows back: the executor will count them again."""
        self._row_count = count
