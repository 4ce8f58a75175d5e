"""The worker: advances what time has made due, and relays messages, until it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from api.config.settings import Settings
from api.runtime.runtime import Runtime
from api.worker.build import (
    build_relays,
    build_reminders,
    build_retention,
    build_sign_in_mailer,
    build_stranded,
)
from engine.commands.maintenance.advance_due import advance_due
from engine.logs.log_throttle import LogThrottle
from engine.model.errors import Refusal
from notifications.delivery.priority_gate import PriorityGate
from notifications.webhooks.subscriptions import mend_heard

log = structlog.get_logger("countersign.worker")

#: A database that is away or full is told of now and then, not once a second.
_waits = LogThrottle()

#: Seconds between two looks at the clock: a timer would sleep through a clock that jumps.
PAUSE = 0.2
#: Seconds to wait after a failure, so that a database that is away is not hammered.
AFTER_FAILURE = 1.0
#: Seconds between two looks whether each webhook is heard.
HEARING = 300.0


async def run_worker(settings: Settings, runtime: Runtime, stop: asyncio.Event) -> None:
    """All parts of the worker, until `stop` is set; what is under way is finished."""
    relays, mailer = build_relays(settings, runtime), build_sign_in_mailer(settings, runtime)
    first = PriorityGate()
    await asyncio.gather(
        advance_forever(runtime, stop, first),
        listen_forever(runtime, stop),
        *(relay.run(stop, runtime.outbox.branch(), first) for relay in relays),
        mailer.run(stop),
        build_reminders(settings, runtime).run(stop),
        build_stranded(runtime).run(stop),
        *(retention.run(stop) for retention in build_retention(settings, runtime)),
    )


async def advance_forever(runtime: Runtime, stop: asyncio.Event, first: PriorityGate) -> None:
    """Advance releases within a second of their instant."""
    while not stop.is_set():
        with first.held() as insist:
            pause = await _advance_all(runtime, stop, insist)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


async def _advance_all(runtime: Runtime, stop: asyncio.Event, insist: Callable[[], None]) -> float:
    """Whatever is due; answers how many seconds to wait until the next look."""
    try:
        # What is found is maybe held by others: only what moved is a reason to go on.
        while await runtime.executor.write(lambda: advance_due(runtime.system)):
            insist()
            if stop.is_set():
                break
    except Refusal as refusal:  # the database is away, or has too much to do
        _, not_logged = _waits.meet(refusal.message)
        if not_logged is not None:
            log.warning("advance waits", reason=refusal.message, not_logged=not_logged)
        return AFTER_FAILURE
    except Exception:
        log.exception("advance failed")
        return AFTER_FAILURE
    return PAUSE


async def listen_forever(runtime: Runtime, stop: asyncio.Event) -> None:
    """Have webhooks heard that a version made which did not know that it has to be said."""
    while not stop.is_set():
        try:
            if mended := await runtime.executor.write(lambda: mend_heard(runtime.system)):
                log.info("webhooks of an older version are heard now", accounts=mended)
        except Refusal as refusal:
            log.warning("webhooks wait to be heard", reason=refusal.message)
        except Exception:
            log.exception("webhooks are not heard")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), HEARING)
