"""Each caller has a bucket of their own; an empty one says when to come back."""

from uuid import uuid4

import httpx2

from api.graphql.limits.config import Limits
from api.web.http.rate_limit import REMEMBERED, Rates, TokenBuckets
from tests.support.api import make_api
from tests.support.world import World


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_fills_and_never_overflows() -> None:
    clock = Clock()
    buckets = TokenBuckets(rate=2, burst=3, clock=clock)

    assert [buckets.wait("ann") for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.wait("bob") == 0
    clock.now = 0.5
    assert [buckets.wait("ann") for _ in range(2)] == [0, 0.5]
    clock.now = 100
    assert [buckets.wait("ann") for _ in range(4)] == [0, 0, 0, 0.5]


def test_what_cost_more_is_paid_before_the_next() -> None:
    clock = Clock()
    buckets = TokenBuckets(rate=2, burst=3, clock=clock)

    assert buckets.wait("ann") == 0
    buckets.owe("ann", 10)
    assert buckets.wait("ann") == 4.5
    clock.now = 4.5
    assert buckets.wait("ann") == 0


def test_without_a_rate_nobody_waits_and_callers_are_forgotten_in_time() -> None:
    assert [TokenBuckets(rate=0, burst=1).wait("ann") for _ in range(3)] == [0, 0, 0]
    buckets = TokenBuckets(rate=1, burst=1, clock=Clock())
    for caller in range(REMEMBERED + 5):
        buckets.owe(caller, 1)
    assert buckets.wait(0) == 0
    assert buckets.wait(REMEMBERED + 4) == 1


def test_a_caller_in_a_hurry_is_told_when_to_come_back(small_world: World) -> None:
    api, runtime = make_api(small_world, limits=Limits(rate=0.01, burst=2))
    headers = {"Authorization": f"Bearer {api.token('dev')}"}
    ask = {"json": {"query": "{ viewer { permissions } }"}, "headers": headers}
    first = api.client.post("/graphql", **ask)
    answer = api.client.post("/graphql", **ask)

    assert first.status_code == 200
    assert answer.status_code == 429
    (error,) = answer.json()["errors"]
    extensions = error["extensions"]
    wait = extensions.pop("retryAfter")
    assert extensions == {
        "code": "RATE_LIMITED",
        "limit": "rate",
        "allowed": 0.01,
        "burst": 2,
        "actual": extensions["actual"],
    }
    # To have read the document counts as well.
    assert extensions["actual"] > 2
    reason = f"{extensions['actual']} were asked for, 2 at once and 0.01 a second are allowed."
    assert reason in error["message"]
    assert int(answer.headers["retry-after"]) >= wait
    # Others are not held up: neither another user, nor those who are nobody.
    assert "errors" not in api.post("ann", "{ viewer { permissions } }")
    assert "errors" not in api.post(None, "{ __typename }")
    runtime.executor.shutdown()


def test_many_addresses_do_not_make_a_users_debt_forgotten() -> None:
    rates, user = Rates(rate=0.001, burst=1), uuid4()
    rates.of(user).owe(user, 5)
    for stranger in range(REMEMBERED + 1):
        rates.of(str(stranger)).owe(str(stranger), 1)

    assert rates.of(user).wait(user) > 0


async def test_an_ipv6_network_is_one_stranger(small_world: World) -> None:
    api, runtime = make_api(small_world, limits=Limits(rate=0.001, burst=1))

    async def ask(address: str) -> int:
        transport = httpx2.ASGITransport(app=api.client.app, client=(address, 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            answer = await client.post("/graphql", json={"query": "{ __typename }"})
        return answer.status_code

    assert await ask("2001:db8:1:2::1") == 200
    assert await ask("2001:db8:1:2:ffff::2") == 429
    assert await ask("2001:db8:1:3::1") == 200
    assert [await ask(f"::ffff:192.0.2.{n}") for n in (1, 2)] == [200, 200]
    assert await ask("192.0.2.1") == 429
    runtime.executor.shutdown()
