"""The periodic services of a process: what each does, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog

from api.config.settings import Settings
from api.runtime.credential_usage import WRITE_INTERVAL_SECONDS, write_usage
from api.runtime.runtime import Runtime
from api.worker.build import (
    build_certificate_expiry,
    build_delivery_trouble,
    build_orphaned_deliveries,
    build_reminders,
    build_retention,
    build_sign_in_mailer,
)
from engine.commands.maintenance import delete_pipeline_tokens
from engine.commands.maintenance.advance_due import advance_due
from notifications.delivery import sign_in_mail
from notifications.delivery.priority_gate import PriorityGate
from notifications.periodic import (
    certificate_expiry,
    delivery_trouble,
    orphaned_deliveries,
    reminders,
    retention,
)
from notifications.periodic.service import PeriodicService, Schedule
from notifications.webhooks.subscriptions import repair_subscriptions

log = structlog.get_logger("countersign.worker")

#: Seconds between two looks at the clock: a timer would sleep through a clock that jumps.
ADVANCE_INTERVAL_SECONDS = 0.2
#: Seconds between two checks that the heads of the ledgers name what webhooks subscribe to.
REPAIR_INTERVAL_SECONDS = 300.0

#: How often each service runs, by its name.
SCHEDULES = {
    "advance": Schedule(ADVANCE_INTERVAL_SECONDS),
    "webhook_subscriptions": Schedule(REPAIR_INTERVAL_SECONDS),
    "sign_in_mail": Schedule(sign_in_mail.POLL_SECONDS, batch_size=1),
    "reminders": Schedule(reminders.INTERVAL_SECONDS),
    "certificate_expiry": Schedule(
        certificate_expiry.INTERVAL_SECONDS, certificate_expiry.CERTIFICATES_PER_RUN
    ),
    "orphaned_deliveries": Schedule(
        orphaned_deliveries.INTERVAL_SECONDS, orphaned_deliveries.DELIVERIES_PER_RUN
    ),
    "delivery_trouble": Schedule(
        delivery_trouble.INTERVAL_SECONDS, delivery_trouble.DELIVERIES_PER_RUN
    ),
    "retention": Schedule(
        retention.INTERVAL_SECONDS, retention.ROWS_PER_RUN, retention.BATCH_PAUSE_SECONDS
    ),
    "pipeline_tokens": Schedule(
        delete_pipeline_tokens.INTERVAL_SECONDS, delete_pipeline_tokens.ROWS_PER_RUN
    ),
    "credential_usage": Schedule(WRITE_INTERVAL_SECONDS),
}
Task = Callable[[], Awaitable[int]]
OnStop = Callable[[], Awaitable[Any]]


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
    mailer, deletion = build_sign_in_mailer(settings, runtime), build_retention(settings, runtime)
    tasks: dict[str, Task] = {
        "advance": partial(advance_all, runtime, gate, stop),
        "webhook_subscriptions": partial(repair_webhook_subscriptions, runtime),
        "sign_in_mail": mailer.run_once,
        "reminders": build_reminders(settings, runtime).run_once,
        "certificate_expiry": build_certificate_expiry(runtime).run_once,
        "pipeline_tokens": partial(delete_expired_pipeline_tokens, runtime),
        "orphaned_deliveries": build_orphaned_deliveries(runtime).run_once,
        "delivery_trouble": build_delivery_trouble(runtime).run_once,
    }
    if deletion is not None:
        tasks["retention"] = deletion.run_once
    on_stop = {"sign_in_mail": mailer.close}
    return [_service(runtime, name, task, on_stop.get(name)) for name, task in tasks.items()]


def build_usage_service(runtime: Runtime) -> PeriodicService:
    """Return what writes down which credentials were used; every server has one."""
    write = partial(write_usage, runtime)
    return _service(runtime, "credential_usage", write, on_stop=write)


def _service(runtime: Runtime, name: str, task: Task, on_stop: OnStop | None) -> PeriodicService:
    return PeriodicService(
        name=name,
        run_once=task,
        schedule=SCHEDULES[name],
        on_stop=on_stop,
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


async def delete_expired_pipeline_tokens(runtime: Runtime) -> int:
    """Delete a batch of what pipelines needed for some minutes; returns how many rows."""
    delete = delete_pipeline_tokens.delete_pipeline_tokens
    return await runtime.executor.write(lambda: delete(runtime.system))


async def repair_webhook_subscriptions(runtime: Runtime) -> int:
    """Repair the subscriptions of webhooks that an older version made; returns of how many."""
    count = await runtime.executor.write(lambda: repair_subscriptions(runtime.system))
    if count:
        log.info("webhook_subscriptions_repaired", accounts=count)
    return count
