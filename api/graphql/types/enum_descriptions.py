"""Register the engine's enumerations as GraphQL enums."""

from collections.abc import Mapping
from enum import EnumMeta
from typing import TypeVar

import strawberry

from api.graphql.strawberry_compat import enum_values

EnumT = TypeVar("EnumT", bound=EnumMeta)


def describe_enum(
    cls: EnumT,
    name: str,
    description: str,
    values: Mapping[str, str],
    schema_names: Mapping[str, str] | None = None,
) -> EnumT:
    """Register an engine's enum as a GraphQL enum.

    Args:
        cls: The Python enum, whose members' values may be stored and never change.
        name: The name of the enum in the schema.
        description: The description of the enum in the schema.
        values: A description for each member, by the member's name.
        schema_names: The name in the schema of each member that has another name there.

    Returns:
        The same Python enum.
    """
    strawberry.enum(cls, name=name, description=description)
    for value in enum_values(cls):
        # A missing description fails a test, and not the start of the service.
        value.description = values.get(value.name)
        value.name = (schema_names or {}).get(value.name, value.name)
    return cls
