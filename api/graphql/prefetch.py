"""Reads ahead all that a plan selects, level by level: a statement or few for each field, for any
number of rows. What resolvers then do is look at attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from api.graphql.entity_cache import EntityCache
from api.graphql.selection import FieldCall, Selection

#: Fills one field of many parents; answers the children, to go on with.
Loader = Callable[[EntityCache, Sequence[Any], FieldCall], Iterable[Any]]

_LOADERS: dict[tuple[type, str], Loader] = {}


def loads(owner: type, name: str) -> Callable[[Loader], Loader]:
    """Register the loader of a field, by its name in the schema."""

    def register(loader: Loader) -> Loader:
        _LOADERS[owner, name] = loader
        return loader

    return register


def reads_ahead(kind: type, plan: Selection) -> bool:
    """Something is selected that has to be read for things of this type."""
    return any((kind, name) in _LOADERS for name, _ in plan)


def prefetch(shelf: EntityCache, things: Iterable[Any], plan: Selection) -> None:
    """Fill every selected field of these things, and of what lies beneath."""
    by_type: dict[type, dict[int, Any]] = {}
    for thing in things:
        if thing is not None:
            by_type.setdefault(type(thing), {})[id(thing)] = thing
    for kind, group in by_type.items():
        parents = list(group.values())
        for name, call in plan:
            loader = _LOADERS.get((kind, name))
            if loader is not None:
                prefetch(shelf, loader(shelf, parents, call), call.plan)
