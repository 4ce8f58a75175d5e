"""The edits of a release come out of the ledger with every value as it was."""

from dataclasses import replace
from datetime import timedelta

from engine.commands.releases.revise_release import ReviseRelease
from engine.lifecycle.release_changes import fields_at
from engine.model.vocabulary import ReleaseType
from engine.persistence.store import loading
from tests.support.world import World


def test_fields_of_every_type_are_read_as_they_were_written(world: World) -> None:
    world.settings(teams_enabled=False)
    release = world.request(teams=False, note="First.")
    before = world.release(release).fields
    world.add_keypair("quick", ReleaseType.TEST)
    changes = {
        "name": "Falcon 2.0",
        "version": None,
        "note": "Zweitens.\nÄ",
        "type": ReleaseType.TEST,
        "participant_ids": frozenset({world.people["dev"], world.people["eve"]}),
        "keypair_ids": frozenset({world.things["quick"]}),
        "starts_at": before.starts_at + timedelta(microseconds=1),
        "ends_at": before.ends_at + timedelta(days=1),
        "max_signatures": 7,
    }
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))
    world.do("dev", ReviseRelease(release_id=release, revision=2, changes={"note": None}))
    after = world.release(release).fields

    with world.system.database.reading() as connection:
        edits = loading.load_edits(connection, [release])[release]

    assert [edit.revision for edit in edits] == [2, 3]
    assert edits[0].changes.keys() == changes.keys()
    assert fields_at(after, edits, 1) == before
    assert fields_at(after, edits, 2) == replace(after, note="Zweitens.\nÄ")
    assert fields_at(after, edits, 3) == after


def test_a_team_is_read_too(world: World) -> None:
    world.add_team("red", ["ann", "bob", "dev"], ["vault"], 1)
    release = world.request()
    before = world.release(release).fields
    changes = {"team_id": world.things["red"]}
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes=changes))

    with world.system.database.reading() as connection:
        edits = loading.load_edits(connection, [release])[release]

    assert fields_at(world.release(release).fields, edits, 1) == before


def test_a_release_without_edits_has_none(world: World) -> None:
    release = world.request()
    with world.system.database.reading() as connection:
        assert loading.load_edits(connection, [release]) == {release: ()}
        assert loading.load_edits(connection, []) == {}
