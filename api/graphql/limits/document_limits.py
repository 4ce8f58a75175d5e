"""Limits on a document's shape, checked before the document is validated."""

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
from api.graphql.limits.document_metrics import (
    DEPTH,
    FIELDS,
    WIDTH,
    Measure,
    Measurement,
    comparisons,
)
from api.graphql.limits.errors import INTROSPECTION_DISABLED, exceeded
from api.graphql.limits.literals import check_literal

#: Operations and fragments.
EXECUTABLE = (OperationDefinitionNode, FragmentDefinitionNode)
#: The least depth of a document at which Python's own stack ends.
DEPTH_OF_RECURSION_ERROR = 100

_TOO_DEEP = "Too many fields inside of fields"


class DocumentShape:
    """The numbers of a document that are limited."""

    def __init__(self, document: DocumentNode) -> None:
        self.counts = Counter(definitions=len(document.definitions))
        self.introspects = False
        self._definitions = [d for d in document.definitions if isinstance(d, EXECUTABLE)]
        for node in _descend(document):
            self._count(node)

    def _count(self, node: Node) -> None:
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
        measured = Measurement(measure, self._fragments)
        operations = (d for d in self._definitions if isinstance(d, OperationDefinitionNode))
        return max((measured.of(operation.selection_set) for operation in operations), default=0)

    def fields(self) -> int:
        """Of all operations and fragments, each with its own fragments written out."""
        measured = Measurement(FIELDS, self._fragments)
        return sum(measured.of(definition.selection_set) for definition in self._definitions)

    def comparisons(self, up_to: int) -> int:
        """What validation has to compare; no further than `up_to`."""
        selections = [definition.selection_set for definition in self._definitions]
        return comparisons(selections, self._fragments, up_to)


#: Each limit with the beginning of its sentence and the number that it limits.
_LIMITS: tuple[tuple[str, str, Callable[[DocumentShape], int]], ...] = (
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
        shape = DocumentShape(document)
        _check(shape, limits)
    except RecursionError:
        raise too_deep(limits) from None
    if shape.introspects and not limits.introspection:
        raise GraphQLError(
            "Introspection is switched off on this server.",
            extensions={"code": INTROSPECTION_DISABLED},
        )


def has_directives(document: DocumentNode) -> bool:
    """Tell whether a document has a directive anywhere."""
    return any(getattr(node, "directives", None) for node in _descend(document))


def too_deep(limits: Limits) -> GraphQLError:
    """Return the error of a document that is too deep to be measured."""
    return exceeded("depth", limits.depth, DEPTH_OF_RECURSION_ERROR, _TOO_DEEP, or_more=True)


def _check(shape: DocumentShape, limits: Limits) -> None:
    # In this order: what takes long to count comes after what bounds it.
    for limit, what, count in _LIMITS:
        allowed = getattr(limits, limit)
        actual = count(shape)
        if actual > allowed:
            raise exceeded(limit, allowed, actual, what)
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
