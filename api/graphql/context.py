"""What every resolver gets: the runtime and who is asking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from strawberry.types.info import Info as StrawberryInfo
from strawberry.utils.str_converters import to_camel_case

import api.graphql.loaders  # noqa: F401 - registers them
from api.graphql.errors import UserError, top_level, unauthenticated
from api.graphql.plan import Plan, plan_of
from api.graphql.prefetch import prefetch
from api.graphql.shelf import Shelf
from api.runtime import Runtime
from engine.errors import Refusal
from engine.principal import Principal

Thing = TypeVar("Thing")
Payload = TypeVar("Payload")


@dataclass(slots=True)
class Context:
    """Of one request or connection."""

    runtime: Runtime
    #: None for anonymous callers, who get no further than the schema itself.
    caller: Principal | None

    @property
    def principal(self) -> Principal:
        """Who is asking; refuses UNAUTHENTICATED."""
        if self.caller is None:
            raise top_level(unauthenticated())
        return self.caller


Info: TypeAlias = StrawberryInfo[Context, None]


async def ask(info: Info, query: Callable[[Shelf, Plan], Thing]) -> Thing:
    """Answer a query: find its things and read ahead what is selected, in one hop."""
    context, plan = info.context, plan_of(info)
    principal = context.principal

    def whole(shelf: Shelf) -> Thing:
        found = query(shelf, plan)
        prefetch(shelf, found if isinstance(found, list) else [found], plan)
        return found

    try:
        return await context.runtime.read(principal, lambda reading: whole(Shelf(reading)))
    except Refusal as refusal:
        raise top_level(refusal) from refusal


async def change(
    info: Info,
    payload: Callable[..., Payload],
    act: Callable[[Runtime, Principal], Awaitable[Any]],
    **parts: Callable[[Shelf, Any], Any],
) -> Payload:
    """Run a mutation: a refusal is data, a success reads back what is selected.

    `parts`: the payload's fields, each found again by what `act` answered.
    """
    context, plan = info.context, plan_of(info)
    principal = context.principal
    try:
        result = await act(context.runtime, principal)
        found = await context.runtime.read(
            principal, lambda reading: _read_back(Shelf(reading), plan, result, parts)
        )
    except Refusal as refusal:
        return payload(errors=[UserError.of(refusal)])
    return payload(errors=[], **found)


def _read_back(
    shelf: Shelf, plan: Plan, result: Any, parts: dict[str, Callable[[Shelf, Any], Any]]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, find in parts.items():
        found[name] = thing = find(shelf, result)
        things: Iterable[Any] = thing if isinstance(thing, list) else [thing]
        prefetch(shelf, things, plan.into(to_camel_case(name)))
    return found
