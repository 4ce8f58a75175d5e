"""The engine as a server has it, with its event handlers, hooks and clock."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop
from pydantic import SecretStr

from api.bootstrap import build_runtime, connected
from api.cli.running import settle_in
from api.config.settings import Settings
from api.runtime.runtime import Runtime
from benchmarks.environment.servers import MASTER_KEY
from engine.system import System


@contextmanager
def production_runtime(url: str) -> Iterator[Runtime]:
    """Give the runtime over a database that is up to date, set up as `serve` sets itself up."""
    runtime = build_runtime(_settings(url))
    settle_in()
    with connected(runtime):
        yield runtime


@contextmanager
def production_system(url: str) -> Iterator[System]:
    """Give the engine of such a runtime."""
    with production_runtime(url) as runtime:
        yield runtime.system


def event_loop() -> asyncio.Runner:
    """Return a runner with the kind of event loop that `serve` uses."""
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def _settings(url: str) -> Settings:
    """Return the settings that are required, and no others."""
    return Settings(
        database_url=SecretStr(url),
        smtp_url=SecretStr("smtp://127.0.0.1:1?tls=none"),
        mail_from="Countersign <countersign@example.com>",
        public_url="http://127.0.0.1:8000",
        secret_key=SecretStr(secrets.token_urlsafe(32)),
        master_key=SecretStr(base64.b64encode(MASTER_KEY).decode()),
    )
