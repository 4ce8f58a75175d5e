"""One keypair, team or user: by its id, or by the name that people know it by."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache, EntityT
from api.graphql.ids import from_global
from api.graphql.resolvers import run_query
from api.graphql.selection import Selection
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import Team, User
from engine.model.errors import Code, Refusal
from engine.queries import records
from engine.queries.records import RecordKind

GlobalId: TypeAlias = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="The global id; give either this or the name."),
]


@strawberry.type
class LookupQueries:
    @strawberry.field(
        description="Returns one keypair by its id or its alias, or null if the account has no"
        " such keypair."
    )
    async def keypair(
        self,
        info: Info,
        id: GlobalId = None,
        alias: Annotated[
            str | None,
            strawberry.argument(
                description="The alias of the keypair, compared without regard to letter case."
            ),
        ] = None,
    ) -> Keypair | None:
        return await run_query(info, _record, Keypair, RecordKind.KEYPAIR, id, "alias", alias)

    @strawberry.field(
        description="Returns one team by its id or its name, or null if the account has no such"
        " team."
    )
    async def team(
        self,
        info: Info,
        id: GlobalId = None,
        name: Annotated[
            str | None,
            strawberry.argument(
                description="The name of the team, compared without regard to letter case."
            ),
        ] = None,
    ) -> Team | None:
        return await run_query(info, _record, Team, RecordKind.TEAM, id, "name", name)

    @strawberry.field(
        description="Returns one user by the id or the e-mail address, or null if the account has"
        " no such user."
    )
    async def user(
        self,
        info: Info,
        id: GlobalId = None,
        email: Annotated[
            str | None,
            strawberry.argument(
                description="The e-mail address of the user, compared as mail servers do."
            ),
        ] = None,
    ) -> User | None:
        return await run_query(info, _record, User, RecordKind.USER, id, "email", email)


def _record(
    cache: EntityCache,
    selection: Selection,
    type_: type[EntityT],
    kind: RecordKind,
    id: strawberry.ID | None,
    name_argument: str,
    name: str | None,
) -> EntityT | None:
    if (id is None) == (name is None):
        raise Refusal(Code.INVALID_INPUT, f"Give exactly one of id and {name_argument}.", "id")
    if name is not None:
        rows = list(records.by_name(cache.reading, kind, name))
    else:
        id_ = from_global(id or "", type_.__name__)
        rows = list(records.by_ids(cache.reading, kind, [id_]).values())
    return next(iter(cache.put_records(type_, rows)), None)
