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

from engine.persistence.db.timeouts import CONNECT_SECONDS, Connection

log = structlog.get_logger("countersign.signals")

CHANNEL = "countersign"
#: Seconds between two looks whether to stop, or to connect again.
RECONNECT_SECONDS = 0.5


def connection_string(url: URL) -> str:
    """The URL as psycopg itself reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def connected(url: URL) -> Connection:
    """One connection of its own; through a pooler a prepared statement would be looked for in
    another session.
    """
    return Connection.connect(
        connection_string(url), autocommit=True, prepare_threshold=None, **CONNECT_SECONDS
    )


class PgNotifier:
    """Tells the other processes which accounts have news; calls of one moment become one."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._accounts: set[UUID] = set()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)

    def __call__(self, account_id: UUID) -> None:
        """One of `System.commit_hooks`; returns at once."""
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
        trouble = _Trouble("notify")
        while not (self._stopped.is_set() and not self._accounts):
            try:
                with connected(self._url) as connection:
                    trouble.over()
                    self._send(connection)
            except psycopg.Error as error:
                trouble.seen(error)
                if self._stopped.wait(RECONNECT_SECONDS):
                    return

    def _send(self, connection: psycopg.Connection) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            with self._lock:
                accounts, self._accounts = self._accounts, set()
            try:
                for account_id in accounts:
                    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, str(account_id)))
            except psycopg.Error:
                with self._lock:
                    self._accounts |= accounts
                self._news.set()
                raise
            if self._stopped.is_set():
                return


class PgListener:
    """Hears which accounts have news, from whichever process; connects again when it has to."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, heard: Callable[[UUID], None]) -> None:
        """Listen from now on, in a thread."""
        self._thread = threading.Thread(target=self._run, args=(heard,), name="listen", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop within a moment."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self, heard: Callable[[UUID], None]) -> None:
        trouble = _Trouble("listen")
        while not self._stopped.is_set():
            try:
                with connected(self._url) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    trouble.over()
                    self._listen(connection, heard)
            except psycopg.Error as error:
                trouble.seen(error)
                self._stopped.wait(RECONNECT_SECONDS)

    def _listen(self, connection: psycopg.Connection, heard: Callable[[UUID], None]) -> None:
        while not self._stopped.is_set():
            for told in connection.notifies(timeout=RECONNECT_SECONDS):
                try:
                    heard(UUID(told.payload))
                except ValueError:
                    continue


class _Trouble:
    """Says once that something fails, and once that it works again."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_on = False

    def seen(self, error: Exception) -> None:
        """It failed, maybe again."""
        if not self._is_on:
            log.warning("signals fail", what=self._what, error=str(error)[:500])
        self._is_on = True

    def over(self) -> None:
        """It works."""
        if self._is_on:
            log.info("signals work again", what=self._what)
        self._is_on = False
