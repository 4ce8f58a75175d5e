"""Everything that Countersign uses of Strawberry and graphql-core beyond their documented API.

Strawberry has no public place for what this server needs: documents that are validated once and
kept, limits before and during execution, and objects that are answered without resolvers. So this
module and `strawberry_schema` override private methods and offer them under names of their own. No
other module imports private parts, and `tests/api/graphql/test_strawberry_compat.py` names the part
that an upgrade changed. The dependency is bounded above for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from enum import EnumMeta
from functools import cache, partial
from typing import Any, Final, TypeVar

import strawberry
from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableValues,
    specified_rules,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields, collect_subfields
from starlette.websockets import WebSocket, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.federation.schema import FederationAny
from strawberry.http import GraphQLRequestProtocol
from strawberry.http.base import BaseRequestProtocol
from strawberry.http.streaming import SSETransport
from strawberry.schema.name_converter import NameConverter
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter, get_arguments
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ErrorMessage,
    Message,
    SubscribeMessage,
)
from strawberry.types.base import StrawberryObjectDefinition, get_object_definition
from strawberry.types.enum import EnumValue
from strawberry.types.execution import ExecutionContext, ExecutionResult, PreExecutionError
from strawberry.types.field import StrawberryField
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UnsetType
from strawberry.utils.str_converters import to_camel_case, to_snake_case

__all__ = [
    "ASGIWebSocketAdapter",
    "BaseGraphQLTransportWSHandler",
    "BaseRequestProtocol",
    "CachingNameConverter",
    "ErrorMessage",
    "ExecutionContext",
    "ExecutionResult",
    "FederationAny",
    "HookedExecution",
    "Message",
    "Operation",
    "OperationType",
    "PreExecutionError",
    "SSETransport",
    "SubscribeMessage",
    "UnsetType",
    "to_camel_case",
    "to_snake_case",
]

ContextT = TypeVar("ContextT")

#: The rules by which Strawberry validates a document.
VALIDATION_RULES: Final = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)

#: The answer of a hook that leaves the work to the executor.
NOT_ANSWERED: Final = object()

_DEFINITION: Final = GraphQLCoreConverter.DEFINITION_BACKREF
_NO_VARIABLES: Final = VariableValues({}, {})
#: Where a message of graphql-core begins to repeat the value of a whole input, or of a text that is
#: none, such as a passphrase in a list.
_REPEATED_INPUT = re.compile(
    r"(, found|(?<=\?) Found): \[?\{.*|(?<= non string value): .*", re.DOTALL
)


# Definitions: what Strawberry knows of the Python side of the schema.


def python_class(type_: GraphQLObjectType) -> type | None:
    """Return the Python class whose instances are answered as this type, if there is one."""
    definition = type_.extensions.get(_DEFINITION)
    return None if definition is None else (definition.concrete_of or definition).origin


@contextmanager
def with_directives(directives: Mapping[type, object]) -> Iterator[None]:
    """Give each type a schema directive more during the block, for a schema that is built in it."""
    definitions: list[tuple[StrawberryObjectDefinition, object]] = [
        (get_object_definition(type_, strict=True), directive)
        for type_, directive in directives.items()
    ]
    before = [definition.directives for definition, _ in definitions]
    try:
        for definition, directive in definitions:
            definition.directives = [*(definition.directives or ()), directive]
        yield
    finally:
        for (definition, _), own in zip(definitions, before, strict=True):
            definition.directives = own


def plain_attribute(field: GraphQLField) -> str | None:
    """Return the attribute that a field reads, or None where it has arguments or a resolver."""
    if field.args or not getattr(field.resolve, "_is_default", False):
        return None
    return str(field.extensions[_DEFINITION].python_name)


def async_resolver(
    schema: strawberry.Schema, field: GraphQLField
) -> Callable[[Any, dict[str, Any]], Awaitable[Any]] | None:
    """Return a function that calls the coroutine function of a root field, if it has one.

    It takes the resolver's `info` and the coerced arguments, which it converts as Strawberry does.
    """
    definition: StrawberryField | None = field.extensions.get(_DEFINITION)
    if definition is None or definition.base_resolver is None or definition.extensions:
        return None
    resolver = definition.base_resolver
    if not resolver.is_async:
        return None
    convert = partial(
        get_arguments,
        field=definition,
        source=None,
        config=schema.config,
        scalar_registry=schema.schema_converter.scalar_registry,
    )

    def resolve(info: Any, arguments: dict[str, Any]) -> Awaitable[Any]:
        positional, named = convert(info=info, kwargs=arguments)
        awaitable: Awaitable[Any] = resolver(*positional, **named)
        return awaitable

    return resolve


def enum_values(cls: EnumMeta) -> list[EnumValue]:
    """Return the values of a registered enum, whose names and descriptions can be changed."""
    values: list[EnumValue] = cls.__strawberry_definition__.values  # type: ignore[attr-defined]
    return values


# Requests: what was asked for, as graphql-core has it.


def resolve_info(info: strawberry.Info[Any, Any]) -> GraphQLResolveInfo[Any]:
    """Return graphql-core's own information: Strawberry's lacks types and default values."""
    raw: GraphQLResolveInfo[Any] = info._raw_info  # noqa: SLF001
    return raw


def variable_values(info: GraphQLResolveInfo[Any]) -> VariableValues:
    """Return the variables as graphql-core's functions take them; Strawberry has plain values."""
    return VariableValues({}, info.variable_values)  # type: ignore[arg-type]


def streaming_protocol(
    view: GraphQL[Any, Any], headers: Mapping[str, str]
) -> GraphQLRequestProtocol | None:
    """Return the name of the streaming protocol that a request prefers, if it prefers one."""
    transport = view._get_stream_transport_from_headers(headers)  # noqa: SLF001
    return transport.protocol if transport is not None else None


@dataclass(frozen=True, slots=True)
class CollectedFields:
    """What an operation without directives selects, which does not depend on its variables."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    operation: OperationDefinitionNode

    def at_root(self, root_type: GraphQLObjectType) -> dict[str, Any]:
        """Return the details of the fields at the root, by their names in the answer."""
        return collect_fields(
            self.schema, self._details, _NO_VARIABLES, root_type, self.operation
        ).grouped_field_set

    def beneath(self, type_: GraphQLObjectType, details: Any) -> dict[str, Any]:
        """Return the details of the fields that are selected beneath a field."""
        return collect_subfields(
            self.schema, self._details, _NO_VARIABLES, self.operation, type_, details
        ).grouped_field_set

    @property
    def _details(self) -> dict[str, FragmentDetails]:
        return {name: FragmentDetails(fragment) for name, fragment in self.fragments.items()}


# Messages of graphql-core, which has no other sign of these errors.


def is_closed_here(handler: BaseGraphQLTransportWSHandler[Any, Any]) -> bool:
    """Return whether the server has closed the handler's WebSocket, so that nothing can be sent."""
    socket: WebSocket = vars(handler.websocket)["ws"]
    return socket.application_state is WebSocketState.DISCONNECTED


def is_token_limit(error: GraphQLError) -> bool:
    """Tell whether parsing ended because the document has too many tokens."""
    return "tokens. Parsing aborted" in error.message


def is_nesting_limit(error: GraphQLError) -> bool:
    """Tell whether parsing ended because the document is nested too deeply."""
    return "nested too deeply" in error.message


def without_input(message: str) -> str:
    """Return graphql-core's message about a wrong value without the whole input repeated in it.

    The field at fault is named before it; the rest may be long, and confidential.
    """
    return _REPEATED_INPUT.sub(lambda match: "" if match[1] == " Found" else ".", message)


# Hooks: private methods that Countersign overrides, under names of its own.


class HookedExecution(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor with hooks where fields and lists are answered."""

    def root_fields(self, root_type: GraphQLObjectType, fields: Any) -> Any:
        """Return the fields to execute at the operation's root."""
        return fields

    def answer_object(self, type_: GraphQLObjectType, value: Any, fields: Any) -> Any:
        """Return the answer for an object, or NOT_ANSWERED to leave it to the executor."""
        return NOT_ANSWERED

    def before_list(self, rows: Sized) -> None:
        """Look at a list that the executor is about to answer."""

    def execute_collected_root_fields(
        self, root_type: GraphQLObjectType, root_value: Any, fields: Any, *rest: Any
    ) -> Any:
        """Execute the root fields that the hook returns."""
        fields = self.root_fields(root_type, fields)
        return super().execute_collected_root_fields(root_type, root_value, fields, *rest)

    def execute_fields(
        self, parent_type: GraphQLObjectType, source_value: Any, path: Any, fields: Any, *rest: Any
    ) -> Any:
        """Execute the fields of an object that the hook does not answer."""
        answer = self.answer_object(parent_type, source_value, fields)
        if answer is not NOT_ANSWERED:
            return answer
        return super().execute_fields(parent_type, source_value, path, fields, *rest)

    def complete_list_value(
        self, return_type: Any, details: Any, info: Any, path: Any, result: Any, *rest: Any
    ) -> Any:
        """Complete a list after the hook has looked at it."""
        if isinstance(result, Sized):
            self.before_list(result)
        return super().complete_list_value(return_type, details, info, path, result, *rest)


class CachingNameConverter(NameConverter):
    """Converts each Python name once; Strawberry's converts it again for every input."""

    def __init__(self) -> None:
        super().__init__()
        self.apply_naming_config = cache(super().apply_naming_config)  # type: ignore[method-assign]
