"""Signatures of quick signers: decided, made, stored and counted in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from engine.commands.administration.users import UpdateUser
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.releases.stop_release import StopRelease
from engine.concurrency.executor import Executor
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import ReleaseType, SignatureState, Status
from engine.persistence.db.postgresql import PgConnection
from engine.persistence.store import tables as t
from engine.persistence.store.ledger_verification import verify
from engine.signers.base import SignerFailed
from engine.signers.local import LocalSigner
from engine.signing import decide_calls as decision_module
from engine.signing import sign as sign_module
from engine.signing import signing_tasks as tasks_module
from engine.signing.request import Made, Outcome, SignRequest
from engine.signing.service import SigningService
from tests.support.releases import release_in, rows
from tests.support.signing import code_of, declare_quick
from tests.support.world import DIGEST, World

S = SignatureState


class Gate:
    """A signing service that is used from outside of its event loop, and lives on in between."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.executor = Executor(world.system.database)
        self.service = SigningService(world.system, self.executor)

    def sign(self, *calls: tuple[str, str], number: int = 1, **more: Any) -> list[list[Outcome]]:
        """Calls of one moment, each by a person with a keypair."""
        return asyncio.run(self._sign(calls, number, more))

    async def _sign(
        self, calls: tuple[tuple[str, str], ...], number: int, more: dict[str, Any]
    ) -> list[list[Outcome]]:
        # A batcher belongs to an event loop; what is kept of the facts does not.
        service = SigningService(self.world.system, self.executor)
        service._facts = self.service._facts
        things, principal = self.world.things, self.world.principal
        return await asyncio.gather(
            *(
                service.sign(
                    principal(who),
                    things[alias],
                    [SignRequest(keypair_id=things[alias], digest=DIGEST, **more)] * number,
                )
                for who, alias in calls
            )
        )

    def code(self, who: str = "dev", alias: str = "vault", **more: Any) -> Code | None:
        """Why one signature is refused, or None."""
        try:
            ((outcome,),) = self.sign((who, alias), **more)
        except Refusal as refusal:
            return refusal.code
        return code_of(outcome)


@pytest.fixture
def gate(world: World) -> Iterator[Gate]:
    """An open release of 50 signatures, and a service that has signed once."""
    release_in(world, Status.IN_PROGRESS, max_signatures=50)
    gate = Gate(world)
    assert gate.code() is None
    yield gate
    gate.executor.shutdown()


def counts(world: World) -> tuple[int, int]:
    (release,) = rows(world, t.releases)
    return release.signatures_used, release.signatures_reserved


@contextmanager
def statements_of(world: World) -> Iterator[list[str]]:
    """The statements of the block, in their order."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engine = world.system.database._writer
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_many_signatures_are_one_transaction_of_few_statements(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = gate.world

    def never(*_: Any) -> Any:
        raise AssertionError("nothing is left to be settled")

    monkeypatch.setattr(tasks_module, "settle", never)
    monkeypatch.setattr(sign_module, "QUICK_SECONDS", 10)
    with statements_of(world) as statements:
        outcomes = gate.sign(("dev", "vault"), number=20)
    assert [code_of(outcome) for outcome in outcomes[0]] == [None] * 20
    assert counts(world) == (21, 0)
    assert {row.state for row in rows(world, t.signatures)} == {S.MADE}
    # Releases, head, signatures, counts, entries, head.
    assert len(statements) == 6, statements


def test_keypairs_of_one_account_share_the_transaction(gate: Gate) -> None:
    world = gate.world
    world.add_keypair("web", ReleaseType.ONLINE)
    world.set_team("blue", keypairs=["vault", "spare", "web"])
    gate.sign(("dev", "web"))
    before = len(rows(world, t.signatures))
    with statements_of(world) as statements:
        gate.sign(*[("dev", "vault"), ("dev", "web")] * 8)
    assert len(rows(world, t.signatures)) == before + 16
    inserted = [text for text in statements if text.startswith("INSERT INTO signatures")]
    assert len(inserted) <= 2, "one, and another if a call came while the first was under way"


def test_what_does_not_fit_into_the_time_is_reserved_and_made_outside(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[int] = []
    settle = tasks_module.settle

    def counted(*args: Any) -> Any:
        settled.append(len(args[-1]))
        return settle(*args)

    monkeypatch.setattr(tasks_module, "settle", counted)
    declare_quick(monkeypatch, 0.4 * sign_module.QUICK_SECONDS)
    monkeypatch.setattr(sign_module, "time", _Clock(0.4 * sign_module.QUICK_SECONDS))
    (outcomes,) = gate.sign(("dev", "vault"), number=20)
    assert [code_of(outcome) for outcome in outcomes] == [None] * 20
    assert 0 < sum(settled) < 20
    assert counts(gate.world) == (21, 0)


class _Clock:
    """A clock that each look moves on."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def perf_counter(self) -> float:
        self.now += self.step
        return self.now


def test_a_quick_signer_that_fails_is_tried_again_outside_and_refused_there(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> bytes:
        raise SignerFailed("The key is damaged.")

    monkeypatch.setattr(LocalSigner, "sign", fails)
    assert gate.code() is Code.SIGNER_FAILED
    assert counts(gate.world) == (1, 0)
    assert gate.world.ledger()[-1].tag == "signature:dropped"


def test_only_short_arithmetic_is_called_quick() -> None:
    can = LocalSigner.capabilities
    assert all(seconds < 0.001 for seconds in can.quick_seconds.values())
    assert {
        a for a in can.signs if a.bits in {3072, 4096, 87}
    } == can.signs.keys() - can.quick_seconds.keys()


def test_exactly_as_many_as_the_maximum_are_made(gate: Gate) -> None:
    outcomes = gate.sign(*[("dev", "vault")] * 12, number=5)
    codes = [code_of(outcome) for call in outcomes for outcome in call]
    assert (codes.count(None), codes.count(Code.QUOTA_EXHAUSTED)) == (49, 11)
    assert counts(gate.world) == (50, 0)
    assert gate.world.ledger(tag="release:quota:reached")


def test_a_key_used_twice_in_a_moment_is_one_signature(gate: Gate) -> None:
    first, second = gate.sign(("dev", "vault"), ("dev", "vault"), idempotency_key="build 1")
    assert first == second
    assert isinstance(first[0], Made)
    (again,) = gate.sign(("dev", "vault"), idempotency_key="build 1")
    assert again == first
    assert counts(gate.world) == (2, 0)


# --- what was changed is in force at the next signature ---------------------------------------


def _leave(world: World) -> None:
    world.set_team("blue", members=["ann", "bob"])


def _lose_role(world: World) -> None:
    world.do("admin", UpdateUser(user_id=world.people["dev"], roles=frozenset()))


def _deactivate(world: World) -> None:
    world.do("admin", UpdateUser(user_id=world.people["dev"], active=False))


def _disable(world: World) -> None:
    world.do("admin", UpdateKeypair(keypair_id=world.things["vault"], enabled=False))


def _stop(world: World) -> None:
    (release,) = rows(world, t.releases)
    world.do("ann", StopRelease(release_id=release.id, reason="leak"))


def _freeze(world: World) -> None:
    world.settings(signing_frozen=True)


def _end(world: World) -> None:
    world.clock.instant += timedelta(days=30)


CHANGES: list[tuple[Callable[[World], None], Code]] = [
    (_freeze, Code.SIGNING_FROZEN),
    (_leave, Code.KEYPAIR_NOT_ALLOWED),
    (_lose_role, Code.FORBIDDEN),
    (_deactivate, Code.UNAUTHENTICATED),
    (_disable, Code.KEYPAIR_DISABLED),
    (_stop, Code.OUTSIDE_WINDOW),
    (_end, Code.OUTSIDE_WINDOW),
]


@pytest.mark.parametrize(("change", "code"), CHANGES, ids=lambda it: getattr(it, "__name__", ""))
def test_a_change_is_in_force_at_the_very_next_signature(
    gate: Gate, change: Callable[[World], None], code: Code
) -> None:
    change(gate.world)
    assert gate.code() is code
    assert counts(gate.world)[1] == 0


def test_facts_are_kept_while_others_sign_and_read_anew_after_a_change(gate: Gate) -> None:
    other = Gate(gate.world)
    for _ in range(3):
        other.code()
    with statements_of(gate.world) as statements:
        assert gate.code() is None
    assert not any("FROM users" in text for text in statements), "only signatures were recorded"
    other.executor.shutdown()
    gate.world.settings(max_window_days=31)
    with statements_of(gate.world) as statements:
        assert gate.code() is None
    assert any("FROM users" in text for text in statements)


def test_a_database_that_fell_back_on_an_earlier_state_is_noticed(gate: Gate) -> None:
    """Its ledger has another entry where the facts were read, and may lack the one before."""
    world = gate.world
    kept = gate.service._facts.get(world.account_id)
    assert kept is not None
    gate.service._facts.keep(replace(kept, head=replace(kept.head, hash=bytes(32))))
    with statements_of(world) as statements:
        assert gate.code() is None
    assert any("FROM users" in text for text in statements)


def test_a_release_that_took_the_keypair_meanwhile_is_locked_before_anything_is_decided(
    gate: Gate,
) -> None:
    world = gate.world
    _stop(world)
    assert gate.code() is Code.OUTSIDE_WINDOW
    release_in(world, Status.IN_PROGRESS, name="The next one")
    assert gate.code() is None
    used = {row.name: row.signatures_used for row in rows(world, t.releases)}
    assert used["The next one"] == 1


# --- a commit that was not confirmed -----------------------------------------------------------


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_commit_that_was_not_confirmed_is_looked_up_before_anybody_is_answered(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    world, whole, broken = gate.world, decision_module.transaction, []

    @contextmanager
    def breaking(*args: Any) -> Any:
        with whole(*args) as uow:
            yield uow
            if not broken and not is_stored:
                broken.append(1)
                raise OperationalError("COMMIT", {}, Exception(), connection_invalidated=True)
        if not broken:
            broken.append(1)
            raise OperationalError("COMMIT", {}, Exception(), connection_invalidated=True)

    monkeypatch.setattr(decision_module, "transaction", breaking)
    (outcomes,) = gate.sign(("dev", "vault"), number=9)
    assert broken
    assert [code_of(outcome) for outcome in outcomes] == [None] * 9
    stored = {row.id: row.value for row in rows(world, t.signatures)}
    for outcome in outcomes:
        assert isinstance(outcome, Made)
        assert outcome.signed is not None
        assert stored[outcome.signature_id] == outcome.signed.value
    assert (counts(world), len(stored)) == ((10, 0), 10)
    with world.system.database.reading() as connection:
        assert verify(connection, world.account_id).holds


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_stored", [True, False])
def test_a_connection_that_breaks_during_the_commit_is_looked_up(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    world, whole, broken = gate.world, PgConnection.commit, []

    def commit(self: PgConnection) -> None:
        if broken:
            whole(self)
            return
        broken.append(1)
        if is_stored:
            whole(self)
        self.pgconn.finish()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(PgConnection, "commit", commit)
    (outcomes,) = gate.sign(("dev", "vault"), number=9)
    assert broken
    assert [code_of(outcome) for outcome in outcomes] == [None] * 9
    assert (counts(world), len(rows(world, t.signatures))) == ((10, 0), 10)
    assert len(world.ledger(tag="signature:made")) == 10
