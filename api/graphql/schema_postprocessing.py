"""Last touches to the schema that Strawberry made: what readers of its text expect."""

from __future__ import annotations

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_non_null_type,
)

#: Without a viewer nothing else is answered either, and what federation asks for is prescribed.
_NEVER_REFUSED_ALONE = {"viewer", "_entities", "_service"}


def finish(schema: GraphQLSchema) -> None:
    """Describe arguments by their types where they say no more; drop defaults that are null.

    What is asked for at the root may be null, so that a refusal takes the place of one answer only.
    """
    _let_queries_be_null(schema)
    for type_ in schema.type_map.values():
        if type_.name.startswith("__"):
            continue
        if isinstance(type_, GraphQLInputObjectType):
            for name, field in type_.fields.items():
                _finish(name, field)
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field in type_.fields.values():
                for name, argument in field.args.items():
                    _finish(name, argument)


def _let_queries_be_null(schema: GraphQLSchema) -> None:
    assert schema.query_type is not None
    for name, field in schema.query_type.fields.items():
        if is_non_null_type(field.type) and name not in _NEVER_REFUSED_ALONE:
            field.type = field.type.of_type


def _finish(name: str, value: GraphQLArgument | GraphQLInputField) -> None:
    # Where null is the default, Python's default says so too; the text need not say `= null`.
    if value.default_value is None:
        value.default_value = Undefined
    named = get_named_type(value.type)
    if value.description is None and isinstance(named, GraphQLInputObjectType):
        value.description = named.description
