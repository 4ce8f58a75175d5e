"""The schema as a subgraph of Apollo Federation 2, for a router that composes several schemas.

It is the ordinary schema with two fields more: `_service` has the text that composition reads, and
`_entities` answers objects that the router knows by their ids. Built only where it is switched on.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias
from uuid import UUID

import strawberry
from strawberry import federation
from strawberry.federation.schema_directives import Key, Shareable
from strawberry.federation.types import FieldSet
from strawberry.printer import print_schema

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.errors import to_graphql_error
from api.graphql.ids import parse
from api.graphql.limits.response_limit import BoundedExecution
from api.graphql.mutations import Mutation
from api.graphql.queries import Query
from api.graphql.queries.nodes import MAX_NODES, NODE_READERS
from api.graphql.resolvers import run_query
from api.graphql.schema import CONFIG, Schema, Subscription
from api.graphql.selection import Selection
from api.graphql.strawberry_compat import FederationAny, with_directives
from api.graphql.types.keypair import Keypair
from api.graphql.types.node import PageInfo
from api.graphql.types.people import Team, User
from api.graphql.types.release import Release
from engine.model.errors import Code, Refusal

#: The types whose objects other subgraphs may refer to, and add fields to.
ENTITIES = (Keypair, Release, Team, User)
_ENTITY_NAMES = frozenset(type_.__name__ for type_ in ENTITIES)
#: What composition learns of types. Other subgraphs may well have pages of their own.
DIRECTIVES: dict[type, object] = {
    **{type_: Key(fields=FieldSet("id")) for type_ in ENTITIES},
    PageInfo: Shareable(),
}
_HIDDEN = (
    "This server does not show its schema. Compose with what `countersign schema --federation`"
    " prints."
)
_MALFORMED = (
    f"A representation has a __typename, one of {', '.join(sorted(_ENTITY_NAMES))}, and an id."
)

Entity: TypeAlias = Annotated[Keypair | Release | Team | User, strawberry.union("_Entity")]


@strawberry.type(name="_Service", description="What composition reads of this subgraph.")
class Service:
    sdl: str = strawberry.field(description="The schema of this subgraph, as text.")


@strawberry.type(
    name="Query",
    description="The queries of the subgraph: those of the API, and what a router needs.",
)
class SubgraphQuery(Query):
    @strawberry.field(
        name="_service", description="Returns the schema of this subgraph, for composition."
    )
    def service(self, info: Info) -> Service:
        if not info.context.limits.introspection:
            raise to_graphql_error(Refusal(Code.FORBIDDEN, _HIDDEN))
        return Service(sdl=info.schema.as_str())

    @strawberry.field(
        name="_entities",
        description="Returns objects by their global ids, in the order of the representations,"
        " with null for each one that is not visible to the caller.",
    )
    async def entities(
        self,
        info: Info,
        representations: Annotated[
            list[FederationAny],
            strawberry.argument(
                description="Up to 100 objects, each with its type as `__typename` and its id."
            ),
        ],
    ) -> list[Entity | None]:
        return await run_query(info, _entities, representations)


def _entities(cache: EntityCache, selection: Selection, representations: list[Any]) -> list[Any]:
    """Read entities as `nodes` reads them: by the same rules, one statement for each type."""
    if len(representations) > MAX_NODES:
        message = f"At most {MAX_NODES} representations at once; {len(representations)} were given."
        raise Refusal(Code.INVALID_INPUT, message, "representations")
    keys = [_key(representation) for representation in representations]
    entities: dict[str, dict[UUID, Any]] = {}
    for name in {key[0] for key in keys if key is not None}:
        of_type = {key[1] for key in keys if key is not None and key[0] == name}
        entities[name] = NODE_READERS[name](cache, of_type)
    return [entities[key[0]].get(key[1]) if key is not None else None for key in keys]


def _key(representation: Any) -> tuple[str, UUID] | None:
    """Return the type and id of a representation; None if it is the id of nothing of that type.

    Raises:
        Refusal: INVALID_INPUT for what is no representation of an entity.
    """
    fields = representation if isinstance(representation, dict) else {}
    name, id_ = fields.get("__typename"), fields.get("id")
    if not isinstance(name, str) or name not in _ENTITY_NAMES or not isinstance(id_, str):
        raise Refusal(Code.INVALID_INPUT, _MALFORMED, "representations")
    parsed = parse(id_)
    return parsed if parsed is not None and parsed[0] == name else None


class SubgraphSchema(Schema, federation.Schema):
    """The executable schema of the subgraph."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # The ordinary schema has none of them.
        with with_directives(DIRECTIVES):
            super().__init__(*arguments, **options)
            self._sdl = print_schema(self)

    def as_str(self) -> str:
        """Return the text that composition reads."""
        return self._sdl


def build_subgraph() -> SubgraphSchema:
    """Return the subgraph's schema."""
    return SubgraphSchema(
        query=SubgraphQuery,
        mutation=Mutation,
        subscription=Subscription,
        config=CONFIG,
        execution_context_class=BoundedExecution,
    )
