"""Limits on a document's shape, checked before it is validated: validation has costs of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
)

from api.graphql.limits.literals import check_literal
from api.graphql.limits.numbers import Limits
from api.graphql.limits.refusal import INTROSPECTION_DISABLED, exceeded


@dataclass
class Shape:
    """What the limits look at."""

    document: DocumentNode
    counts: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    introspects: bool = False
    _fragments: dict[str, FragmentDefinitionNode] = field(default_factory=dict)
    _depths: dict[str, int] = field(default_factory=dict)
    _widths: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in _descend(self.document):
            self._look_at(node)

    def _look_at(self, node: Node) -> None:
        self.counts["directives"] += len(getattr(node, "directives", None) or ())
        if isinstance(node, FieldNode):
            self.counts["aliases"] += node.alias is not None
            self.introspects |= node.name.value in {"__schema", "__type"}
        elif isinstance(node, SelectionSetNode):
            self.repeats = max(self.repeats, _most_repeated(node))
        elif isinstance(node, FragmentDefinitionNode):
            self._fragments[node.name.value] = node
        else:
            check_literal(node)

    def depth(self) -> int:
        """Of the deepest operation."""
        operations = _operations(self.document)
        return max((self._depth(operation.selection_set) for operation in operations), default=0)

    def _depth(self, selected: SelectionSetNode) -> int:
        deepest = 0
        for node in selected.selections:
            if isinstance(node, FragmentSpreadNode):
                deepest = max(deepest, self._fragment_depth(node.name.value))
            else:
                beneath = getattr(node, "selection_set", None)
                own = isinstance(node, FieldNode)
                deepest = max(deepest, own + (self._depth(beneath) if beneath else 0))
        return deepest

    def width(self) -> int:
        """Fields at the root of the widest operation."""
        operations = _operations(self.document)
        return max((self._width(operation.selection_set) for operation in operations), default=0)

    def _width(self, selected: SelectionSetNode) -> int:
        found = 0
        for node in selected.selections:
            if isinstance(node, FragmentSpreadNode):
                found += self._fragment_width(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                found += self._width(node.selection_set)
            else:
                found += 1
        return found

    def _fragment_width(self, name: str) -> int:
        if name not in self._widths and name in self._fragments:
            self._widths[name] = 0  # for one that holds itself, which validation then refuses
            self._widths[name] = self._width(self._fragments[name].selection_set)
        return self._widths.get(name, 0)

    def _fragment_depth(self, name: str) -> int:
        if name not in self._depths and name in self._fragments:
            self._depths[name] = 0  # as above
            self._depths[name] = self._depth(self._fragments[name].selection_set)
        return self._depths.get(name, 0)


def check_shape(document: DocumentNode, limits: Limits) -> None:
    """Refuse what is beyond the limits."""
    try:
        shape = Shape(document)
        _check(shape, limits)
    except RecursionError:
        raise too_deep(limits) from None
    if shape.introspects and not limits.introspection:
        raise GraphQLError(
            "Introspection is switched off on this server.",
            extensions={"code": INTROSPECTION_DISABLED},
        )


def too_deep(limits: Limits) -> GraphQLError:
    """Refused unmeasured: so deep that nobody counts."""
    return exceeded("depth", limits.depth, 100, "Too many fields inside of fields, 100 or more")


def _check(shape: Shape, limits: Limits) -> None:
    counts = shape.counts
    for limit, asked, what in (
        ("directives", counts["directives"], "Too many directives"),
        ("aliases", counts["aliases"], "Too many aliases"),
        ("definitions", len(shape.document.definitions), "Too many operations and fragments"),
        ("root_fields", shape.width(), "Too many fields at the operation's root"),
        ("repeats", shape.repeats, "The same field too often in one selection"),
        ("depth", shape.depth(), "Too many fields inside of fields"),
    ):
        allowed = getattr(limits, limit)
        if asked > allowed:
            raise exceeded(limit, allowed, asked, what)


def _operations(document: DocumentNode) -> Iterator[OperationDefinitionNode]:
    return (d for d in document.definitions if isinstance(d, OperationDefinitionNode))


def _most_repeated(selected: SelectionSetNode) -> int:
    return max(_names(selected).values(), default=0)


def _names(selected: SelectionSetNode) -> Counter[str]:
    """How often each field is named here, inline fragments being no place of their own."""
    found: Counter[str] = Counter()
    for node in selected.selections:
        if isinstance(node, FieldNode):
            found[(node.alias or node.name).value] += 1
        elif isinstance(node, InlineFragmentNode):
            found += _names(node.selection_set)
    return found


def _descend(node: Node) -> Iterator[Node]:
    """Every node, without recursion."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        for key in node.keys:
            value = getattr(node, key, None)
            if isinstance(value, Node):
                waiting.append(value)
            elif isinstance(value, (list, tuple)):
                waiting.extend(child for child in value if isinstance(child, Node))
