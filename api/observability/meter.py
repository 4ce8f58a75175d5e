"""Counts and durations, in a registry of their own; every label takes one of a few known words."""

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


@dataclass(slots=True)
class Asked:
    """An operation under way; failed unless told otherwise."""

    result: Result = Result.FAILED


class Meter:
    """What this process has done."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        self.registry = registry = CollectorRegistry()
        self.tracer = tracer
        self._requests = Counter(
            "countersign_http_requests",
            "Requests answered, by face and class of status.",
            ("face", "status"),
            registry=registry,
        )
        self._request_seconds = Histogram(
            "countersign_http_request_seconds",
            "How long answering took.",
            ("face",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._operations = Counter(
            "countersign_operations",
            "Queries, commands and calls to sign.",
            ("kind", "result"),
            registry=registry,
        )
        self._operation_seconds = Histogram(
            "countersign_operation_seconds",
            "How long they took.",
            ("kind",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._graphql_operations = Counter(
            "countersign_graphql_operations",
            "Operations of GraphQL clients, by type and the field they ask for.",
            ("kind", "name", "result"),
            registry=registry,
        )
        self._asked_seconds = Histogram(
            "countersign_graphql_operation_seconds",
            "How long they took, once they were found valid. Subscriptions are not timed.",
            ("kind", "name"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._followed = Gauge(
            "countersign_graphql_subscriptions", "Subscriptions that are open.", registry=registry
        )
        self._refusals = Counter(
            "countersign_refusals", "Refusals, by code.", ("code",), registry=registry
        )
        self._signatures = Counter(
            "countersign_signatures",
            "Signatures asked for: MADE, or the code of the refusal.",
            ("outcome",),
            registry=registry,
        )

        self._plain_messages = Counter(
            "countersign_messages_in_plain_form",
            "Messages that were sent in their plain form, because rendering them failed.",
            ("kind",),
            registry=registry,
        )

        self._deliveries = Counter(
            "countersign_deliveries",
            "Messages handed to a channel, by its name: sent, retried later, or failed for good.",
            ("channel", "outcome"),
            registry=registry,
        )

        self._periodic_runs = Counter(
            "countersign_periodic_runs",
            "Runs of periodic services, by service: done, refused or failed.",
            ("service", "result"),
            registry=registry,
        )

        self._withheld_mails = Counter(
            "countersign_sign_in_mails_withheld",
            "Mails to sign in with that a limit kept back, by the limit: client, address, browser.",
            ("limit",),
            registry=registry,
        )

    @contextmanager
    def operation(self, kind: OperationKind, name: str) -> Iterator[None]:
        """Times it, counts how it ended, and is a span of the trace where there is one."""
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
                self._operations.labels(kind, result).inc()
                self._operation_seconds.labels(kind).observe(time.perf_counter() - started)

    @contextmanager
    def graphql_operation(self, kind: str, name: str) -> Iterator[Asked]:
        """Times an operation of a GraphQL client, and counts how it was answered."""
        started, outcome = time.perf_counter(), Asked()
        with self._span(f"{kind} {name}"):
            try:
                yield outcome
            finally:
                self._graphql_operations.labels(kind, name, outcome.result).inc()
                self._asked_seconds.labels(kind, name).observe(time.perf_counter() - started)

    def graphql_operation_refused(self) -> None:
        """One that was refused before it ran, whatever it may have been."""
        self._graphql_operations.labels("unknown", "unknown", Result.REFUSED).inc()

    @contextmanager
    def followed(self, name: str) -> Iterator[None]:
        """Counts a subscription, open and then ended; the client's going is a good end."""
        result = Result.DONE
        try:
            with self._followed.track_inprogress():
                yield
        except GraphQLError:
            result = Result.REFUSED
            raise
        except Exception:
            result = Result.FAILED
            raise
        finally:
            self._graphql_operations.labels("subscription", name, result).inc()

    def refused(self, code: Code) -> None:
        """One refusal."""
        self._refusals.labels(code).inc()

    def signed(self, code: Code | None, number: int = 1) -> None:
        """So many signatures made, or refused for a reason."""
        self._signatures.labels(code or "MADE").inc(number)

    def message_handed_in(self, channel: str, outcome: str) -> None:
        """One message that a channel took, or did not take: sent, retried or failed."""
        self._deliveries.labels(channel, outcome).inc()

    def periodic_run(self, service: str, result: str) -> None:
        """Count a run of a periodic service: done, refused or failed."""
        self._periodic_runs.labels(service, result).inc()

    def sign_in_mail_withheld(self, limit: str) -> None:
        """One mail that a limit kept back."""
        self._withheld_mails.labels(limit).inc()

    def message_in_plain_form(self, kind: str) -> None:
        """One message that could not be rendered as it should be."""
        self._plain_messages.labels(kind).inc()

    def answered(self, face: str, status: int, seconds: float | None) -> None:
        """One request; without seconds where they say nothing."""
        self._requests.labels(face, f"{status // 100}xx").inc()
        if seconds is not None:
            self._request_seconds.labels(face).observe(seconds)

    def _span(self, name: str) -> AbstractContextManager[None]:
        return span(self.tracer, name) if self.tracer is not None else nullcontext()
