"""What Prometheus is told: exact counts, known words only, and at an address of its own."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.testclient import TestClient

from api.graphql.endpoint import Endpoint
from api.observability.backlog import Backlog
from api.observability.exposition import exposed
from api.observability.meter import Meter
from api.observability.metered_signing import MeteredSigning
from api.observability.requests import ObservedRequests
from api.runtime.runtime import Runtime
from engine.concurrency.executor import Executor
from engine.persistence.db.database import Database
from tests.support.api import Api
from tests.support.api import serving as serving_app
from tests.support.deliverer import Deliverer
from tests.support.notices import outbox_world
from tests.support.running import free_port, init, serving, settings
from tests.support.waiting import until
from tests.support.world import DIGEST, World

__all__ = ["outbox_world"]

SIGN = "signature { id }"
Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
def runtime(world: World) -> Iterator[Runtime]:
    executor = Executor(world.system.database, threads=4)
    meter = Meter()
    meter.registry.register(Backlog(world.system, executor))
    yield Runtime(
        world.system, executor, MeteredSigning(world.system, executor, meter), meter=meter
    )
    executor.shutdown()


@pytest.fixture
def api(world: World, runtime: Runtime) -> Iterator[Api]:
    app = Starlette(
        routes=[Route("/graphql", Endpoint(runtime, ide=False))],
        middleware=[Middleware(ObservedRequests, meter=runtime.meter, log_requests=False)],
    )
    with TestClient(app) as client:
        yield Api(world, client)


def looked(runtime: Runtime) -> dict[str, float]:
    """Over HTTP, as Prometheus does it: sample with its labels -> value."""
    with exposed(runtime.meter.registry, f"127.0.0.1:{free_port()}") as port:
        text = urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith(("_created", "_bucket"))
    }


def test_signatures_are_counted_as_their_callers_were_told(
    world: World, api: Api, runtime: Runtime
) -> None:
    world.approved(max_signatures=2)
    world.clock.pass_(hours=1)
    input_ = {"keypairId": api.id("Keypair", "vault"), "digest": b64encode(DIGEST).decode()}
    for _ in range(3):
        api.try_("dev", "sign", input_, SIGN)
    api.try_("ann", "sign", input_, SIGN)
    api.try_("dev", "createRelease", {"name": ""} | release_input(api), "release { id }")

    seen = looked(runtime)

    assert seen["countersign_signatures_total MADE"] == 2
    assert seen["countersign_signatures_total QUOTA_EXHAUSTED"] == 1
    assert seen["countersign_refusals_total QUOTA_EXHAUSTED"] == 1
    assert seen["countersign_refusals_total INVALID_INPUT"] == 1
    assert seen["countersign_operations_total command refused"] == 1
    assert seen["countersign_operation_seconds_count signature"] == 4
    assert seen["countersign_http_requests_total graphql 2xx"] == 5
    assert seen["countersign_http_request_seconds_count graphql"] == 5


def test_operations_are_counted_by_what_of_the_schema_they_ask_for(
    world: World, api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.ask("dev", "query MyOwnName { mine: viewer { permissions } }")
    api.ask("dev", "{ viewer { permissions } releases { totalCount } }")
    api.ask("dev", "{ ...All } fragment All on Query { viewer { permissions } }")
    api.post(None, "{ viewer { permissions } }")
    api.try_("dev", "createRelease", {"name": ""} | release_input(api), "release { id }")
    for text in ("{", "{ nothing }", "query A { __typename } query B { __typename }"):
        api.post("dev", text)
    with monkeypatch.context() as broken:
        broken.setattr(Runtime, "read", None)
        api.post("dev", "{ viewer { permissions } }")

    counted = {
        name.removeprefix("countersign_graphql_operations_total "): value
        for name, value in looked(runtime).items()
        if name.startswith("countersign_graphql_operations_total")
    }
    assert counted == {
        "query viewer done": 1,
        "query viewer refused": 1,
        "query viewer failed": 1,
        "query several done": 2,
        "mutation createRelease refused": 1,
        "unknown unknown refused": 3,
    }
    assert looked(runtime)["countersign_graphql_operation_seconds_count query viewer"] == 3


def test_subscriptions_are_counted_while_they_are_open_and_never_timed(
    world: World, api: Api, runtime: Runtime
) -> None:
    operation = {"query": "subscription MyOwnName { releaseEvents { tag } }"}
    events = {"Accept": "text/event-stream"}
    with serving_app(api.client.app) as url:
        httpx2.post(f"{url}/graphql", json=operation, headers=events)
        headers = events | {"Authorization": f"Bearer {api.token('dev')}"}
        with httpx2.stream("POST", f"{url}/graphql", json=operation, headers=headers):
            until(lambda: looked(runtime)["countersign_graphql_subscriptions"] == 1)
        until(lambda: looked(runtime)["countersign_graphql_subscriptions"] == 0)

    seen = looked(runtime)
    assert seen["countersign_graphql_operations_total subscription releaseEvents refused"] == 1
    assert seen["countersign_graphql_operations_total subscription releaseEvents done"] == 1
    assert seen["countersign_http_requests_total graphql 2xx"] == 2
    assert not [name for name in seen if "_seconds_count" in name and "graphql" in name]


def release_input(api: Api) -> dict[str, object]:
    start = api.world.clock.instant + timedelta(hours=5)
    return {
        "type": "OFFLINE",
        "teamId": api.id("Team", "blue"),
        "keypairIds": [api.id("Keypair", "spare")],
        "startsAt": start.isoformat(),
        "endsAt": (start + timedelta(hours=1)).isoformat(),
        "maxSignatures": 1,
    }


def test_what_is_tried_again_is_shown(world: World, runtime: Runtime) -> None:
    world.request()
    assert looked(runtime)["countersign_outbox_retrying"] == 0
    Deliverer(world).run(lambda row: "451 Later" if row.email.startswith("ann@") else None)
    seen = looked(runtime)
    assert seen["countersign_outbox_retrying"] == seen["countersign_outbox_queued"] == 1


def test_deliveries_are_counted_by_what_became_of_them(runtime: Runtime) -> None:
    for outcome in ("sent", "sent", "failed"):
        runtime.meter.message_handed_in("email", outcome)
    value = runtime.meter.registry.get_sample_value
    for outcome, number in (("sent", 2), ("failed", 1), ("retried", None)):
        labels = {"channel": "email", "outcome": outcome}
        assert value("countersign_deliveries_total", labels) == number


def test_what_waits_is_shown_with_its_age(world: World, runtime: Runtime) -> None:
    assert looked(runtime)["countersign_outbox_queued"] == 0
    world.approved()
    queued = looked(runtime)["countersign_outbox_queued"]
    assert queued > 0
    world.clock.pass_(hours=1, seconds=5)
    seen = looked(runtime)
    assert seen["countersign_outbox_queued"] == queued
    assert seen["countersign_outbox_oldest_seconds"] == 3605
    assert seen["countersign_worker_lag_seconds"] == 5
    assert seen["countersign_database_up"] == 1
    pools = [n for n in seen if n.startswith("countersign_pool_connections_limit")]
    assert len(pools) == (2 if world.system.database.is_sqlite else 1)


def test_a_database_that_is_away_is_news_and_not_an_error(runtime: Runtime, world: World) -> None:
    away = Database("sqlite:////nowhere/at/all.db")
    meter = Meter()
    meter.registry.register(Backlog(replace(world.system, database=away), runtime.executor))
    seen = looked(replace(runtime, meter=meter))
    assert seen["countersign_database_up"] == 0
    assert "countersign_outbox_queued" not in seen


def test_no_request_makes_a_label_of_its_own(api: Api, runtime: Runtime) -> None:
    paths = ("/a", "/b/c", "/graphql/x", "/decide/" + "a" * 32 + ".b", "//", "/sign-in/abc", "/%00")
    for path in paths:
        api.client.get(path)
        api.client.request("BREW", path)
    faces = {n.split()[1] for n in looked(runtime) if n.startswith("countersign_http_requests_")}
    assert faces == {"other", "graphql", "decide", "sign-in"}


@pytest.mark.timeout(60)
@pytest.mark.long
def test_it_is_at_its_own_address_and_nowhere_else(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    environment = settings(database_url, COUNTERSIGN_METRICS_ADDRESS=f"127.0.0.1:{port}")
    init(environment, tmp_path)
    with serving(environment, tmp_path) as server:
        text = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
        assert 'countersign_http_requests_total{face="health",status="2xx"}' in text
        assert httpx2.get(f"{server.url}/metrics").status_code == 404
