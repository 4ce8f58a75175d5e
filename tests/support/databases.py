"""Databases for tests: each test gets a fresh copy of a template, on each backend."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.persistence.db.database import Database
from engine.persistence.db.storage_faults import StorageHealth
from engine.persistence.store.migrate import migrate
from tests.support.postgres import PostgresServer
from tests.support.world import World, make_world, world_on

BACKENDS = ("sqlite", "postgresql")

#: For a dear test that the database makes little difference to: every day it runs on SQLite alone.
POSTGRESQL_IS_LONG = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)


class Templates:
    """For each backend a migrated database, and one with a small account in it.

    Made once for each process that runs tests. Copies take the name of a copy that is gone, so
    that one `Database`, which keeps the statements it has compiled, serves one test after another.
    """

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        self._folder = folder
        self._server = server
        self._templates: dict[str, str] = {}
        self._worlds: dict[str, World] = {}
        self._databases: dict[str, Database] = {}
        self._free_files: list[Path] = []
        self._file_count = 0

    @contextmanager
    def fresh(self, backend: str, *, settled: bool = False) -> Iterator[str]:
        """The URL of a fresh migrated database, dropped at the end of the block.

        Settled: with the account of `make_world` in it, for `world_on`.
        """
        template = self._settled(backend) if settled else self._migrated(backend)
        if backend == "postgresql":
            url = self._server.create_database(template)
            yield url
            self._server.drop_database(url)
        else:
            path = self._free_file()
            shutil.copy(template.removeprefix("sqlite:///"), path)
            yield f"sqlite:///{path}"
            for leftover in self._folder.glob(f"{path.name}*"):
                leftover.unlink()
            self._free_files.append(path)

    @contextmanager
    def opened(self, url: str) -> Iterator[Database]:
        """A `Database` for the URL of a copy; the block's end closes its connections."""
        database = self._databases.get(url) or self._databases.setdefault(url, Database(url))
        database.storage = StorageHealth()
        yield database
        database.dispose()

    @contextmanager
    def world(self, backend: str) -> Iterator[World]:
        """The account of `make_world` in a fresh database, dropped at the end of the block."""
        with self.fresh(backend, settled=True) as url, self.opened(url) as database:
            yield self.world_on(database)

    def world_on(self, database: Database) -> World:
        """The account of a settled database."""
        return world_on(database, self._worlds["sqlite" if database.is_sqlite else "postgresql"])

    def _free_file(self) -> Path:
        if self._free_files:
            return self._free_files.pop()
        self._file_count += 1
        return self._folder / f"{self._file_count}.sqlite"

    def _migrated(self, backend: str) -> str:
        if backend not in self._templates:
            url = self._empty(backend, "template")
            database = Database(url)
            migrate(database)
            database.dispose()
            self._templates[backend] = url
        return self._templates[backend]

    def _settled(self, backend: str) -> str:
        name = f"{backend}, settled"
        if name not in self._templates:
            migrated = self._migrated(backend)
            url = self._empty(backend, "settled", migrated)
            database = Database(url)
            self._worlds[backend] = make_world(database)
            database.dispose()
            self._templates[name] = url
        return self._templates[name]

    def _empty(self, backend: str, name: str, template: str | None = None) -> str:
        if backend == "postgresql":
            return self._server.create_database(template)
        path = self._folder / f"{name}.sqlite"
        if template is not None:
            shutil.copy(template.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"
