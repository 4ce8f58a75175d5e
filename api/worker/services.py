"""The periodic services of a process: what each does, and how often."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from api.config.settings import Settings
from api.runtime.credential_usage import WRITE_INTERVAL_SECONDS, write_usage
from api.runtime.runtime import Runtime
from api.worker.build import (
    build_orphaned_deliveries,
    build_reminders,
    build_retention,
    build_sign_in_mailer,
)
from engine.commands.maintenance.advance_due import advance_due
from notifications.delivery import sign_in_mail
from notifications.delivery.priority_gate import PriorityGate
from notifications.periodic import orphaned_deliveries, reminders, retention
from notifications.periodic.service import PeriodicService
from notifications.webhooks.subscriptions import repair_subscriptions

log = structlog.get_logger("countersign.worker")

#: Seconds between two looks at the clock: a timer would sleep through a clock that jumps.
ADVANCE_INTERVAL_SECONDS = 0.2
#: Seconds between two checks that every webhook's account is known to have webhooks.
MEND_INTERVAL_SECONDS = 300.0


def build_services(
    settings: Settings, runtime: Runtime, gate: PriorityGate, stop: asyncio.Event
) -> list[PeriodicService]:
    """Return the services of a worker.

    Args:
        settings: How often and for how long.
        runtime: What they work with.
        gate: Held while releases are advanced.
        stop: Ends a run that would go on for as long as more is due.
    """
    service = partial(PeriodicService, on_run=runtime.meter.periodic_run)
    mailer = build_sign_in_mailer(settings, runtime)
    services = [
        service(
            name="advance",
            run_once=partial(advance_all, runtime, gate, stop),
            interval_seconds=ADVANCE_INTERVAL_SECONDS,
        ),
        service(
            name="webhook_subscriptions",
            run_once=partial(mend_subscriptions, runtime),
            interval_seconds=MEND_INTERVAL_SECONDS,
        ),
        service(
            name="sign_in_mail",
            run_once=mailer.run_once,
            interval_seconds=sign_in_mail.POLL_SECONDS,
            batch_size=1,
            on_stop=mailer.close,
        ),
        service(
            name="reminders",
            run_once=build_reminders(settings, runtime).run_once,
            interval_seconds=reminders.INTERVAL_SECONDS,
        ),
        service(
            name="orphaned_deliveries",
            run_once=build_orphaned_deliveries(runtime).run_once,
            interval_seconds=orphaned_deliveries.INTERVAL_SECONDS,
            batch_size=orphaned_deliveries.DELIVERIES_PER_RUN,
        ),
    ]
    deletion = build_retention(settings, runtime)
    if deletion is not None:
        services.append(
            service(
                name="retention",
                run_once=deletion.run_once,
                interval_seconds=retention.INTERVAL_SECONDS,
                batch_size=retention.ROWS_PER_RUN,
                batch_pause_seconds=retention.BATCH_PAUSE_SECONDS,
            )
        )
    return services


def build_usage_service(runtime: Runtime) -> PeriodicService:
    """Return what writes down which credentials were used; every server has one."""
    return PeriodicService(
        name="credential_usage",
        run_once=partial(write_usage, runtime),
        interval_seconds=WRITE_INTERVAL_SECONDS,
        on_stop=partial(write_usage, runtime),
        on_run=runtime.meter.periodic_run,
    )


async def advance_all(runtime: Runtime, gate: PriorityGate, stop: asyncio.Event) -> int:
    """Advance every release whose instant has come; returns how many were advanced."""
    total = 0
    with gate.held() as insist:
        # Others may hold what is found: only what was advanced is a reason to go on.
        while count := await runtime.executor.write(lambda: advance_due(runtime.system)):
            total += count
            insist()
            if stop.is_set():
                break
    return total


async def mend_subscriptions(runtime: Runtime) -> int:
    """Send events to webhooks that an older version made, which did not mark their account."""
    count = await runtime.executor.write(lambda: repair_subscriptions(runtime.system))
    if count:
        log.info("webhook_subscriptions_mended", accounts=count)
    return count
