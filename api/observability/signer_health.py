"""Checks whether signers that are devices could sign now, for `/readyz` and `/metrics`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from threading import Event, Lock, Thread

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.signers.base import Signer, SignerFailed
from engine.signers.guard import check_health

log = structlog.get_logger("countersign.signers")

#: Seconds for which an answer is as good as a new one.
SIGNER_HEALTH_SECONDS = 10.0
#: Seconds to wait for an answer; a device that takes longer is not ready.
SIGNER_ANSWER_SECONDS = 2.0


class SignerHealth(Collector):
    """Asks each signer that has a health check, at intervals and with one call at a time."""

    def __init__(self, signers: Mapping[str, Signer]) -> None:
        self._checks = {
            name: _Check(name, signer)
            for name, signer in sorted(signers.items())
            if signer.capabilities.checks_health
        }

    def ready(self) -> dict[str, bool]:
        """Return by name whether a signer could sign, of those that have a health check."""
        for check in self._checks.values():
            check.start()
        return {name: check.wait() for name, check in self._checks.items()}

    def collect(self) -> Iterable[Metric]:
        """Yield a sample for each signer that has a health check."""
        up = GaugeMetricFamily(
            "countersign_signer_up", "Whether the signer could sign.", labels=("signer",)
        )
        for name, is_ready in self.ready().items():
            up.add_metric((name,), is_ready)
        return (up,) if self._checks else ()

    def describe(self) -> Iterable[Metric]:
        """Return no metrics, so that registering the collector does not call the signers."""
        return ()


class _Check:
    """The last answer of one signer, and the call that is in progress."""

    def __init__(self, name: str, signer: Signer) -> None:
        self._name = name
        self._signer = signer
        self._lock = Lock()
        self._done = Event()
        self._done.set()
        self._asked_at: float | None = None
        self._fault: str | None = None

    def start(self) -> None:
        """Ask the signer, unless its last answer is recent or a call is in progress."""
        with self._lock:
            now = time.monotonic()
            is_young = self._asked_at is not None and now - self._asked_at < SIGNER_HEALTH_SECONDS
            if is_young or not self._done.is_set():
                return
            self._asked_at = now
            self._done.clear()
        # A thread of its own, which may hang with its device and keeps nobody from ending.
        Thread(target=self._ask, name=f"signer-{self._name}", daemon=True).start()

    def wait(self) -> bool:
        """Return whether the signer could sign; one that does not answer in time could not."""
        return self._done.wait(SIGNER_ANSWER_SECONDS) and self._fault is None

    def _ask(self) -> None:
        before = self._fault
        try:
            check_health(self._signer)
            self._fault = None
        except SignerFailed as failure:
            self._fault = str(failure)
        finally:
            self._done.set()
        if self._fault is not None and self._fault != before:
            log.warning("signer_not_ready", signer=self._name, reason=self._fault)
        elif self._fault is None and before is not None:
            log.info("signer_ready_again", signer=self._name)
