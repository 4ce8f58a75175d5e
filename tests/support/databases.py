"""Migrated databases for tests: each test gets a fresh copy of a template, on each backend."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.persistence.database import Database
from engine.persistence.migrate import migrate
from tests.support.postgres import PostgresServer

BACKENDS = ("sqlite", "postgresql")


class Templates:
    """One migrated database for each backend, made once for each process that runs tests."""

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        self._folder = folder
        self._server = server
        self._templates: dict[str, str] = {}
        self._count = 0

    @contextmanager
    def fresh(self, backend: str) -> Iterator[str]:
        """The URL of a fresh migrated database, dropped at the end of the block."""
        template = self._templates.get(backend) or self._make(backend)
        if backend == "postgresql":
            url = self._server.create_database(template)
            yield url
            self._server.drop_database(url)
        else:
            self._count += 1
            path = self._folder / f"{self._count}.sqlite"
            shutil.copy(template.removeprefix("sqlite:///"), path)
            yield f"sqlite:///{path}"
            for leftover in self._folder.glob(f"{path.name}*"):
                leftover.unlink()

    def _make(self, backend: str) -> str:
        if backend == "postgresql":
            url = self._server.create_database()
        else:
            url = f"sqlite:///{self._folder / 'template.sqlite'}"
        database = Database(url)
        migrate(database)
        database.dispose()
        self._templates[backend] = url
        return url
