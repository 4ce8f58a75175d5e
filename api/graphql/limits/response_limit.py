"""A last limit while a query is answered: lists without pages are as long as they are."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from graphql import GraphQLError, OperationType

from api.graphql.attribute_executor import AttributeExecution
from api.graphql.limits.errors import exceeded


class BoundedExecution(AttributeExecution):
    """Counts the rows of every list. A mutation is answered whatever its size: it is done."""

    _rows = 0

    def complete_list_value(self, return_type: Any, *rest: Any) -> Any:
        """Count, then go on as ever."""
        result = rest[3]
        if isinstance(result, Sized):
            self.count(result)
        return super().complete_list_value(return_type, *rest)

    def count(self, rows: Sized) -> None:
        """Refuses what is too much."""
        if self.operation.operation is OperationType.MUTATION:
            return
        self._rows += len(rows)
        allowed = self.context_value.limits.rows
        if self._rows > allowed:
            raise self._refusal(allowed)

    def mark(self) -> int:
        """The rows so far."""
        return self._rows

    def back_to(self, mark: int) -> None:
        """The executor will count them again."""
        self._rows = mark

    def _refusal(self, allowed: int) -> GraphQLError:
        return exceeded("rows", allowed, self._rows, "Too many rows in the answer")
