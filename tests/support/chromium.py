"""A real browser, told what to do over its debugging protocol."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.support.waiting import WAIT_LIMIT_SECONDS

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
_QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-sync", "--disable-background-networking", "--disable-component-update"),
    "--remote-debugging-port=0",
)


class Chromium:
    """One page of it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        await self._socket.send(json.dumps(message))
        while True:
            body = json.loads(await self._socket.recv())
            if body.get("id") == self._number:
                assert "error" not in body, body
                result: dict[str, Any] = body["result"]
                return result

    async def do(self, script: str) -> Any:
        """What a script of the page's own answers."""
        reply = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in reply, reply
        return reply["result"].get("value")

    async def open(self, url: str) -> None:
        """Go there, and wait until it is there."""
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def until(self, condition: str) -> None:
        """Wait until it holds; a page that is just being left answers nothing."""
        async with asyncio.timeout(WAIT_LIMIT_SECONDS):
            while True:
                try:
                    if await self.do(condition):
                        return
                except AssertionError:
                    pass
                await asyncio.sleep(0.05)

    async def sees(self, text: str) -> None:
        """Wait until the page says it."""
        try:
            await self.until(
                f"document.body && document.body.innerText.includes({json.dumps(text)})"
            )
        except TimeoutError:
            shown = await self.do("location.href + document.body.innerText")
            raise AssertionError(f"{text!r} is not in {shown!r}") from None

    async def submit(self, button: str = "form button", **fields: str) -> None:
        """Fill in the form's fields and press its button, as a person does."""
        for name, value in fields.items():
            field = f"document.querySelector('[name={name}]')"
            await self.do(f"{field}.value = {json.dumps(value)}")
        await self.do(f"document.querySelector({json.dumps(button)}).click()")


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Chromium]:
    """A browser with a profile of its own, for as long as the block lasts."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    process = _started(CHROMIUM, folder)
    try:
        port = await asyncio.to_thread(_port, folder / "DevToolsActivePort")
        async with httpx2.AsyncClient(trust_env=False) as client:
            pages = (await client.get(f"http://127.0.0.1:{port}/json/list")).json()
        url = next(p["webSocketDebuggerUrl"] for p in pages if p["type"] == "page")
        async with connect(url, proxy=None, max_size=None) as socket:
            yield Chromium(socket)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _started(program: str, folder: Path) -> subprocess.Popen[bytes]:
    command = [program, *_QUIET, f"--user-data-dir={folder}", "about:blank"]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def _port(port_file: Path) -> str:
    deadline = time.monotonic() + WAIT_LIMIT_SECONDS
    while time.monotonic() < deadline:
        if port_file.exists() and "\n" in port_file.read_text():
            return port_file.read_text().splitlines()[0]
        time.sleep(0.05)
    raise AssertionError("chromium did not start")
