"""Reserve, make, settle: the count is exact, whatever happens in between."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engine.commands.administration.users import UpdateUser
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.maintenance.advance_due import advance_due
from engine.commands.releases.close_release import CloseRelease
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.model.algorithms import DigestAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.signing_factors import RULES
from engine.model.vocabulary import Channel, ReleaseType, SignatureState, Status
from engine.persistence.store import tables as t
from engine.queries.context import read
from engine.queries.releases import by_ids
from engine.signers.base import SignerFailed, UnsuitableMessage
from engine.signers.local import LocalSigner
from engine.signing.check_request import MAX_CONTENT_BYTES
from engine.signing.request import (
    Made,
    Outcome,
    Refused,
    Reserved,
    SignRequest,
)
from engine.signing.settle import settle
from tests.support.refusals import assert_refused, details_of, tags
from tests.support.releases import keypair_of, release_in, rows
from tests.support.sign_now import sign
from tests.support.signing import code_of, reservations, reserved, settled, values
from tests.support.world import DIGEST, World

LIMIT = timedelta(seconds=30)
S = SignatureState


def counts(world: World) -> tuple[int, int]:
    (release,) = rows(world, t.releases)
    return release.signatures_used, release.signatures_reserved


def states(world: World) -> list[SignatureState]:
    return sorted(row.state for row in rows(world, t.signatures))


@pytest.fixture
def open_world(world: World) -> World:
    """An open release of five signatures."""
    release_in(world, Status.IN_PROGRESS)
    return world


def test_a_signature_is_reserved_made_and_settled(open_world: World) -> None:
    world = open_world
    before = len(world.ledger())
    granted = reserved(world)
    assert (counts(world), states(world)) == ((0, 1), [S.RESERVED])
    assert tags(world, before) == []
    (outcome,) = settled(world, granted)
    assert outcome == Made(granted[0].signature_id)
    assert (counts(world), states(world)) == ((1, 0), [S.MADE])
    assert tags(world, before) == ["signature:made"]
    (row,) = rows(world, t.signatures)
    (keypair,) = rows(world, t.keypairs, id=world.things["vault"])
    load_pem_public_key(keypair.public_key.encode()).verify(row.value, DIGEST)  # type: ignore[union-attr, call-arg]


def test_its_row_and_its_entry_keep_who_what_and_the_factors(open_world: World) -> None:
    world = open_world
    request = SignRequest(keypair_id=world.things["vault"], digest=DIGEST)
    principal = world.principal("dev", channel=Channel.COMMAND_LINE)
    sign(world.system, principal, world.things["vault"], [request])
    (row,) = rows(world, t.signatures)
    assert (row.user_id, row.keypair_id) == (world.people["dev"], world.things["vault"])
    assert (row.digest, row.digest_algorithm) == (DIGEST, DigestAlgorithm.SHA256)
    assert row.channel is Channel.COMMAND_LINE
    factors = json.loads(row.factors)
    assert [factor["passed"] for factor in factors] == [True] * len(RULES)
    entry = world.ledger()[-1]
    assert entry.actor_id == world.people["dev"]
    assert details_of(entry)["factors"] == factors
    assert details_of(entry)["digest"] == DIGEST.hex()


def test_the_quota_counts_used_and_reserved(open_world: World) -> None:
    world = open_world
    world.sign("dev", number=2)
    held = reserved(world, number=2)
    codes = [code_of(answer) for answer in reservations(world, number=3)]
    assert codes == [None, Code.QUOTA_EXHAUSTED, Code.QUOTA_EXHAUSTED]
    assert counts(world) == (2, 3)
    settled(world, held)
    assert counts(world) == (4, 1)


def test_a_refused_attempt_is_one_entry_with_its_factors_and_consumes_nothing(
    open_world: World,
) -> None:
    world = open_world
    before, known = world.snapshot(), len(world.ledger())
    (outcome,) = world.sign("eve")
    assert code_of(outcome) is Code.KEYPAIR_NOT_ALLOWED
    assert world.snapshot() == before
    (entry,) = world.ledger()[known:]
    assert (entry.tag, entry.actor_id) == ("attempt:refused", world.people["eve"])
    attempt = details_of(entry)
    assert (attempt["command"], attempt["code"]) == ("sign", "KEYPAIR_NOT_ALLOWED")
    failed = [f["name"] for f in attempt["details_of_attempt"]["factors"] if not f["passed"]]
    assert failed == ["team_has_keypair", "is_participant"]


# --- a signer that fails ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (SignerFailed("no device"), Code.SIGNER_FAILED),
        (UnsuitableMessage("no"), Code.INVALID_INPUT),
    ],
)
def test_what_the_signer_could_not_make_is_given_back(
    open_world: World, monkeypatch: pytest.MonkeyPatch, failure: Exception, code: Code
) -> None:
    world = open_world
    before = len(world.ledger())

    def fails(*_: object) -> bytes:
        raise failure

    monkeypatch.setattr(LocalSigner, "sign", fails)
    (outcome,) = world.sign("dev")
    assert code_of(outcome) is code
    assert (counts(world), states(world)) == ((0, 0), [S.FAILED])
    assert tags(world, before) == ["signature:dropped"]


def test_a_keypair_whose_backend_is_not_set_up_here_signs_nothing(open_world: World) -> None:
    world = open_world
    world.system = replace(world.system, signers={})
    (outcome,) = world.sign("dev")
    assert code_of(outcome) is Code.SIGNER_FAILED
    assert (counts(world), states(world)) == ((0, 0), [S.FAILED])


def test_in_a_batch_each_is_settled_for_itself(
    open_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, calls, make = open_world, [], LocalSigner.sign

    def fails_twice(self: LocalSigner, *arguments: object) -> bytes:
        calls.append(1)
        # The second is tried again, outside of the transaction, when the others are made.
        if len(calls) in {2, 6}:
            raise SignerFailed("hiccup")
        return make(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalSigner, "sign", fails_twice)
    codes = [code_of(outcome) for outcome in world.sign("dev", number=6)]
    assert codes == [None, Code.SIGNER_FAILED, None, None, None, Code.QUOTA_EXHAUSTED]
    assert counts(world) == (4, 0)


# --- lapse ------------------------------------------------------------------------------------


def test_what_a_crash_left_reserved_is_given_back_after_its_time_limit(open_world: World) -> None:
    world = open_world
    reserved(world, number=5)
    world.clock.instant += LIMIT - timedelta(microseconds=1)
    assert code_of(reservations(world)[0]) is Code.QUOTA_EXHAUSTED
    world.clock.pass_(microseconds=1)
    before = len(world.ledger())
    assert isinstance(reservations(world)[0], Reserved)
    assert counts(world) == (0, 1)
    assert states(world) == [S.LAPSED] * 5 + [S.RESERVED]
    assert tags(world, before) == ["signature:dropped"] * 5
    assert details_of(world.ledger()[-1])["state"] == "LAPSED"


def test_a_value_that_comes_after_its_reservation_lapsed_is_thrown_away(
    open_world: World,
) -> None:
    world = open_world
    granted = reserved(world)
    late = values(world, granted)
    world.clock.instant += LIMIT
    reserved(world, number=5)
    before = world.snapshot()
    (outcome,) = settle(world.system, world.account_id, late)
    assert code_of(outcome) is Code.SIGNER_FAILED
    assert world.snapshot() == before
    assert rows(world, t.signatures, id=granted[0].signature_id)[0].value is None


def test_the_worker_gives_back_too_also_what_counts_toward_no_release(world: World) -> None:
    keypair_of(world, ReleaseType.ONLINE)
    release_in(world, Status.IN_PROGRESS)
    reserved(world)
    reserved(world, alias="online")
    assert advance_due(world.system) == 0
    world.clock.instant += LIMIT
    assert advance_due(world.system) == 2
    assert (counts(world), states(world)) == ((0, 0), [S.LAPSED] * 2)
    assert advance_due(world.system) == 0


def test_a_lapsed_idempotency_key_can_be_used_again_without_the_worker(world: World) -> None:
    keypair_of(world, ReleaseType.ONLINE)
    (first,) = reservations(world, alias="online", idempotency_key="build 1")
    assert isinstance(first, Reserved)
    world.clock.instant += LIMIT
    (second,) = world.sign("dev", "online", idempotency_key="build 1")
    assert isinstance(second, Made)
    assert second.signature_id != first.signature_id


# --- the release changes meanwhile ------------------------------------------------------------


def test_reserved_inside_the_window_and_settled_after_its_end_counts(open_world: World) -> None:
    world = open_world
    window = rows(world, t.releases)[0]
    world.clock.instant = window.ends_at - timedelta(microseconds=1)
    granted = reserved(world)
    world.clock.pass_(seconds=20)
    (outcome,) = settled(world, granted)
    assert isinstance(outcome, Made)
    (release,) = rows(world, t.releases)
    assert (release.status, counts(world)) == (Status.COMPLETED, (1, 0))


def test_reserved_and_then_closed_early_settles_and_counts(open_world: World) -> None:
    world = open_world
    granted = reserved(world, number=2)
    (release,) = rows(world, t.releases)
    world.do("dev", CloseRelease(release_id=release.id))
    assert counts(world) == (0, 2)
    assert [code_of(outcome) for outcome in settled(world, granted)] == [None, None]
    assert counts(world) == (2, 0)


@pytest.mark.parametrize("how", ["stopped", "keypair disabled"])
def test_a_stop_discards_what_is_reserved_and_its_value(open_world: World, how: str) -> None:
    world = open_world
    world.sign("dev")
    granted = reserved(world, number=2)
    late = values(world, granted)
    (release,) = rows(world, t.releases)
    known = len(world.ledger())
    if how == "stopped":
        world.do("ann", StopRelease(release_id=release.id, reason="leaked"))
    else:
        world.do("admin", UpdateKeypair(keypair_id=world.things["vault"], enabled=False))
    assert (counts(world), states(world)) == ((1, 0), [S.DISCARDED, S.DISCARDED, S.MADE])
    # They are written down now: after a crash nobody would come to settle them.
    dropped = [entry for entry in world.ledger()[known:] if entry.tag == "signature:dropped"]
    assert [details_of(entry)["state"] for entry in dropped] == ["DISCARDED"] * 2
    assert {entry.subject_id for entry in dropped} == {one.signature_id for one in granted}
    before, known = world.snapshot(), len(world.ledger())
    outcomes = settle(world.system, world.account_id, late)
    assert [code_of(outcome) for outcome in outcomes] == [Code.SIGNER_FAILED] * 2
    assert world.snapshot() == before
    assert all(row.value is None for row in rows(world, t.signatures, state=S.DISCARDED))
    assert tags(world, known) == []


def test_a_maximum_is_not_lowered_below_what_is_reserved(open_world: World) -> None:
    world = open_world
    reserved(world, number=3)
    (release,) = rows(world, t.releases)
    command = ReviseRelease(release_id=release.id, revision=1, changes={"max_signatures": 2})
    assert_refused(world, "ann", command, Code.INVALID_INPUT, "max_signatures", recorded=False)


def test_the_instant_of_the_reservation_decides_also_about_people_and_the_freeze(
    open_world: World,
) -> None:
    world = open_world
    granted = reserved(world)
    world.settings(signing_frozen=True)
    world.set_team("blue", members=["ann", "bob"])
    world.do("admin", UpdateUser(user_id=world.people["dev"], active=False))
    (outcome,) = settled(world, granted)
    assert isinstance(outcome, Made)
    entry = world.ledger()[-1]
    assert (entry.tag, entry.actor_id) == ("signature:made", world.people["dev"])


def test_what_nobody_came_to_settle_counts_no_more_once_its_time_is_over(
    open_world: World,
) -> None:
    world = open_world
    reserved(world, number=3)
    (release,) = rows(world, t.releases)
    world.clock.pass_(seconds=LIMIT.total_seconds())
    seen = read(world.system, world.principal("dev"), lambda reading: by_ids(reading, [release.id]))
    assert seen[release.id].signatures_left == 5
    lower = ReviseRelease(release_id=release.id, revision=1, changes={"max_signatures": 2})
    world.do("ann", lower)
    assert (counts(world), states(world)) == ((0, 0), [S.LAPSED] * 3)


# --- nobody and nothing -----------------------------------------------------------------------


def test_somebody_deactivated_signs_nothing_and_what_time_made_due_stays(world: World) -> None:
    release = release_in(world, Status.APPROVED)
    world.do("admin", UpdateUser(user_id=world.people["dev"], active=False))
    world.clock.pass_(hours=1)
    before = len(world.ledger())
    with pytest.raises(Refusal) as refused:
        world.sign("dev")
    assert refused.value.code is Code.UNAUTHENTICATED
    assert world.release(release).status is Status.IN_PROGRESS
    assert tags(world, before) == ["release:opened"]
    assert states(world) == []


# --- what is signed ---------------------------------------------------------------------------


def sign_one(world: World, **request: Any) -> Outcome:
    call = SignRequest(keypair_id=world.things["vault"], **request)
    (outcome,) = sign(world.system, world.principal("dev"), world.things["vault"], [call])
    return outcome


def test_a_digest_has_the_length_of_its_algorithm(open_world: World) -> None:
    for algorithm in DigestAlgorithm:
        length = hashlib.new(algorithm.lower()).digest_size
        assert isinstance(
            sign_one(open_world, digest=bytes(length), digest_algorithm=algorithm), Made
        )
        for wrong in (0, length - 1, length + 1):
            digest = bytes(wrong)
            assert_malformed(open_world, "digest", digest=digest, digest_algorithm=algorithm)


MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({}, "digest"),
    ({"digest": DIGEST, "content": b"both"}, "digest"),
    ({"content": b"content"}, "digest"),
    ({"content": bytes(MAX_CONTENT_BYTES + 1)}, "content"),
    ({"digest": DIGEST, "idempotency_key": ""}, "idempotency_key"),
    ({"digest": DIGEST, "idempotency_key": "k" * 201}, "idempotency_key"),
    ({"digest": DIGEST, "idempotency_key": "a\nb"}, "idempotency_key"),
    ({"digest": DIGEST, "idempotency_key": "a\0b"}, "idempotency_key"),
    ({"digest": DIGEST, "idempotency_key": "a\ud800"}, "idempotency_key"),
]


def test_malformed_requests_are_refused_and_nothing_is_written(open_world: World) -> None:
    for request, field in MALFORMED:
        assert_malformed(open_world, field, **request)


def assert_malformed(world: World, field: str, **request: Any) -> None:
    before, known = world.snapshot(), len(world.ledger())
    outcome = sign_one(world, **request)
    assert isinstance(outcome, Refused)
    assert (outcome.refusal.code, outcome.refusal.field) == (Code.INVALID_INPUT, (field,))
    assert (world.snapshot(), len(world.ledger())) == (before, known)


# --- notices ----------------------------------------------------------------------------------


def notices(world: World) -> list[tuple[int, int]]:
    found = [details_of(entry) for entry in world.ledger(tag="release:quota:reached")]
    return [(notice["percent"], notice["used"]) for notice in found]


def test_at_eighty_and_at_a_hundred_percent_it_is_said_once_each(world: World) -> None:
    release_in(world, Status.IN_PROGRESS, max_signatures=10)
    said = []
    for _ in range(11):
        world.sign("dev")
        said.append(notices(world))
    assert said[6] == []
    assert said[7] == said[8] == [(80, 8)]
    assert said[9] == said[10] == [(80, 8), (100, 10)]


def test_a_jump_over_both_says_the_higher(world: World) -> None:
    release_in(world, Status.IN_PROGRESS, max_signatures=1)
    world.sign("dev")
    assert notices(world) == [(100, 1)]


def test_reservations_are_not_signatures_yet(world: World) -> None:
    release_in(world, Status.IN_PROGRESS)
    granted = reserved(world, number=5)
    assert notices(world) == []
    settled(world, granted[:4])
    assert notices(world) == [(80, 4)]


def test_a_higher_maximum_is_reached_anew(world: World) -> None:
    release = release_in(world, Status.IN_PROGRESS)
    world.sign("dev", number=5)
    wider = ReviseRelease(release_id=release, revision=1, changes={"max_signatures": 10})
    world.do("ann", wider)
    world.sign("dev", number=3)
    assert notices(world) == [(100, 5), (80, 8)]
