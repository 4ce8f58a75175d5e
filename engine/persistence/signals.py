"""PostgreSQL's NOTIFY and LISTEN: so that processes hear of each other's commits at once.

Only a wake-up: what is news is always read from the tables, and a poll lies beneath. NOTIFY is
sent after the commit, in a statement of its own and once for many: inside a transaction it would
serialise every commit of the database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.engine import URL

log = structlog.get_logger("countersign.signals")

CHANNEL = "countersign"
#: Seconds between two looks whether to stop, or to connect again.
PAUSE = 0.5


def connection_string(url: URL) -> str:
    """The URL as psycopg itself reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


class Notifier:
    """Tells the other processes which accounts have news; calls of one moment become one."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._accounts: set[UUID] = set()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)

    def __call__(self, account_id: UUID) -> None:
        """One of `System.wakers`; returns at once."""
        with self._lock:
            self._accounts.add(account_id)
            if self._thread.ident is None:
                self._thread.start()
        self._news.set()

    def close(self) -> None:
        """Send what is waiting, then stop."""
        self._stopped.set()
        self._news.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not (self._stopped.is_set() and not self._accounts):
            try:
                with psycopg.connect(connection_string(self._url), autocommit=True) as connection:
                    self._send(connection)
            except psycopg.Error:
                log.warning("notify failed", exc_info=True)
                if self._stopped.wait(PAUSE):
                    return

    def _send(self, connection: psycopg.Connection) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            with self._lock:
                accounts, self._accounts = self._accounts, set()
            for account_id in accounts:
                connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, str(account_id)))
            if self._stopped.is_set():
                return


class Listener:
    """Hears which accounts have news, from whichever process; connects again when it has to."""

    def __init__(self, url: URL, heard: Callable[[UUID], None]) -> None:
        self._url = url
        self._heard = heard
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listen", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop within a moment."""
        self._stopped.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with psycopg.connect(connection_string(self._url), autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._listen(connection)
            except psycopg.Error:
                log.warning("listen failed", exc_info=True)
                self._stopped.wait(PAUSE)

    def _listen(self, connection: psycopg.Connection) -> None:
        while not self._stopped.is_set():
            for told in connection.notifies(timeout=PAUSE):
                try:
                    self._heard(UUID(told.payload))
                except ValueError:
                    continue
