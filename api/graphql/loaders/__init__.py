"""How each type's fields are read ahead; importing this registers them all."""

from api.graphql.loaders import (
    actions,
    certificates,
    connections,
    counts,
    history,
    keypairs,
    notifications,
    people,
    pipelines,
    releases,
    sign_in,
    signatures,
    viewer,
)

__all__ = [
    "actions",
    "certificates",
    "connections",
    "counts",
    "history",
    "keypairs",
    "notifications",
    "people",
    "pipelines",
    "releases",
    "sign_in",
    "signatures",
    "viewer",
]
