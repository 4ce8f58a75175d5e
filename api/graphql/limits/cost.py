"""Estimates, from page sizes, how many objects an operation could answer at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TypeMetaFieldDef,
    VariableNode,
    get_named_type,
    is_introspection_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    value_from_ast_untyped,
)
from graphql.type import SchemaMetaFieldDef

from engine.persistence.db.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

#: The number of objects that a list without pages is taken to have.
UNPAGED_LIST_OBJECTS = 10
#: The same for lists that are shorter by nature, by type and field.
SHORT_LIST_OBJECTS = {("User", "roles"): 2, ("Keypair", "teams"): 5}
#: The schema is in memory and answers quickly: this many of its objects count as one.
INTROSPECTION_OBJECTS_PER_OBJECT = 10
#: Objects of introspection's lists, about as many as there are.
INTROSPECTION_LISTS = {"types": 130, "fields": 8, "args": 3, "inputFields": 3, "directives": 6}

#: Arguments with one element for each object of the answer.
_LISTED_BY = frozenset({"ids", "representations"})
_META = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


@dataclass
class Estimate:
    """The estimate of one operation with its variables."""

    schema: GraphQLSchema
    variables: Mapping[str, Any]
    fragments: Mapping[str, FragmentDefinitionNode]
    #: It is the same whatever the variables are.
    is_fixed: bool = True
    #: A fragment costs the same wherever it stands on a page of the same size.
    _known: dict[tuple[str, int], float] = field(default_factory=dict)

    def selection(self, selected: SelectionSetNode, kind: GraphQLNamedType, page: int) -> float:
        """Return the objects beneath one object; `page` is the size of its connection's page."""
        return sum(self._node(node, kind, page) for node in selected.selections)

    def _node(self, node: SelectionNode, kind: GraphQLNamedType, page: int) -> float:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value, page)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            narrowed = self.schema.get_type(condition.name.value) if condition else None
            return self.selection(node.selection_set, narrowed or kind, page)
        assert isinstance(node, FieldNode)
        return self._field(node, kind, page)

    def _fragment(self, name: str, page: int) -> float:
        if (name, page) not in self._known:
            fragment = self.fragments[name]
            kind = self.schema.get_type(fragment.type_condition.name.value)
            assert kind is not None
            self._known[name, page] = self.selection(fragment.selection_set, kind, page)
        return self._known[name, page]

    def _field(self, node: FieldNode, kind: GraphQLNamedType, page: int) -> float:
        name = node.name.value
        definition = _META.get(name) or getattr(kind, "fields", {}).get(name)
        if definition is None or node.selection_set is None:
            return 0
        returned = get_named_type(definition.type)
        if is_leaf_type(returned):
            return 0
        beneath = self.selection(node.selection_set, returned, self._page(node, definition))
        return self._size(node, definition, kind, page) * (_own(name, kind, returned) + beneath)

    def _page(self, node: FieldNode, definition: GraphQLField) -> int:
        arguments = [self._argument(node, n) for n in ("first", "last") if n in definition.args]
        # GraphQL takes 100.0 for an integer, too.
        sizes = [size for size in arguments if isinstance(size, (int, float))]
        # Too large a page is the engine's to refuse. An empty one is taken to have a row: what is
        # selected beneath has to be read and planned all the same.
        return int(min(max(*sizes, 1), MAX_PAGE_SIZE)) if sizes else DEFAULT_PAGE_SIZE

    def _size(
        self, node: FieldNode, definition: GraphQLField, kind: GraphQLNamedType, page: int
    ) -> int:
        type_ = definition.type
        if not is_list_type(type_.of_type if is_non_null_type(type_) else type_):
            return 1
        if node.name.value == "edges":
            return page
        if is_introspection_type(kind):
            return INTROSPECTION_LISTS.get(node.name.value, 1)
        for name in _LISTED_BY & definition.args.keys():
            listed = self._argument(node, name)
            if isinstance(listed, list):
                return max(len(listed), 1)
        return SHORT_LIST_OBJECTS.get((kind.name, node.name.value), UNPAGED_LIST_OBJECTS)

    def _argument(self, node: FieldNode, name: str) -> Any:
        for argument in node.arguments or ():
            if argument.name.value == name:
                if isinstance(argument.value, VariableNode):
                    self.is_fixed = False
                    return self.variables.get(argument.value.name.value)
                return value_from_ast_untyped(argument.value)
        return None


def _own(name: str, kind: GraphQLNamedType, returned: GraphQLNamedType) -> float:
    """Return what an object counts itself: the node of an edge has been counted as its edge."""
    if is_introspection_type(returned):
        return 1 / INTROSPECTION_OBJECTS_PER_OBJECT
    return 0 if name == "node" and kind.name.endswith("Edge") else 1


def cost_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None,
) -> tuple[int, bool]:
    """Return how many objects an operation of a valid document could answer.

    Returns:
        The number of objects, and whether it is the same for all variables.
    """
    root = schema.get_root_type(operation.operation)
    assert isinstance(root, GraphQLObjectType)
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    values = {**_defaults(operation), **(variables or {})}
    estimate = Estimate(schema, values, fragments)
    objects = round(estimate.selection(operation.selection_set, root, DEFAULT_PAGE_SIZE))
    return objects, estimate.is_fixed


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }
