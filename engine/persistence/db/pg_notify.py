"""Notifies other processes of commits at once, by PostgreSQL's NOTIFY and LISTEN.

A notification only wakes a process up, which then reads the tables; it also polls them. NOTIFY is
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

from engine.persistence.db.postgresql import PgConnection
from engine.persistence.db.timeouts import CONNECT_SECONDS

log = structlog.get_logger("countersign.pg_notify")

CHANNEL = "countersign"
#: Seconds between two looks whether to stop, or to connect again.
RECONNECT_SECONDS = 0.5


def psycopg_url(url: URL) -> str:
    """The URL of the database as psycopg reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def open_connection(url: URL) -> PgConnection:
    """A connection outside of the pool, without prepared statements.

    Behind a pooler a prepared statement might be looked for in another session.
    """
    return PgConnection.connect(
        psycopg_url(url), autocommit=True, prepare_threshold=None, **CONNECT_SECONDS
    )


class PgNotifier:
    """Notifies other processes of accounts that have changed; calls of one moment are combined."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._accounts: set[UUID] = set()
        self._lock = threading.Lock()
        self._has_accounts = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)

    def __call__(self, account_id: UUID) -> None:
        """Notify of an account, in the background; a hook of `System.commit_hooks`."""
        with self._lock:
            self._accounts.add(account_id)
            if self._thread.ident is None:
                self._thread.start()
        self._has_accounts.set()

    def close(self) -> None:
        """Send what waits, then stop."""
        self._stopped.set()
        self._has_accounts.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        failures = _FailureLog("notify")
        while not (self._stopped.is_set() and not self._accounts):
            try:
                with open_connection(self._url) as connection:
                    failures.recovered()
                    self._send(connection)
            except psycopg.Error as error:
                failures.failed(error)
                if self._stopped.wait(RECONNECT_SECONDS):
                    return

    def _send(self, connection: psycopg.Connection) -> None:
        while True:
            self._has_accounts.wait()
            self._has_accounts.clear()
            with self._lock:
                accounts, self._accounts = self._accounts, set()
            try:
                for account_id in accounts:
                    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, str(account_id)))
            except psycopg.Error:
                with self._lock:
                    self._accounts |= accounts
                self._has_accounts.set()
                raise
            if self._stopped.is_set():
                return


class PgListener:
    """Calls a function for each account that any process has changed; reconnects by itself."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, on_commit: Callable[[UUID], None]) -> None:
        """Listen in a thread, which calls the function with the account's id."""
        self._thread = threading.Thread(
            target=self._run, args=(on_commit,), name="listen", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self, on_commit: Callable[[UUID], None]) -> None:
        failures = _FailureLog("listen")
        while not self._stopped.is_set():
            try:
                with open_connection(self._url) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    failures.recovered()
                    self._listen(connection, on_commit)
            except psycopg.Error as error:
                failures.failed(error)
                self._stopped.wait(RECONNECT_SECONDS)

    def _listen(self, connection: psycopg.Connection, on_commit: Callable[[UUID], None]) -> None:
        while not self._stopped.is_set():
            for notification in connection.notifies(timeout=RECONNECT_SECONDS):
                try:
                    on_commit(UUID(notification.payload))
                except ValueError:
                    continue


class _FailureLog:
    """Logs the first of several failures, and the recovery."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._is_failing = False

    def failed(self, error: Exception) -> None:
        """The operation failed, perhaps again."""
        if not self._is_failing:
            log.warning("pg_notify_failed", operation=self._operation, error=str(error)[:500])
        self._is_failing = True

    def recovered(self) -> None:
        """The operation succeeded."""
        if self._is_failing:
            log.info("pg_notify_recovered", operation=self._operation)
        self._is_failing = False
