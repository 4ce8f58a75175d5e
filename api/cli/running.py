"""Settings, servers and workers for the command line."""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import ParamSpec, TypeVar

import structlog
import typer
import uvicorn
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from starlette.types import ASGIApp

from api.cli.importing import COLLECTION_THRESHOLDS
from api.cli.sockets import bind, host_and_port, metrics_address, require_metrics_address
from api.config.settings import PREFIX, Settings
from api.config.settings_docs import faults
from api.config.settings_files import env_file
from api.observability.exposition import exposed
from api.observability.logs import configure_logs
from api.runtime.draining import InFlight
from api.runtime.startup_checks import NotReadyError
from api.web.http.background_server import background_server
from api.web.http.connection_limits import ConnectionLimits, connection_limits
from api.web.http.connections import IDLE_CONNECTION_SECONDS, limited_protocols
from engine.model.errors import Refusal
from engine.persistence.store.backup import BackupError
from engine.persistence.store.retry import translate_db_error as database_trouble
from engine.signers.base import SignerFailed
from engine.signers.keyring import KeyringError
from notifications.channels.mail_folder import folder_of

log = structlog.get_logger("countersign")

#: Seconds that a busy event loop keeps a thread waiting which has the next statement of a
#: transaction ready, and locks held. Python's own is 0.005.
SWITCH = 0.001

#: Of the time that a process has to end in, how much is for requests under way; the rest is for
#: letting go.
GRACE = 0.6

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def exit_with_refusal(command: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """What a person can mend is told in a sentence, not in a traceback."""

    @functools.wraps(command)
    def telling(*args: Arguments.args, **options: Arguments.kwargs) -> Answer:
        try:
            return command(*args, **options)
        except (Refusal, NotReadyError, KeyringError, SignerFailed, BackupError) as error:
            print(f"countersign: {error}", file=sys.stderr)
            raise typer.Exit(1) from error
        except DBAPIError as error:
            if not isinstance(refusal := database_trouble(error), Refusal):
                raise
            print(f"countersign: {refusal} ({_first_line(error.orig)})", file=sys.stderr)
            raise typer.Exit(1) from error

    return telling


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0]


def load_settings(read: Callable[[], Settings] = Settings) -> Settings:
    """The settings, or a list of all that is missing or wrong; values are never shown."""
    try:
        return read()
    except ValidationError as error:
        for fault in faults(error):
            print(f"countersign: {fault}", file=sys.stderr)
        where = f"Settings are read from the environment and from {env_file()};"
        print(f"{where} `countersign settings` explains each.", file=sys.stderr)
        if not env_file().exists():
            print("There is no such file yet: `countersign init` writes one.", file=sys.stderr)
        raise typer.Exit(2) from error
    except (OSError, UnicodeDecodeError) as error:
        print(f"countersign: {env_file()} cannot be read: {error}", file=sys.stderr)
        raise typer.Exit(2) from error


def told_to_end(number: int, seconds: float) -> None:
    """Say so, and see to it that it ends in time."""
    log.info("ending", signal=signal.Signals(number).name, within_seconds=seconds)
    end_within(seconds)


def end_within(seconds: float) -> None:
    """However much hangs then: nothing is lost that would not also outlive a power cut."""

    def end() -> None:
        log.warning("did not end in time", seconds=seconds)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


class QuietServer(uvicorn.Server):
    """Ends with success when it was told to end: uvicorn's own dies of the signal once more."""

    def __init__(
        self, config: uvicorn.Config, ending: asyncio.Event, in_flight: InFlight, seconds: float
    ) -> None:
        super().__init__(config)
        self._ending = ending
        self._in_flight = in_flight
        self._seconds = seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so once callers are answered."""
        await super().startup(sockets)
        for bound in sockets or ():
            host, port = bound.getsockname()[:2]
            log.info("serving", host=host, port=port)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """From now on the time runs."""
        if not self.should_exit:
            told_to_end(sig, self._seconds)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuse new work, finish what is under way, and only then close the door."""
        self._ending.set()
        await self._in_flight.finished(self._seconds * GRACE)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT ask for a graceful end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        yield


def server_config(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    trusted_proxies: str,
    limits: ConnectionLimits | None = None,
) -> uvicorn.Config:
    """How uvicorn serves it."""
    http, socket_ = limited_protocols(limits) if limits is not None else ("auto", "auto")
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=http,
        ws=socket_,
        forwarded_allow_ips=trusted_proxies,
        log_config=None,  # as everything else is logged
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_CONNECTION_SECONDS,
        timeout_graceful_shutdown=1,  # after the time that requests have
    )


@contextmanager
def mail_page(settings: Settings) -> Iterator[None]:
    """Show the mails that are kept instead of being sent, while the block lasts."""
    folder = folder_of(settings.smtp_url.get_secret_value())
    if folder is None:
        yield
        return
    from api.web.mailbox.mail_folder_app import MailFolder, mail_page_app

    host, port = host_and_port(settings.mail_page_address)
    sockets = bind(host, port, f"{PREFIX}MAIL_PAGE_ADDRESS")
    app = mail_page_app(MailFolder(folder), settings.public_url, settings.allowed_hosts)
    with background_server(app, host, port, sockets):
        log.warning("mails_are_shown", folder=str(folder), address=settings.mail_page_address)
        yield


def settle_in() -> None:
    """Give the threads that talk to the database their turn, and leave in peace what stays.

    Measured with 32 clients that sign: together they made it 1.5 to 2 times as fast.
    """
    sys.setswitchinterval(SWITCH)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTION_THRESHOLDS)


def serve(settings: Settings, host: str, port: int, *, worker: bool, processes: int = 1) -> None:
    """Serve until told to stop.

    Args:
        settings: Of the service.
        host: The address to listen on.
        port: The port to listen on.
        worker: Whether the worker runs in this process, or in the first of several.
        processes: How many processes share the port.
    """
    configure_logs(as_json=settings.log_json)
    sockets = bind(host, port)
    addresses = [metrics_address(settings, index) for index in range(processes)]
    for address in addresses:
        require_metrics_address(address)
    index = _fork(settings, processes) if processes > 1 else 0
    own = settings.model_copy(update={"metrics_address": addresses[index]})
    from api.app import create_app

    app = create_app(own, worker=worker and index == 0)
    settle_in()
    config = server_config(
        app, host, port, trusted_proxies=own.trusted_proxies, limits=_limits_of(own)
    )
    server = QuietServer(config, app.state.ending, app.state.in_flight, own.shutdown_seconds)
    with mail_page(own) if index == 0 else nullcontext():
        server.run(sockets)
    if not server.started:
        raise typer.Exit(3)


def _limits_of(settings: Settings) -> ConnectionLimits:
    return connection_limits(
        total=settings.connections,
        per_client=settings.connections_per_client,
        header_seconds=settings.header_seconds,
        pool_size=settings.pool_size,
    )


def _fork(settings: Settings, processes: int) -> int:
    """Return the index of this process among those that were forked."""
    # All that is imported before is shared; no thread and no connection is there yet.
    import api.app  # noqa: F401
    from api.cli.processes import fork_processes
    from api.runtime.startup_checks import open_database, require_current

    database = open_database(settings)
    require_current(database)
    database.dispose()
    return fork_processes(processes, settings.shutdown_seconds)


def work(settings: Settings) -> None:
    """Work until told to stop."""
    from api.bootstrap import build_runtime, connected
    from api.worker.worker import run_worker

    configure_logs(as_json=settings.log_json)
    require_metrics_address(settings.metrics_address)
    runtime = build_runtime(settings)
    settle_in()

    async def until_stopped() -> None:
        stop = asyncio.Event()

        def end(number: int) -> None:
            if not stop.is_set():
                told_to_end(number, settings.shutdown_seconds)
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, end, number)
        with exposed(runtime.meter.registry, settings.metrics_address), connected(runtime):
            await run_worker(settings, runtime, stop)

    asyncio.run(until_stopped())
