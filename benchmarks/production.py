"""The engine as a server has it, with its event handlers, hooks and clock."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from api.bootstrap import build_runtime, connected
from api.config.settings import Settings
from api.runtime.runtime import Runtime
from benchmarks.servers import MASTER_KEY
from engine.system import System


@contextmanager
def production_runtime(url: str) -> Iterator[Runtime]:
    """Over a database that is up to date; as long as the block lasts."""
    runtime = build_runtime(_settings(url))
    with connected(runtime):
        yield runtime


@contextmanager
def production_system(url: str) -> Iterator[System]:
    """The engine alone."""
    with production_runtime(url) as runtime:
        yield runtime.system


def _settings(url: str) -> Settings:
    """What has to be set, and nothing else."""
    return Settings(
        database_url=SecretStr(url),
        smtp_url=SecretStr("smtp://127.0.0.1:1?tls=none"),
        mail_from="Countersign <countersign@example.com>",
        public_url="http://127.0.0.1:8000",
        secret_key=SecretStr(secrets.token_urlsafe(32)),
        master_key=SecretStr(base64.b64encode(MASTER_KEY).decode()),
    )
