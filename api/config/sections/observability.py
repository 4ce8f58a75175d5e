"""Settings of logs, metrics and traces."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from api.config import settings_rules as rules
from api.config.settings_rules import validated_by


class ObservabilitySection(BaseModel):
    """Logs, metrics and traces."""

    log_json: bool = Field(default=False, description="Log JSON lines rather than text.")
    log_requests: bool = Field(
        default=False,
        description="Log a line for each request. It has no path: links have secrets in them.",
    )
    metrics_address: Annotated[str, validated_by(rules.address_and_port)] | None = Field(
        default=None,
        description="Where Prometheus finds /metrics: an address of its own, so that no proxy"
        " publishes it by accident. Each process, worker or server, has its own. Without it there"
        " is none.",
        examples=["127.0.0.1:9464"],
    )
    traces: bool = Field(
        default=False,
        description="Send OpenTelemetry traces; needs the packages that the extra `otel` installs."
        " Where to is told by the standard variables, like"
        " OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.example.com:4318",
    )
