"""A last limit while a query is answered: lists without pages are as long as they are."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from graphql import GraphQLError, OperationType
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.graphql.limits.refusal import exceeded


class BoundedExecution(StrawberryGraphQLCoreExecutionContext):
    """Counts the rows of every list. A mutation is answered whatever its size: it is done."""

    _rows = 0

    def complete_list_value(self, return_type: Any, *rest: Any) -> Any:
        """Count, then go on as ever."""
        result = rest[3]
        if isinstance(result, Sized) and self.operation.operation is not OperationType.MUTATION:
            self._rows += len(result)
            allowed = self.context_value.limits.rows
            if self._rows > allowed:
                raise self._refusal(allowed)
        return super().complete_list_value(return_type, *rest)

    def _refusal(self, allowed: int) -> GraphQLError:
        return exceeded("rows", allowed, self._rows, "Too many rows in the answer")
