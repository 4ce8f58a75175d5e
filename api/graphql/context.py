"""What every resolver gets: the runtime and who is asking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import KW_ONLY, dataclass, field
from math import ceil
from typing import TypeAlias
from uuid import UUID

from strawberry import Info as StrawberryInfo

from api.graphql.errors import top_level, unauthenticated
from api.graphql.limits.config import Limits
from api.graphql.limits.errors import too_often
from api.graphql.limits.subscription_limiter import SubscriptionLimiter
from api.runtime.runtime import Runtime
from api.web.http.rate_limit import Rates
from engine.model.principal import Principal


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
