"""A small model of the specification, written from it alone: what must happen to a release.

For each deed it answers the codes that may refuse it, in no order: none means that it must
succeed. It shares nothing with the engine but the words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.model.errors import Code
from engine.model.vocabulary import ReleaseType, Status, Verdict

S, T = Status, ReleaseType
ENDED = {S.COMPLETED, S.FAILED, S.REJECTED}
NOT_STARTED = {S.PENDING, S.APPROVED, S.ACTIVE}
#: Before the start, and from then on.
LABELS, LABELS_LATER = {"name", "note"}, {"name", "note", "version"}
LIMIT = timedelta(seconds=30)


@dataclass
class Person:
    """Somebody of the account."""

    requests: bool = False
    approves: bool = False
    signs: bool = False
    sees_all: bool = False
    in_team: bool = False
    active: bool = True


@dataclass
class Key:
    """A keypair."""

    type: ReleaseType
    enabled: bool = True
    #: To the team.
    granted: bool = True


@dataclass
class Settings:
    """Of the account and its team; Teams stay as they are."""

    teams: bool
    reapprove: bool = True
    self_approval: bool = False
    required: int = 1
    frozen: bool = False
    refuse_over_quota: bool = True
    confined: bool = False
    types: set[ReleaseType] = field(default_factory=lambda: set(T))
    #: Of the team.
    quorum: int = 2


@dataclass
class Draft:
    """What somebody writes on a release."""

    name: str
    note: str | None
    type: ReleaseType
    keys: frozenset[str]
    starts_at: datetime
    ends_at: datetime
    maximum: int
    version: str | None = None

    def changed(self, other: Draft) -> set[str]:
        """In which fields the two differ."""
        return {name for name in vars(self) if vars(self)[name] != vars(other)[name]}


@dataclass
class Kept:
    """A release as it ought to be."""

    draft: Draft
    creator: str
    status: Status
    required: int
    revision: int = 1
    material: int = 1
    votes: dict[str, Verdict] = field(default_factory=dict)
    editors: set[str] = field(default_factory=set)
    opened: bool = False
    used: int = 0
    #: When each reservation lapses, by its number.
    reserved: dict[int, datetime] = field(default_factory=dict)
    #: How often its approvers were asked.
    request_count: int = 0
    approved: int = 0

    @property
    def keeps_name(self) -> bool:
        """A release that never opened gives its name back when it ends."""
        return self.opened or self.status not in ENDED


@dataclass
class Model:
    """The account as it ought to be."""

    now: datetime
    settings: Settings
    people: dict[str, Person]
    keys: dict[str, Key]
    participants: frozenset[str] = frozenset()
    releases: list[Kept] = field(default_factory=list)
    reservations: int = 0

    # --- time ---------------------------------------------------------------------------

    def advance(self) -> None:
        """What time makes due, on every release."""
        for release in self.releases:
            draft = release.draft
            if release.status is S.PENDING and self.now >= draft.ends_at:
                self._end(release, S.FAILED)
            if release.status in {S.APPROVED, S.ACTIVE} and self.now >= draft.starts_at:
                release.status, release.opened = S.IN_PROGRESS, True
            if release.status is S.IN_PROGRESS and self.now >= draft.ends_at:
                self._end(release, S.COMPLETED)

    def _end(self, release: Kept, status: Status) -> None:
        release.status = status
        if status is S.FAILED:
            release.reserved.clear()

    def lapse(self, release: Kept) -> None:
        """Give back what was reserved too long ago."""
        release.reserved = {n: at for n, at in release.reserved.items() if at > self.now}

    # --- people -------------------------------------------------------------------------

    def approvers(self) -> set[str]:
        """Who can approve a release now."""
        return {
            name
            for name, person in self.people.items()
            if person.approves and person.active and (person.in_team or not self.settings.teams)
        }

    def takes_part(self, who: str) -> bool:
        """May sign in a release."""
        if self.settings.teams:
            return self.people[who].in_team
        return who in self.participants

    def sees(self, who: str, release: Kept) -> bool:
        """The release exists for this person."""
        if who == release.creator or who in self.approvers() or self.takes_part(who):
            return True
        return self.people[who].sees_all or not self.settings.teams

    def may_approve(self, author: set[str]) -> set[str]:
        """Approvers of a release by these authors."""
        return self.approvers() - (set() if self.settings.self_approval else author)

    @property
    def quorum(self) -> int:
        """What a round that begins now asks for."""
        return self.settings.quorum if self.settings.teams else self.settings.required

    def join_or_leave(self, who: str) -> set[Code]:
        """Codes that may refuse it; none: done. No edit leaves the team with too few approvers."""
        before = self._possible()
        person = self.people[who]
        person.in_team = not person.in_team
        if self._possible() >= min(before, self.settings.quorum):
            self.reassess()
            return set()
        person.in_team = not person.in_team
        return {Code.NOT_ENOUGH_APPROVERS}

    def ask_for(self, quorum: int) -> set[Code]:
        """Codes that may refuse that the team asks for so many; rounds under way keep theirs."""
        if quorum > max(self.settings.quorum, self._possible()):
            return {Code.NOT_ENOUGH_APPROVERS}
        self.settings.quorum = quorum
        return set()

    def _possible(self) -> int:
        return sum(p.in_team and p.approves and p.active for p in self.people.values())

    def reassess(self) -> None:
        """Whatever changed around them: no request is complete, as it ought to be, and pending."""
        for release in self.releases:
            if release.status is S.PENDING and self.is_complete(release):
                release.status = S.APPROVED
                release.approved += 1

    def is_complete(self, release: Kept) -> bool:
        """Enough of those who may approve it have, and it could be requested as it is."""
        approving = {name for name, v in release.votes.items() if v is Verdict.APPROVE}
        counted = approving & self.may_approve(release.editors | {release.creator})
        return len(counted) >= release.required and not self._unfit(release.draft)

    def holder(self, alias: str) -> Kept | None:
        """The open release that holds a keypair."""
        holding = [r for r in self.releases if alias in r.draft.keys and r.status not in ENDED]
        assert len(holding) <= 1
        return holding[0] if holding else None

    # --- requesting ---------------------------------------------------------------------

    def request(self, who: str, draft: Draft, *, as_approved: bool) -> set[Code]:
        """Codes that may refuse it; none: it is made."""
        person = self.people[who]
        if not person.active:
            return {Code.UNAUTHENTICATED}
        codes = self._wrong(draft, None)
        if not person.requests:
            codes.add(Code.FORBIDDEN)
        if self.settings.teams and not (person.in_team or person.sees_all):
            codes.add(Code.FORBIDDEN)
        offline = draft.type is T.OFFLINE
        if as_approved:
            codes |= self._wrong_as_approved(who, offline=offline)
        elif offline and len(self.may_approve({who})) < self.quorum:
            codes.add(Code.NOT_ENOUGH_APPROVERS)
        if not codes:
            status = (S.APPROVED if as_approved else S.PENDING) if offline else S.ACTIVE
            required = self.quorum if offline else 0
            release = Kept(draft, who, status, required, request_count=int(status is S.PENDING))
            self.releases.append(release)
        return codes

    def _wrong_as_approved(self, who: str, *, offline: bool) -> set[Code]:
        if self.settings.teams or not offline:
            return {Code.INVALID_INPUT}
        if who not in self.approvers():
            return {Code.FORBIDDEN}
        fits = self.settings.self_approval and self.settings.required == 1
        return set() if fits else {Code.OWN_REQUEST}

    def _wrong(self, draft: Draft, own: Kept | None) -> set[Code]:
        codes = self._unfit(draft)
        if self._name_taken(draft.name, own):
            codes.add(Code.NAME_TAKEN)
        for alias in draft.keys:
            if self.keys[alias].type is not draft.type:
                codes.add(Code.KEYPAIR_TYPE_MISMATCH)
            if self.holder(alias) not in (None, own):
                codes.add(Code.KEYPAIR_IN_USE)
        if draft.starts_at >= draft.ends_at:
            codes.add(Code.WINDOW_INVALID)
        if draft.ends_at <= self.now:
            codes.add(Code.WINDOW_PASSED)
        if draft.maximum < 1:
            codes.add(Code.INVALID_INPUT)
        return codes

    def _unfit(self, draft: Draft) -> set[Code]:
        """What may come to be wrong with a release though nobody edits it."""
        codes = set()
        if draft.type not in self.settings.types:
            codes.add(Code.RELEASE_TYPE_DISABLED)
        keys = [self.keys[alias] for alias in draft.keys]
        if not all(key.enabled for key in keys):
            codes.add(Code.KEYPAIR_DISABLED)
        if self.settings.teams and not all(key.granted for key in keys):
            codes.add(Code.KEYPAIR_NOT_ALLOWED)
        inactive = any(not self.people[name].active for name in self.participants)
        if not self.settings.teams and inactive:
            codes.add(Code.INVALID_INPUT)
        return codes

    def _name_taken(self, name: str, own: Kept | None) -> bool:
        if own is not None and not own.keeps_name:
            return False
        others = [r for r in self.releases if r is not own and r.keeps_name]
        return any(r.draft.name.casefold() == name.casefold() for r in others)

    # --- deciding and ending ------------------------------------------------------------

    def decide(self, who: str, release: Kept, verdict: Verdict, revision: int) -> set[Code]:
        """Codes that may refuse it; none: the vote counts."""
        codes = self._barred(who, release, {S.PENDING})
        if codes:
            return codes
        if who not in self.approvers():
            codes.add(Code.NOT_AN_APPROVER)
        if not release.material <= revision <= release.revision:
            codes.add(Code.REVISION_CONFLICT)
        if who in release.votes:
            codes.add(Code.ALREADY_DECIDED)
        authors = release.editors | {release.creator}
        if verdict is Verdict.APPROVE and who in authors and not self.settings.self_approval:
            codes.add(Code.OWN_REQUEST)
        if verdict is Verdict.APPROVE:
            codes |= self._unfit(release.draft)
        if codes:
            return codes
        release.votes[who] = verdict
        if verdict is Verdict.REJECT:
            self._end(release, S.REJECTED)
        self.reassess()
        return codes

    def withdraw(self, who: str, release: Kept) -> set[Code]:
        """Codes that may refuse it; none: it is rejected."""
        codes = self._barred(who, release, {S.PENDING, S.APPROVED, S.ACTIVE})
        return codes or self._leave(who, release, S.REJECTED)

    def close(self, who: str, release: Kept) -> set[Code]:
        """Codes that may refuse it; none: it is completed."""
        return self._barred(who, release, {S.IN_PROGRESS}) or self._leave(who, release, S.COMPLETED)

    def _leave(self, who: str, release: Kept, status: Status) -> set[Code]:
        if who != release.creator and who not in self.approvers():
            return {Code.FORBIDDEN}
        self._end(release, status)
        return set()

    def stop(self, who: str, release: Kept, reason: str) -> set[Code]:
        """Codes that may refuse it; none: it has failed."""
        codes = self._barred(who, release, {S.APPROVED, S.ACTIVE, S.IN_PROGRESS})
        if codes:
            return codes
        own = who == release.creator and release.draft.type is not T.OFFLINE
        if who not in self.approvers() and not own:
            codes.add(Code.FORBIDDEN)
        if not reason.strip():
            codes.add(Code.INVALID_INPUT)
        if not codes:
            self._end(release, S.FAILED)
        return codes

    def _barred(self, who: str, release: Kept, statuses: set[Status]) -> set[Code]:
        if not self.people[who].active:
            return {Code.UNAUTHENTICATED}
        if not self.sees(who, release):
            return {Code.NOT_FOUND}
        return set() if release.status in statuses else {Code.WRONG_STATUS}

    # --- editing ------------------------------------------------------------------------

    def revise(self, who: str, release: Kept, draft: Draft, revision: int) -> set[Code]:
        """Codes that may refuse it; none: the draft is the release."""
        codes = self._barred(who, release, set(Status))
        if codes:
            return codes
        changed = draft.changed(release.draft)
        material = bool(changed - (LABELS if release.status in NOT_STARTED else LABELS_LATER))
        approver = who in self.approvers()
        if revision != release.revision:
            codes.add(Code.REVISION_CONFLICT)
        if not approver and not self.people[who].requests:
            codes.add(Code.FORBIDDEN)
        if self._locked(who, release, changed):
            codes.add(Code.FIELD_LOCKED)
        if self._name_taken(draft.name, release):
            codes.add(Code.NAME_TAKEN)
        target = self._target(release, draft, material=material)
        if material and release.status not in ENDED:
            codes |= self._wrong(draft, release)
            codes |= self._wrong_material(who, release, draft, target)
        if not codes and changed:
            self._rewrite(who, release, draft, target, material=material)
        return codes

    def _locked(self, who: str, release: Kept, changed: set[str]) -> bool:
        if release.status in ENDED:
            return bool(changed - LABELS_LATER)
        if release.status is not S.IN_PROGRESS:
            return False
        offline = release.draft.type is T.OFFLINE
        whole = who in self.approvers() if offline else who == release.creator
        return bool(changed & {"starts_at", "type"} if whole else changed - LABELS_LATER)

    def _target(self, release: Kept, draft: Draft, *, material: bool) -> Status:
        if not material or release.status in ENDED | {S.IN_PROGRESS}:
            return release.status
        if draft.type is not T.OFFLINE:
            return S.ACTIVE
        if release.status is S.APPROVED and not self.settings.reapprove:
            return S.APPROVED
        return S.PENDING

    def _wrong_material(self, who: str, release: Kept, draft: Draft, target: Status) -> set[Code]:
        codes = set()
        if target is S.PENDING:
            authors = set() if release.status is S.APPROVED else release.editors
            if len(self.may_approve(authors | {who, release.creator})) < self.quorum:
                codes.add(Code.NOT_ENOUGH_APPROVERS)
        kept = release.status is S.APPROVED and not self.settings.reapprove
        if kept and who not in self.approvers():
            codes.add(Code.NOT_AN_APPROVER)
        # What was reserved too long ago is given back, and counts no more.
        taken = release.used + sum(at > self.now for at in release.reserved.values())
        if release.status is S.IN_PROGRESS and draft.maximum < taken:
            codes.add(Code.INVALID_INPUT)
        return codes

    def _rewrite(
        self, who: str, release: Kept, draft: Draft, target: Status, *, material: bool
    ) -> None:
        release.draft = draft
        release.revision += 1
        if not material:
            return
        release.material = release.revision
        release.votes = {}
        if release.status is S.APPROVED and target is not S.APPROVED:
            release.editors = set()
        if target in {S.PENDING, S.ACTIVE}:
            release.editors.add(who)
        if target is S.PENDING:
            release.required = self.quorum
            release.request_count += 1
        elif target is S.ACTIVE:
            release.required = 0
        release.status = target

    # --- keypairs and signing -----------------------------------------------------------

    def disable(self, alias: str) -> None:
        """Stops the release that holds it, once that is past its approval."""
        release = self.holder(alias)
        if self.keys[alias].enabled and release is not None and release.status is not S.PENDING:
            self._end(release, S.FAILED)
        self.keys[alias].enabled = False

    def sign(self, who: str, alias: str) -> tuple[Code | None, Kept | None]:
        """Why there is no signature, or toward which release it counts."""
        person, key, release = self.people[who], self.keys[alias], self.holder(alias)
        usable = [
            (not self.settings.frozen, Code.SIGNING_FROZEN),
            (person.signs, Code.FORBIDDEN),
            (key.enabled, Code.KEYPAIR_DISABLED),
            (
                (person.in_team and key.granted) or not self.settings.teams,
                Code.KEYPAIR_NOT_ALLOWED,
            ),
        ]
        is_open = release is not None and release.status is S.IN_PROGRESS
        inside = [(is_open, Code.OUTSIDE_WINDOW), (self.takes_part(who), Code.NOT_A_PARTICIPANT)]
        taken = release.used + len(release.reserved) if release is not None else 0
        left = release is not None and taken < release.draft.maximum
        for holds, code in usable:
            if not holds:
                return code, None
        missing = [code for holds, code in inside if not holds]
        over = [] if left else [Code.QUOTA_EXHAUSTED]
        if not missing and not over:
            return None, release
        always_inside = key.type is T.OFFLINE or self.settings.confined
        if always_inside or (not missing and self.settings.refuse_over_quota):
            return (missing + over)[0], None
        return None, None
