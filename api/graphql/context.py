"""What every resolver gets: the runtime and who is asking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import KW_ONLY, dataclass, field
from math import ceil
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from strawberry import Info as StrawberryInfo

import api.graphql.loaders  # noqa: F401 - registers them
from api.graphql.entity_cache import EntityCache
from api.graphql.errors import UserError, top_level, unauthenticated
from api.graphql.limits.config import Limits
from api.graphql.limits.errors import too_often
from api.graphql.limits.subscription_limiter import SubscriptionLimiter
from api.graphql.prefetch import prefetch
from api.graphql.selection import Selection, selection_of
from api.graphql.strawberry_compat import to_camel_case
from api.runtime.runtime import Runtime
from api.web.http.rate_limit import Rates
from engine.model.errors import Refusal
from engine.model.principal import Principal

Thing = TypeVar("Thing")
Payload = TypeVar("Payload")


@dataclass(slots=True)
class Context:
    """Of one request or connection."""

    runtime: Runtime
    #: None for anonymous callers, who get no further than the schema itself.
    caller: Principal | None
    #: Looks a caller up, by what a WebSocket client gave when it connected if it did.
    look_up: Callable[..., Awaitable[Principal | None]]
    _: KW_ONLY
    #: The payload of a WebSocket's `connection_init`.
    connection_params: dict[str, object] | None = None
    limits: Limits = field(default_factory=Limits)
    #: Shared by all of the endpoint's callers.
    rates: Rates | None = None
    #: Shared as well.
    subscription_limiter: SubscriptionLimiter | None = None
    #: Where the request came from: who an anonymous caller is.
    address: str = ""
    #: A mutation was begun with what the caller was proved by.
    has_changed: bool = False

    @property
    def principal(self) -> Principal:
        """Who is asking; refuses UNAUTHENTICATED."""
        if self.caller is None:
            raise top_level(unauthenticated())
        return self.caller

    async def authenticate(self) -> Principal | None:
        """Look the caller up again: a subscription outlives what was true when it began."""
        self.caller = await self._prove_again()
        return self.caller

    async def principal_of_change(self) -> Principal:
        """Who asks for a mutation; refuses UNAUTHENTICATED.

        From the second on the credential is looked up again: an operation may have many, and does
        no more of them once its credential has ended.
        """
        principal = await self._prove_again() if self.has_changed else self.caller
        self.has_changed = True
        if principal is None:
            raise unauthenticated()
        return principal

    async def _prove_again(self) -> Principal | None:
        params = {k.lower(): v for k, v in (self.connection_params or {}).items()}
        told = params.get("authorization")
        return await self.look_up(told if isinstance(told, str) else None, again=True)

    @property
    def rate_limit_key(self) -> UUID | str:
        """Whose rate an operation counts toward."""
        return self.caller.user_id if self.caller is not None else self.address

    def admit(self) -> None:
        """Count an operation toward the caller's rate; refuses RATE_LIMITED."""
        if self.rates is None:
            return
        buckets, limits = self.rates.of(self.rate_limit_key), self.limits
        wait = buckets.wait(self.rate_limit_key)
        if wait:
            asked = ceil(buckets.spent(self.rate_limit_key) + 1)
            raise too_often(limits.rate, limits.burst, asked, wait)

    @contextmanager
    def following(self, name: str) -> Iterator[None]:
        """While a subscription lasts; refuses one too many."""
        followers = self.subscription_limiter
        with (
            self.runtime.meter.followed(name),
            followers.one_more(self.rate_limit_key) if followers is not None else nullcontext(),
        ):
            yield

    def charge(self, operations: float) -> None:
        """Count what an operation costs beyond the first."""
        if self.rates is not None:
            self.rates.of(self.rate_limit_key).owe(self.rate_limit_key, operations)


Info: TypeAlias = StrawberryInfo[Context, None]


async def run_query(info: Info, query: Callable[[EntityCache, Selection], Thing]) -> Thing:
    """Answer a query: find its things and read ahead what is selected, in one hop."""
    context = info.context
    principal, plan = context.principal, selection_of(info)

    def whole(shelf: EntityCache) -> Thing:
        found = query(shelf, plan)
        prefetch(shelf, found if isinstance(found, list) else [found], plan)
        return found

    try:
        return await context.runtime.read(principal, lambda reading: whole(EntityCache(reading)))
    except Refusal as refusal:
        raise top_level(refusal) from refusal


async def run_mutation(
    info: Info,
    payload: Callable[..., Payload],
    act: Callable[[Runtime, Principal], Awaitable[Any]],
    at_hand: Callable[[Any, Selection], dict[str, Any] | None] = lambda _result, _plan: None,
    **parts: Callable[[EntityCache, Any], Any],
) -> Payload:
    """Run a mutation: a refusal is data, a success reads back what is selected.

    `parts`: the payload's fields, each found again by what `act` answered. `at_hand`: all of them
    if they are known without reading, else None.
    """
    context = info.context
    reader, plan = context.principal, selection_of(info)
    try:
        result = await act(context.runtime, await context.principal_of_change())
        found = at_hand(result, plan)
        if found is None:
            found = await context.runtime.read(
                reader, lambda reading: _read_back(EntityCache(reading), plan, result, parts)
            )
    except Refusal as refusal:
        return payload(errors=[UserError.of(refusal)])
    return payload(errors=[], **found)


def _read_back(
    shelf: EntityCache,
    plan: Selection,
    result: Any,
    parts: dict[str, Callable[[EntityCache, Any], Any]],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, find in parts.items():
        found[name] = thing = find(shelf, result)
        things: Iterable[Any] = thing if isinstance(thing, list) else [thing]
        prefetch(shelf, things, plan.into(to_camel_case(name)))
    return found
