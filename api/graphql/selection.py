"""What an operation selects, as a tree, so that everything it needs is read ahead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLNamedType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableValues,
    get_argument_values,
    get_directive_values,
    get_named_type,
)
from strawberry import Info

from api.graphql.strawberry_compat import resolve_info, variable_values


@dataclass(slots=True)
class Selection:
    """Field names as in the schema, each with the calls of that field."""

    calls: dict[str, list[FieldCall]] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.calls

    def __iter__(self) -> Iterator[tuple[str, FieldCall]]:
        return ((name, call) for name, calls in self.calls.items() for call in calls)

    def into(self, *names: str) -> Selection:
        """Return the selection beneath a path of fields; it is empty where none is selected."""
        selection = self
        for name in names:
            merged = Selection()
            for call in selection.calls.get(name, ()):
                merged.merge(call.selection)
            selection = merged
        return selection

    def nodes(self) -> Selection:
        """Return the selection beneath a connection's nodes."""
        return self.into("edges", "node")

    def merge(self, other: Selection) -> None:
        """Add the fields of another selection."""
        for name, call in other:
            self.add(name, call)

    def add(self, name: str, call: FieldCall) -> None:
        """Add a call; two calls of a field with the same arguments become one."""
        for known in self.calls.setdefault(name, []):
            if known.arguments == call.arguments:
                known.selection.merge(call.selection)
                return
        self.calls[name].append(call)


@dataclass(slots=True)
class FieldCall:
    """A field with its arguments and what is selected beneath it."""

    arguments: dict[str, Any]
    selection: Selection


@dataclass(frozen=True, slots=True)
class _Operation:
    """What the selections of an operation refer to."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues


@dataclass(slots=True)
class _CollectedCall:
    """The nodes of a field that are one call: their arguments, type and selections."""

    arguments: dict[str, Any]
    type_: GraphQLNamedType
    selections: list[SelectionSetNode]


#: The calls that were collected, by the field's name.
_Collected = dict[str, list[_CollectedCall]]


@dataclass(frozen=True, slots=True)
class PreparedInfo:
    """What the resolver of a prepared operation is given in place of Strawberry's information."""

    context: Any
    selection: Selection


def selection_of(info: Info[Any, Any] | PreparedInfo) -> Selection:
    """Return what the operation selects beneath the field being resolved."""
    if isinstance(info, PreparedInfo):
        return info.selection
    raw = resolve_info(info)
    operation = _Operation(raw.schema, raw.fragments, variable_values(raw))
    return _merged(operation, get_named_type(raw.return_type), _sub_selections(raw.field_nodes))


def selection_of_nodes(
    schema: GraphQLSchema,
    fragments: Mapping[str, FragmentDefinitionNode],
    type_: GraphQLNamedType,
    nodes: Iterable[FieldNode],
) -> Selection:
    """Return what is selected beneath a field of this type, if that depends on no variables."""
    operation = _Operation(schema, fragments, VariableValues({}, {}))
    return _merged(operation, type_, _sub_selections(nodes))


def _merged(operation: _Operation, type_: Any, nodes: Iterable[SelectionSetNode]) -> Selection:
    """Return the selection of nodes that are answered together: collected first, then followed.

    The executor does the same. To follow each node by itself would double the work with every
    level that names a field twice.
    """
    collected: _Collected = {}
    spread: set[str] = set()
    for node in nodes:
        _collect(collected, operation, type_, node, spread)
    selection = Selection()
    for name, calls in collected.items():
        for call in calls:
            beneath = _merged(operation, call.type_, call.selections)
            selection.add(name, FieldCall(call.arguments, beneath))
    return selection


def _collect(
    collected: _Collected,
    operation: _Operation,
    type_: Any,
    selected: SelectionSetNode,
    spread: set[str],
) -> None:
    """Collect the calls of a selection set, its fragments included; each fragment once."""
    for node in selected.selections:
        if _is_skipped(node, operation):
            continue
        if isinstance(node, FieldNode):
            _collect_field(collected, operation, type_, node)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
            spread.add(node.name.value)
            fragment = operation.fragments[node.name.value]
            # A fragment on another type only adds what that type's loaders then look at.
            beneath = operation.schema.get_type(fragment.type_condition.name.value)
            _collect(collected, operation, beneath, fragment.selection_set, spread)
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            beneath = operation.schema.get_type(condition.name.value) if condition else type_
            _collect(collected, operation, beneath, node.selection_set, spread)


def _collect_field(
    collected: _Collected, operation: _Operation, type_: Any, node: FieldNode
) -> None:
    name = node.name.value
    # A union has no fields of its own.
    definition = getattr(type_, "fields", {}).get(name)
    if definition is None:  # __typename
        return
    arguments = (
        get_argument_values(definition, node, operation.variables) if definition.args else {}
    )
    returned, selections = get_named_type(definition.type), _sub_selections([node])
    for known in collected.setdefault(name, []):
        if known.type_ is returned and known.arguments == arguments:
            known.selections += selections
            return
    collected[name].append(_CollectedCall(arguments, returned, selections))


def _sub_selections(nodes: Iterable[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set is not None]


def _is_skipped(node: SelectionNode, operation: _Operation) -> bool:
    if not node.directives:
        return False
    skip = get_directive_values(GraphQLSkipDirective, node, operation.variables)
    include = get_directive_values(GraphQLIncludeDirective, node, operation.variables)
    return bool(skip and skip["if"]) or bool(include and not include["if"])
