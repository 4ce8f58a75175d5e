"""Traces: a span for each request and each operation in it, and nothing secret in them."""

import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.testclient import TestClient

from api.graphql.endpoint import Endpoint
from api.runtime import Runtime
from api.telemetry.meter import Meter
from api.telemetry.requests import ObservedRequests
from api.telemetry.tracing import TracingMissingError, make_tracer
from engine.persistence.executor import Executor
from engine.signing.gate import SigningGate
from tests.support.api import Api
from tests.support.world import World

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
    gate = SigningGate(world.system, executor)
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
    told = "".join(span.to_json() for span in exported.get_finished_spans())
    assert "http decide" in told
    assert token not in told
    assert "secret" not in told


def test_without_the_package_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(TracingMissingError, match=r"Install countersign\[otel\]"):
        make_tracer()
