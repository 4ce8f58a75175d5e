"""What a query selects, as a tree: so that everything it needs is read ahead in one hop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
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
from strawberry.types.info import Info


@dataclass(slots=True)
class Plan:
    """Field names as in the schema, each with the calls made of it."""

    calls: dict[str, list[Call]] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.calls

    def __iter__(self) -> Iterator[tuple[str, Call]]:
        return ((name, call) for name, calls in self.calls.items() for call in calls)

    def into(self, *names: str) -> Plan:
        """The plan beneath a path of fields; empty where it is not selected."""
        plan = self
        for name in names:
            merged = Plan()
            for call in plan.calls.get(name, ()):
                merged.merge(call.plan)
            plan = merged
        return plan

    def nodes(self) -> Plan:
        """The plan beneath a connection's nodes."""
        return self.into("edges", "node")

    def merge(self, other: Plan) -> None:
        """Add another plan's fields."""
        for name, call in other:
            self.add(name, call)

    def add(self, name: str, call: Call) -> None:
        """Two selections of a field with the same arguments are one call."""
        for known in self.calls.setdefault(name, []):
            if known.arguments == call.arguments:
                known.plan.merge(call.plan)
                return
        self.calls[name].append(call)


@dataclass(slots=True)
class Call:
    """A field with its arguments and what is selected beneath it."""

    arguments: dict[str, Any]
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Operation:
    """What the selections of an operation refer to."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues


def plan_of(info: Info[Any, Any]) -> Plan:
    """What the operation selects beneath the field being resolved."""
    raw = info._raw_info  # noqa: SLF001 - Strawberry's own selections lack types and defaults
    # Strawberry hands out the plain values, graphql-core's functions want them wrapped.
    variables = VariableValues({}, raw.variable_values)  # type: ignore[arg-type]
    operation = _Operation(raw.schema, raw.fragments, variables)
    plan = Plan()
    returned = get_named_type(raw.return_type)
    for node in raw.field_nodes:
        _gather(plan, operation, returned, node.selection_set)
    return plan


def _gather(
    plan: Plan,
    operation: _Operation,
    kind: Any,
    selected: SelectionSetNode | None,
    spread: set[str] | None = None,
) -> None:
    # A second spread of a fragment in one place adds nothing, and could double with each level.
    spread = set() if spread is None else spread
    for node in selected.selections if selected is not None else ():
        if _is_left_out(node, operation):
            continue
        if isinstance(node, FieldNode):
            _add(plan, operation, kind, node)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
            spread.add(node.name.value)
            fragment = operation.fragments[node.name.value]
            # A fragment on another type only adds what that type's loaders then look at.
            beneath = operation.schema.get_type(fragment.type_condition.name.value)
            _gather(plan, operation, beneath, fragment.selection_set, spread)
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            beneath = operation.schema.get_type(condition.name.value) if condition else kind
            _gather(plan, operation, beneath, node.selection_set, spread)


def _add(plan: Plan, operation: _Operation, kind: Any, node: FieldNode) -> None:
    name = node.name.value
    definition = kind.fields.get(name)
    if definition is None:  # __typename
        return
    arguments = (
        get_argument_values(definition, node, operation.variables) if definition.args else {}
    )
    beneath = Plan()
    _gather(beneath, operation, get_named_type(definition.type), node.selection_set)
    plan.add(name, Call(arguments, beneath))


def _is_left_out(node: SelectionNode, operation: _Operation) -> bool:
    if not node.directives:
        return False
    skip = get_directive_values(GraphQLSkipDirective, node, operation.variables)
    include = get_directive_values(GraphQLIncludeDirective, node, operation.variables)
    return bool(skip and skip["if"]) or bool(include and not include["if"])
