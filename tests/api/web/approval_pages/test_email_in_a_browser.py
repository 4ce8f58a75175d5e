"""The decision page in a real browser: no script of its own, and yet two steps to reject."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model.vocabulary import Status
from tests.support.approval_pages import served_pages
from tests.support.chromium import chromium, needs_chromium
from tests.support.databases import Templates
from tests.support.notices import Notices, with_outbox
from tests.support.world import World

pytestmark = [needs_chromium, pytest.mark.anyio]


@pytest.fixture
def world(templates: Templates) -> Iterator[World]:
    """On SQLite alone: a browser does not know what is behind the page."""
    with templates.world("sqlite") as world:
        yield with_outbox(world)


@pytest.mark.timeout(120)
async def test_a_rejection_takes_two_steps_and_a_reason_and_an_approval_takes_neither(
    world: World, notices: Notices, tmp_path: Path
) -> None:
    rejected = world.request()
    spare = frozenset({world.things["spare"]})
    approved = world.request(name="Eagle", keypair_ids=spare)
    with served_pages(world) as public:
        async with chromium(tmp_path) as browser:
            await browser.open(f"{public}/decide/{notices.spelling('ann', rejected)}")
            visible = "document.querySelector('button.reject').checkVisibility()"
            assert await browser.do(visible) is False
            await browser.do("document.querySelector('summary').click()")
            assert await browser.do(visible) is True
            await browser.submit("button.reject")
            assert await browser.do("document.querySelector('#reason').validity.valid") is False
            assert world.release(rejected).status is Status.PENDING
            await browser.submit("button.reject", reason="Not before the audit.")
            await browser.sees("You rejected Falcon 1.0")

            await browser.open(f"{public}/decide/{notices.spelling('ann', approved)}")
            await browser.submit("button.approve", comment="Fine.")
            await browser.sees("You approved Eagle")

    assert world.release(rejected).end_reason == "Not before the audit."
    assert world.release(approved).status is Status.PENDING
