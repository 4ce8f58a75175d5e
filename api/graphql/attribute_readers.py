"""Readers: functions that make a part of an answer from attributes, without calling resolvers.

Loaders read ahead what a query needs, so most of an answer is attributes, and to have the executor
resolve each of them costs ten times as much. A reader raises `ExceptionalValueError` for whatever
is out of the ordinary (a null where none is allowed, a value that does not fit its type): then the
executor has to answer, which reports the error by the rules of GraphQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from enum import Enum
from operator import attrgetter
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLID,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    TypeNameMetaFieldDef,
    Undefined,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from api.graphql.strawberry_compat import plain_attribute, python_class

#: Counts the rows of a list that is about to be answered; may refuse them.
CountRows = Callable[[Sized], None]
#: Makes a part of the answer from a Python value.
Reader = Callable[[Any, CountRows], Any]
#: Returns what is selected beneath a field for an object of a type, or None if that depends on more
#: than the type.
CollectSubfields = Callable[[GraphQLObjectType, Any], Any]

#: Scalars whose answer is the text itself.
_TEXTS = (GraphQLString, GraphQLID)


class ExceptionalValueError(Exception):
    """The value has to be answered by the executor."""


class AttributeReaders:
    """The readers of one operation, one for each of its selections.

    Args:
        schema: The schema that the operation is executed on.
        collect_subfields: Collects the fields that are selected beneath a field.
    """

    def __init__(self, schema: GraphQLSchema, collect_subfields: CollectSubfields) -> None:
        self._schema = schema
        self._collect_subfields = collect_subfields
        #: By the selection's identity; the selection is kept so that its identity stays unique.
        self._readers: dict[int, tuple[Any, Reader | None]] = {}

    def of_object(self, type_: GraphQLObjectType, fields: Any) -> Reader | None:
        """Return the reader of an object's fields; None if one of them is more than an attribute.

        Args:
            type_: The object's type.
            fields: The fields as they were collected, by the name they have in the answer.
        """
        known = self._readers.get(id(fields))
        if known is None:
            known = self._readers[id(fields)] = (fields, self._object_reader(type_, fields))
        return known[1]

    def leave(self, fields: Any) -> None:
        """Leave these fields to the executor from now on."""
        self._readers[id(fields)] = (fields, None)

    def of_value(self, type_: Any, details: Any) -> Reader | None:
        """Return the reader of a field's value; None if there is more than attributes beneath it.

        Args:
            type_: The field's type.
            details: The nodes of the field, as they were collected.
        """
        required = is_non_null_type(type_)
        reader = self._present_value_reader(type_.of_type if required else type_, details)
        return reader and (_required(reader) if required else _nullable(reader))

    def _object_reader(self, type_: GraphQLObjectType, fields: Any) -> Reader | None:
        origin = python_class(type_)
        if origin is None:
            return None
        attributes, parts = [], []
        for name, details in fields.items():
            part = self._field_reader(type_, details)
            if part is None:
                return None
            attributes.append(part[0])
            parts.append((name, part[1]))
        fetch = _fetching(attributes)

        def read(value: Any, count: CountRows) -> dict[str, Any]:
            if type(value) is not origin:
                raise ExceptionalValueError
            values = fetch(value)
            return {
                name: reader(item, count)
                for (name, reader), item in zip(parts, values, strict=True)
            }

        return read

    def _field_reader(self, type_: GraphQLObjectType, details: Any) -> tuple[str, Reader] | None:
        """Return the attribute that a field reads, and the reader of its value."""
        field = self._schema.get_field(type_, details[0].node.name.value)
        if field is TypeNameMetaFieldDef:
            return "__class__", lambda _value, _count: type_.name
        attribute = plain_attribute(field) if field is not None else None
        if field is None or attribute is None:
            return None
        reader = self.of_value(field.type, details)
        return None if reader is None else (attribute, reader)

    def _present_value_reader(self, type_: Any, details: Any) -> Reader | None:
        """Return the reader of a value that is not null."""
        if is_leaf_type(type_):
            return _leaf_reader(type_)
        if is_list_type(type_):
            reader = self.of_value(type_.of_type, details)
            return reader and _list_reader(reader)
        if is_object_type(type_):
            fields = self._collect_subfields(type_, details)
            return None if fields is None else self.of_object(type_, fields)
        return None


def _fetching(attributes: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that takes all of the attributes of an object at once."""
    if len(attributes) > 1:
        return attrgetter(*attributes)
    # Fewer than two come without a tuple around them.
    fetches = [attrgetter(attribute) for attribute in attributes]
    return lambda value: tuple(fetch(value) for fetch in fetches)


def _list_reader(reader: Reader) -> Reader:
    def read(value: Any, count: CountRows) -> list[Any]:
        if type(value) is not list:
            raise ExceptionalValueError
        count(value)
        return [reader(item, count) for item in value]

    return read


def _required(reader: Reader) -> Reader:
    def read(value: Any, count: CountRows) -> Any:
        if value is None:
            raise ExceptionalValueError
        return reader(value, count)

    return read


def _nullable(reader: Reader) -> Reader:
    return lambda value, count: None if value is None else reader(value, count)


def _leaf_reader(type_: Any) -> Reader:
    """Return the reader of a scalar or an enum, the usual values of which need no coercion."""
    coerce = type_.coerce_output_value

    def read(value: Any, _count: CountRows) -> Any:
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise ExceptionalValueError
        return coerced

    if type_ in _TEXTS:
        return lambda value, count: value if type(value) is str else read(value, count)
    if not isinstance(type_, GraphQLEnumType):
        return read
    # By identity, which is quick: each member of an enum is one object that always exists.
    names: dict[int, Any] = {}

    def read_member(value: Any, count: CountRows) -> Any:
        name = names.get(id(value))
        if name is None:
            name = read(value, count)
            if isinstance(value, Enum):
                names[id(value)] = name
        return name

    return read_member
