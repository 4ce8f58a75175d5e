"""The ledger verified by the dashboard in a real browser, over databases that were changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from engine.model.events import Recorded, TeamUpdated
from engine.model.facts import CLOCK
from engine.persistence.db.database import Database
from engine.persistence.store import ledger
from engine.persistence.store import tables as t
from engine.persistence.store.ledger import Head
from tests.support.built_dashboard import build_dashboard
from tests.support.chromium import Chromium, chromium, needs_chromium
from tests.support.ledger_changes import (
    Change,
    change_text,
    cut_end,
    delete_entry,
    rewrite,
    tamper,
)
from tests.support.node import FOLDER, install
from tests.support.served_site import ServedSite, served_site
from tests.support.world import NOON

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    needs_chromium,
]

#: More than are read, and hashed, at once.
ENTRIES = 1200
WATCH = """window.refused = [];
addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective))"""
VIOLATIONS = """axe.run({ resultTypes: ["violations"] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`))"""
VERDICT = 'document.querySelector("[role=dialog] .mantine-Alert-root")'


class Auditor:
    """Somebody at the page of the ledger, with a keyboard and no mouse."""

    def __init__(self, site: ServedSite, browser: Chromium, database: Database) -> None:
        self.site = site
        self.browser = browser
        self.database = database
        with database.reading() as connection:
            self.account_id = connection.execute(sa.select(t.accounts.c.id)).scalar_one()

    def head(self) -> Head:
        with self.database.reading() as connection:
            return ledger.head(connection, self.account_id)

    def tamper(self, change: Change) -> None:
        tamper(self.database, change)

    async def press(self, key: str, text: str | None = None) -> None:
        for type_ in ("keyDown", "keyUp"):
            shown = {"text": text} if text and type_ == "keyDown" else {}
            code = {"Enter": 13, "Tab": 9, "Escape": 27}[key]
            parameters = {"key": key, "code": key, "windowsVirtualKeyCode": code} | shown
            await self.browser.call("Input.dispatchKeyEvent", type=type_, **parameters)

    async def open(self) -> None:
        await self.browser.open(f"{self.site.url}/ledger")
        await self.browser.sees("Verify in this browser")
        await self.browser.do(WATCH)

    async def open_dialog(self) -> None:
        await self.browser.do(_button("Verify in this browser") + ".focus()")
        await self.press("Enter", "\r")
        await self.browser.until("document.activeElement.tagName === 'TEXTAREA'")

    async def verify(self, kept: str = "") -> str:
        """Verify the ledger as it is now; what the page says of it."""
        await self.open()
        await self.open_dialog()
        await self.start(kept)
        await self.browser.until(f"{VERDICT} !== null")
        assert await self.browser.do("window.refused") == []
        return str(await self.browser.do(f"{VERDICT}.innerText"))

    async def start(self, kept: str = "") -> None:
        await self.browser.call("Input.insertText", text=kept)
        for _ in ("the button that closes the dialog", "the one that verifies"):
            await self.press("Tab")
        await self.press("Enter", "\r")

    async def assert_accessible(self) -> None:
        assert await self.browser.do(VIOLATIONS) == []
        assert await self.browser.do("document.documentElement.scrollWidth <= innerWidth")


def _button(name: str) -> str:
    buttons = 'Array.from(document.querySelectorAll("button, a"))'
    return f"{buttons}.find(({{ innerText }}) => innerText === {json.dumps(name)})"


@asynccontextmanager
async def auditing(database_url: str, folder: Path) -> AsyncIterator[Auditor]:
    """A real server with a long ledger, and an auditor who is signed in."""
    if not await asyncio.to_thread(build_dashboard):
        pytest.skip("npm could not install what dashboard/package-lock.json pins")
    async with (
        served_site(database_url, folder, COUNTERSIGN_DASHBOARD="true") as site,
        chromium(folder / "profile") as browser,
    ):
        database = Database(database_url)
        auditor = Auditor(site, browser, database)
        event = TeamUpdated(subject_id=uuid4(), changes={"name": ("Zoë", "Zoë\n")})
        with database.writing() as connection:
            ledger.append(
                connection, auditor.account_id, [Recorded(event, CLOCK, NOON)] * ENTRIES, NOON
            )
            connection.commit()
        await site.sign_in(browser, then="The next seven days")
        yield auditor
        database.dispose()


@pytest.mark.anyio
async def test_a_ledger_is_verified_in_the_browser_and_what_was_changed_is_found(
    database_url: str, tmp_path: Path
) -> None:
    async with auditing(database_url, tmp_path) as auditor:
        head = auditor.head()
        kept = f"{head.count} {head.hash.hex()}"
        said = await auditor.verify()
        assert f"The ledger holds: {head.count:,} entries" in said
        assert "The server sent the entries and the head." in said
        assert kept in said
        assert f"The hash of entry {head.count:,}" in await auditor.verify(kept)
        printed = {"account": str(auditor.account_id), "count": head.count, "hash": head.hash.hex()}
        assert f"The hash of entry {head.count:,}" in await auditor.verify(json.dumps(printed))
        elsewhere = json.dumps(printed | {"account": str(uuid4())})
        assert "of the ledger of another account" in await auditor.verify(elsewhere)

        auditor.tamper(rewrite(auditor.account_id, 700, reason="nothing to see"))
        assert "The ledger holds" in await auditor.verify()
        said = await auditor.verify(kept)
        assert f"The ledger is broken at entry {head.count:,}" in said
        assert "the ledger was rewritten here or before" in said

        auditor.tamper(cut_end(auditor.account_id, 900))
        assert "The ledger holds: 900 entries" in await auditor.verify()
        assert "The ledger is broken at entry 901" in await auditor.verify(kept)

        auditor.tamper(delete_entry(900))
        said = await auditor.verify()
        assert "The ledger is broken at entry 900" in said
        assert "Entries are missing at the end" in said

        auditor.tamper(change_text(600))
        said = await auditor.verify()
        assert "The ledger is broken at entry 600" in said
        assert "Its text was changed" in said

        auditor.tamper(delete_entry(550))
        assert "the next one has position 551" in await auditor.verify()


@pytest.mark.anyio
async def test_the_dialog_is_accessible_in_every_state(database_url: str, tmp_path: Path) -> None:
    await asyncio.to_thread(install)
    axe = (FOLDER / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    async with auditing(database_url, tmp_path) as auditor:
        browser, count = auditor.browser, auditor.head().count
        for scheme, width in (("light", 1280), ("dark", 360)):
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            await browser.call("Emulation.setEmulatedMedia", features=features)
            size: dict[str, Any] = {"width": width, "height": 800, "deviceScaleFactor": 1}
            await browser.call("Emulation.setDeviceMetricsOverride", mobile=False, **size)
            assert "The ledger holds" in await auditor.verify()
            await browser.do(axe)
            await auditor.assert_accessible()
            await set_offline(browser, True)
            await auditor.press("Enter", "\r")
            await browser.sees("The connection broke off.")
            await auditor.assert_accessible()
            await set_offline(browser, False)
            assert "is broken at entry" in await auditor.verify(f"{count} {'0' * 64}")
            await browser.do(axe)
            await auditor.assert_accessible()


async def set_offline(browser: Chromium, offline: bool) -> None:
    await browser.call("Network.enable")
    unlimited = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    await browser.call("Network.emulateNetworkConditions", offline=offline, **unlimited)


@pytest.mark.anyio
async def test_what_is_no_head_and_who_may_not_are_told(database_url: str, tmp_path: Path) -> None:
    async with auditing(database_url, tmp_path) as auditor:
        browser = auditor.browser
        await auditor.open()
        await auditor.open_dialog()
        await auditor.start("12 twelve")
        await browser.sees("This is no head.")
        assert await browser.do(f"{VERDICT} === null")
        await auditor.press("Escape")
        await browser.until("document.querySelector('[role=dialog]') === null")
        await browser.until(f"document.activeElement === {_button('Verify in this browser')}")

        link = f"{_button('Download')}.href"
        lines = await browser.do(f"fetch({link}).then((answer) => answer.text())")
        assert json.loads(lines.splitlines()[-1])["head"]["count"] == auditor.head().count

        await auditor.open_dialog()
        auditor.tamper(lambda connection: connection.execute(t.user_roles.delete()))
        await auditor.start()
        await browser.sees("You need the permission View ledger.")
