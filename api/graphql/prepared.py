"""Prepared operations: what an operation of a kept document needs to run, worked out once.

graphql-core reads a document anew whenever it is executed, which takes several times as long as
the work itself. So an ordinary operation is turned into a resolver and a reader of its value when
its document is kept. It is ordinary if its document has no directives, and if it selects one field
at its root, with a resolver that is a coroutine function, and beneath it nothing but attributes.

Everything else is executed by graphql-core, and so is what turns out to be exceptional: variables
that do not fit, before the resolver is called, and a value that does not fit its type, from that
value on. The resolver is called once, whatever happens.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    MiddlewareManager,
    OperationDefinitionNode,
    get_argument_values,
    get_named_type,
    get_variable_values,
    is_non_null_type,
    located_error,
)

from api.graphql.attribute_readers import AttributeReaders, Reader
from api.graphql.limits.document_limits import has_directives
from api.graphql.limits.response_limit import row_counter
from api.graphql.selection import PreparedInfo, Selection, selection_of_nodes
from api.graphql.strawberry_compat import CollectedFields, async_resolver
from api.graphql.strawberry_schema import CoreResult, HookedSchema, OperationRequest

#: Executes the operation by graphql-core.
CoreExecution: TypeAlias = Callable[[MiddlewareManager | None], Awaitable[CoreResult]]


@dataclass(frozen=True, slots=True)
class PreparedOperation:
    """An ordinary operation."""

    schema: GraphQLSchema
    definition: OperationDefinitionNode
    #: The name that the field at the root has in the answer.
    name: str
    field: GraphQLField
    nodes: list[FieldNode]
    resolve: Callable[[Any, dict[str, Any]], Awaitable[Any]]
    selection: Selection
    read: Reader

    async def run(self, request: OperationRequest, execute: CoreExecution) -> CoreResult:
        """Run the operation, and leave to `execute` whatever is exceptional."""
        arguments = self._arguments(request.variables)
        if arguments is None:
            return await execute(None)
        try:
            value = await self.resolve(PreparedInfo(request.context, self.selection), arguments)
        except Exception as error:  # noqa: BLE001 - becomes an error of the answer
            return self._failed(error)
        counter = row_counter(self.definition.operation, request.context.limits)
        try:
            return CoreResult({self.name: self.read(value, counter.count)}, None)
        except Exception:  # noqa: BLE001 - the executor meets it again, and reports where
            return await execute(_resolved(value))

    def _arguments(self, variables: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return the field's arguments; None if there is something wrong with the variables."""
        definitions = self.definition.variable_definitions or ()
        values = get_variable_values(self.schema, definitions, variables or {}, max_errors=1)
        if isinstance(values, list):
            return None
        try:
            return get_argument_values(self.field, self.nodes[0], values)
        except GraphQLError:
            return None

    def _failed(self, raw: Exception) -> CoreResult:
        error = located_error(raw, self.nodes, [self.name])
        is_whole = is_non_null_type(self.field.type)
        return CoreResult(None if is_whole else {self.name: None}, [error])


def prepare(
    schema: HookedSchema, document: DocumentNode, definition: OperationDefinitionNode
) -> PreparedOperation | None:
    """Return the prepared operation of a valid document, or None if it is not an ordinary one."""
    root = schema.core.get_root_type(definition.operation)
    if root is None or has_directives(document):
        return None
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    collected = CollectedFields(schema.core, fragments, definition)
    fields = collected.at_root(root)
    if len(fields) != 1:
        return None
    ((name, details),) = fields.items()
    nodes = [detail.node for detail in details]
    field = schema.core.get_field(root, nodes[0].name.value)
    resolve = async_resolver(schema, field) if field is not None else None
    if field is None or resolve is None:
        return None
    read = AttributeReaders(schema.core, collected.beneath).of_value(field.type, details)
    if read is None:
        return None
    selection = selection_of_nodes(schema.core, fragments, get_named_type(field.type), nodes)
    return PreparedOperation(schema.core, definition, name, field, nodes, resolve, selection, read)


def _resolved(value: Any) -> MiddlewareManager:
    """Return a middleware that gives the field at the root its value, and calls no resolver."""

    def resolve(next_: Callable[..., Any], source: Any, info: Any, **arguments: Any) -> Any:
        return value if info.path.prev is None else next_(source, info, **arguments)

    return MiddlewareManager(resolve)
