"""How each type's fields are read ahead; importing this registers them all."""

from api.graphql.loaders import (
    connections,
    history,
    keypairs,
    notifications,
    people,
    pipelines,
    releases,
    sign_in,
    viewer,
)

__all__ = [
    "connections",
    "history",
    "keypairs",
    "notifications",
    "people",
    "pipelines",
    "releases",
    "sign_in",
    "viewer",
]
