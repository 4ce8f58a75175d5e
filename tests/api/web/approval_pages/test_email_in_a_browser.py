"""The decision page in a real browser: no script of its own, and yet two steps to reject."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from api.web.approval_pages.routes import email_action_routes
from engine.model.vocabulary import Status
from tests.api.web.approval_pages.test_email_scanner import free_port, needs_chromium, serving
from tests.api.web.sign_in.chromium import chromium
from tests.support.databases import Templates
from tests.support.notices import LINK_KEY, Notices, with_outbox
from tests.support.runtime import runtime_of
from tests.support.world import World

pytestmark = [needs_chromium, pytest.mark.anyio]


@pytest.fixture
def world(templates: Templates) -> Iterator[World]:
    """On SQLite alone: a browser does not know what is behind the page."""
    with templates.world("sqlite") as world:
        yield with_outbox(world)


@pytest.mark.timeout(120)
async def test_a_rejection_takes_two_steps_and_a_reason_and_an_approval_takes_neither(
    world: World, tmp_path: Path
) -> None:
    notices = Notices(world)
    rejected = world.request()
    spare = frozenset({world.things["spare"]})
    approved = world.request(name="Eagle", keypair_ids=spare)
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    app = Starlette(routes=email_action_routes(runtime_of(world), LINK_KEY, public))

    with serving(app, port):
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
