"""Objects whose selected fields are plain attributes are answered without calling resolvers.

Loaders read ahead what a query needs, so most of an answer is attributes, and to have the executor
resolve each of them costs ten times as much. Whatever is exceptional (a null where none is allowed,
a value that does not fit its type) is left to the executor, which starts over and reports the error
by the rules of GraphQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Any

from graphql import (
    GraphQLObjectType,
    TypeNameMetaFieldDef,
    Undefined,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from api.graphql.strawberry_compat import (
    NOT_ANSWERED,
    HookedExecution,
    plain_attribute,
    python_class,
)

#: Makes a part of the answer from a Python value.
Reader = Callable[[Any], Any]


class _ExceptionalValueError(Exception):
    """The value has to be answered by the executor."""


class AttributeExecution(HookedExecution):
    """Executes an operation with one reader for each of its selections."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        #: By the selection's identity; the selection is kept so that its identity stays unique.
        self._readers: dict[int, tuple[Any, Reader | None]] = {}
        #: The fields that the operation selects at its root.
        self._root_fields: dict[GraphQLObjectType, Any] = {}

    def root_fields(self, root_type: GraphQLObjectType, fields: Any) -> Any:
        """Return the fields of a subscription's first event for all of its events.

        Readers are kept by the identity of the fields, and would else be made for each event.
        """
        return self._root_fields.setdefault(root_type, fields)

    def answer_object(self, type_: GraphQLObjectType, value: Any, fields: Any) -> Any:
        """Return an object's answer from its attributes, where that is possible."""
        reader = self._reader_of(type_, fields)
        if reader is None:
            return NOT_ANSWERED
        count = self.row_count()
        try:
            return reader(value)
        except Exception:  # noqa: BLE001 - the executor meets it again, and reports where
            self.reset_row_count(count)
            self._readers[id(fields)] = (fields, None)
            return NOT_ANSWERED

    def count(self, rows: Sized) -> None:
        """Count the rows of a list that is about to be answered; may refuse them."""

    def row_count(self) -> int:
        """Return the number of rows counted so far."""
        return 0

    def reset_row_count(self, count: int) -> None:
        """Set the number of rows back to what it was before."""

    def _reader_of(self, type_: GraphQLObjectType, fields: Any) -> Reader | None:
        known = self._readers.get(id(fields))
        if known is None:
            known = self._readers[id(fields)] = (fields, self._object_reader(type_, fields))
        return known[1]

    def _object_reader(self, type_: GraphQLObjectType, fields: Any) -> Reader | None:
        origin, middleware = python_class(type_), self.middleware_manager
        if origin is None or (middleware is not None and middleware.middlewares):
            return None
        parts = []
        for name, details in fields.items():
            part = self._field_reader(type_, details)
            if part is None:
                return None
            parts.append((name, *part))

        def read(value: Any) -> dict[str, Any]:
            if type(value) is not origin:
                raise _ExceptionalValueError
            return {name: reader(getattr(value, attribute)) for name, attribute, reader in parts}

        return read

    def _field_reader(self, type_: GraphQLObjectType, details: Any) -> tuple[str, Reader] | None:
        """Return the attribute that a field reads, and the reader of its value."""
        field = self.schema.get_field(type_, details[0].node.name.value)
        if field is TypeNameMetaFieldDef:
            return "__class__", lambda _: type_.name
        attribute = plain_attribute(field) if field is not None else None
        if field is None or attribute is None:
            return None
        reader = self._value_reader(field.type, details)
        return None if reader is None else (attribute, reader)

    def _value_reader(self, type_: Any, details: Any) -> Reader | None:
        required = is_non_null_type(type_)
        reader = self._present_value_reader(type_.of_type if required else type_, details)
        return reader and (_required(reader) if required else _nullable(reader))

    def _present_value_reader(self, type_: Any, details: Any) -> Reader | None:
        """Return the reader of a value that is not null."""
        if is_leaf_type(type_):
            return _leaf_reader(type_.coerce_output_value)
        if is_list_type(type_):
            reader = self._value_reader(type_.of_type, details)
            return reader and self._list_reader(reader)
        if is_object_type(type_):
            fields, deferred, *_ = self.collect_subfields(type_, details)
            return None if deferred else self._reader_of(type_, fields)
        return None

    def _list_reader(self, reader: Reader) -> Reader:
        def read(value: Any) -> list[Any]:
            if type(value) is not list:
                raise _ExceptionalValueError
            self.count(value)
            return [reader(item) for item in value]

        return read


def _required(reader: Reader) -> Reader:
    def read(value: Any) -> Any:
        if value is None:
            raise _ExceptionalValueError
        return reader(value)

    return read


def _nullable(reader: Reader) -> Reader:
    return lambda value: None if value is None else reader(value)


def _leaf_reader(coerce: Reader) -> Reader:
    def read(value: Any) -> Any:
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise _ExceptionalValueError
        return coerced

    return read
