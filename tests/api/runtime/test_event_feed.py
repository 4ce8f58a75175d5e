"""What is committed reaches listeners of the host, and nothing that they do reaches the commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import structlog

from api.runtime import event_feed
from api.runtime.event_feed import CommittedEvent, EventFeed, feeding
from engine.model.events import ReleaseRequested
from engine.model.vocabulary import Channel
from tests.support.waiting import WAIT_LIMIT_SECONDS
from tests.support.world import World

pytestmark = pytest.mark.anyio


class Recorder:
    """A listener that keeps what it is called with."""

    def __init__(self) -> None:
        self.events: list[CommittedEvent] = []

    async def __call__(self, event: CommittedEvent) -> None:
        self.events.append(event)

    @property
    def tags(self) -> list[str]:
        return [event.event.tag for event in self.events]


def listened_to(world: World, *feeds: EventFeed) -> None:
    world.system = replace(world.system, event_listeners=feeds)


async def in_a_thread(change: Callable[[], object]) -> None:
    """As commands run: on another thread than the event loop's."""
    await asyncio.get_running_loop().run_in_executor(None, change)


async def test_a_listener_gets_each_entry_with_who_did_it(world: World) -> None:
    recorder = Recorder()
    feed = EventFeed(recorder)
    listened_to(world, feed)
    async with feeding([feed]):
        await in_a_thread(world.request)
    entry = world.ledger()[-1]
    (event,) = recorder.events
    assert isinstance(event.event, ReleaseRequested)
    assert (event.account_id, event.position) == (world.account_id, entry.position)
    assert (event.actor.user_id, event.actor.channel) == (world.people["dev"], Channel.API)
    assert event.effective_at == world.clock.instant


async def test_a_refused_command_is_its_entry_and_a_change_of_nothing_is_none(world: World) -> None:
    recorder = Recorder()
    feed = EventFeed(recorder)
    listened_to(world, feed)
    async with feeding([feed]):
        await in_a_thread(lambda: world.settings(max_window_days=366))
        assert recorder.events == []
        release = world.request()
        with pytest.raises(Exception, match="approve"):
            await in_a_thread(lambda: world.decide("dev", release))
    assert recorder.tags == ["release:requested", "attempt:refused"]


async def test_a_listener_that_fails_stops_neither_the_commit_nor_the_others(world: World) -> None:
    recorder = Recorder()

    async def fails(event: CommittedEvent) -> None:
        raise ValueError("with a secret in it")

    feeds = [EventFeed(fails), EventFeed(recorder)]
    listened_to(world, *feeds)
    with structlog.testing.capture_logs() as logs:
        async with feeding(feeds):
            await in_a_thread(world.approved)
    assert recorder.tags[-1] == "release:approved"
    failed = [line for line in logs if line["event"] == "event_listener_failed"]
    assert len(failed) == len(recorder.events)
    assert "secret" not in str(failed)


async def test_a_listener_that_hangs_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_feed, "LISTENER_SECONDS", 0.01)
    started: list[str] = []

    async def hangs(event: CommittedEvent) -> None:
        started.append(event.event.tag)
        await asyncio.Event().wait()

    feed = EventFeed(hangs)
    listened_to(world, feed)
    async with feeding([feed]):
        await in_a_thread(world.request)
        await in_a_thread(lambda: world.add_keypair("further"))
    assert started == ["release:requested", "keypair:created"]


async def test_the_end_does_not_wait_long_for_a_listener(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "SHUTDOWN_SECONDS", 0.05)
    started = asyncio.Event()

    async def hangs(event: CommittedEvent) -> None:
        started.set()
        await asyncio.Event().wait()

    feed = EventFeed(hangs)
    listened_to(world, feed)
    async with asyncio.timeout(WAIT_LIMIT_SECONDS):
        async with feeding([feed]):
            await in_a_thread(world.request)
            await started.wait()


async def test_what_waits_for_a_slow_listener_is_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "MAX_WAITING_EVENTS", 2)
    recorder, goes_on = Recorder(), asyncio.Event()

    async def waits(event: CommittedEvent) -> None:
        await goes_on.wait()
        await recorder(event)

    feed = EventFeed(waits)
    listened_to(world, feed)
    with structlog.testing.capture_logs() as logs:
        async with feeding([feed]):
            for alias in ("one", "two", "three", "four", "five"):
                await in_a_thread(partial(world.add_keypair, alias))
            goes_on.set()
    assert len(recorder.events) == 3
    assert "events_dropped" in {line["event"] for line in logs}


def test_before_it_runs_and_after_its_loop_ended_it_does_nothing(world: World) -> None:
    recorder = Recorder()
    feed = EventFeed(recorder)
    listened_to(world, feed)
    world.add_keypair("before")

    async def run() -> None:
        async with feeding([feed]):
            await in_a_thread(lambda: world.add_keypair("meanwhile"))

    asyncio.run(run())
    world.add_keypair("after")
    assert recorder.tags == ["keypair:created"]
