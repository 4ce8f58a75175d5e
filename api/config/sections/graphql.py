"""Settings of the GraphQL endpoint."""

from __future__ import annotations

from pydantic import BaseModel, Field


class GraphQLSection(BaseModel):
    """Limits and tools of the GraphQL endpoint."""

    graphql_body_bytes: int = Field(
        default=2 * 1024 * 1024, ge=1024, description="Bytes of a GraphQL request at most."
    )
    graphql_depth: int = Field(default=16, ge=1, description="Fields inside of fields at most.")
    graphql_cost: int = Field(
        default=10_000, ge=1, description="Objects an operation could answer at most."
    )
    graphql_seconds: float = Field(
        default=20, gt=0, description="Seconds an operation may take at most."
    )
    graphql_rate: float = Field(
        default=200,
        ge=0,
        description="Operations of a caller in a second at most, in each process; 0: no limit.",
    )
    graphql_burst: int = Field(
        default=2000, ge=1, description="Operations of a caller at once, after a pause, at most."
    )
    introspection: bool = Field(default=True, description="Whether clients may ask for the schema.")
    federation: bool = Field(
        default=False,
        description="Serve GraphQL as a subgraph of Apollo Federation 2, with `_service` and"
        " `_entities`; `countersign schema --federation` prints it for composition.",
    )
    ide: bool = Field(
        default=False,
        description="Show the GraphQL IDE at /graphql in a browser. Its scripts come from a public"
        " CDN (unpkg), each checked against a hash.",
    )
