"""Measures a document, with each fragment counted wherever it is spread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations, islice

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a selection, computed from the numbers of its parts."""

    join: Callable[[Iterable[int]], int]
    #: Of a field, by what lies beneath it.
    field: Callable[[int], int]


#: No field has this name.
SPREADS = "..."

#: Fields inside of fields.
DEPTH = Measure(lambda parts: max(parts, default=0), lambda beneath: 1 + beneath)
#: Fields at the root.
WIDTH = Measure(sum, lambda _: 1)
#: Fields everywhere.
FIELDS = Measure(sum, lambda beneath: 1 + beneath)


@dataclass(slots=True)
class Measurement:
    """Selections by one measure; a fragment is measured once, however often it is spread."""

    measure: Measure
    fragments: Mapping[str, FragmentDefinitionNode]
    _known: dict[str, int] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)

    def of(self, selected: SelectionSetNode | None) -> int:
        """Return the number of a selection."""
        nodes = selected.selections if selected is not None else ()
        return self.measure.join([self._node(node) for node in nodes])

    def _node(self, node: SelectionNode) -> int:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        if isinstance(node, InlineFragmentNode):
            return self.of(node.selection_set)
        assert isinstance(node, FieldNode)
        return self.measure.field(self.of(node.selection_set))

    def _fragment(self, name: str) -> int:
        if name in self._begun:
            raise _endless(name)
        if name not in self._known and name in self.fragments:
            self._begun.add(name)
            self._known[name] = self.of(self.fragments[name].selection_set)
            self._begun.remove(name)
        return self._known.get(name, 0)


def _endless(name: str) -> GraphQLError:
    # In validation's own words, which comes too late: written out, it has no end.
    message = f"Cannot spread fragment '{name}' within itself."
    return GraphQLError(message, extensions={"code": "VALIDATION_FAILED"})


def comparisons(
    selections: Iterable[SelectionSetNode],
    fragments: Mapping[str, FragmentDefinitionNode],
    up_to: int,
) -> int:
    """Pairs of fields of one name in one place, and of spreads there; no further than `up_to`.

    Validation compares each, and what lies beneath the one with what lies beneath the other.
    The fragments have an end: to have measured them shows it.
    """
    pairs: set[tuple[int, int]] = set()
    waiting = [[selected] for selected in selections]
    while waiting and len(pairs) <= up_to:
        for nodes in _merged(waiting.pop(), fragments).values():
            # Those within a fragment are compared once, wherever it is spread.
            ids = sorted(id(node) for node in nodes)
            pairs.update(islice(combinations(ids, 2), up_to + 1))
            fields = [node for node in nodes if isinstance(node, FieldNode)]
            waiting.append([n.selection_set for n in fields if n.selection_set is not None])
    return len(pairs)


def _merged(
    selections: Iterable[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, list[SelectionNode]]:
    """What stands in selections that are answered together: fields by their name, and spreads."""
    by_name: dict[str, list[SelectionNode]] = {}
    waiting, spread = list(selections), set()
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                by_name.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                by_name.setdefault(SPREADS, []).append(node)
                if node.name.value in fragments and node.name.value not in spread:
                    spread.add(node.name.value)
                    waiting.append(fragments[node.name.value].selection_set)
    return by_name
