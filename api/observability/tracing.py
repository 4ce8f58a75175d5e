"""OpenTelemetry traces, where they are switched on and the extra `otel` is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.types import Scope

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

#: Seconds for the last spans.
CLOSING = 1.0
OTLP_PACKAGE = "opentelemetry-exporter-otlp-proto-http"


class TracingMissingError(Exception):
    """Traces are switched on and cannot be made; the message says what to install."""


def make_tracer(exporter: SpanExporter | None = None) -> Tracer:
    """Return a tracer that sends spans by OTLP, as `OTEL_EXPORTER_OTLP_...` configure it."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        message = f"Traces need {error.name}: install opentelemetry-sdk and {OTLP_PACKAGE}."
        raise TracingMissingError(message) from error
    # Its own end waits for a collector that does not answer: `close_tracer` is the end here.
    provider = TracerProvider(
        resource=Resource.create({"service.name": "countersign"}), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
    return provider.get_tracer("countersign")


def close_tracer(tracer: Tracer) -> None:
    """Send what is left, if that is quick: no collector keeps a process from ending."""
    processor = getattr(tracer, "span_processor", None)
    if processor is not None:
        closing = Thread(target=processor.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(CLOSING)


@contextmanager
def span(tracer: Tracer, name: str, **options: Any) -> Iterator[None]:
    """Open a span, which records that something failed but not the text of the exception."""
    from opentelemetry.trace import StatusCode

    with tracer.start_as_current_span(
        name, record_exception=False, set_status_on_exception=False, **options
    ) as begun:
        try:
            yield
        except Exception:
            begun.set_status(StatusCode.ERROR)
            raise


@contextmanager
def span_of_request(tracer: Tracer, scope: Scope, face: str, request_id: str) -> Iterator[None]:
    """Open a span that continues the caller's trace; path and headers may hold secrets."""
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind

    headers = Headers(scope=scope)
    carrier = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
    attributes = {
        "http.request.method": scope.get("method", "GET"),
        "countersign.face": face,
        "countersign.request_id": request_id,
    }
    name, context = f"{scope['type']} {face}", extract(carrier)
    with span(tracer, name, context=context, kind=SpanKind.SERVER, attributes=attributes):
        yield
