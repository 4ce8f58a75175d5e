"""Names that were stored before are found by the keys that names have now."""

import importlib.util
from types import ModuleType

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from engine.model.text import name_key
from engine.persistence.store import tables as t
from engine.persistence.store.schema_version import VERSIONS
from tests.support.world import World


def migration() -> ModuleType:
    (path,) = VERSIONS.glob("*_name_keys.py")
    spec = importlib.util.spec_from_file_location("name_keys", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_keys_of_before_become_those_of_now_unless_two_would_be_the_same(world: World) -> None:
    world.add_team("red", ["ann", "bob"], [], 1)
    world.add_team("green", ["ann", "bob"], [], 1)
    before = {"blue": ("ｂｌｕｅ", "ｂｌｕｅ"), "red": ("ﬁne", "ﬁne"), "green": ("fine", "fine")}
    requested = world.request()
    with world.system.database.writing() as connection:
        for name, (stored, key) in before.items():
            changed = t.teams.update().where(t.teams.c.id == world.things[name])
            connection.execute(changed.values(name=stored, name_key=key))
        release = t.releases.update().where(t.releases.c.id == requested)
        connection.execute(release.values(name="Falcon  2", name_key="falcon  2"))
        with Operations.context(MigrationContext.configure(connection)):
            migration().upgrade()
        connection.commit()

    with world.system.database.reading() as connection:
        rows = connection.execute(sa.select(t.teams.c.id, t.teams.c.name, t.teams.c.name_key)).all()
        found = {row.id: (row.name, row.name_key) for row in rows}
        (key,) = connection.execute(sa.select(t.releases.c.name_key)).scalars().all()
    assert found[world.things["blue"]] == ("ｂｌｕｅ", "blue")
    # Another team is called so: this one keeps the key it has.
    assert found[world.things["red"]] == ("ﬁne", "ﬁne")
    assert found[world.things["green"]] == ("fine", "fine")
    assert key == name_key("Falcon 2")
