"""Who may edit what: the whole product of spec section 4, and it once more through the command.

The table is transcribed from the public documentation ("What can be updated?"), with the locks
of spec section 3, independently of `engine.lifecycle.edit_rules`'s data.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.commands.releases.revise_release import ReviseRelease
from engine.lifecycle import edit_rules
from engine.lifecycle.guards import fields_are_editable
from engine.model.claims import ClaimCondition
from engine.model.errors import Code
from engine.model.facts import Facts
from engine.model.vocabulary import KeypairCategory, ReleaseType, Status
from tests.support.facts import ANN, CREATOR, HOUR, MEMBER, RED, SPARE, drafting, facts
from tests.support.refusals import assert_refused
from tests.support.releases import release_in
from tests.support.world import World

S, T = Status, ReleaseType

#: "Fields" of the page's table "Create a release"; the status is none a person can write.
PAGE_FIELDS = {
    "name",
    "version",
    "category",
    "team_id",
    "with_default_certificate",
    "type",
    "keypair_ids",
    "participant_ids",
    "starts_at",
    "ends_at",
    "max_signatures",
    "note",
}
#: The page's fields, and the one that the specification adds (section 10).
ALL = frozenset(PAGE_FIELDS | {"origin_condition"})
LABELS = frozenset({"name", "version", "note"})
#: Spec section 3, revise: "In progress: starts_at, type and category are locked".
OPEN = ALL - {"starts_at", "type", "category"}

ROLES: dict[str, UUID] = {"approver": ANN, "creator": CREATOR, "other": MEMBER}

# "Test" is not on the page; the specification treats it like online.
TABLE: dict[tuple[Status, ReleaseType, str], frozenset[str]] = {
    # Completed, Failed, or Rejected | All | Name, Version, Notes
    **{(s, t, r): LABELS for s in (S.COMPLETED, S.FAILED, S.REJECTED) for t in T for r in ROLES},
    # In progress | Offline | Users with approval permission all fields, others the three
    (S.IN_PROGRESS, T.OFFLINE, "approver"): OPEN,
    (S.IN_PROGRESS, T.OFFLINE, "creator"): LABELS,
    (S.IN_PROGRESS, T.OFFLINE, "other"): LABELS,
    # In progress | Online | The creator all fields, others the three
    (S.IN_PROGRESS, T.ONLINE, "approver"): LABELS,
    (S.IN_PROGRESS, T.ONLINE, "creator"): OPEN,
    (S.IN_PROGRESS, T.ONLINE, "other"): LABELS,
    (S.IN_PROGRESS, T.TEST, "approver"): LABELS,
    (S.IN_PROGRESS, T.TEST, "creator"): OPEN,
    (S.IN_PROGRESS, T.TEST, "other"): LABELS,
    # Active, Pending, or Approved | All | All fields
    **{(s, t, r): ALL for s in (S.ACTIVE, S.PENDING, S.APPROVED) for t in T for r in ROLES},
}
NEW: dict[str, Any] = {
    "name": "Eagle",
    "version": "2.0",
    "note": "note",
    "category": KeypairCategory.GPG,
    "team_id": RED,
    "participant_ids": frozenset({MEMBER}),
    "with_default_certificate": True,
    "keypair_ids": frozenset({SPARE}),
    "max_signatures": 99,
    "origin_condition": (ClaimCondition(claim="repository_id", equals=("4711",)),),
}


def _editing(status: Status, type_: ReleaseType, role: str, field: str) -> Facts:
    given = facts(status, type_, ROLES[role])
    before = given.draft
    moved = {"starts_at": before.starts_at - HOUR, "ends_at": before.ends_at + HOUR}
    other = next(t for t in T if t is not type_)
    return drafting(given, **{field: (NEW | moved | {"type": other})[field]})


def test_the_table_covers_every_status_type_and_role() -> None:
    assert set(TABLE) == {(s, t, r) for s in S for t in T for r in ROLES}


@pytest.mark.parametrize(("status", "type_", "role"), TABLE)
def test_each_field_is_editable_or_locked_as_the_page_says(
    status: Status, type_: ReleaseType, role: str
) -> None:
    for field in sorted(ALL):
        given = _editing(status, type_, role, field)
        assert given.changes == {field}
        refusal = fields_are_editable(given)
        if field in TABLE[status, type_, role]:
            assert refusal is None, field
        else:
            assert refusal is not None, field
            assert (refusal.code, refusal.field) == (Code.FIELD_LOCKED, (field,))


def test_somebody_with_two_roles_may_edit_what_either_may() -> None:
    for type_ in T:
        given = facts(S.IN_PROGRESS, type_, ANN)
        given = replace(given, release=replace(given.subject, creator_id=ANN))
        assert edit_rules.editable(given) == OPEN


def test_an_edit_widens_by_its_end_maximum_people_keypairs_team_or_origin() -> None:
    given = facts(S.IN_PROGRESS, who=ANN)
    repository = ClaimCondition(claim="repository_id", equals=("4711",))
    tag = ClaimCondition(claim="ref", matches=("refs/tags/v*",))
    fields = replace(given.subject.fields, origin_condition=(repository, tag))
    given = replace(given, release=replace(given.subject, fields=fields))
    before = given.draft
    wider: list[dict[str, Any]] = [
        {"ends_at": before.ends_at + timedelta(microseconds=1)},
        {"max_signatures": before.max_signatures + 1},
        {"keypair_ids": before.keypair_ids | {SPARE}},
        {"keypair_ids": frozenset({SPARE})},
        {"participant_ids": frozenset({MEMBER})},
        {"team_id": RED},
        {"origin_condition": ()},
        {"origin_condition": (repository,)},
        {"origin_condition": (repository, replace(tag, matches=("refs/*",)))},
        {"max_signatures": 1, "ends_at": before.ends_at + HOUR},
    ]
    narrower: list[dict[str, Any]] = [
        {"ends_at": before.ends_at - HOUR},
        {"max_signatures": 1},
        {"keypair_ids": frozenset()},
        {"origin_condition": (tag, repository, ClaimCondition("environment", ("production",)))},
        {"name": "Eagle", "version": None, "note": "note"},
    ]
    assert [edit_rules.widens(drafting(given, **edit)) for edit in wider] == [True] * len(wider)
    assert [edit_rules.widens(drafting(given, **edit)) for edit in narrower] == [False] * len(
        narrower
    )


# --- through the command, on both databases -------------------------------------------------


STATUSES = [
    (S.PENDING, T.OFFLINE),
    (S.APPROVED, T.OFFLINE),
    (S.ACTIVE, T.ONLINE),
    (S.IN_PROGRESS, T.OFFLINE),
    (S.IN_PROGRESS, T.ONLINE),
    (S.COMPLETED, T.OFFLINE),
    (S.FAILED, T.OFFLINE),
    (S.REJECTED, T.OFFLINE),
]
PEOPLE = {"approver": "ann", "creator": "dev", "other": "fay"}


@pytest.mark.parametrize(("status", "type_"), STATUSES)
def test_the_command_edits_and_locks_likewise(
    world: World, status: Status, type_: ReleaseType
) -> None:
    world.add_user("fay", "DEVELOPER")
    world.add_user("cid", "LEAD")
    world.set_team("blue", members=["ann", "bob", "cid", "dev", "fay"])
    release = release_in(world, status, type_)
    for role, name in PEOPLE.items():
        given = world.release(release)
        edits = {
            "name": f"Eagle of {name}",
            "max_signatures": given.fields.max_signatures + 1,
            "starts_at": given.fields.starts_at + timedelta(minutes=1),
        }
        for field, value in edits.items():
            revision = world.release(release).revision
            command = ReviseRelease(release_id=release, revision=revision, changes={field: value})
            if field not in TABLE[status, type_, role]:
                assert_refused(world, name, command, Code.FIELD_LOCKED, field)
                continue
            world.do(name, command)
            after = world.release(release)
            assert getattr(after.fields, field) == value
            assert after.revision == revision + 1
            if after.status is not status:
                # The edit asked the approvers anew; for the next one it is approved again.
                assert (status, after.status) == (S.APPROVED, S.PENDING)
                for approver in ("ann", "bob", "cid"):
                    if approver != name and world.release(release).status is S.PENDING:
                        world.decide(approver, release)


def test_an_edit_is_all_or_nothing_and_names_every_locked_field(world: World) -> None:
    release = release_in(world, S.IN_PROGRESS, T.OFFLINE)
    changes = {"name": "Eagle", "max_signatures": 9, "starts_at": world.clock.instant}
    command = ReviseRelease(release_id=release, revision=1, changes=changes)
    refusal = assert_refused(world, "dev", command, Code.FIELD_LOCKED)
    assert refusal.field == ("max_signatures",)
    changes |= {"starts_at": world.clock.instant - timedelta(minutes=1)}
    command = ReviseRelease(release_id=release, revision=1, changes=changes)
    refusal = assert_refused(world, "dev", command, Code.FIELD_LOCKED)
    assert refusal.field == ("max_signatures", "starts_at")
    assert world.release(release).fields.name == "Falcon 1.0"
