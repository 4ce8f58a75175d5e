"""Objects whose selected fields are plain attributes are answered without calling resolvers."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from graphql import GraphQLObjectType

from api.graphql.attribute_readers import AttributeReaders
from api.graphql.strawberry_compat import NOT_ANSWERED, HookedExecution


class AttributeExecution(HookedExecution):
    """Executes an operation with one reader for each of its selections.

    Whatever is exceptional is left to graphql-core's executor, which starts over with the object.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._readers = AttributeReaders(self.schema, self._subfields)
        #: The fields that the operation selects at its root.
        self._root_fields: dict[GraphQLObjectType, Any] = {}

    def root_fields(self, root_type: GraphQLObjectType, fields: Any) -> Any:
        """Return the fields of a subscription's first event for all of its events.

        Readers are kept by the identity of the fields, and would else be made for each event.
        """
        return self._root_fields.setdefault(root_type, fields)

    def answer_object(self, type_: GraphQLObjectType, value: Any, fields: Any) -> Any:
        """Return an object's answer from its attributes, where that is possible."""
        if self.middleware_manager is not None and self.middleware_manager.middlewares:
            return NOT_ANSWERED
        reader = self._readers.of_object(type_, fields)
        if reader is None:
            return NOT_ANSWERED
        row_count = self.row_count()
        try:
            return reader(value, self.count)
        except Exception:  # noqa: BLE001 - the executor meets it again, and reports where
            self.reset_row_count(row_count)
            self._readers.leave(fields)
            return NOT_ANSWERED

    def count(self, rows: Sized) -> None:
        """Count the rows of a list that is about to be answered; may refuse them."""

    def row_count(self) -> int:
        """Return the number of rows counted so far."""
        return 0

    def reset_row_count(self, count: int) -> None:
        """Set the number of rows back to what it was before."""

    def _subfields(self, type_: GraphQLObjectType, details: Any) -> Any:
        fields, deferred, *_ = self.collect_subfields(type_, details)
        return None if deferred else fields
