"""Objects whose selected fields are plain attributes are read straight off, without resolvers.

What a query needs is read ahead, so most of an answer is attributes, and asking the executor for
each costs ten times as much. Whatever is out of the ordinary (a null where none may be, a value
that does not fit its type) is left to the executor, which starts over and tells it by the rules.
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
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter

#: Makes a part of the answer out of a value.
Reader = Callable[[Any], Any]
_DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF


class _OutOfTheOrdinaryError(Exception):
    """The executor has to look at it."""


class AttributeExecution(StrawberryGraphQLCoreExecutionContext):
    """A reader is made once for each selection of an operation."""

    def __init__(self, *rest: Any, **more: Any) -> None:
        super().__init__(*rest, **more)
        #: By the selection's identity; the selection is kept so that it stays the only one.
        self._readers: dict[int, tuple[Any, Reader | None]] = {}
        #: What the operation selects at its root.
        self._roots: dict[GraphQLObjectType, Any] = {}

    def execute_collected_root_fields(
        self, root_type: GraphQLObjectType, root_value: Any, fields: Any, *rest: Any
    ) -> Any:
        """Every event of a subscription is answered from the first one's fields: what is known of
        fields is kept by their identity, and would be found out and kept once more for each event.
        """
        known = self._roots.setdefault(root_type, fields)
        return super().execute_collected_root_fields(root_type, root_value, known, *rest)

    def execute_fields(
        self, parent_type: GraphQLObjectType, source_value: Any, path: Any, fields: Any, *rest: Any
    ) -> Any:
        """Straight, where that is possible."""
        reader = self._reader_of(parent_type, fields)
        if reader is not None:
            mark = self.mark()
            try:
                return reader(source_value)
            except Exception:  # noqa: BLE001 - the executor meets it again, and tells where
                self.back_to(mark)
                self._readers[id(fields)] = (fields, None)
        return super().execute_fields(parent_type, source_value, path, fields, *rest)

    def count(self, rows: Sized) -> None:
        """A list is about to be answered; may refuse."""

    def mark(self) -> int:
        """How much was counted."""
        return 0

    def back_to(self, mark: int) -> None:
        """Forget what was counted since."""

    def _reader_of(self, type_: GraphQLObjectType, fields: Any) -> Reader | None:
        known = self._readers.get(id(fields))
        if known is None:
            known = self._readers[id(fields)] = (fields, self._object(type_, fields))
        return known[1]

    def _object(self, type_: GraphQLObjectType, fields: Any) -> Reader | None:
        definition, middleware = type_.extensions.get(_DEFINITION), self.middleware_manager
        if definition is None or (middleware is not None and middleware.middlewares):
            return None
        parts = []
        for name, details in fields.items():
            part = self._part(type_, details)
            if part is None:
                return None
            parts.append((name, *part))
        origin = (definition.concrete_of or definition).origin

        def read(value: Any) -> dict[str, Any]:
            if type(value) is not origin:
                raise _OutOfTheOrdinaryError
            return {name: reader(getattr(value, attribute)) for name, attribute, reader in parts}

        return read

    def _part(self, type_: GraphQLObjectType, details: Any) -> tuple[str, Reader] | None:
        """Which attribute a field is, and what is made of it."""
        field = self.schema.get_field(type_, details[0].node.name.value)
        if field is TypeNameMetaFieldDef:
            return "__class__", lambda _: type_.name
        if field is None or field.args or not getattr(field.resolve, "_is_default", False):
            return None
        reader = self._value(field.type, details)
        return None if reader is None else (field.extensions[_DEFINITION].python_name, reader)

    def _value(self, type_: Any, details: Any) -> Reader | None:
        required = is_non_null_type(type_)
        reader = self._present(type_.of_type if required else type_, details)
        return reader and (_never_null(reader) if required else _maybe_null(reader))

    def _present(self, type_: Any, details: Any) -> Reader | None:
        """For a value that is not null."""
        if is_leaf_type(type_):
            return _leaf(type_.coerce_output_value)
        if is_list_type(type_):
            reader = self._value(type_.of_type, details)
            return reader and self._list(reader)
        if is_object_type(type_):
            fields, deferred, *_ = self.collect_subfields(type_, details)
            return None if deferred else self._reader_of(type_, fields)
        return None

    def _list(self, reader: Reader) -> Reader:
        def read(value: Any) -> list[Any]:
            if type(value) is not list:
                raise _OutOfTheOrdinaryError
            self.count(value)
            return [reader(item) for item in value]

        return read


def _never_null(reader: Reader) -> Reader:
    def read(value: Any) -> Any:
        if value is None:
            raise _OutOfTheOrdinaryError
        return reader(value)

    return read


def _maybe_null(reader: Reader) -> Reader:
    return lambda value: None if value is None else reader(value)


def _leaf(coerce: Reader) -> Reader:
    def read(value: Any) -> Any:
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise _OutOfTheOrdinaryError
        return coerced

    return read
