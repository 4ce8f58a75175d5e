"""`explainSign` and `sign` agree: over generated worlds, factor for factor."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.errors import Code, Refusal
from engine.model.signing_factors import Evaluation
from engine.model.vocabulary import (
    Channel,
    KeypairAccess,
    QuotaOnOnline,
    ReleaseType,
    SignatureState,
    Status,
)
from engine.persistence.db.ids import uuid7
from engine.persistence.store import tables as t
from engine.queries import signing
from engine.queries.context import read
from engine.signing.request import Made, Refused
from tests.support.refusals import details_of
from tests.support.releases import release_in, rows
from tests.support.world import World

HOUR = timedelta(hours=1)

#: A world in which dev signs in an open release, ...
FINE: dict[str, Any] = {
    "frozen": False,
    "enabled": True,
    "access": KeypairAccess.OPEN,
    "mapped": False,
    "granted": True,
    "member": True,
    "may_sign": True,
    "listed": True,
    "status": Status.IN_PROGRESS,
    "starts": -1,
    "lasts": 3,
    "maximum": 2,
    "used": 0,
    "reserved": [],
}
#: ... and what may be otherwise in it.
OTHERWISE: list[dict[str, Any]] = [
    {"used": 2},
    {"used": 1, "reserved": [1]},
    {"used": 1, "reserved": [0]},
    {"reserved": [-1, 1]},
    {"status": None},
    {"status": Status.PENDING},
    {"status": Status.APPROVED},
    {"status": Status.APPROVED, "starts": 0},
    {"status": Status.APPROVED, "starts": 1},
    {"starts": -3},
    {"access": KeypairAccess.RESTRICTED},
    {"access": KeypairAccess.RESTRICTED, "mapped": True},
    {"listed": False},
    {"member": False},
    {"granted": False},
    {"enabled": False},
    {"may_sign": False},
    {"frozen": True},
]
WORLDS = st.builds(
    lambda general, particular: (
        FINE | general | {k: v for one in particular for k, v in one.items()}
    ),
    st.fixed_dictionaries(
        {
            "teams": st.booleans(),
            "quota": st.sampled_from(QuotaOnOnline),
            "confined": st.booleans(),
            "type": st.sampled_from(ReleaseType),
        }
    ),
    st.lists(st.sampled_from(OTHERWISE), max_size=2),
)


def arrange(world: World, drawn: dict[str, Any]) -> None:
    """Write the drawn world over the one there is."""
    now, vault, dev = world.clock.instant, world.things["vault"], world.people["dev"]
    (release,) = rows(world, t.releases)
    (role,) = rows(world, t.roles, name="SIGNER" if drawn["may_sign"] else "AUDITOR")
    starts_at = now + drawn["starts"] * HOUR
    used = min(drawn["used"], drawn["maximum"])
    lapses = drawn["reserved"][: drawn["maximum"] - used]
    status = drawn["status"] or Status.REJECTED
    if drawn["type"] is not ReleaseType.OFFLINE and status is Status.APPROVED:
        status = Status.ACTIVE
    statements: list[tuple[Any, Any]] = [
        (
            t.accounts.update().values(
                signing_frozen=drawn["frozen"],
                teams_enabled=drawn["teams"],
                quota_on_online=drawn["quota"],
                restrict_signing_to_releases=drawn["confined"],
            ),
            None,
        ),
        (
            t.keypairs.update()
            .where(t.keypairs.c.id == vault)
            .values(type=drawn["type"], enabled=drawn["enabled"], access=drawn["access"]),
            None,
        ),
        (t.keypair_users.delete(), None),
        (t.team_keypairs.delete(), None),
        (t.team_members.delete().where(t.team_members.c.user_id == dev), None),
        (t.release_participants.delete(), None),
        (t.signatures.delete(), None),
        (t.user_roles.update().where(t.user_roles.c.user_id == dev).values(role_id=role.id), None),
        (
            t.releases.update().values(
                status=status,
                type=drawn["type"],
                team_id=world.things["blue"] if drawn["teams"] else None,
                starts_at=starts_at,
                ends_at=starts_at + drawn["lasts"] * HOUR,
                max_signatures=drawn["maximum"],
                signatures_used=used,
                signatures_reserved=len(lapses),
                status_since=now - 5 * HOUR,
                ended_at=None,
            ),
            None,
        ),
        (t.release_keypairs.update().values(held=drawn["status"] is not None), None),
    ]
    linked = [
        (drawn["mapped"], t.keypair_users, {"keypair_id": vault, "user_id": dev}),
        (
            drawn["granted"],
            t.team_keypairs,
            {"team_id": world.things["blue"], "keypair_id": vault},
        ),
        (drawn["member"], t.team_members, {"team_id": world.things["blue"], "user_id": dev}),
        (
            drawn["listed"] and not drawn["teams"],
            t.release_participants,
            {"release_id": release.id, "user_id": dev},
        ),
    ]
    statements += [(table.insert(), row) for is_linked, table, row in linked if is_linked]
    statements += [
        (
            t.signatures.insert(),
            {
                "id": uuid7(),
                "account_id": world.account_id,
                "user_id": dev,
                "keypair_id": vault,
                "release_id": release.id,
                "state": SignatureState.RESERVED,
                "digest": b"",
                "digest_algorithm": "SHA256",
                "factors": "[]",
                "channel": Channel.API,
                "reserved_at": now - HOUR,
                "lapses_at": now + lapse * timedelta(seconds=1),
            },
        )
        for lapse in lapses
    ]
    with world.system.database.writing() as connection:
        for statement, row in statements:
            connection.execute(statement, row) if row else connection.execute(statement)
        connection.commit()


def explained(world: World) -> Evaluation:
    return read(
        world.system,
        world.principal("dev"),
        lambda reading: signing.explain(reading, world.things["vault"]),
    )


def test_what_is_explained_is_what_happens(world: World) -> None:
    release_in(world, Status.IN_PROGRESS)
    seen: set[Code | None] = set()

    @settings(
        max_examples=80,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        database=None,
    )
    @given(drawn=WORLDS)
    def agree(drawn: dict[str, Any]) -> None:
        arrange(world, drawn)
        foretold = explained(world)
        (outcome,) = world.sign("dev")
        seen.add(foretold.refusal.code if foretold.refusal else None)
        if isinstance(outcome, Refused):
            assert foretold.refusal is not None
            assert (outcome.refusal.code, outcome.refusal.message) == (
                foretold.refusal.code,
                foretold.refusal.message,
            )
            assert outcome.factors == foretold.factors
        else:
            assert isinstance(outcome, Made)
            assert foretold.allowed
            (row,) = rows(world, t.signatures, id=outcome.signature_id)
            assert row.release_id == foretold.release_id
            factors = [(factor["name"], factor["passed"]) for factor in json.loads(row.factors)]
            assert factors == [(factor.name, factor.passed) for factor in foretold.factors]

    agree()
    assert len(seen) >= 6


def test_explaining_signs_nothing_and_writes_nothing(world: World) -> None:
    release_in(world, Status.IN_PROGRESS)
    before, known = world.snapshot(), len(world.ledger())
    assert explained(world).allowed
    assert (world.snapshot(), len(world.ledger())) == (before, known)


def test_others_and_other_instants_are_explained_to_those_who_manage_keypairs(
    world: World,
) -> None:
    release = release_in(world, Status.APPROVED)
    vault, dev = world.things["vault"], world.people["dev"]
    start = world.release(release).fields.starts_at

    def ask(who: str, **question: Any) -> Evaluation:
        return read(
            world.system,
            world.principal(who),
            lambda reading: signing.explain(reading, vault, **question),
        )

    for question in ({"user_id": dev}, {"at": start}):
        with pytest.raises(Refusal) as refused:
            ask("ann", **question)
        assert refused.value.code is Code.FORBIDDEN
    assert not ask("admin", user_id=dev).allowed
    assert ask("admin", user_id=dev, at=start).allowed
    assert not ask("admin", user_id=dev, at=start - timedelta(microseconds=1)).allowed
    assert not ask("admin", user_id=dev, at=world.release(release).fields.ends_at).allowed


def test_a_release_that_one_does_not_see_is_not_told_by_its_factors(world: World) -> None:
    world.request(name="Secret Falcon")
    world.add_team("red", ["ann", "eve"], ["vault"], 1)
    vault, known = world.things["vault"], len(world.ledger())
    evaluation = read(world.system, world.principal("eve"), lambda now: signing.explain(now, vault))
    (outcome,) = world.sign("eve")
    assert isinstance(outcome, Refused)
    assert evaluation.factors == outcome.factors
    assert outcome.refusal.code is Code.OUTSIDE_WINDOW
    assert "Secret" not in outcome.refusal.message
    assert not [f for f in outcome.factors if "Secret" in f.detail or "2030" in f.detail]
    (entry,) = world.ledger()[known:]
    assert entry.tag == "attempt:refused"
    assert "The release Secret Falcon is pending" in json.loads(entry.body)["reason"]
    kept = [f["detail"] for f in details_of(entry)["details_of_attempt"]["factors"]]
    assert len([detail for detail in kept if "Secret Falcon" in detail]) == 3


def test_nor_by_those_of_a_signature_made_outside_of_it(world: World) -> None:
    world.add_keypair("web", ReleaseType.ONLINE)
    world.add_team("red", ["ann", "eve"], ["web"], 1)
    world.set_team("blue", keypairs=["vault", "web"])
    web = frozenset({world.things["web"]})
    world.request(name="Secret Falcon", type=ReleaseType.ONLINE, keypair_ids=web)
    (outcome,) = world.sign("eve", "web")
    assert isinstance(outcome, Made)
    (row,) = rows(world, t.signatures)
    assert (row.release_id, "Secret" in row.factors, "2030" in row.factors) == (None, False, False)
