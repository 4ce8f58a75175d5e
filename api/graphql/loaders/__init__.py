"""How each type's fields are read ahead; importing this registers them all."""

from api.graphql.loaders import (
    history,
    keypairs,
    notifications,
    people,
    releases,
    sign_in,
    viewer,
)

__all__ = ["history", "keypairs", "notifications", "people", "releases", "sign_in", "viewer"]
