"""What a query selects, as a tree: so that everything it needs is read ahead in one hop."""

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
    """Field names as in the schema, each with the calls made of it."""

    calls: dict[str, list[FieldCall]] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.calls

    def __iter__(self) -> Iterator[tuple[str, FieldCall]]:
        return ((name, call) for name, calls in self.calls.items() for call in calls)

    def into(self, *names: str) -> Selection:
        """The plan beneath a path of fields; empty where it is not selected."""
        plan = self
        for name in names:
            merged = Selection()
            for call in plan.calls.get(name, ()):
                merged.merge(call.plan)
            plan = merged
        return plan

    def nodes(self) -> Selection:
        """The plan beneath a connection's nodes."""
        return self.into("edges", "node")

    def merge(self, other: Selection) -> None:
        """Add another plan's fields."""
        for name, call in other:
            self.add(name, call)

    def add(self, name: str, call: FieldCall) -> None:
        """Two selections of a field with the same arguments are one call."""
        for known in self.calls.setdefault(name, []):
            if known.arguments == call.arguments:
                known.plan.merge(call.plan)
                return
        self.calls[name].append(call)


@dataclass(slots=True)
class FieldCall:
    """A field with its arguments and what is selected beneath it."""

    arguments: dict[str, Any]
    plan: Selection


@dataclass(frozen=True, slots=True)
class _Operation:
    """What the selections of an operation refer to."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues


@dataclass(slots=True)
class _Asked:
    """A field's nodes that are one call: what they answer, and what is selected beneath each."""

    arguments: dict[str, Any]
    kind: GraphQLNamedType
    selected: list[SelectionSetNode]


def selection_of(info: Info[Any, Any]) -> Selection:
    """What the operation selects beneath the field being resolved."""
    raw = resolve_info(info)
    operation = _Operation(raw.schema, raw.fragments, variable_values(raw))
    return _plan(operation, get_named_type(raw.return_type), _beneath(raw.field_nodes))


def _plan(operation: _Operation, kind: Any, selected: Iterable[SelectionSetNode]) -> Selection:
    """Of selections that are answered together: merged first, as the executor does it.

    To follow each of them by itself would double with every level that names a field twice.
    """
    asked: dict[str, list[_Asked]] = {}
    spread: set[str] = set()
    for one in selected:
        _gather(asked, operation, kind, one, spread)
    plan = Selection()
    for name, calls in asked.items():
        for call in calls:
            plan.add(name, FieldCall(call.arguments, _plan(operation, call.kind, call.selected)))
    return plan


def _gather(
    asked: dict[str, list[_Asked]],
    operation: _Operation,
    kind: Any,
    selected: SelectionSetNode,
    spread: set[str],
) -> None:
    for node in selected.selections:
        if _is_left_out(node, operation):
            continue
        if isinstance(node, FieldNode):
            _ask(asked, operation, kind, node)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
            spread.add(node.name.value)
            fragment = operation.fragments[node.name.value]
            # A fragment on another type only adds what that type's loaders then look at.
            beneath = operation.schema.get_type(fragment.type_condition.name.value)
            _gather(asked, operation, beneath, fragment.selection_set, spread)
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            beneath = operation.schema.get_type(condition.name.value) if condition else kind
            _gather(asked, operation, beneath, node.selection_set, spread)


def _ask(asked: dict[str, list[_Asked]], operation: _Operation, kind: Any, node: FieldNode) -> None:
    name = node.name.value
    definition = kind.fields.get(name)
    if definition is None:  # __typename
        return
    arguments = (
        get_argument_values(definition, node, operation.variables) if definition.args else {}
    )
    returned, selected = get_named_type(definition.type), _beneath([node])
    for known in asked.setdefault(name, []):
        if known.kind is returned and known.arguments == arguments:
            known.selected += selected
            return
    asked[name].append(_Asked(arguments, returned, selected))


def _beneath(nodes: Iterable[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set is not None]


def _is_left_out(node: SelectionNode, operation: _Operation) -> bool:
    if not node.directives:
        return False
    skip = get_directive_values(GraphQLSkipDirective, node, operation.variables)
    include = get_directive_values(GraphQLIncludeDirective, node, operation.variables)
    return bool(skip and skip["if"]) or bool(include and not include["if"])
