"""Keypairs: made, changed, and disabled, which stops the open release that holds one."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.releases.decide import Decide
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import (
    KeypairAccess,
    KeypairCategory,
    Permission,
    ReleaseType,
    Status,
    Verdict,
)
from engine.persistence.store import tables as t
from engine.signing.request import Made
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import keypair_of, moves, release_in, rows
from tests.support.world import NOON, World, make_world


def making(**changes: Any) -> CreateKeypair:
    values: dict[str, Any] = {
        "alias": "Deploy",
        "type": ReleaseType.ONLINE,
        "algorithm": KeypairAlgorithm.ED25519,
    }
    return CreateKeypair(**(values | changes))


def refused_making(world: World, who: str, code: Code, *field: str, **changes: Any) -> None:
    recorded = bool(changes.pop("recorded", True))
    before, known = world.snapshot(), len(world.ledger())
    with pytest.raises(Refusal) as refused:
        world.do(who, making(**changes))
    assert (refused.value.code, refused.value.field) == (code, field)
    assert world.snapshot() == before
    assert tags(world, known) == ["attempt:refused"] * recorded


def test_a_keypair_is_enabled_with_its_private_part_sealed(world: World) -> None:
    before = len(world.ledger())
    keypair_id = world.add_keypair(" Deploy ", ReleaseType.ONLINE, access=KeypairAccess.RESTRICTED)
    (row,) = rows(world, t.keypairs, id=keypair_id)
    assert (row.alias, row.alias_key, row.enabled) == ("Deploy", "deploy", True)
    assert (row.category, row.type, row.access) == (
        KeypairCategory.STANDARD,
        ReleaseType.ONLINE,
        KeypairAccess.RESTRICTED,
    )
    assert row.public_key.startswith("-----BEGIN PUBLIC KEY-----")
    assert row.master_key_id is not None
    assert tags(world, before) == ["keypair:created"]
    assert row.material.hex() not in world.ledger()[-1].body


@pytest.mark.parametrize("algorithm", [KeypairAlgorithm.ECDSA_P521, KeypairAlgorithm.ML_DSA_44])
def test_keys_of_newer_algorithms_are_stored_and_sign(
    world: World, algorithm: KeypairAlgorithm
) -> None:
    world.things["newer"] = world.do("admin", making(algorithm=algorithm))
    world.set_team("blue", keypairs=["newer"])
    (outcome,) = world.sign("dev", "newer")
    assert isinstance(outcome, Made)


EXPIRY = "openpgp_expires_at"
FAR = datetime(2100, 1, 1, tzinfo=UTC)
GPG: dict[str, Any] = {"category": KeypairCategory.GPG}
BAD_INPUT: list[tuple[Any, ...]] = [
    ({"alias": " "}, Code.INVALID_INPUT, "alias"),
    ({"alias": "a" * 201}, Code.INVALID_INPUT, "alias"),
    ({"alias": "a\nb"}, Code.INVALID_INPUT, "alias"),
    (
        {"category": KeypairCategory.GPG, "algorithm": KeypairAlgorithm.RSA_PSS_2048},
        Code.INVALID_INPUT,
        "algorithm",
    ),
    ({"openpgp_user_id": "Falcon"}, Code.INVALID_INPUT, "openpgp_user_id"),
    ({EXPIRY: FAR}, Code.INVALID_INPUT, EXPIRY),
    (GPG | {"openpgp_user_id": "a\nb"}, Code.INVALID_INPUT, "openpgp_user_id"),
    (GPG | {EXPIRY: FAR.replace(year=2020)}, Code.INVALID_INPUT, EXPIRY),
    (GPG | {EXPIRY: FAR.replace(year=2107)}, Code.INVALID_INPUT, EXPIRY),
    (GPG | {EXPIRY: NOON + timedelta(minutes=59)}, Code.INVALID_INPUT, EXPIRY),
    ({"algorithm": KeypairAlgorithm.OPENPGP_ED25519}, Code.INVALID_INPUT, "algorithm"),
    ({"backend": "cloud"}, Code.INVALID_INPUT, "backend"),
    ({"user_ids": frozenset({uuid4()})}, Code.NOT_FOUND, "user_ids"),
]


def test_bad_input_makes_no_keypair(world: World) -> None:
    for changes, code, field in BAD_INPUT:
        refused_making(world, "admin", code, field, recorded=False, **changes)


def test_an_alias_is_unique_in_the_account_whatever_its_letter_case(world: World) -> None:
    refused_making(world, "admin", Code.NAME_TAKEN, "alias", alias="VAULT")
    other = make_world(world.system.database, account="Other")
    assert other.things["vault"] != world.things["vault"]


def test_making_and_changing_need_manage_keypairs(world: World) -> None:
    refused_making(world, "ann", Code.FORBIDDEN)
    command = UpdateKeypair(keypair_id=world.things["vault"], alias="Safe")
    assert_refused(world, "ann", command, Code.FORBIDDEN)
    narrowed = frozenset({Permission.MANAGE_USERS})
    assert_refused(world, "admin", command, Code.FORBIDDEN, scopes=narrowed)


def test_a_change_says_what_was_and_what_is(world: World) -> None:
    people = frozenset({world.people["dev"]})
    command = UpdateKeypair(
        keypair_id=world.things["vault"],
        alias="Safe",
        access=KeypairAccess.RESTRICTED,
        user_ids=people,
    )
    world.do("admin", command)
    assert details_of(world.ledger()[-1])["changes"] == {
        "alias": ["vault", "Safe"],
        "access": ["OPEN", "RESTRICTED"],
        "user_ids": [[], [str(world.people["dev"])]],
    }
    known = len(world.ledger())
    world.do("admin", command)
    assert tags(world, known) == []


def assigned(world: World) -> set[UUID]:
    vault = world.things["vault"]
    return {row.user_id for row in rows(world, t.keypair_users, keypair_id=vault)}


def assigning(world: World, add: Iterable[str] = (), remove: Iterable[str] = ()) -> UpdateKeypair:
    ids = {"add_user_ids": add, "remove_user_ids": remove}
    people = {field: frozenset(world.people[n] for n in names) for field, names in ids.items()}
    return UpdateKeypair(keypair_id=world.things["vault"], **people)


def test_people_are_assigned_and_unassigned_beside_the_others(world: World) -> None:
    dev, eve, ann = (world.people[name] for name in ("dev", "eve", "ann"))
    world.do("admin", assigning(world, ["dev", "eve"]))
    world.do("admin", assigning(world, ["ann", "dev"], ["eve"]))
    assert assigned(world) == {ann, dev}
    (before, after) = details_of(world.ledger()[-1])["changes"]["user_ids"]
    assert (set(before), set(after)) == ({str(dev), str(eve)}, {str(ann), str(dev)})
    known = len(world.ledger())
    world.do("admin", assigning(world, ["ann"], ["eve"]))
    assert (tags(world, known), assigned(world)) == ([], {ann, dev})


def test_people_who_are_assigned_at_once_are_all_assigned(world: World) -> None:
    names = ["ann", "bob", "dev", "eve"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: world.do("admin", assigning(world, [name])), names))
    assert assigned(world) == {world.people[name] for name in names}


def test_who_is_assigned_signs_as_far_as_the_credential_covers_it(world: World) -> None:
    restricted = UpdateKeypair(keypair_id=world.things["vault"], access=KeypairAccess.RESTRICTED)
    world.do("admin", restricted)
    narrow = {"scopes": frozenset({Permission.MANAGE_KEYPAIRS})}
    adding = assigning(world, ["dev"])
    assert_refused(world, "admin", adding, Code.FORBIDDEN, "add_user_ids", **narrow)
    world.do("admin", adding)
    world.do("admin", assigning(world, remove=["dev"]), **narrow)


def test_a_change_is_checked_like_a_new_keypair(world: World) -> None:
    vault = world.things["vault"]
    for command, code, recorded in (
        (UpdateKeypair(keypair_id=vault, alias=""), Code.INVALID_INPUT, False),
        (UpdateKeypair(keypair_id=vault, alias="SPARE"), Code.NAME_TAKEN, True),
        (UpdateKeypair(keypair_id=vault, user_ids=frozenset({uuid4()})), Code.NOT_FOUND, False),
        (UpdateKeypair(keypair_id=vault, add_user_ids=frozenset({uuid4()})), Code.NOT_FOUND, False),
        (UpdateKeypair(keypair_id=uuid4(), alias="Safe"), Code.NOT_FOUND, False),
    ):
        assert_refused(world, "admin", command, code, recorded=recorded)


def test_another_accounts_keypairs_and_users_do_not_exist(world: World) -> None:
    other = make_world(world.system.database, account="Other")
    foreign = UpdateKeypair(keypair_id=other.things["vault"], enabled=False)
    assert_refused(world, "admin", foreign, Code.NOT_FOUND, recorded=False)
    users = frozenset({other.people["dev"]})
    refused_making(world, "admin", Code.NOT_FOUND, "user_ids", recorded=False, user_ids=users)


@pytest.mark.parametrize(
    ("status", "type_"),
    [
        (Status.APPROVED, ReleaseType.OFFLINE),
        (Status.ACTIVE, ReleaseType.ONLINE),
        (Status.IN_PROGRESS, ReleaseType.OFFLINE),
        (Status.IN_PROGRESS, ReleaseType.TEST),
    ],
)
def test_disabling_a_keypair_stops_the_open_release_that_holds_it(
    world: World, status: Status, type_: ReleaseType
) -> None:
    release = release_in(world, status, type_)
    keypair = keypair_of(world, type_)
    before = len(world.ledger())
    world.do("admin", UpdateKeypair(keypair_id=keypair, enabled=False))
    ended = world.release(release)
    assert (ended.status, ended.end_code) == (Status.FAILED, "KEYPAIR_DISABLED")
    (alias,) = [name for name, id_ in world.things.items() if id_ == keypair]
    assert ended.end_reason == f"Its keypair {alias} was disabled."
    assert tags(world, before) == ["keypair:updated", "release:stopped"]
    assert details_of(world.ledger()[-1])["code"] == "KEYPAIR_DISABLED"
    assert moves(world, release)[-1] == (status, Status.FAILED, world.clock.instant)


def test_one_disabled_keypair_of_several_is_enough(world: World) -> None:
    both = frozenset({world.things["vault"], world.things["spare"]})
    release = release_in(world, Status.APPROVED, keypair_ids=both)
    world.do("admin", UpdateKeypair(keypair_id=world.things["spare"], enabled=False))
    assert world.release(release).status is Status.FAILED
    assert [row.held for row in rows(world, t.release_keypairs)] == [False, False]


def test_a_pending_release_is_not_stopped_but_not_approved_while_it_is_disabled(
    world: World,
) -> None:
    vault = world.things["vault"]
    release = world.request()
    world.decide("ann", release)
    world.do("admin", UpdateKeypair(keypair_id=vault, enabled=False))
    assert world.release(release).status is Status.PENDING
    approve = Decide(release_id=release, revision=1, verdict=Verdict.APPROVE)
    refusal = assert_refused(world, "bob", approve, Code.KEYPAIR_DISABLED)
    assert "keypair vault is disabled" in refusal.message
    world.do("admin", UpdateKeypair(keypair_id=vault, enabled=True))
    world.do("bob", approve)
    assert world.release(release).status is Status.APPROVED


def test_or_the_request_is_changed_rejected_or_withdrawn(world: World) -> None:
    disable = UpdateKeypair(keypair_id=world.things["vault"], enabled=False)
    enable = replace(disable, enabled=True)
    rejected = world.request()
    world.do("admin", disable)
    world.decide("ann", rejected, Verdict.REJECT)
    world.do("admin", enable)
    withdrawn = world.request()
    world.do("admin", disable)
    world.do("dev", WithdrawRelease(release_id=withdrawn))
    world.do("admin", enable)
    changed = world.request()
    world.do("admin", disable)
    spare = {"keypair_ids": frozenset({world.things["spare"]})}
    world.do("dev", ReviseRelease(release_id=changed, revision=1, changes=spare))
    world.decide("ann", changed)
    world.decide("bob", changed)
    statuses = [world.release(id_).status for id_ in (rejected, withdrawn, changed)]
    assert statuses == [Status.REJECTED, Status.REJECTED, Status.APPROVED]


def test_disabling_or_enabling_what_nothing_holds_stops_nothing(world: World) -> None:
    spare = world.things["spare"]
    for enabled in (False, True):
        before = len(world.ledger())
        world.do("admin", UpdateKeypair(keypair_id=spare, enabled=enabled))
        assert tags(world, before) == ["keypair:updated"]


def test_a_holder_that_is_over_by_now_is_closed_not_stopped(world: World) -> None:
    release = release_in(world, Status.IN_PROGRESS)
    world.clock.pass_(hours=2)
    before = len(world.ledger())
    world.do("admin", UpdateKeypair(keypair_id=world.things["vault"], enabled=False))
    assert world.release(release).status is Status.COMPLETED
    assert tags(world, before) == ["release:closed", "keypair:updated"]
