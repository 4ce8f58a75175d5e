"""Metrics of a process. Every label takes one of a few known values, to keep their number small."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from graphql import GraphQLError
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from api.observability.tracing import span
from engine.model.errors import Code, Refusal

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)


class OperationKind(StrEnum):
    """Of an operation."""

    QUERY = "query"
    COMMAND = "command"
    SIGNATURE = "signature"


class Result(StrEnum):
    """Of an operation."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


#: Counters by the part of their name after `countersign_`: description and labels.
_COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "http_requests": ("Requests answered, by face and class of status.", ("face", "status")),
    "operations": ("Queries, commands and calls to sign.", ("kind", "result")),
    "graphql_operations": (
        "Operations of GraphQL clients, by type and the field they ask for.",
        ("kind", "name", "result"),
    ),
    "refusals": ("Refusals, by code.", ("code",)),
    "signatures": ("Signatures asked for: MADE, or the code of the refusal.", ("outcome",)),
    "messages_in_plain_form": (
        "Messages that were sent in their plain form, because rendering them failed.",
        ("kind",),
    ),
    "deliveries": (
        "Messages handed to a channel, by its name: sent, retried later, or failed for good.",
        ("channel", "outcome"),
    ),
    "periodic_runs": (
        "Runs of periodic services, by service: done, refused or failed.",
        ("service", "result"),
    ),
    "sign_in_mails_withheld": (
        "Mails to sign in with that a limit kept back, by the limit: client, address, browser.",
        ("limit",),
    ),
}
#: Histograms of seconds, in the same way.
_DURATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "http_request_seconds": ("How long answering took.", ("face",)),
    "operation_seconds": ("How long they took.", ("kind",)),
    "graphql_operation_seconds": (
        "How long they took, once they were found valid. Subscriptions are not timed.",
        ("kind", "name"),
    ),
}


@dataclass(slots=True)
class GraphqlOutcome:
    """How an operation under way ends: it failed unless it is said otherwise."""

    result: Result = Result.FAILED


class Meter:
    """The metrics of one process."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        self.registry = registry = CollectorRegistry()
        self.tracer = tracer
        self._counters = {
            name: Counter(f"countersign_{name}", description, labels, registry=registry)
            for name, (description, labels) in _COUNTERS.items()
        }
        self._durations = {
            name: Histogram(
                f"countersign_{name}", description, labels, buckets=_SECONDS, registry=registry
            )
            for name, (description, labels) in _DURATIONS.items()
        }
        self._subscriptions = Gauge(
            "countersign_graphql_subscriptions", "Subscriptions that are open.", registry=registry
        )

    def _count(self, name: str, *labels: str, number: int = 1) -> None:
        self._counters[name].labels(*labels).inc(number)

    def _observe(self, name: str, seconds: float, *labels: str) -> None:
        self._durations[name].labels(*labels).observe(seconds)

    @contextmanager
    def operation(self, kind: OperationKind, name: str) -> Iterator[None]:
        """Measure an operation during the block: duration, result, and a span of the trace."""
        started, result = time.perf_counter(), Result.FAILED
        with self._span(f"{kind} {name}"):
            try:
                yield
                result = Result.DONE
            except Refusal as refusal:
                result = Result.REFUSED
                self.refused(refusal.code)
                raise
            finally:
                self._count("operations", kind, result)
                self._observe("operation_seconds", time.perf_counter() - started, kind)

    @contextmanager
    def graphql_operation(self, kind: str, name: str) -> Iterator[GraphqlOutcome]:
        """Measure an operation of a GraphQL client during the block: duration and outcome."""
        started, outcome = time.perf_counter(), GraphqlOutcome()
        with self._span(f"{kind} {name}"):
            try:
                yield outcome
            finally:
                self._count("graphql_operations", kind, name, outcome.result)
                seconds = time.perf_counter() - started
                self._observe("graphql_operation_seconds", seconds, kind, name)

    def graphql_operation_refused(self) -> None:
        """Count an operation that was refused before it ran."""
        self._count("graphql_operations", "unknown", "unknown", Result.REFUSED)

    @contextmanager
    def followed(self, name: str) -> Iterator[None]:
        """Count a subscription as open during the block, and then by how it ended."""
        result = Result.DONE
        try:
            with self._subscriptions.track_inprogress():
                yield
        except GraphQLError:
            result = Result.REFUSED
            raise
        except Exception:
            result = Result.FAILED
            raise
        finally:
            self._count("graphql_operations", "subscription", name, result)

    def refused(self, code: Code) -> None:
        """Count a refusal."""
        self._count("refusals", code)

    def signed(self, code: Code | None, number: int = 1) -> None:
        """Count signatures that were made, or refused for a reason."""
        self._count("signatures", code or "MADE", number=number)

    def message_handed_in(self, channel: str, outcome: str) -> None:
        """Count an attempt to send a message: sent, retried or failed."""
        self._count("deliveries", channel, outcome)

    def periodic_run(self, service: str, result: str) -> None:
        """Count a run of a periodic service: done, refused or failed."""
        self._count("periodic_runs", service, result)

    def sign_in_mail_withheld(self, limit: str) -> None:
        """Count a sign-in mail that a limit kept from being sent."""
        self._count("sign_in_mails_withheld", limit)

    def message_in_plain_form(self, kind: str) -> None:
        """Count a message that could only be rendered in its plain form."""
        self._count("messages_in_plain_form", kind)

    def answered(self, face: str, status: int, seconds: float | None) -> None:
        """Count a request, and record its duration unless `seconds` is None."""
        self._count("http_requests", face, f"{status // 100}xx")
        if seconds is not None:
            self._observe("http_request_seconds", seconds, face)

    def _span(self, name: str) -> AbstractContextManager[None]:
        return span(self.tracer, name) if self.tracer is not None else nullcontext()
