"""What must be true of a database however it was treated: a name, the faults, a note."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from engine.lifecycle.table import TIME_TRIGGERS
from engine.model.vocabulary import HOLDING, Permission, SignatureState, Status, Verdict
from engine.persistence.db.clock import DatabaseClock
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.ledger_verification import verify
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState

_R, _S, _D = t.releases, t.signatures, t.decisions
#: What only a release that was approved can be.
_APPROVED = (Status.APPROVED, Status.IN_PROGRESS, Status.COMPLETED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant: broken if there is any fault."""

    name: str
    faults: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class ClientAnswers:
    """What clients were told; signatures are known by their idempotency keys."""

    received: dict[UUID, bytes] = field(default_factory=dict)
    #: Told that it came to nothing.
    nothing_used: set[str] = field(default_factory=set)
    #: Once without an answer, or one that says to look first whether it was done.
    cut_off: set[str] = field(default_factory=set)
    #: Positions of the ledger that a subscriber was told of, in the order they came.
    followed: list[int] = field(default_factory=list)


def findings(
    connection: Connection, client_answers: ClientAnswers, arrived: Sequence[str]
) -> Iterator[Finding]:
    """Of what clients heard, and of the Message-IDs of mails that arrived."""
    yield from _of_releases(connection)
    yield from _of_signatures(connection, client_answers)
    yield from _of_ledgers(connection)
    yield from _of_followers(connection, client_answers.followed)
    yield from _of_mails(connection, Counter(arrived))


def _of_releases(connection: Connection) -> Iterator[Finding]:
    h = t.release_keypairs
    twice = sa.select(h.c.keypair_id).where(h.c.held).group_by(h.c.keypair_id)
    twice = twice.having(sa.func.count() > 1)
    yield Finding("one open release for each keypair", len(connection.execute(twice).all()))
    wrong = sa.select(h).join(_R, _R.c.id == h.c.release_id)
    wrong = wrong.where(h.c.held != _R.c.status.in_(sorted(HOLDING)))
    yield Finding("held by those that are open", len(connection.execute(wrong).all()))

    statuses = Counter(connection.execute(sa.select(_R.c.status)).scalars())
    counts = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))
    now = DatabaseClock().now(connection)
    due = [
        (_R.c.status == status) & (_R.c[e] <= now) for status, (_, e, _) in TIME_TRIGGERS.items()
    ]
    yield _number(connection, "statuses are true now", sa.or_(*due), counts)
    ended = _R.c.status.in_([status for status in Status if status.is_final])
    yield _number(connection, "what is over says when", ended != _R.c.ended_at.is_not(None))

    votes = (
        sa.select(sa.func.count(_D.c.approver_id.distinct()))
        .where(_D.c.release_id == _R.c.id, _D.c.material_revision == _R.c.material_revision)
        .where(_D.c.verdict == Verdict.APPROVE)
        .scalar_subquery()
    )
    short = _R.c.status.in_(_APPROVED) & (votes < _R.c.required_approvals)
    yield _number(connection, "approved by a quorum", short)
    yield Finding("with a quorum none waits", len(complete_but_pending(connection)))
    rejected = sa.exists().where(
        _D.c.release_id == _R.c.id,
        _D.c.material_revision == _R.c.material_revision,
        _D.c.verdict == Verdict.REJECT,
    )
    yield _number(connection, "one rejection ends it", rejected & (_R.c.status != Status.REJECTED))


def complete_but_pending(connection: Connection) -> list[UUID]:
    """Pending releases with enough approvals by people who may approve them, and fit to be.

    Counted by the database alone, and by the people, teams and settings as they are.
    """
    m, e, a = t.team_members, t.release_edits, t.accounts
    permitted = loading.permitted_users(Permission.APPROVE_RELEASE).where(~t.users.c.service)
    on_the_team = sa.exists().where(m.c.team_id == _R.c.team_id, m.c.user_id == _D.c.approver_id)
    edited = sa.exists().where(
        e.c.release_id == _R.c.id,
        e.c.editor_id == _D.c.approver_id,
        e.c.material,
        e.c.revision >= _R.c.round_revision,
    )
    own = edited | (_R.c.creator_id == _D.c.approver_id)
    counted = (
        sa.select(sa.func.count(_D.c.approver_id.distinct()))
        .where(_D.c.release_id == _R.c.id, _D.c.material_revision == _R.c.material_revision)
        .where(_D.c.verdict == Verdict.APPROVE, _D.c.approver_id.in_(permitted))
        .where(_R.c.team_id.is_(None) | on_the_team, a.c.allow_self_approval | ~own)
        .scalar_subquery()
    )
    query = (
        sa.select(_R.c.id)
        .join(a, a.c.id == _R.c.account_id)
        .where(_R.c.status == Status.PENDING, counted >= _R.c.required_approvals, *_fit())
    )
    return list(connection.execute(query).scalars())


def _fit() -> list[ColumnElement[bool]]:
    """Of a release beside its account: nothing changed around it that creation would refuse."""
    h, k, g, p, u = (
        t.release_keypairs,
        t.keypairs,
        t.team_keypairs,
        t.release_participants,
        t.users,
    )
    granted = sa.exists().where(g.c.team_id == _R.c.team_id, g.c.keypair_id == k.c.id)
    unusable = ~k.c.enabled | (_R.c.team_id.is_not(None) & ~granted)
    keys = sa.exists().where(h.c.release_id == _R.c.id, h.c.keypair_id == k.c.id, unusable)
    gone = sa.exists().where(p.c.release_id == _R.c.id, p.c.user_id == u.c.id, ~u.c.active)
    types = t.accounts.c.enabled_release_types
    return [~keys, ~gone, types.contains(sa.cast(_R.c.type, sa.Text))]


def _of_signatures(connection: Connection, client_answers: ClientAnswers) -> Iterator[Finding]:
    over = _R.c.signatures_used + _R.c.signatures_reserved > _R.c.max_signatures
    yield _number(connection, "never more than the maximum", over)
    counted = (
        sa.select(sa.func.count())
        .where(_S.c.release_id == _R.c.id, _S.c.state == SignatureState.MADE)
        .scalar_subquery()
    )
    yield _number(connection, "used is what was made", _R.c.signatures_used != counted)
    yield _number(connection, "nothing stays reserved", _R.c.signatures_reserved != 0)
    rows = sa.select(_S.c.id, _S.c.value, _S.c.idempotency_key)
    rows = rows.where(_S.c.state == SignatureState.MADE)
    stored = {row.id: row for row in connection.execute(rows)}
    received = client_answers.received
    strange = [
        id_ for id_, value in received.items() if id_ not in stored or stored[id_][1] != value
    ]
    unheard = {stored[id_].idempotency_key for id_ in stored.keys() - received.keys()}
    note = f"{len(stored)} made, {len(received)} received, {len(unheard)} only made"
    yield Finding("what was received was made", len(strange), note)
    yield Finding("what nobody received was cut off", len(unheard - client_answers.cut_off))
    keys = {row.idempotency_key for row in stored.values()}
    note = f"{len(client_answers.nothing_used)} told so"
    yield Finding("nothing used, nothing made", len(client_answers.nothing_used & keys), note)
    twice = sa.select(_S.c.user_id).where(_S.c.idempotency_key.is_not(None))
    twice = twice.where(_S.c.state == SignatureState.MADE)
    twice = twice.group_by(_S.c.user_id, _S.c.idempotency_key).having(sa.func.count() > 1)
    yield Finding("one for each idempotency key", len(connection.execute(twice).all()))


def _of_ledgers(connection: Connection) -> Iterator[Finding]:
    for account_id in connection.execute(sa.select(t.accounts.c.id)).scalars().all():
        verdict = verify(connection, account_id)
        fault = f"entry {verdict.broken_at}: {verdict.fault}" if verdict.fault else ""
        note = fault or f"{verdict.head.count} entries"
        yield Finding("the ledger holds, without a gap", int(not verdict.holds), note)
        entries = t.ledger_entries
        entry_count = sa.select(sa.func.count()).where(
            entries.c.account_id == account_id, entries.c.tag == "signature:made"
        )
        signature_count = sa.select(sa.func.count()).where(
            _S.c.account_id == account_id, _S.c.state == SignatureState.MADE
        )
        difference = (
            connection.execute(entry_count).scalar_one()
            - connection.execute(signature_count).scalar_one()
        )
        yield Finding("each signature is in the ledger", abs(difference))


def _of_followers(connection: Connection, followed: Sequence[int]) -> Iterator[Finding]:
    entries = t.ledger_entries
    query = sa.select(entries.c.position).where(entries.c.release_id.is_not(None))
    positions = set(connection.execute(query).scalars())
    missed = positions.symmetric_difference(followed)
    yield Finding("a follower misses nothing", len(missed), f"{len(followed)} events")
    disorder = sum(a >= b for a, b in itertools.pairwise(followed))
    yield Finding("nothing comes twice, or too early", disorder)


def _of_mails(connection: Connection, arrived: Counter[str]) -> Iterator[Finding]:
    d = deliveries
    rows = connection.execute(sa.select(d.c.id, d.c.state, d.c.attempts)).all()
    states = Counter(row.state for row in rows)
    note = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    unsettled = states[DeliveryState.QUEUED] + states[DeliveryState.FAILED]
    yield Finding("each message is settled", unsettled, note)
    sent = {str(row.id) for row in rows if row.state is DeliveryState.SENT}
    repeats = sum(arrived.values()) - len(arrived)
    note = f"{len(arrived)} arrived, {repeats} of them once more"
    yield Finding("what was sent arrived", len(sent - arrived.keys()), note)
    too_often = [row for row in rows if arrived[str(row.id)] > row.attempts]
    yield Finding("none arrived more often than it was tried", len(too_often))
    strange = arrived.keys() - {str(row.id) for row in rows}
    yield Finding("what arrived had been queued", len(strange))


def _number(
    connection: Connection, name: str, wrong: ColumnElement[bool], note: str = ""
) -> Finding:
    query = sa.select(sa.func.count()).select_from(_R).where(wrong)
    return Finding(name, connection.execute(query).scalar_one(), note)


def table(found: Sequence[Finding]) -> str:
    """For people."""
    width = max(len(finding.name) for finding in found)
    return "\n".join(
        f"{'BROKEN' if f.faults else 'holds ':6}  {f.name:{width}}  {f.faults:4}  {f.note}".rstrip()
        for f in found
    )


def describe(outcomes: Mapping[str, int]) -> str:
    """Counts in one line."""
    return ", ".join(f"{number} {name}" for name, number in sorted(outcomes.items()))
