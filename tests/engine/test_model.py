"""A model that disagrees loudly: random people, commands and clock jumps, compared after each.

`COUNTERSIGN_MODEL=long` runs 2,000 examples on each database and says how many steps they took.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from base64 import b64decode
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from engine.commands.administration.roles import CreateRole, UpdateRole
from engine.commands.administration.teams import UpdateTeam
from engine.commands.administration.users import UpdateUser
from engine.commands.command import Command
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.commands.maintenance.advance_due import advance_due
from engine.commands.releases.close_release import CloseRelease
from engine.commands.releases.decide import Decide
from engine.commands.releases.request_release import RequestRelease
from engine.commands.releases.revise_release import ReviseRelease
from engine.commands.releases.stop_release import StopRelease
from engine.commands.releases.withdraw_release import WithdrawRelease
from engine.lifecycle.schedule import as_of
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import (
    HOLDING,
    Permission,
    QuotaOnOnline,
    ReleaseType,
    SignatureState,
    Status,
    Verdict,
)
from engine.persistence.db.database import Database
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.signing.request import Made, Refused, Reserved
from notifications import tables as n
from notifications.outbox.outbox import Outbox
from notifications.vocabulary import MessageKind
from tests.support.databases import POSTGRESQL_IS_LONG
from tests.support.invariants import complete_but_pending
from tests.support.model import LIMIT, Draft, Kept, Key, Model, Person, Settings
from tests.support.notices import LINK_KEY
from tests.support.signing import reservations, settled
from tests.support.state_machines import (
    LONG,
    LONG_EXAMPLES,
    STATE_MACHINE_TIMEOUT,
    report,
    run_state_machine,
)
from tests.support.world import make_world

EXAMPLES = LONG_EXAMPLES if LONG else 8
STEPS = 40

#: Refusals that leave no ledger entry (spec section 3).
SILENT = {Code.NOT_FOUND, Code.INVALID_INPUT, Code.UNAUTHENTICATED}

KEYS = {
    "vault": ReleaseType.OFFLINE,
    "spare": ReleaseType.OFFLINE,
    "web": ReleaseType.ONLINE,
    "app": ReleaseType.TEST,
}
#: What cid can do besides approving.
CHECKING = frozenset({Permission.REQUEST_RELEASE, Permission.VIEW_RELEASES})
# What makes for a long life comes first and often: it is what is drawn most.
who = st.sampled_from(["dev", "ann", "bob", "cid", "dev", "ann", "bob", "eve", "sig", "admin"])
alias = st.sampled_from(["vault", "web", "vault", "spare", "app"])
pick = st.sampled_from([0, 0, 0, 1, 0, 1, 2, 3])
rarely = st.sampled_from([False] * 7 + [True])
begins = st.sampled_from([1, 0, 2, 1, 3, -1])
lasts = st.sampled_from([2, 1, 3, 2, 4, 3, 0, -1])
revised = st.sampled_from([0, 0, 0, 0, 1])
name = st.sampled_from(["Falcon", "FALCON", "Eagle", "Raven", "Heron"])
some_keys = st.sampled_from(
    [{"vault"}, {"spare"}, {"web"}, {"vault", "spare"}, {"vault"}, {"app"}, {"web", "vault"}]
)
numbers = itertools.count(1)
ran: Counter[str] = Counter()


class Disagreements(RuleBasedStateMachine):
    """The engine and the model, side by side."""

    database: ClassVar[Database]

    @initialize(
        teams=st.booleans(),
        reapprove=st.booleans(),
        own=st.booleans(),
        quorum=st.integers(1, 2),
        first=st.sampled_from([{"vault"}, {"web"}, {"vault", "spare"}, {"app"}]),
    )
    def begin(self, teams: bool, reapprove: bool, own: bool, quorum: int, first: set[str]) -> None:
        """An account of its own in the one database."""
        ran["examples"] += 1
        outbox = Outbox(LINK_KEY)
        account = f"Model {next(numbers)}"
        world = make_world(self.database, account=account, event_handlers=(outbox,))
        checker = CreateRole(name="Checker", permissions=CHECKING | {Permission.APPROVE_RELEASE})
        world.things["checker"] = world.do("admin", checker)
        world.add_user("cid", "Checker")
        world.add_user("sig", "SIGNER")
        world.add_keypair("web", ReleaseType.ONLINE)
        world.add_keypair("app", ReleaseType.TEST)
        world.set_team("blue", members=["ann", "bob", "cid", "dev"], keypairs=sorted(KEYS))
        world.settings(
            teams_enabled=teams,
            reapprove_on_edit=reapprove,
            allow_self_approval=own,
            required_approvals=quorum,
        )
        lead = {"requests": True, "approves": True, "in_team": True}
        self.world = world
        self.model = Model(
            now=world.clock.instant,
            settings=Settings(teams, reapprove, own, quorum),
            people={
                **{lead_name: Person(**lead) for lead_name in ("ann", "bob", "cid")},
                "dev": Person(requests=True, signs=True, in_team=True),
                "eve": Person(requests=True, signs=True),
                "sig": Person(signs=True),
                "admin": Person(requests=True, sees_all=True),
            },
            keys={alias_: Key(type_) for alias_, type_ in KEYS.items()},
            participants=frozenset() if teams else frozenset({"dev", "eve"}),
        )
        self.ids: list[UUID] = []
        self.crashed: list[tuple[Kept | None, int, str, Reserved]] = []
        self.checked = len(world.ledger())
        self.hash = world.ledger()[-1].hash
        self.refusals = 0
        self.tags: Counter[str] = Counter()
        self.request("dev", "Falcon", True, first, False, 1, 2, 3, False)

    # --- deeds ----------------------------------------------------------------------------

    def attempt(self, name_: str, command: Command[Any], codes: set[Code]) -> Any:
        """The engine must do what the model said."""
        if not codes:
            ran[type(command).__name__] += 1
            return self.world.do(name_, command)
        refusal = self.world.refused(name_, command)
        assert refusal.code in codes, refusal.message
        ran[refusal.code] += 1
        self.refusals += refusal.code not in SILENT
        return None

    def picked(self, number: int) -> tuple[UUID, Kept]:
        """One of the releases there are: mostly an open one, the latest first."""
        order = sorted(
            range(len(self.ids)),
            key=lambda i: (self.model.releases[i].status in HOLDING, i),
            reverse=True,
        )
        index = order[number % len(order)]
        return self.ids[index], self.model.releases[index]

    def ids_of(self, aliases: frozenset[str]) -> frozenset[UUID]:
        return frozenset(self.world.things[a] for a in aliases)

    @rule(
        who=who,
        name=name,
        again=rarely,
        keys=some_keys,
        unfit=rarely,
        begins=begins,
        lasts=lasts,
        maximum=st.sampled_from([2, 1, 3, 5]),
        at_once=rarely,
    )
    def request(
        self,
        who: str,
        name: str,
        again: bool,
        keys: set[str],
        unfit: bool,
        begins: int,
        lasts: int,
        maximum: int,
        at_once: bool,
    ) -> None:
        name = name if again else f"{name} {len(self.ids)}"
        type_ = ReleaseType.TEST if unfit else KEYS[min(keys)]
        starts_at = self.model.now + timedelta(hours=begins)
        ends_at = starts_at + timedelta(hours=lasts)
        draft = Draft(name, None, type_, frozenset(keys), starts_at, ends_at, maximum)
        codes = self.model.request(who, draft, as_approved=at_once)
        fields = self.world.fields(
            name=name,
            version=None,
            note=None,
            type=type_,
            keypair_ids=self.ids_of(draft.keys),
            starts_at=starts_at,
            ends_at=ends_at,
            max_signatures=maximum,
            teams=self.model.settings.teams,
        )
        if not self.model.settings.teams:
            people = frozenset(self.world.people[p] for p in self.model.participants)
            fields = replace(fields, participant_ids=people)
        command = RequestRelease(fields=fields, as_approved=at_once)
        result = self.attempt(who, command, codes)
        if result is not None:
            self.ids.append(result)

    @rule(who=who, begins=begins, maximum=st.sampled_from([2, 1, 3, 5]))
    def request_what_is_free(self, who: str, begins: int, maximum: int) -> None:
        """So that there is a life to live."""
        free = [k for k in KEYS if self.model.holder(k) is None and self.model.keys[k].enabled]
        if free:
            self.request(who, "Falcon", False, {free[0]}, False, begins, 2, maximum, False)

    @precondition(lambda self: self.ids)
    @rule(
        who=who,
        number=pick,
        verdict=st.sampled_from([Verdict.APPROVE] * 4 + [Verdict.REJECT]),
        back=st.sampled_from([0, 0, 0, 0, 1, -1]),
    )
    def decide(self, who: str, number: int, verdict: Verdict, back: int) -> None:
        id_, kept = self.picked(number)
        revision = kept.revision - back
        codes = self.model.decide(who, kept, verdict, revision)
        command = Decide(release_id=id_, revision=revision, verdict=verdict, comment="Because.")
        self.attempt(who, command, codes)

    @precondition(lambda self: self.ids)
    @rule(number=pick)
    def approve_by_all(self, number: int) -> None:
        """So that approval is reached often enough."""
        for name_ in ("ann", "bob", "cid"):
            self.decide(name_, number, Verdict.APPROVE, 0)
            self.model.advance()

    @precondition(lambda self: self.ids)
    @rule(who=who, number=pick)
    def withdraw(self, who: str, number: int) -> None:
        id_, kept = self.picked(number)
        codes = self.model.withdraw(who, kept)
        self.attempt(who, WithdrawRelease(release_id=id_, reason="Because."), codes)

    @precondition(lambda self: self.ids)
    @rule(who=who, number=pick)
    def close(self, who: str, number: int) -> None:
        id_, kept = self.picked(number)
        self.attempt(who, CloseRelease(release_id=id_), self.model.close(who, kept))

    @precondition(lambda self: self.ids)
    @rule(who=who, number=pick, reason=st.sampled_from(["leaked", "leaked", " "]))
    def stop(self, who: str, number: int, reason: str) -> None:
        id_, kept = self.picked(number)
        codes = self.model.stop(who, kept, reason)
        self.attempt(who, StopRelease(release_id=id_, reason=reason), codes)

    @precondition(lambda self: self.ids)
    @rule(who=who, number=pick, name=name, back=revised)
    def relabel(self, who: str, number: int, name: str, back: int) -> None:
        self.revise(who, number, back, name=name)

    @precondition(lambda self: self.ids)
    @rule(who=who, number=pick, version=st.sampled_from([None, "1.0", "2.0"]), back=revised)
    def reversion(self, who: str, number: int, version: str | None, back: int) -> None:
        """Material before the start, and a label afterwards."""
        self.revise(who, number, back, version=version)

    @precondition(lambda self: self.ids)
    @rule(
        who=who,
        number=pick,
        maximum=st.sampled_from([4, 3, 2, 1, 0]),
        longer=st.sampled_from([0, 1, 2, -1]),
    )
    def resize(self, who: str, number: int, maximum: int, longer: int) -> None:
        """Maximum and end, and nothing else."""
        _, kept = self.picked(number)
        changes: dict[str, Any] = {"maximum": maximum}
        changes["ends_at"] = kept.draft.ends_at + timedelta(hours=longer)
        self.revise(who, number, 0, **changes)

    @precondition(lambda self: self.ids)
    @rule(who=who, number=pick, keys=some_keys, later=st.booleans(), unfit=rarely)
    def retype(self, who: str, number: int, keys: set[str], later: bool, unfit: bool) -> None:
        """Type, keypairs and start."""
        _, kept = self.picked(number)
        changes: dict[str, Any] = {"keys": frozenset(keys)}
        changes["type"] = kept.draft.type if unfit else KEYS[min(keys)]
        if later:
            changes["starts_at"] = kept.draft.starts_at + timedelta(minutes=30)
        self.revise(who, number, 0, **changes)

    def revise(self, who: str, number: int, back: int, **changes: Any) -> None:
        id_, kept = self.picked(number)
        revision = kept.revision - back
        codes = self.model.revise(who, kept, replace(kept.draft, **changes), revision)
        names = {"maximum": "max_signatures", "keys": "keypair_ids"}
        written = {names.get(field, field): value for field, value in changes.items()}
        if "keypair_ids" in written:
            written["keypair_ids"] = self.ids_of(written["keypair_ids"])
        command = ReviseRelease(release_id=id_, revision=revision, changes=written)
        self.attempt(who, command, codes)
        if "max_signatures" in written and not codes:
            self.model.lapse(kept)

    # --- signing --------------------------------------------------------------------------

    def _lapse(self, alias: str) -> None:
        """Whoever signs next gives back what is overdue on the release that holds the keypair.

        A release whose window has ended holds it until somebody looks, and may be the one.
        """
        with self.world.system.database.reading() as connection:
            found = loading.load_releases(connection, self.ids)
        for id_, kept in zip(self.ids, self.model.releases, strict=True):
            if alias in kept.draft.keys and found[id_].status in HOLDING:
                self.model.lapse(kept)

    @rule(
        who=st.sampled_from(["dev", "dev", "eve", "sig", "ann"]),
        alias=alias,
        number=st.integers(1, 3),
    )
    def sign(self, who: str, alias: str, number: int) -> None:
        if not self.model.people[who].active:
            with pytest.raises(Refusal) as refused:
                self.world.sign(who, alias)
            assert refused.value.code is Code.UNAUTHENTICATED
            return
        self._lapse(alias)
        for outcome in self.world.sign(who, alias, number=number):
            code, release = self.model.sign(who, alias)
            if isinstance(outcome, Refused):
                assert outcome.refusal.code is code
                self.refusals += 1
                continue
            assert isinstance(outcome, Made)
            assert code is None
            ran["signatures"] += 1
            if release is not None:
                release.used += 1

    @rule(alias=alias)
    def crash(self, alias: str) -> None:
        """Reserve, and be gone; somebody may come and settle it yet."""
        if not self.model.people["dev"].active:
            return
        self._lapse(alias)
        (answer,) = reservations(self.world, "dev", alias)
        code, release = self.model.sign("dev", alias)
        if not isinstance(answer, Reserved):
            assert isinstance(answer, Refused)
            assert answer.refusal.code is code
            self.refusals += 1
            return
        assert code is None
        self.model.reservations += 1
        number = self.model.reservations
        if release is not None:
            release.reserved[number] = self.model.now + LIMIT
        self.crashed.append((release, number, alias, answer))

    @precondition(lambda self: any(release for release, *_ in self.crashed))
    @rule()
    def come_back(self) -> None:
        """Settle the oldest that counts toward a release: it counts if it is still reserved."""
        entry = next(found for found in self.crashed if found[0] is not None)
        self.crashed.remove(entry)
        release, number, _, answer = entry
        assert release is not None
        (outcome,) = settled(self.world, [answer])
        if release.reserved.pop(number, None) is None:
            assert isinstance(outcome, Refused)
        else:
            assert isinstance(outcome, Made)
            ran["signatures"] += 1
            release.used += 1

    # --- around them ----------------------------------------------------------------------

    @rule(minutes=st.sampled_from([30, 60, 1, 60, 0, 120, 600]))
    def time_passes(self, minutes: int) -> None:
        self.world.clock.pass_(minutes=minutes)
        self.model.now = self.world.clock.instant
        self.model.advance()

    @rule()
    def worker(self) -> None:
        while advance_due(self.world.system):
            pass
        for release in self.model.releases:
            self.model.lapse(release)

    @rule(name_=st.sampled_from(["ann", "bob", "cid", "dev"]), away=rarely)
    def come_or_go(self, name_: str, away: bool) -> None:
        person = self.model.people[name_]
        person.active = not away
        self.model.reassess()
        user_id = self.world.people[name_]
        self.world.do("admin", UpdateUser(user_id=user_id, active=person.active))

    @rule(name_=st.sampled_from(["ann", "bob", "ann", "dev"]), leads=st.booleans())
    def change_roles(self, name_: str, leads: bool) -> None:
        """One leads or develops: approves or signs."""
        person = self.model.people[name_]
        person.approves, person.signs = leads, not leads
        self.model.reassess()
        roles = ("LEAD",) if leads else ("DEVELOPER",)
        self.world.do("admin", UpdateUser(user_id=self.world.people[name_], roles=roles))

    @rule(approves=st.booleans())
    def change_the_role_of_cid(self, approves: bool) -> None:
        self.model.people["cid"].approves = approves
        self.model.reassess()
        approving = {Permission.APPROVE_RELEASE} if approves else set()
        role_id = self.world.things["checker"]
        self.world.do("admin", UpdateRole(role_id=role_id, permissions=CHECKING | approving))

    @rule(loser=st.sampled_from(["ann", "bob"]), last=st.sampled_from(["cid", "ann", "bob"]))
    def lose_and_regain(self, loser: str, last: str) -> None:
        """A vote counts no more, somebody else votes, and it counts again: rare by chance alone."""
        self.request_what_is_free("dev", 2, 5)
        self.ledger_is_whole()  # who was mailed is compared while the roles are the same
        for voter, leads in ((loser, False), (last, True)):
            self.decide(voter, 0, Verdict.APPROVE, 0)
            self.model.advance()
            approved = sum(kept.approved for kept in self.model.releases)
            self.change_roles(loser, leads)
        ran["completed by a change"] += (
            sum(kept.approved for kept in self.model.releases) - approved
        )

    @rule(alias=alias, taken=rarely)
    def grant_or_take(self, alias: str, taken: bool) -> None:
        """Whether the team may use a keypair."""
        self.model.keys[alias].granted = not taken
        self.model.reassess()
        granted = frozenset(a for a, key in self.model.keys.items() if key.granted)
        command = UpdateTeam(team_id=self.world.things["blue"], keypair_ids=self.ids_of(granted))
        self.world.do("admin", command)

    @rule(quorum=st.sampled_from([2, 1, 3]))
    def change_the_quorum(self, quorum: int) -> None:
        """Of the team and of the account."""
        command = UpdateTeam(team_id=self.world.things["blue"], required_approvals=quorum)
        self.attempt("admin", command, self.model.ask_for(quorum))
        self.model.settings.required = quorum
        self.world.settings(required_approvals=quorum)

    @rule(name_=st.sampled_from(["ann", "bob", "cid", "dev", "eve"]))
    def join_or_leave(self, name_: str) -> None:
        people = self.model.people
        names = [n for n, p in people.items() if p.in_team != (n == name_)]
        members = frozenset(self.world.people[n] for n in names)
        command = UpdateTeam(team_id=self.world.things["blue"], member_ids=members)
        self.attempt("admin", command, self.model.join_or_leave(name_))

    @rule(alias=alias, disable=rarely)
    def enable_or_disable(self, alias: str, disable: bool) -> None:
        if disable:
            self.model.disable(alias)
        else:
            self.model.keys[alias].enabled = True
            self.model.reassess()
        self.world.do(
            "admin", UpdateKeypair(keypair_id=self.world.things[alias], enabled=not disable)
        )

    @rule(
        frozen=rarely,
        over=st.sampled_from(QuotaOnOnline),
        confined=st.booleans(),
        reapprove=st.booleans(),
        own=st.booleans(),
        without=st.sampled_from([None, None, None, *ReleaseType]),
    )
    def change_settings(
        self,
        frozen: bool,
        over: QuotaOnOnline,
        confined: bool,
        reapprove: bool,
        own: bool,
        without: ReleaseType | None,
    ) -> None:
        ours = self.model.settings
        ours.frozen, ours.confined, ours.reapprove = frozen, confined, reapprove
        ours.self_approval, ours.refuse_over_quota = own, over is QuotaOnOnline.REFUSE
        ours.types = set(ReleaseType) - {without}
        self.model.reassess()
        self.world.settings(
            signing_frozen=frozen,
            quota_on_online=over,
            restrict_signing_to_releases=confined,
            reapprove_on_edit=reapprove,
            allow_self_approval=own,
            enabled_release_types=frozenset(ours.types),
        )

    # --- what must hold after each --------------------------------------------------------

    @invariant()
    def agree(self) -> None:
        ran["steps"] += 1
        self.model.advance()
        with self.world.system.database.reading() as connection:
            found = loading.load_releases(connection, self.ids)
            h = t.release_keypairs
            own = h.c.release_id.in_(self.ids)
            held = (
                connection.execute(sa.select(h.c.keypair_id).where(h.c.held, own)).scalars().all()
            )
            stuck = complete_but_pending(connection)
        assert not set(stuck) & set(self.ids), "never complete and pending"
        assert len(held) == len(set(held)), "one keypair, one open release"
        for id_, kept in zip(self.ids, self.model.releases, strict=True):
            stored = found[id_]
            now = as_of(stored, self.model.now)
            assert now.status is kept.status
            assert (now.revision, now.material_revision) == (kept.revision, kept.material)
            assert (now.signatures_used, now.required_approvals) == (kept.used, kept.required)
            assert (now.fields.name, now.fields.version) == (kept.draft.name, kept.draft.version)
            assert (now.fields.starts_at, now.fields.ends_at) == (
                kept.draft.starts_at,
                kept.draft.ends_at,
            )
            assert now.fields.keypair_ids == self.ids_of(kept.draft.keys)
            assert stored.signatures_used + stored.signatures_reserved <= now.fields.max_signatures
            if kept.status in HOLDING:
                assert stored.signatures_reserved == len(kept.reserved)
            assert (now.opened_at is not None) == kept.opened
        expected = [k for kept in self.model.releases for k in self._held(kept, found)]
        assert sorted(held) == sorted(expected)

    def _held(self, kept: Kept, found: dict[UUID, Any]) -> frozenset[UUID]:
        # What time has ended lets go when somebody looks.
        stored = found[self.ids[self.model.releases.index(kept)]]
        return stored.fields.keypair_ids if stored.status in HOLDING else frozenset()

    @invariant()
    def ledger_is_whole(self) -> None:
        """Gapless, chained, and with an entry for each refusal, round and approval."""
        e = t.ledger_entries
        query = (
            sa.select(e.c.position, e.c.tag, e.c.body, e.c.hash)
            .where(e.c.account_id == self.world.account_id, e.c.position > self.checked)
            .order_by(e.c.position)
        )
        with self.world.system.database.reading() as connection:
            new = connection.execute(query).all()
        for entry in new:
            body = json.loads(entry.body)
            assert entry.position == self.checked + 1
            assert hashlib.sha256(entry.body.encode()).digest() == entry.hash
            assert b64decode(body["previous"]) == self.hash
            self.checked, self.hash = entry.position, entry.hash
            self._count(entry.tag, body)
        assert self.tags["attempt:refused"] == self.refusals
        assert self.tags["release:requested"] == len(self.ids)
        assert self.tags["release:approved"] == sum(k.approved for k in self.model.releases)
        requested = sum(kept.request_count for kept in self.model.releases)
        assert self.tags["approvers asked"] == requested, "each round is told once"

    def _count(self, tag: str, body: dict[str, Any]) -> None:
        """A request that is pending, and a round asked anew: each approver gets one mail."""
        self.tags[tag] += 1
        pending = tag == "release:requested" and body["to"] == Status.PENDING
        if pending or (tag == "release:revised" and body["details"]["asks_anew"]):
            self.tags["approvers asked"] += 1
            assert self._mailed(UUID(body["release"])) == Counter(
                self.world.people[name] for name in self.model.approvers()
            )

    def _mailed(self, release_id: UUID) -> Counter[UUID]:
        """How many mails ask each approver to decide on a release as it is now."""
        d, r = n.deliveries, t.releases
        query = (
            sa.select(d.c.user_id)
            .join(r, r.c.id == d.c.release_id)
            .where(
                d.c.kind == MessageKind.REQUEST, r.c.id == release_id, d.c.revision == r.c.revision
            )
        )
        with self.world.system.database.reading() as connection:
            return Counter(connection.execute(query).scalars())

    def teardown(self) -> None:
        """Out of the way of the examples to come, whose clocks begin at noon again."""
        if not hasattr(self, "world"):
            return
        r, s, h = t.releases, t.signatures, t.release_keypairs
        own = r.c.account_id == self.world.account_id
        with self.world.system.database.writing() as connection:
            connection.execute(h.update().where(h.c.release_id.in_(self.ids)).values(held=False))
            connection.execute(r.update().where(own).values(status=Status.REJECTED))
            connection.execute(
                s.update()
                .where(s.c.account_id == self.world.account_id)
                .values(state=SignatureState.LAPSED)
            )
            connection.commit()


@STATE_MACHINE_TIMEOUT
@POSTGRESQL_IS_LONG
def test_the_engine_does_what_the_model_says(
    database: Database, request: pytest.FixtureRequest
) -> None:
    ran.clear()
    run_state_machine(Disagreements, database, examples=EXAMPLES, steps=STEPS)
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    report(request, f"model on {kind}: {ran['examples']} examples, {ran['steps']} steps")
    assert ran["examples"] >= EXAMPLES
    assert ran["completed by a change"] > 0
