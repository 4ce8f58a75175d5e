"""Databases for tests: each test gets a fresh copy of a template, on each backend."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.persistence.db.database import Database
from engine.persistence.store.migrate import migrate
from tests.support.postgres import PostgresServer
from tests.support.world import World, make_world, world_on

BACKENDS = ("sqlite", "postgresql")


class Templates:
    """For each backend a migrated database, and one with a small account in it.

    Made once for each process that runs tests.
    """

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        self._folder = folder
        self._server = server
        self._templates: dict[str, str] = {}
        self._worlds: dict[str, World] = {}
        self._count = 0

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
            self._count += 1
            path = self._folder / f"{self._count}.sqlite"
            shutil.copy(template.removeprefix("sqlite:///"), path)
            yield f"sqlite:///{path}"
            for leftover in self._folder.glob(f"{path.name}*"):
                leftover.unlink()

    def world_on(self, database: Database) -> World:
        """The account of a settled database."""
        return world_on(database, self._worlds["sqlite" if database.is_sqlite else "postgresql"])

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
