"""Races with real threads, on both databases: the database is the judge."""

import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from engine.commands.administration.account import UpdateAccount
from engine.commands.administration.users import UpdateUser
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.releases.close_release import CloseRelease
from engine.commands.releases.decide import Decide
from engine.commands.releases.request_release import RequestRelease
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import HOLDING, ReleaseType, SignatureState, Status, Verdict
from engine.persistence.store import locks
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Lock
from engine.signers.local import LocalSigner
from engine.signing.request import Made, Outcome, Refused, SignRequest
from tests.support.releases import keypair_of, release_in, requested, rows
from tests.support.sign_now import sign
from tests.support.threads import at_once
from tests.support.world import DIGEST, World

ROUNDS = 50


def deciding(world: World, who: str, release: UUID, verdict: Verdict = Verdict.APPROVE) -> Any:
    command = Decide(release_id=release, revision=1, verdict=verdict, comment="So be it.")
    return lambda: world.do(who, command)


def entries(world: World, release: UUID, tag: str) -> int:
    return len(world.ledger(release_id=release, tag=tag))


def test_two_approvers_at_the_same_instant_bring_one_transition(world: World) -> None:
    for number in range(ROUNDS):
        release = world.request(name=f"Round {number}")
        answers = at_once([deciding(world, "ann", release), deciding(world, "bob", release)])
        assert answers == [release, release]
        assert world.release(release).status is Status.APPROVED
        assert entries(world, release, "release:approved") == 1
        assert entries(world, release, "release:approval:recorded") == 2
        assert entries(world, release, "attempt:refused") == 0
        world.do("dev", WithdrawRelease(release_id=release))
    assert len(rows(world, t.decisions)) == 2 * ROUNDS


def test_where_one_approval_is_enough_the_later_of_two_is_told_so(world: World) -> None:
    world.settings(teams_enabled=False)
    for number in range(10):
        release = world.request(name=f"Round {number}", teams=False)
        answers = at_once([deciding(world, "ann", release), deciding(world, "bob", release)])
        (refusal,) = [answer for answer in answers if isinstance(answer, Refusal)]
        assert refusal.code is Code.WRONG_STATUS
        assert entries(world, release, "release:approved") == 1
        assert entries(world, release, "release:approval:recorded") == 1
        world.do("dev", WithdrawRelease(release_id=release))


def test_of_an_approval_and_a_rejection_one_decides_and_the_later_is_told(world: World) -> None:
    world.settings(teams_enabled=False)
    for number in range(ROUNDS):
        release = world.request(name=f"Round {number}", teams=False)
        verdicts = [Verdict.APPROVE, Verdict.REJECT]
        if number % 2:
            verdicts.reverse()
        calls = [
            deciding(world, name, release, verdict)
            for name, verdict in zip(("ann", "bob"), verdicts, strict=True)
        ]
        answers = at_once(calls)
        (refusal,) = [answer for answer in answers if isinstance(answer, Refusal)]
        assert refusal.code is Code.WRONG_STATUS
        won = verdicts[answers.index(release)]
        status = Status.APPROVED if won is Verdict.APPROVE else Status.REJECTED
        assert world.release(release).status is status
        assert entries(world, release, "release:approved") == (won is Verdict.APPROVE)
        assert entries(world, release, "release:rejected") == (won is Verdict.REJECT)
        assert entries(world, release, "attempt:refused") == 1
        assert [row.verdict for row in rows(world, t.decisions, release_id=release)] == [won]
        if won is Verdict.APPROVE:
            world.do("dev", WithdrawRelease(release_id=release))


def test_of_a_vote_and_a_role_given_back_at_once_the_later_completes_the_quorum(
    world: World,
) -> None:
    ann = world.people["ann"]
    for number in range(20):
        release = world.request(name=f"Round {number}")
        world.decide("ann", release)
        world.do("admin", UpdateUser(user_id=ann, roles=("SIGNER",)))
        back = UpdateUser(user_id=ann, roles=("LEAD",))
        calls = [deciding(world, "bob", release), lambda c=back: world.do("admin", c)]
        answers = at_once(calls if number % 2 else calls[::-1])
        assert sorted(map(str, answers)) == sorted(map(str, (release, ann)))
        assert world.release(release).status is Status.APPROVED
        assert entries(world, release, "release:approved") == 1
        world.do("dev", WithdrawRelease(release_id=release))


def test_votes_on_many_requests_and_changes_of_people_never_wait_in_a_ring(world: World) -> None:
    ann = world.people["ann"]
    spare = frozenset({world.things["spare"]})
    for number in range(10):
        releases = [
            world.request(name=f"First {number}"),
            world.request(name=f"Second {number}", keypair_ids=spare),
        ]
        for release in releases:
            world.decide("ann", release)
        world.do("admin", UpdateUser(user_id=ann, active=False))
        back, rename = UpdateUser(user_id=ann, active=True), UpdateUser(user_id=ann, name="Anna")
        at_once(
            [
                *(deciding(world, "bob", release) for release in releases),
                lambda c=back: world.do("admin", c),
                lambda c=rename: world.do("admin", c),
            ]
        )
        for release in releases:
            assert world.release(release).status is Status.APPROVED
            world.do("dev", WithdrawRelease(release_id=release))


def test_one_approver_in_two_windows_votes_once(world: World) -> None:
    for number in range(5):
        release = world.request(name=f"Round {number}")
        answers = at_once([deciding(world, "ann", release)] * 2)
        (refusal,) = [answer for answer in answers if isinstance(answer, Refusal)]
        assert refusal.code is Code.ALREADY_DECIDED
        assert len(rows(world, t.decisions, release_id=release)) == 1
        world.do("dev", WithdrawRelease(release_id=release))


def test_two_edits_of_one_revision_one_is_told_to_look_again(world: World) -> None:
    release = world.request()
    for number in range(5):
        revision = world.release(release).revision
        commands = [
            ReviseRelease(
                release_id=release, revision=revision, changes={"note": f"{name}{number}"}
            )
            for name in ("a", "b")
        ]
        answers = at_once([lambda c=c: world.do("dev", c) for c in commands])
        (refusal,) = [answer for answer in answers if isinstance(answer, Refusal)]
        assert refusal.code is Code.REVISION_CONFLICT
        assert world.release(release).revision == revision + 1


# --- keypairs and names ----------------------------------------------------------------------


def test_of_two_requests_for_one_keypair_one_holds_it(world: World) -> None:
    for number in range(10):
        commands = [
            RequestRelease(fields=world.fields(name=f"{name} {number}")) for name in ("A", "B")
        ]
        answers = at_once([lambda c=c: world.do("dev", c) for c in commands])
        (refusal,) = [answer for answer in answers if isinstance(answer, Refusal)]
        assert refusal.code is Code.KEYPAIR_IN_USE
        (release,) = [answer for answer in answers if not isinstance(answer, Refusal)]
        # Also where the constraint decided, since neither saw the other.
        name = world.release(release).fields.name
        assert f"vault is held by the release {name} until " in refusal.message
        assert len(rows(world, t.release_keypairs, held=True)) == 1
        world.do("dev", WithdrawRelease(release_id=release))


def test_of_two_requests_for_two_keypairs_crosswise_none_waits_forever(world: World) -> None:
    both = [world.things["vault"], world.things["spare"]]
    for number in range(5):
        commands = [
            RequestRelease(fields=world.fields(name=f"{name} {number}", keypair_ids=frozenset(ids)))
            for name, ids in (("A", both), ("B", both[::-1]), ("C", both[:1]), ("D", both[1:]))
        ]
        answers = at_once([lambda c=c: world.do("dev", c) for c in commands])
        refused = [answer for answer in answers if isinstance(answer, Refusal)]
        assert {refusal.code for refusal in refused} == {Code.KEYPAIR_IN_USE}
        held = rows(world, t.release_keypairs, held=True)
        assert len({row.keypair_id for row in held}) == len(held) == 2
        for answer in answers:
            if not isinstance(answer, Refusal):
                world.do("dev", WithdrawRelease(release_id=answer))


def test_of_two_requests_with_one_name_one_gets_it(world: World) -> None:
    keys = [frozenset({world.things[name]}) for name in ("vault", "spare")]
    for number in range(10):
        commands = [
            RequestRelease(fields=world.fields(name=name, keypair_ids=ids))
            for name, ids in zip((f"Falcon {number}", f"FALCON {number}"), keys, strict=True)
        ]
        answers = at_once([lambda c=c: world.do("dev", c) for c in commands])
        (refusal,) = [answer for answer in answers if isinstance(answer, Refusal)]
        assert (refusal.code, refusal.field) == (Code.NAME_TAKEN, ("name",))
        (release,) = [answer for answer in answers if not isinstance(answer, Refusal)]
        world.do("dev", WithdrawRelease(release_id=release))
        release = world.request(name=f"Free again {number}", keypair_ids=keys[0])
        world.do("dev", WithdrawRelease(release_id=release))


def test_no_open_release_is_left_with_a_keypair_disabled_meanwhile(world: World) -> None:
    keypair = keypair_of(world, ReleaseType.ONLINE)
    seen: Counter[str] = Counter()
    for number in range(10):
        fields = world.fields(
            name=f"Round {number}",
            type=ReleaseType.ONLINE,
            keypair_ids=frozenset({keypair}),
            starts_at=world.clock.instant,
        )
        disable = UpdateKeypair(keypair_id=keypair, enabled=False)
        answers = at_once(
            [
                lambda fields=fields: world.do("dev", RequestRelease(fields=fields)),
                lambda disable=disable: world.do("admin", disable),
            ]
        )
        assert answers[1] == keypair
        if isinstance(answers[0], Refusal):
            assert answers[0].code is Code.KEYPAIR_DISABLED
        else:
            assert world.release(answers[0]).end_code == "KEYPAIR_DISABLED"
        seen[type(answers[0]).__name__] += 1
        assert [row for row in rows(world, t.releases) if row.status in HOLDING] == []
        world.do("admin", UpdateKeypair(keypair_id=keypair, enabled=True))
    assert seen.total() == 10


def test_of_an_approval_and_a_disabled_keypair_at_once_neither_is_overlooked(
    world: World,
) -> None:
    vault = world.things["vault"]
    for number in range(10):
        release = world.request(name=f"Round {number}")
        world.decide("ann", release)
        disable = UpdateKeypair(keypair_id=vault, enabled=False)
        approving, disabling = at_once(
            [deciding(world, "bob", release), partial(world.do, "admin", disable)]
        )
        assert disabling == vault
        stands = world.release(release)
        if isinstance(approving, Refusal):
            assert (approving.code, stands.status) == (Code.KEYPAIR_DISABLED, Status.PENDING)
            world.do("dev", WithdrawRelease(release_id=release))
        else:
            assert (stands.status, stands.end_code) == (Status.FAILED, "KEYPAIR_DISABLED")
        world.do("admin", UpdateKeypair(keypair_id=vault, enabled=True))


# On SQLite whoever looks has waited already.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_release_that_took_the_keypair_while_one_waited_is_locked_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = world.request()
    looks, holders = [], locks.load_holders

    def too_early(connection: Any, keypair_ids: Any) -> frozenset[UUID]:
        looks.append(1)
        return frozenset() if len(looks) == 1 else holders(connection, keypair_ids)

    monkeypatch.setattr(locks, "load_holders", too_early)
    with world.system.database.writing() as connection:
        lock = Lock(keypairs=frozenset({world.things["vault"]}), keypair_rows=True)
        held = locks.acquire(connection, world.account_id, lock)
    assert {row.id for row in held} == {release}
    looks.clear()
    world.do("admin", UpdateKeypair(keypair_id=world.things["vault"], alias="Safe"))


def test_teams_are_not_switched_under_a_request(world: World) -> None:
    for number in range(5):
        switch = UpdateAccount(account_id=world.account_id, settings={"teams_enabled": False})
        request = RequestRelease(fields=world.fields(name=f"Round {number}"))
        answers = at_once(
            [
                lambda switch=switch: world.do("admin", switch),
                lambda request=request: world.do("dev", request),
            ]
        )
        (refusal,) = [answer for answer in answers if isinstance(answer, Refusal)]
        if isinstance(answers[0], Refusal):
            assert refusal.code is Code.WRONG_STATUS
            world.do("dev", WithdrawRelease(release_id=answers[1]))
        else:
            assert refusal.code is Code.INVALID_INPUT
            world.settings(teams_enabled=True)


def test_two_administrators_removing_each_other_leave_one(world: World) -> None:
    for number in range(5):
        amy, zoe = (world.add_user(f"{name}{number}", "ADMIN") for name in ("amy", "zoe"))
        if number == 0:
            world.do(f"amy{number}", UpdateUser(user_id=world.admin_id, active=False))
        commands = [
            (f"amy{number}", UpdateUser(user_id=zoe, active=False)),
            (f"zoe{number}", UpdateUser(user_id=amy, active=False)),
        ]
        answers = at_once([lambda n=n, c=c: world.do(n, c) for n, c in commands])
        (refusal,) = [answer for answer in answers if isinstance(answer, Refusal)]
        assert refusal.code is Code.UNAUTHENTICATED
        remaining = commands[1 - answers.index(refusal)][0]
        world.admin_id = world.people[remaining]


# --- signing ---------------------------------------------------------------------------------


def signing(world: World, who: str, alias: str = "vault", **more: Any) -> Any:
    request = SignRequest(keypair_id=world.things[alias], digest=DIGEST, **more)

    def call() -> Outcome:
        (outcome,) = sign(world.system, world.principal(who), world.things[alias], [request])
        return outcome

    return call


def code_of(outcome: Outcome) -> Code | None:
    return outcome.refusal.code if isinstance(outcome, Refused) else None


def test_fifty_signers_at_once_never_sign_more_than_the_maximum(world: World) -> None:
    release = release_in(world, Status.IN_PROGRESS, max_signatures=10)
    before = len(world.ledger())
    outcomes = at_once([signing(world, "dev")] * 50)
    assert Counter(map(code_of, outcomes)) == {None: 10, Code.QUOTA_EXHAUSTED: 40}
    after = world.release(release)
    assert (after.signatures_used, after.signatures_reserved) == (10, 0)
    signatures = rows(world, t.signatures, state=SignatureState.MADE)
    assert len(signatures) == len(rows(world, t.signatures)) == 10
    assert {row.release_id for row in signatures} == {release}
    tagged = Counter(entry.tag for entry in world.ledger()[before:])
    assert tagged == {"signature:made": 10, "attempt:refused": 40, "release:quota:reached": 2}
    positions = [entry.position for entry in world.ledger()]
    assert positions == list(range(1, len(positions) + 1))


class SlowSigner(LocalSigner):
    """Takes its time over each signature."""

    def sign(self, *arguments: Any) -> bytes:
        time.sleep(0.1)
        return super().sign(*arguments)


def slow(world: World) -> None:
    signer = world.system.signers["local"]
    slower = SlowSigner.__new__(SlowSigner)
    slower.__dict__.update(vars(signer))
    world.system = replace(world.system, signers={"local": slower})


@pytest.mark.parametrize("held", [True, False])
def test_the_same_idempotency_key_twice_at_once_makes_one_signature(
    world: World, held: bool
) -> None:
    """The second waits for the first; also where no release's lock stands between them."""
    alias = "vault"
    if held:
        release_in(world, Status.IN_PROGRESS, max_signatures=8)
    else:
        keypair_of(world, ReleaseType.ONLINE)
        alias = "online"
    slow(world)
    for number in range(8):
        call = signing(world, "dev", alias, idempotency_key=f"build {number}")
        first, *others = at_once([call] * 6)
        assert isinstance(first, Made)
        assert others == [first] * 5
    signatures = rows(world, t.signatures)
    assert len(signatures) == 8
    assert {row.state for row in signatures} == {SignatureState.MADE}


def test_one_idempotency_key_for_two_keypairs_at_once_signs_with_one(world: World) -> None:
    world.add_keypair("web", ReleaseType.ONLINE)
    world.add_keypair("app", ReleaseType.ONLINE)
    world.set_team("blue", keypairs=["vault", "spare", "web", "app"])
    for number in range(5):
        calls = [
            signing(world, "dev", alias, idempotency_key=f"{number}") for alias in ("web", "app")
        ]
        outcomes = at_once(calls)
        assert Counter(map(code_of, outcomes)) == {None: 1, Code.IDEMPOTENCY_MISMATCH: 1}


def test_closing_while_signatures_are_made_lets_them_settle_and_stops_new_ones(
    world: World,
) -> None:
    release = release_in(world, Status.IN_PROGRESS, max_signatures=100)
    slow(world)
    closed = threading.Event()

    def close() -> None:
        time.sleep(0.05)
        world.do("dev", CloseRelease(release_id=release))
        closed.set()

    outcomes = at_once([*[signing(world, "dev")] * 6, close])[:-1]
    assert closed.is_set()
    signed = sum(isinstance(outcome, Made) for outcome in outcomes)
    assert {code_of(outcome) for outcome in outcomes} <= {None, Code.OUTSIDE_WINDOW}
    after = world.release(release)
    assert (after.status, after.signatures_used) == (Status.COMPLETED, signed)
    assert after.signatures_reserved == 0


def test_the_window_that_ends_while_many_look_ends_once(world: World) -> None:
    release = requested(world, ReleaseType.ONLINE)
    world.clock.instant += timedelta(hours=5)
    call = signing(world, "dev", "online")
    assert all(isinstance(outcome, Made) for outcome in at_once([call] * 8))
    assert entries(world, release, "release:opened") == 1
    assert entries(world, release, "release:closed") == 1
    assert {row.release_id for row in rows(world, t.signatures)} == {None}
