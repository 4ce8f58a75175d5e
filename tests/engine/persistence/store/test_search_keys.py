"""Migrations fill in what older rows are searched by, as programs write it now."""

import importlib.util
from types import ModuleType
from uuid import UUID

import pytest
import sqlalchemy as sa

from engine.model.text import name_key, search_text
from engine.persistence.store import tables as t
from engine.persistence.store.schema_version import VERSIONS
from tests.support.world import World

TEXTS = ["Straße  12", "ＦＡＬＣＯＮ\n\u200bTwo", "100% ﬁne", "İstanbul", "x" * 10_000]


def migration(name: str) -> ModuleType:
    (path,) = VERSIONS.glob(f"*_{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def request(world: World, name: str) -> UUID:
    keypair_id = world.add_keypair(name)
    world.set_team("blue", keypairs=[name])
    return world.request(name=name, keypair_ids=frozenset({keypair_id}))


def test_releases_of_before_are_searched_as_those_of_now(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [request(world, f"Release {number}") for number in range(len(TEXTS))]
    module = migration("release_search_text")
    monkeypatch.setattr(module, "CHUNK_ROWS", 2)
    r = t.releases
    with world.system.database.writing() as connection:
        for id_, text in zip(ids, TEXTS, strict=True):
            row = r.update().where(r.c.id == id_)
            connection.execute(row.values(version=text[:9], note=text, search_text=None))
        connection.execute(r.update().where(r.c.id == ids[0]).values(version=None))
        module.fill(connection)
        rows = connection.execute(sa.select(r.c.version, r.c.note, r.c.search_text)).all()
        connection.commit()
    assert len(rows) == len(TEXTS)
    assert all(row.search_text == search_text(row.version, row.note) for row in rows)


def test_users_of_before_have_the_keys_of_names(world: World) -> None:
    u = t.users
    with world.system.database.writing() as connection:
        connection.execute(u.update().values(name="Žofia  ＦＡＬＣＯＮ", name_key=None))
        migration("keys_of_user_names").fill(connection)
        rows = connection.execute(sa.select(u.c.name, u.c.name_key)).all()
        connection.commit()
    assert len(rows) > 3
    assert all(row.name_key == name_key(row.name) for row in rows)
