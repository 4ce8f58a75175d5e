"""A PgBouncer in transaction mode before a test's PostgreSQL, where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from engine.persistence.db.pg_notify import psycopg_url
from tests.support.postgres import NOBODY
from tests.support.running import free_port

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CONFIG = """\
[databases]
* = host={host} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 500
query_wait_timeout = 5
server_login_retry = 1
"""


@contextmanager
def pooled(url: str, folder: Path, *, size: int = 8) -> Iterator[str]:
    """The same database by way of a PgBouncer, for as long as the block lasts."""
    if PROGRAM is None:
        pytest.skip("pgbouncer is not installed")
    port, host = free_port(), make_url(url).query["host"]
    config = folder / "pgbouncer.ini"
    config.write_text(CONFIG.format(host=host, port=port, size=size))
    command: list[str | Path] = [PROGRAM, "--quiet", config]
    if NOBODY is not None:  # it refuses to be root
        for path in (folder, *folder.parents):
            path.chmod(path.stat().st_mode | 0o111)
        command[1:1] = ["--user", NOBODY.pw_name]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    through = make_url(url).set(host="127.0.0.1", port=port, query={})
    try:
        _await(psycopg_url(through))
        yield through.render_as_string(hide_password=False)
    finally:
        process.kill()
        process.wait()


def _await(address: str) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
