"""Limits on a document's shape, checked before it is validated: validation has costs of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
)

from api.graphql.limits.config import Limits
from api.graphql.limits.document_metrics import DEPTH, FIELDS, WIDTH, Measure, Measured, comparisons
from api.graphql.limits.errors import INTROSPECTION_DISABLED, exceeded
from api.graphql.limits.literals import check_literal

#: Operations and fragments.
DEFINED = (OperationDefinitionNode, FragmentDefinitionNode)
#: Where Python's own stack ends, there are at least so many levels.
UNCOUNTED = 100

_TOO_DEEP = "Too many fields inside of fields"


class Shape:
    """What the limits look at."""

    def __init__(self, document: DocumentNode) -> None:
        self.counts = Counter(definitions=len(document.definitions))
        self.introspects = False
        self._definitions = [d for d in document.definitions if isinstance(d, DEFINED)]
        for node in _descend(document):
            self._look_at(node)

    def _look_at(self, node: Node) -> None:
        self.counts["directives"] += len(getattr(node, "directives", None) or ())
        if isinstance(node, FieldNode):
            self.counts["aliases"] += node.alias is not None
            self.introspects |= node.name.value in {"__schema", "__type"}
        else:
            check_literal(node)

    @cached_property
    def _fragments(self) -> dict[str, FragmentDefinitionNode]:
        return {d.name.value: d for d in self._definitions if isinstance(d, FragmentDefinitionNode)}

    def of_operations(self, measure: Measure) -> int:
        """The measure of the operation that has most of it."""
        measured = Measured(measure, self._fragments)
        operations = (d for d in self._definitions if isinstance(d, OperationDefinitionNode))
        return max((measured.of(operation.selection_set) for operation in operations), default=0)

    def fields(self) -> int:
        """Of all operations and fragments, each with its own fragments written out."""
        measured = Measured(FIELDS, self._fragments)
        return sum(measured.of(definition.selection_set) for definition in self._definitions)

    def comparisons(self, most: int) -> int:
        """What validation has to compare; no further than `most`."""
        selections = [definition.selection_set for definition in self._definitions]
        return comparisons(selections, self._fragments, most)


#: A limit, what is said of it, and what is asked.
_LIMITS: tuple[tuple[str, str, Callable[[Shape], int]], ...] = (
    ("directives", "Too many directives", lambda shape: shape.counts["directives"]),
    ("aliases", "Too many aliases", lambda shape: shape.counts["aliases"]),
    ("definitions", "Too many operations and fragments", lambda shape: shape.counts["definitions"]),
    ("root_fields", "Too many fields at the operation's root", lambda s: s.of_operations(WIDTH)),
    ("depth", _TOO_DEEP, lambda shape: shape.of_operations(DEPTH)),
    ("fields", "Too many fields, fragments written out", lambda shape: shape.fields()),
)


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
    return exceeded("depth", limits.depth, UNCOUNTED, _TOO_DEEP, or_more=True)


def _check(shape: Shape, limits: Limits) -> None:
    # In this order: what takes long to tell comes after what bounds it.
    for limit, what, asked in _LIMITS:
        allowed = getattr(limits, limit)
        found = asked(shape)
        if found > allowed:
            raise exceeded(limit, allowed, found, what)
    pairs = shape.comparisons(limits.comparisons)
    if pairs > limits.comparisons:
        what = "The same fields too often in one place, in pairs to compare"
        raise exceeded("comparisons", limits.comparisons, pairs, what, or_more=True)


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
