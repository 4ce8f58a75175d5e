"""The worker: relays messages and runs the periodic services, until it is stopped."""

from __future__ import annotations

import asyncio

from api.config.settings import Settings
from api.runtime.runtime import Runtime
from api.worker.build import build_relays
from api.worker.services import build_services
from notifications.delivery.priority_gate import PriorityGate


async def run_worker(settings: Settings, runtime: Runtime, stop: asyncio.Event) -> None:
    """Run all parts of the worker until `stop` is set, and finish what was begun."""
    gate = PriorityGate()
    relays = build_relays(settings, runtime)
    services = build_services(settings, runtime, gate, stop)
    await asyncio.gather(
        *(service.run(stop) for service in services),
        *(relay.run(stop, runtime.outbox.branch(), gate) for relay in relays),
    )
