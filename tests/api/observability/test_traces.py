"""Traces: a span for each request and each operation in it, and nothing secret in them."""

import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.testclient import TestClient

from api.graphql.endpoint import Endpoint
from api.observability.meter import Meter
from api.observability.requests import ObservedRequests
from api.observability.tracing import TracingMissingError, make_tracer
from api.runtime.runtime import Runtime
from engine.commands.administration.account import UpdateAccount
from engine.concurrency.executor import Executor
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signing.service import SigningService
from tests.support.api import Api
from tests.support.world import World

SECRET = "csn_supersecret"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def exported() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def api(world: World, exported: InMemorySpanExporter) -> Iterator[Api]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exported))
    meter = Meter(provider.get_tracer("test"))
    executor = Executor(world.system.database, threads=4)
    gate = SigningService(world.system, executor)
    runtime = Runtime(world.system, executor, gate, meter=meter)
    app = Starlette(
        routes=[Route("/graphql", Endpoint(runtime, ide=False))],
        middleware=[Middleware(ObservedRequests, meter=meter, log_requests=False)],
    )
    with TestClient(app) as client:
        yield Api(world, client)
    executor.shutdown()


def test_operations_are_spans_of_the_callers_trace(
    api: Api, exported: InMemorySpanExporter
) -> None:
    api.client.headers["traceparent"] = f"00-{TRACE}-b7ad6b7169203331-01"
    api.change("admin", "updateAccount", {"signingFrozen": True}, "account { name }")
    spans = {span.name: span for span in exported.get_finished_spans()}
    assert set(spans) == {
        "http graphql",
        "mutation updateAccount",
        "command UpdateAccount",
        "query read",
    }
    request = spans["http graphql"]
    assert {f"{span.context.trace_id:032x}" for span in spans.values()} == {TRACE}
    mutation = spans["mutation updateAccount"]
    assert mutation.parent == request.context
    assert spans["command UpdateAccount"].parent == mutation.context
    assert set(request.attributes or ()) == {
        "http.request.method",
        "countersign.face",
        "countersign.request_id",
    }


def test_no_span_has_a_path_or_a_secret(api: Api, exported: InMemorySpanExporter) -> None:
    token = api.token("ann")
    api.client.get(f"/decide/secret?{token}", headers={"Authorization": f"Bearer {token}"})
    text = "".join(span.to_json() for span in exported.get_finished_spans())
    assert "http decide" in text
    assert token not in text
    assert "secret" not in text


def test_a_span_says_that_it_failed_and_not_what(
    api: Api, exported: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def apply(self: UpdateAccount, uow: UnitOfWork) -> None:
        uow.connection.execute(sa.text("SELECT hush FROM nowhere WHERE x = :x"), {"x": SECRET})

    async def answer(self: Endpoint, *rest: object) -> None:
        raise ValueError(SECRET)

    api.token("admin")
    monkeypatch.setattr(UpdateAccount, "apply", apply)
    mutation = "mutation { updateAccount(input: {signingFrozen: true}) { errors { code } } }"
    assert api.post("admin", mutation)["errors"][0]["extensions"]["code"] == "BUG"
    monkeypatch.setattr(Endpoint, "__call__", answer)
    with pytest.raises(ValueError, match=SECRET):
        api.client.get("/graphql")

    spans = exported.get_finished_spans()
    failed = [span for span in spans if span.status.status_code is StatusCode.ERROR]
    assert [span.name for span in failed] == ["command UpdateAccount", "http graphql"]
    assert {span.status.description for span in failed} == {None}
    assert [event for span in spans for event in span.events] == []
    text = "".join(span.to_json() for span in spans)
    assert "hush" not in text
    assert SECRET not in text


def test_without_the_package_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(TracingMissingError, match="install opentelemetry-sdk"):
        make_tracer()
