"""Settings, servers and workers for the command line."""

from __future__ import annotations

import asyncio
import functools
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import structlog
import typer
import uvicorn
from pydantic import ValidationError

from api.bootstrap import NotReadyError
from api.settings import PREFIX, Settings
from api.telemetry.exposition import exposed
from api.telemetry.logs import configure_logs
from engine.errors import Refusal
from engine.keyring import KeyringError
from engine.signers.base import SignerFailed

#: Seconds that what is under way may take once the server is told to end.
GRACE = 20

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def told(command: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """What a person can mend is told in a sentence, not in a traceback."""

    @functools.wraps(command)
    def telling(*args: Given.args, **options: Given.kwargs) -> Answer:
        try:
            return command(*args, **options)
        except (Refusal, NotReadyError, KeyringError, SignerFailed) as error:
            print(f"countersign: {error}", file=sys.stderr)
            raise typer.Exit(1) from error

    return telling


def load_settings() -> Settings:
    """The settings, or a list of what is missing or wrong; values are never shown."""
    try:
        return Settings()
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            name = PREFIX + "_".join(str(part) for part in fault["loc"]).upper()
            print(f"countersign: {name}: {fault['msg']}", file=sys.stderr)
        print("Set it in the environment or in .env; see .env.example.", file=sys.stderr)
        raise typer.Exit(2) from error


class _QuietServer(uvicorn.Server):
    """Ends with success when it was told to end: uvicorn's own dies of the signal once more."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT ask for a graceful end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        yield


def serve(settings: Settings, host: str, port: int, *, worker: bool) -> None:
    """Serve until told to stop."""
    from api.app import create_app

    configure_logs(as_json=settings.log_json)
    app = create_app(settings, worker=worker)
    structlog.get_logger("countersign").info("serving", host=host, port=port, worker=worker)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,  # as everything else is logged
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = _QuietServer(config)
    server.run()
    if not server.started:
        raise typer.Exit(3)


def work(settings: Settings) -> None:
    """Work until told to stop."""
    from api.bootstrap import build_runtime, connected
    from api.worker import run_worker

    configure_logs(as_json=settings.log_json)
    runtime = build_runtime(settings)

    async def until_stopped() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        with exposed(runtime.meter.registry, settings.metrics_address), connected(runtime):
            await run_worker(settings, runtime, stop)

    asyncio.run(until_stopped())
