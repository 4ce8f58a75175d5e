"""`countersign mailbox`: a mail server that keeps what it is sent and shows it, for a trial."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import structlog
import typer

from api.cli.running import QuietServer, server_config
from api.cli.sockets import bind
from api.observability.logs import configure_logs
from api.runtime.draining import InFlight
from api.web.http.hosts import KnownHosts

log = structlog.get_logger("countersign.mailbox")

#: Seconds within which it ends.
_SHUTDOWN_SECONDS = 5.0

Host = Annotated[
    str,
    typer.Option(
        help="Address to listen on. Whoever can connect there reads every mail, with its links."
    ),
]
PagePort = Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")]
SmtpPort = Annotated[int, typer.Option(min=1, max=65535, help="Port that mail is sent to.")]


def mailbox(host: Host = "127.0.0.1", port: PagePort = 8025, smtp_port: SmtpPort = 1025) -> None:
    """Receive mail, keep the newest in memory, and show them at a page. Nothing is sent on.

    Let COUNTERSIGN_SMTP_URL be smtp://127.0.0.1:1025?tls=none to try everything without a mail
    server.
    """
    try:
        import aiosmtpd  # noqa: F401 - part of the extra `demo`
    except ModuleNotFoundError as error:
        print(f"countersign: {error.name} is missing: install {error.name}.", file=sys.stderr)
        raise typer.Exit(2) from error
    configure_logs(as_json=False)
    asyncio.run(_receive_and_show(host, port, smtp_port))


async def _receive_and_show(host: str, port: int, smtp_port: int) -> None:
    """Receive mails and show them until SIGTERM or SIGINT."""
    from api.demo.mailbox import Mailbox, smtp_server
    from api.web.mailbox.mailbox_app import mailbox_app

    mailbox = Mailbox()
    page_sockets, smtp_sockets = bind(host, port), bind(host, smtp_port, "--smtp-port")
    for opened in smtp_sockets:
        opened.close()
    app = KnownHosts(mailbox_app(mailbox), public_url=f"http://{host}:{port}")
    config = server_config(app, host, port, trusted_proxies="")
    server = QuietServer(config, asyncio.Event(), InFlight(), _SHUTDOWN_SECONDS)
    async with smtp_server(mailbox, host=host, port=smtp_port):
        log.info("receiving_mail", host=host, port=smtp_port)
        await server.serve(page_sockets)
