"""The environment of the demo: settings with random secrets, servers, and a temporary folder."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from api.app import create_app
from api.bootstrap import build_system
from api.config.settings import Settings
from api.demo.mailbox import Mailbox, smtp_server
from api.demo.seeded_account import SeededAccount, settle_in
from api.runtime.startup_checks import open_database
from api.web.http.background_server import background_server
from api.web.mailbox.mailbox_app import mailbox_app
from engine.persistence.store.migrate import migrate

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class DemoEnvironment:
    """The addresses and the account of a running demo."""

    url: str
    mailbox_url: str
    smtp_port: int
    mailbox: Mailbox
    cast: SeededAccount
    folder: Path


@contextmanager
def stage(port: int | None = None) -> Iterator[DemoEnvironment]:
    """Run the whole product and a mailbox during the block, and remove everything after it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="countersign-demo-")))
        mailbox = Mailbox()
        smtp_port = stack.enter_context(_mail_server(mailbox))
        own, mail = _free_port(port), _free_port(port + 1 if port else None)
        settings = _settings(folder, own, smtp_port)
        cast = _prepare(settings)
        stack.enter_context(background_server(mailbox_app(mailbox), HOST, mail))
        stack.enter_context(background_server(create_app(settings), HOST, own))
        yield DemoEnvironment(
            f"http://{HOST}:{own}", f"http://{HOST}:{mail}", smtp_port, mailbox, cast, folder
        )


def _settings(folder: Path, port: int, smtp_port: int) -> Settings:
    # Made up anew each time: the demo's secrets are worth nothing.
    return Settings(
        database_url=SecretStr(f"sqlite:///{folder / 'countersign.db'}"),
        smtp_url=SecretStr(f"smtp://{HOST}:{smtp_port}?tls=none"),
        mail_from="Countersign <countersign@example.com>",
        public_url=f"http://{HOST}:{port}",
        secret_key=SecretStr(secrets.token_urlsafe(32)),
        master_key=SecretStr(base64.b64encode(os.urandom(32)).decode()),
        ide=True,
    )


def _prepare(settings: Settings) -> SeededAccount:
    database = open_database(settings)
    migrate(database)
    # Nobody wants to read a mailbox full of how the demo was set up.
    cast = settle_in(replace(build_system(settings, database), event_handlers=()))
    database.dispose()
    return cast


@contextmanager
def _mail_server(mailbox: Mailbox) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = smtp_server(mailbox, host=HOST)
    port = asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


def _free_port(preferred: int | None) -> int:
    """Return the preferred port if it is free, otherwise any."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            free: int = probe.getsockname()[1]
            return free
    raise RuntimeError("there is no free port")
