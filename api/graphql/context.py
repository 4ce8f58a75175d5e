"""What every resolver gets: the runtime and the caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import KW_ONLY, dataclass, field
from math import ceil
from typing import TypeAlias
from uuid import UUID

from strawberry import Info as StrawberryInfo

from api.graphql.errors import to_graphql_error, unauthenticated
from api.graphql.limits.config import Limits
from api.graphql.limits.errors import too_often
from api.graphql.limits.subscription_limiter import SubscriptionLimiter
from api.runtime.runtime import Runtime
from api.web.http.rate_limit import Rates
from engine.model.principal import Principal

#: Objects of an answer that count toward the caller's rate like one more operation.
OBJECTS_PER_OPERATION = 100


@dataclass(slots=True)
class Context:
    """The context of one request or connection."""

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
    #: Whether nobody can read the request on its way: it came by TLS, or from this machine.
    is_confidential: bool = False
    #: The objects that the operation could answer, once that was estimated.
    cost: int | None = None
    #: Whether a mutation has begun, after which the credential is looked up again.
    has_changed: bool = False

    @property
    def principal(self) -> Principal:
        """The caller; refuses UNAUTHENTICATED."""
        if self.caller is None:
            raise to_graphql_error(unauthenticated())
        return self.caller

    async def authenticate(self) -> Principal | None:
        """Look the caller up again: credentials can end while a subscription is open."""
        self.caller = await self._look_up_again()
        return self.caller

    async def principal_of_change(self) -> Principal:
        """Return the caller of a mutation; refuses UNAUTHENTICATED.

        From the second on the credential is looked up again: an operation may have many, and does
        no more of them once its credential has ended.
        """
        principal = await self._look_up_again() if self.has_changed else self.caller
        self.has_changed = True
        if principal is None:
            raise unauthenticated()
        return principal

    async def _look_up_again(self) -> Principal | None:
        params = {k.lower(): v for k, v in (self.connection_params or {}).items()}
        header = params.get("authorization")
        return await self.look_up(header if isinstance(header, str) else None, again=True)

    @property
    def rate_limit_key(self) -> UUID | str:
        """The key of the caller whose rate an operation counts toward."""
        return self.caller.user_id if self.caller is not None else self.address

    def admit(self) -> None:
        """Count an operation toward the caller's rate; refuses RATE_LIMITED."""
        if self.rates is None:
            return
        buckets, limits = self.rates.of(self.rate_limit_key), self.limits
        wait = buckets.wait(self.rate_limit_key)
        if wait:
            count = ceil(buckets.spent(self.rate_limit_key) + 1)
            raise too_often(limits.rate, limits.burst, count, wait)

    @contextmanager
    def following(self, name: str) -> Iterator[None]:
        """Count a subscription while it is open; refuses one beyond the limit."""
        limiter = self.subscription_limiter
        with (
            self.runtime.meter.followed(name),
            limiter.subscription(self.rate_limit_key) if limiter is not None else nullcontext(),
        ):
            yield

    @property
    def spent(self) -> float:
        """The operations of the caller that count toward the rate at this moment."""
        key = self.rate_limit_key
        return self.rates.of(key).spent(key) if self.rates is not None else 0

    def charge(self, operations: float) -> None:
        """Count what an operation costs beyond itself toward the caller's rate."""
        if self.rates is not None:
            self.rates.of(self.rate_limit_key).owe(self.rate_limit_key, operations)

    def charge_objects(self, number: int) -> None:
        """Count the objects of an answer toward the caller's rate."""
        self.charge(number / OBJECTS_PER_OPERATION)


Info: TypeAlias = StrawberryInfo[Context, None]
