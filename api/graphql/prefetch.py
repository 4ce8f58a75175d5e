"""Reads ahead everything that an operation selects, level by level.

Each field takes one or a few statements, whatever the number of objects. Resolvers then only look
at attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from api.graphql.entity_cache import EntityCache
from api.graphql.selection import FieldCall, Selection
from api.graphql.strawberry_compat import to_snake_case

#: Sets one field of many objects, and returns the objects in it, whose fields are loaded next.
Loader = Callable[[EntityCache, Sequence[Any], FieldCall], Iterable[Any]]

_LOADERS: dict[tuple[type, str], Loader] = {}


def loads(owner: type, name: str) -> Callable[[Loader], Loader]:
    """Register the loader of a field, by its name in the schema."""

    def register(loader: Loader) -> Loader:
        _LOADERS[owner, name] = loader
        return loader

    return register


def needs_loading(owner: type, selection: Selection) -> bool:
    """Tell whether a field is selected that has to be read for objects of this type."""
    return any((owner, name) in _LOADERS for name, _ in selection)


def prefetch(cache: EntityCache, objects: Iterable[Any], selection: Selection) -> None:
    """Set every selected field of these objects, and of the objects beneath them."""
    by_type: dict[type, dict[int, Any]] = {}
    for entity in objects:
        if entity is not None:
            by_type.setdefault(type(entity), {})[id(entity)] = entity
    for owner, group in by_type.items():
        parents = list(group.values())
        for name, call in selection:
            loader = _LOADERS.get((owner, name))
            if loader is not None:
                prefetch(cache, loader(cache, parents, call), call.selection)
            elif call.selection.calls:
                prefetch(cache, _objects_in(parents, name), call.selection)


def _objects_in(parents: Sequence[Any], name: str) -> Iterator[Any]:
    """The objects that a field has already, beneath which others may have to be read."""
    attribute = to_snake_case(name)
    for parent in parents:
        value = getattr(parent, attribute, None)
        yield from value if isinstance(value, list) else [value]
