"""THE commit: state, ledger and messages land together or not at all."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from engine.commands import transactions
from engine.commands.administration.teams import CreateTeam
from engine.commands.command import execute
from engine.commands.releases import decide
from engine.commands.releases.decide import Decide
from engine.commands.releases.request_release import RequestRelease
from engine.commands.releases.revise_release import ReviseRelease
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import Status, Verdict
from engine.persistence.store import ledger, loading
from engine.persistence.store import tables as t
from engine.persistence.store.ledger import LedgerEntry
from engine.persistence.store.retry import MAX_TRIES, retry
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.refusal_throttle import RefusalThrottle
from tests.support.refusals import details_of, tags
from tests.support.releases import release_in, rows
from tests.support.world import World

ROOT = Path(__file__).parents[3]


class Breaks(Exception):
    """A bug, or a broken part."""


def breaks(*_: Any, **__: Any) -> Any:
    """Stands in for the part that breaks."""
    raise Breaks


def outbox(uow: UnitOfWork, entries: list[LedgerEntry]) -> None:
    """A listener that writes in the caller's transaction, as the outbox does."""
    uow.connection.execute(
        t.key_checks.insert(),
        [
            {
                "purpose": f"{uow.account_id} {entry.position}",
                "value": entry.recorded.event.tag.encode(),
            }
            for entry in entries
        ],
    )


def sent(world: World) -> list[str]:
    """What the listener wrote, in order."""
    found = [row for row in rows(world, t.key_checks) if " " in row.purpose]
    found.sort(key=lambda row: int(row.purpose.split()[1]))
    return [row.value.decode() for row in found]


def listening(world: World, *listeners: Callable[..., None]) -> World:
    world.system = replace(world.system, event_handlers=listeners)
    return world


@pytest.fixture
def last_vote(world: World) -> tuple[World, UUID, Decide]:
    """A release that bob's approval will approve and, its start being past, open."""
    release = world.request()
    world.decide("ann", release)
    world.clock.pass_(hours=1)
    return world, release, Decide(release_id=release, revision=1, verdict=Verdict.APPROVE)


def test_state_ledger_and_outbox_land_together(last_vote: tuple[World, UUID, Decide]) -> None:
    world, release, command = last_vote
    listening(world, outbox)
    before = len(world.ledger())
    world.do("bob", command)
    assert world.release(release).status is Status.IN_PROGRESS
    landed = ["release:approval:recorded", "release:approved", "release:opened"]
    assert tags(world, before) == landed
    assert sent(world) == landed


@pytest.mark.parametrize("part", ["ledger", "outbox", "state", "commit", "second listener"])
def test_when_one_part_breaks_nothing_lands(
    last_vote: tuple[World, UUID, Decide], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, release, command = last_vote
    before, known = world.snapshot(), world.ledger()
    listening(world, outbox)
    if part == "ledger":
        monkeypatch.setattr(transactions.ledger, "append", breaks)
    if part == "outbox":
        listening(world, breaks)
    if part == "second listener":
        listening(world, outbox, breaks)
    if part == "state":
        monkeypatch.setattr(decide, "write_transition", breaks)
    if part == "commit":
        monkeypatch.setattr(Connection, "commit", breaks)
    with pytest.raises(Breaks):
        world.do("bob", command)
    monkeypatch.undo()
    assert world.snapshot() == before
    assert world.ledger() == known
    listening(world)
    world.do("bob", command)
    assert world.release(release).status is Status.IN_PROGRESS


def test_a_ledger_that_breaks_half_way_leaves_neither_its_entries_nor_its_head(
    last_vote: tuple[World, UUID, Decide], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _, command = last_vote
    before, known, append = world.snapshot(), world.ledger(), ledger.append

    def breaks_after(*arguments: Any) -> Any:
        append(*arguments)
        raise Breaks

    monkeypatch.setattr(transactions.ledger, "append", breaks_after)
    with pytest.raises(Breaks):
        world.do("bob", command)
    monkeypatch.undo()
    assert (world.snapshot(), world.ledger()) == (before, known)
    (head,) = rows(world, t.ledger_heads)
    assert head.count == len(known)


# --- a due transition and a refused command in one unit --------------------------------------


def test_the_due_transition_stays_and_the_refusal_leaves_one_entry(world: World) -> None:
    release = release_in(world, Status.APPROVED)
    listening(world, outbox)
    world.clock.pass_(hours=1)
    before = len(world.ledger())
    command = Decide(release_id=release, revision=1, verdict=Verdict.REJECT)
    refusal = world.refused("ann", command)
    assert refusal.code is Code.WRONG_STATUS
    assert world.release(release).status is Status.IN_PROGRESS
    assert tags(world, before) == ["release:opened", "attempt:refused"]
    assert sent(world) == ["release:opened", "attempt:refused"]
    assert [entry.release_id for entry in world.ledger()[before:]] == [release, release]


def test_what_a_refused_command_wrote_before_it_was_refused_is_undone(world: World) -> None:
    """The savepoint, on SQLite too, where a driver's own begin would lose the outer work."""
    release = release_in(world, Status.APPROVED)
    world.clock.pass_(hours=1)
    listening(world, outbox)
    before = len(world.ledger())

    class WritesThenRefuses(Decide):
        def apply(self, uow: UnitOfWork) -> UUID:
            uow.connection.execute(t.releases.update().values(note="half done"))
            self._insert(uow, decide.standing_facts(uow, uow.release(self.release_id)))
            raise Refusal(Code.FORBIDDEN, "No.")

    command = WritesThenRefuses(release_id=release, revision=1, verdict=Verdict.REJECT)
    assert world.refused("dev", command).code is Code.FORBIDDEN
    assert world.release(release).status is Status.IN_PROGRESS
    assert world.release(release).fields.note is None
    assert len(rows(world, t.decisions)) == 2
    assert tags(world, before) == ["release:opened", "attempt:refused"]


def test_a_refusal_by_the_database_itself_is_one_like_any_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check before sees nothing, as in a race; the constraint decides."""
    held = world.request()
    world.request(name="Eagle", keypair_ids=frozenset({world.things["spare"]}))
    monkeypatch.setattr(loading, "name_is_taken", lambda *_: False)
    world.clock.pass_(hours=3)
    before = len(world.ledger())
    world.request(name="Raven")
    keypairs = frozenset({world.things["spare"]})
    command = RequestRelease(fields=world.fields(name="RAVEN", keypair_ids=keypairs))
    refusal = world.refused("dev", command)
    assert (refusal.code, refusal.field) == (Code.NAME_TAKEN, ("name",))
    assert world.release(held).status is Status.FAILED
    assert tags(world, before) == [
        "release:expired",
        "release:requested",
        "release:expired",
        "attempt:refused",
    ]


def test_a_bug_rolls_back_even_what_time_made_due(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = release_in(world, Status.APPROVED)
    world.clock.pass_(hours=1)
    before, known = world.snapshot(), world.ledger()
    monkeypatch.setattr(Decide, "apply", breaks)
    with pytest.raises(Breaks):
        world.do("ann", Decide(release_id=release, revision=1, verdict=Verdict.APPROVE))
    assert (world.snapshot(), world.ledger()) == (before, known)


def test_a_constraint_nobody_foresaw_is_a_bug_and_not_a_refusal(world: World) -> None:
    release = world.request()

    class Impossible(Decide):
        def apply(self, uow: UnitOfWork) -> UUID:
            uow.connection.execute(t.releases.update().values(max_signatures=-1))
            return release

    before, known = world.snapshot(), world.ledger()
    with pytest.raises(DBAPIError):
        world.do("ann", Impossible(release_id=release, revision=1, verdict=Verdict.APPROVE))
    assert (world.snapshot(), world.ledger()) == (before, known)


# --- refused attempts ------------------------------------------------------------------------


def test_refused_attempts_are_written_down_up_to_a_number_a_minute(world: World) -> None:
    world.system = replace(world.system, refusal_throttle=RefusalThrottle(per_minute=3))
    release = world.request()
    command = Decide(release_id=release, revision=9, verdict=Verdict.APPROVE)
    before = len(world.ledger())
    for _ in range(5):
        assert world.refused("ann", command).code is Code.REVISION_CONFLICT
    assert tags(world, before) == ["attempt:refused"] * 3
    world.refused("bob", command)
    assert tags(world, before) == ["attempt:refused"] * 4
    world.clock.pass_(minutes=1)
    world.refused("ann", command)
    assert tags(world, before) == ["attempt:refused"] * 5


@pytest.mark.parametrize("name", ["nul\0", "half \ud800", "bell\a", "n" * 10_000])
def test_whatever_was_tried_can_be_written_down(world: World, name: str) -> None:
    before = len(world.ledger())
    command = CreateTeam(name=name, member_ids=frozenset())
    assert world.refused("dev", command).code is Code.FORBIDDEN
    (entry,) = world.ledger()[before:]
    assert details_of(entry)["details_of_attempt"]["name"].startswith(name[:3])


# --- after the commit ------------------------------------------------------------------------


def test_whoever_waits_is_woken_once_after_the_commit_and_only_if_something_happened(
    world: World,
) -> None:
    woken: list[tuple[UUID, int]] = []

    def wake(account_id: UUID) -> None:
        woken.append((account_id, len(world.ledger())))

    world.system = replace(world.system, commit_hooks=(wake,))
    release = world.request()
    assert woken == [(world.account_id, len(world.ledger()))]
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes={}))
    assert len(woken) == 1
    world.refused("dev", Decide(release_id=release, revision=1, verdict=Verdict.APPROVE))
    assert len(woken) == 2


def test_listeners_get_the_entries_of_a_commit_once_it_is_done(world: World) -> None:
    received: list[tuple[UUID, list[int], int]] = []

    def listen(account_id: UUID, entries: Sequence[LedgerEntry]) -> None:
        positions = [entry.position for entry in entries]
        received.append((account_id, positions, len(world.ledger())))

    def fails(account_id: UUID, entries: Sequence[LedgerEntry]) -> None:
        raise RuntimeError("of its own")

    world.system = replace(world.system, event_listeners=(fails, listen))
    before = len(world.ledger())
    release = world.request()
    world.do("dev", ReviseRelease(release_id=release, revision=1, changes={}))
    assert received == [(world.account_id, [before + 1], before + 1)]


def test_senders_are_woken_after_the_commit_and_only_if_something_is_to_be_sent(
    world: World,
) -> None:
    woken: list[int] = []

    def leaves(uow: UnitOfWork, entries: list[LedgerEntry]) -> None:
        uow.has_messages_to_send = entries[0].recorded.event.tag == "release:requested"

    system = replace(world.system, event_handlers=(leaves,))
    world.system = replace(system, delivery_hooks=(lambda _: woken.append(len(world.ledger())),))
    release = world.request()
    assert woken == [len(world.ledger())]
    world.decide("ann", release)
    assert len(woken) == 1


# --- giving way ------------------------------------------------------------------------------


class Lost(Exception):
    """What the driver raises when the database chose this transaction to give way."""

    sqlstate = "40P01"


def test_a_unit_that_gave_way_is_tried_again(
    last_vote: tuple[World, UUID, Decide], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, release, command = last_vote
    tries, append = [], ledger.append

    def gives_way(*arguments: Any) -> Any:
        tries.append(1)
        if len(tries) < MAX_TRIES:
            raise OperationalError("", {}, Lost())
        return append(*arguments)

    monkeypatch.setattr(transactions.ledger, "append", gives_way)
    before = len(world.ledger())
    world.do("bob", command)
    assert len(tries) == MAX_TRIES
    assert world.release(release).status is Status.IN_PROGRESS
    assert len(tags(world, before)) == 3


def test_one_that_always_gives_way_is_told_so_and_nothing_changed(
    last_vote: tuple[World, UUID, Decide], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _, command = last_vote
    before, known = world.snapshot(), world.ledger()

    def gives_way(*_: Any) -> Any:
        raise OperationalError("", {}, Lost())

    monkeypatch.setattr(transactions.ledger, "append", gives_way)
    assert world.refused("bob", command).code is Code.OVERLOADED
    assert (world.snapshot(), world.ledger()) == (before, known)


def test_any_other_trouble_of_the_database_stays_what_it_is(
    last_vote: tuple[World, UUID, Decide], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _, command = last_vote

    def fails(*_: Any) -> Any:
        raise OperationalError("", {}, Exception("disk full"))

    monkeypatch.setattr(transactions.ledger, "append", fails)
    with pytest.raises(OperationalError, match="disk full"):
        execute(world.system, world.principal("bob"), command)


# --- nowhere else ----------------------------------------------------------------------------

#: The only files that commit, and how often they say so.
COMMITS = {
    # The driver's own BEGIN is switched off for ours; an index is built outside of transactions.
    "engine/persistence/db/postgresql.py": 1,
    "engine/persistence/db/concurrent_index.py": 1,
    "engine/persistence/store/migrate.py": 1,
    # NOTIFY and LISTEN, connections of their own on which nothing else is said.
    "engine/persistence/db/pg_notify.py": 1,
    # A command's transaction, and changes that are nobody's deed.
    "engine/commands/transactions.py": 2,
}


def test_nothing_else_commits() -> None:
    found = {}
    for room in ("engine", "notifications", "api"):
        for path in sorted((ROOT / room).rglob("*.py")):
            number = len(re.findall(r"\.commit\(|autocommit", path.read_text()))
            if number:
                found[str(path.relative_to(ROOT))] = number
    assert found == COMMITS


def test_a_transaction_to_read_in_writes_nothing(world: World) -> None:
    before = world.snapshot()
    with pytest.raises(DBAPIError), world.system.database.reading() as connection:
        connection.execute(sa.update(t.accounts).values(signing_frozen=True))
    assert world.snapshot() == before


def test_a_transaction_left_without_a_commit_is_rolled_back(world: World) -> None:
    before = world.snapshot()
    with world.system.database.writing() as connection:
        connection.execute(sa.update(t.accounts).values(signing_frozen=True))
    assert world.snapshot() == before


def test_trouble_of_an_unknown_kind_stays_what_it_is_and_is_not_its_own_cause() -> None:
    error = sa.exc.OperationalError("SELECT 1", {}, Exception("no such table"))

    def unit() -> None:
        raise error

    with pytest.raises(sa.exc.OperationalError) as raised:
        retry(unit)
    assert raised.value is error
    assert raised.value.__cause__ is None
