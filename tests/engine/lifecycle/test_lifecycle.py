"""The table of spec section 3: each row fired, each guard refusing, every other pair refused."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from engine.lifecycle import edit_rules, machine
from engine.lifecycle.schedule import as_of
from engine.lifecycle.table import TRANSITIONS, Transition
from engine.model.claims import ClaimCondition
from engine.model.errors import Code, Refusal
from engine.model.facts import CLOCK, Facts, Team, labels_of
from engine.model.vocabulary import (
    FINAL,
    HOLDING,
    KeypairState,
    Permission,
    ReleaseType,
    Status,
    Trigger,
)
from tests.support.facts import (
    ANN,
    APPROVERS,
    BLUE,
    BOB,
    CREATOR,
    HOUR,
    MEMBER,
    NOON,
    OTHER_RELEASE,
    RED,
    SPARE,
    STRANGER,
    VAULT,
    actor,
    drafting,
    facts,
    fields,
    keypair,
    pipeline,
    release,
    ruled,
    teams_off,
    vote,
)

PENDING, APPROVED, ACTIVE = Status.PENDING, Status.APPROVED, Status.ACTIVE
IN_PROGRESS = Status.IN_PROGRESS
COMPLETED, FAILED, REJECTED = Status.COMPLETED, Status.FAILED, Status.REJECTED
#: In one order, as every process that runs tests must collect them.
ENDED = (COMPLETED, FAILED, REJECTED)
OFFLINE, ONLINE, TEST = ReleaseType.OFFLINE, ReleaseType.ONLINE, ReleaseType.TEST

#: Spec section 3, transcribed by hand: (trigger, from) -> where it can lead.
SPECIFIED: dict[tuple[Trigger, Status | None], set[Status]] = {
    (Trigger.REQUEST, None): {PENDING, APPROVED, ACTIVE},
    (Trigger.APPROVE, PENDING): {PENDING, APPROVED},
    (Trigger.REASSESS, PENDING): {APPROVED},
    (Trigger.REJECT, PENDING): {REJECTED},
    (Trigger.WITHDRAW, PENDING): {REJECTED},
    (Trigger.WITHDRAW, APPROVED): {REJECTED},
    (Trigger.WITHDRAW, ACTIVE): {REJECTED},
    (Trigger.REVISE, PENDING): {PENDING, ACTIVE},
    (Trigger.REVISE, APPROVED): {APPROVED, PENDING, ACTIVE},
    (Trigger.REVISE, ACTIVE): {ACTIVE, PENDING},
    (Trigger.REVISE, IN_PROGRESS): {IN_PROGRESS},
    (Trigger.REVISE, COMPLETED): {COMPLETED},
    (Trigger.REVISE, FAILED): {FAILED},
    (Trigger.REVISE, REJECTED): {REJECTED},
    (Trigger.OPEN, APPROVED): {IN_PROGRESS},
    (Trigger.OPEN, ACTIVE): {IN_PROGRESS},
    (Trigger.CLOSE, IN_PROGRESS): {COMPLETED},
    (Trigger.EXPIRE, PENDING): {FAILED},
    (Trigger.STOP, APPROVED): {FAILED},
    (Trigger.STOP, ACTIVE): {FAILED},
    (Trigger.STOP, IN_PROGRESS): {FAILED},
}


@dataclass(frozen=True)
class Row:
    """A row of the specification with facts in which it applies and nobody is refused."""

    trigger: Trigger
    target: Status
    given: Facts

    @property
    def source(self) -> Status | None:
        return self.given.status


def _labelled(status: Status, type_: ReleaseType, who: Any = CREATOR) -> Facts:
    edited = drafting(facts(status, type_, who), name="Falcon 1.1", note="renamed")
    return drafting(edited, version=None) if "version" in labels_of(status) else edited


def _widened(status: Status, type_: ReleaseType, who: Any = CREATOR) -> Facts:
    return drafting(facts(status, type_, who), max_signatures=20, ends_at=NOON + 4 * HOUR)


def _retyped(status: Status, before: ReleaseType, after: ReleaseType, who: Any = CREATOR) -> Facts:
    given = drafting(facts(status, before, who), type=after)
    return replace(given, keypairs=(keypair(after),))


def _at(given: Facts, **time: float) -> Facts:
    return replace(given, now=NOON + timedelta(**time), actor=CLOCK)


def _stopped(status: Status, type_: ReleaseType, who: Any = ANN) -> Facts:
    return facts(status, type_, who, reason="The key leaked.")


def _by_a_disabled_keypair(status: Status, type_: ReleaseType) -> Facts:
    return facts(status, type_, STRANGER, keypairs=(keypair(type_, state=KeypairState.DISABLED),))


REQUESTS = {
    "request offline": Row(Trigger.REQUEST, PENDING, facts(None)),
    "request offline, Teams off": Row(Trigger.REQUEST, PENDING, teams_off(facts(None))),
    "request as approved": Row(
        Trigger.REQUEST,
        APPROVED,
        ruled(
            teams_off(facts(None, who=ANN, asks_approved=True)),
            allow_self_approval=True,
            required_approvals=1,
        ),
    ),
    "request online": Row(Trigger.REQUEST, ACTIVE, facts(None, ONLINE)),
    "request test": Row(Trigger.REQUEST, ACTIVE, facts(None, TEST)),
}
DECISIONS = {
    "approve, more are needed": Row(Trigger.APPROVE, PENDING, facts(PENDING, who=ANN)),
    "approve, quorum met": Row(
        Trigger.APPROVE, APPROVED, facts(PENDING, who=ANN, votes=(vote(BOB),))
    ),
    "approve, Teams off": Row(Trigger.APPROVE, PENDING, teams_off(facts(PENDING, who=ANN))),
    "approve, quorum met, Teams off": Row(
        Trigger.APPROVE, APPROVED, teams_off(facts(PENDING, who=ANN, votes=(vote(BOB),)))
    ),
    "reject": Row(Trigger.REJECT, REJECTED, facts(PENDING, who=ANN, reason="Too early.")),
}
_VOTED = facts(PENDING, votes=(vote(ANN), vote(BOB)), actor=CLOCK)
REASSESSED = {
    "reassess": Row(Trigger.REASSESS, APPROVED, _VOTED),
    "reassess, Teams off": Row(Trigger.REASSESS, APPROVED, teams_off(_VOTED)),
}
APPROVALS = REASSESSED | {n: r for n, r in DECISIONS.items() if r.trigger is Trigger.APPROVE}
WITHDRAWALS = {
    f"withdraw {status.lower()}": Row(
        Trigger.WITHDRAW, REJECTED, facts(status, type_, reason="Not needed.")
    )
    for status, type_ in ((PENDING, OFFLINE), (APPROVED, OFFLINE), (ACTIVE, ONLINE))
}
LABEL_EDITS = {
    f"label {status.lower()} {type_.lower()}": Row(Trigger.REVISE, status, _labelled(status, type_))
    for status in Status
    for type_ in ReleaseType
    if (type_ is OFFLINE or status not in {PENDING, APPROVED})
    and (type_ is not OFFLINE or status is not ACTIVE)
}
REOPENED = {
    "edit pending": Row(Trigger.REVISE, PENDING, _widened(PENDING, OFFLINE)),
    "another version while pending": Row(
        Trigger.REVISE, PENDING, drafting(facts(PENDING), version="2.0")
    ),
    "another version once approved": Row(
        Trigger.REVISE, PENDING, drafting(facts(APPROVED), version="2.0")
    ),
    "edit approved": Row(Trigger.REVISE, PENDING, _widened(APPROVED, OFFLINE)),
    "active to offline": Row(Trigger.REVISE, PENDING, _retyped(ACTIVE, ONLINE, OFFLINE)),
    "active test to offline": Row(Trigger.REVISE, PENDING, _retyped(ACTIVE, TEST, OFFLINE)),
}
KEPT = {
    "edit approved without asking again": Row(
        Trigger.REVISE, APPROVED, ruled(_widened(APPROVED, OFFLINE, ANN), reapprove_on_edit=False)
    ),
}
BY_APPROVERS = {
    f"approved to {type_.lower()}, reapproval off": Row(
        Trigger.REVISE,
        ACTIVE,
        ruled(_retyped(APPROVED, OFFLINE, type_, ANN), reapprove_on_edit=False),
    )
    for type_ in (ONLINE, TEST)
}
MADE_ACTIVE = {
    "pending to online": Row(Trigger.REVISE, ACTIVE, _retyped(PENDING, OFFLINE, ONLINE)),
    "approved to test": Row(Trigger.REVISE, ACTIVE, _retyped(APPROVED, OFFLINE, TEST)),
    "approved to online": Row(Trigger.REVISE, ACTIVE, _retyped(APPROVED, OFFLINE, ONLINE)),
    "another version while active": Row(
        Trigger.REVISE, ACTIVE, drafting(facts(ACTIVE, ONLINE), version="2.0")
    ),
    "edit active": Row(Trigger.REVISE, ACTIVE, _widened(ACTIVE, ONLINE)),
    "edit active test": Row(Trigger.REVISE, ACTIVE, _widened(ACTIVE, TEST)),
    "active online to test": Row(Trigger.REVISE, ACTIVE, _retyped(ACTIVE, ONLINE, TEST)),
}
OPEN_EDITS = {
    "edit open offline": Row(Trigger.REVISE, IN_PROGRESS, _widened(IN_PROGRESS, OFFLINE, ANN)),
    "edit open online": Row(Trigger.REVISE, IN_PROGRESS, _widened(IN_PROGRESS, ONLINE)),
    "edit open test": Row(Trigger.REVISE, IN_PROGRESS, _widened(IN_PROGRESS, TEST)),
}
TIMED = {
    "open approved": Row(Trigger.OPEN, IN_PROGRESS, _at(facts(APPROVED), hours=1)),
    "open active": Row(Trigger.OPEN, IN_PROGRESS, _at(facts(ACTIVE, ONLINE), hours=1)),
    "close": Row(Trigger.CLOSE, COMPLETED, _at(facts(IN_PROGRESS), hours=3)),
    "expire": Row(Trigger.EXPIRE, FAILED, _at(facts(PENDING), hours=3)),
}
CLOSURES = {
    "close early": Row(Trigger.CLOSE, COMPLETED, facts(IN_PROGRESS)),
}
STOPS = {
    f"stop {status.lower()} {type_.lower()}": Row(Trigger.STOP, FAILED, _stopped(status, type_))
    for status, type_ in (
        (APPROVED, OFFLINE),
        (ACTIVE, ONLINE),
        (IN_PROGRESS, OFFLINE),
        (IN_PROGRESS, TEST),
    )
}
DISABLED = {
    f"keypair of {status.lower()} disabled": Row(
        Trigger.STOP, FAILED, _by_a_disabled_keypair(status, type_)
    )
    for status, type_ in ((APPROVED, OFFLINE), (ACTIVE, ONLINE), (IN_PROGRESS, OFFLINE))
}
MATERIAL_EDITS = REOPENED | KEPT | BY_APPROVERS | MADE_ACTIVE | OPEN_EDITS
ROWS: dict[str, Row] = {
    **REQUESTS,
    **DECISIONS,
    **REASSESSED,
    **WITHDRAWALS,
    **LABEL_EDITS,
    **MATERIAL_EDITS,
    **TIMED,
    **CLOSURES,
    **STOPS,
    **DISABLED,
}


def test_the_table_has_the_rows_of_the_specification_and_no_others() -> None:
    table: dict[tuple[Trigger, Status | None], set[Status]] = {}
    for row in TRANSITIONS:
        table.setdefault((row.trigger, row.source), set()).add(row.target)
    assert table == SPECIFIED


def test_the_scenarios_below_reach_every_row_of_the_specification() -> None:
    reached: dict[tuple[Trigger, Status | None], set[Status]] = {}
    for row in ROWS.values():
        reached.setdefault((row.trigger, row.source), set()).add(row.target)
    assert reached == SPECIFIED


@pytest.mark.parametrize("name", ROWS)
def test_a_row_leads_where_the_specification_says(name: str) -> None:
    row = ROWS[name]
    assert machine.fire(row.trigger, row.given) is row.target


@pytest.mark.parametrize("name", ROWS)
def test_exactly_one_row_applies_so_that_their_order_decides_nothing(name: str) -> None:
    row = ROWS[name]
    applying = [
        candidate
        for candidate in TRANSITIONS
        if (candidate.trigger, candidate.source) == (row.trigger, row.source)
        and (candidate.when is None or candidate.when(row.given))
    ]
    assert [candidate.target for candidate in applying] == [row.target]


_TYPE_OF = {ACTIVE: ONLINE}
ELSEWHERE = [
    (trigger, status)
    for trigger in Trigger
    for status in Status
    if (trigger, status) not in SPECIFIED
]


@pytest.mark.parametrize(("trigger", "status"), ELSEWHERE)
def test_every_other_pair_is_refused_whoever_asks(trigger: Trigger, status: Status) -> None:
    for who in (CREATOR, ANN, STRANGER):
        given = _widened(status, _TYPE_OF.get(status, OFFLINE), who)
        late = replace(given, now=NOON + 5 * HOUR, reason="Because.")
        for now in (given, late):
            with pytest.raises(Refusal) as refused:
                machine.fire(trigger, now)
            assert refused.value.code is Code.WRONG_STATUS


@pytest.mark.parametrize("status", ENDED)
@pytest.mark.parametrize(
    ("trigger", "advice"),
    [
        (Trigger.APPROVE, "Request a new one."),
        (Trigger.WITHDRAW, "Nothing is signed in it any more."),
        (Trigger.STOP, "Nothing is signed in it any more."),
    ],
)
def test_a_refusal_says_where_the_release_stands_and_what_to_do(
    status: Status, trigger: Trigger, advice: str
) -> None:
    refusal = machine.refusal_of(trigger, facts(status, who=ANN))
    assert refusal is not None
    assert status.lower() in refusal.message
    assert refusal.message.endswith(advice)


@pytest.mark.parametrize(
    ("trigger", "status", "edge"),
    [
        (Trigger.OPEN, APPROVED, NOON + HOUR),
        (Trigger.OPEN, ACTIVE, NOON + HOUR),
        (Trigger.EXPIRE, PENDING, NOON + 3 * HOUR),
    ],
)
def test_time_fires_at_its_edge_and_not_a_microsecond_before(
    trigger: Trigger, status: Status, edge: Any
) -> None:
    given = replace(facts(status), actor=CLOCK)
    early = machine.refusal_of(trigger, replace(given, now=edge - timedelta(microseconds=1)))
    assert early is not None
    assert early.code is Code.WRONG_STATUS
    assert machine.refusal_of(trigger, replace(given, now=edge)) is None


def test_before_its_end_a_release_is_closed_by_a_person_only() -> None:
    almost = NOON + 3 * HOUR - timedelta(microseconds=1)
    refusal = machine.refusal_of(Trigger.CLOSE, facts(IN_PROGRESS, who=STRANGER, now=almost))
    assert refusal is not None
    assert refusal.code is Code.FORBIDDEN
    assert machine.refusal_of(Trigger.CLOSE, _at(facts(IN_PROGRESS), hours=3)) is None


# --- every guard of every row ---------------------------------------------------------------

Violation = Callable[[Facts], Facts]
Expected = tuple[Code, *tuple[str, ...]]


def _without_permissions(given: Facts) -> Facts:
    return replace(
        given,
        actor=replace(given.actor, permissions=frozenset({Permission.VIEW_RELEASES})),
        approver_ids=given.approver_ids - {given.actor.user_id},
    )


def _with_keypair(**changes: Any) -> Violation:
    return lambda given: replace(
        given, keypairs=tuple(replace(k, **changes) for k in given.keypairs)
    )


def _other_type(given: Facts) -> Facts:
    others = [t for t in ReleaseType if t is not given.draft.type]
    return replace(given, keypairs=tuple(replace(k, type=others[0]) for k in given.keypairs))


def _without_a_team(given: Facts) -> Facts:
    if given.settings.teams_enabled:
        return replace(drafting(given, team_id=None), team=None)
    team = Team(id=BLUE, name="blue", required_approvals=2)
    return replace(drafting(given, team_id=BLUE), team=team)


def _participants_the_wrong_way(given: Facts) -> Facts:
    named = frozenset({CREATOR}) if given.settings.teams_enabled else frozenset()
    return drafting(given, participant_ids=named)


def _of_another_team(given: Facts) -> Facts:
    assert given.team is not None
    given = replace(drafting(given, team_id=RED), team=replace(given.team, id=RED, name="red"))
    return _with_keypair(team_ids=frozenset({BLUE, RED}))(given)


def _empty_window(given: Facts) -> Facts:
    return drafting(given, ends_at=given.draft.starts_at)


def _window_gone_by(given: Facts) -> Facts:
    begun = given.status is IN_PROGRESS
    starts_at = given.draft.starts_at if begun else NOON - 2 * HOUR
    return drafting(given, starts_at=starts_at, ends_at=NOON)


def _without_need(given: Facts) -> Facts:
    """One more has voted: the row that applies does not hang on the actor's own vote."""
    everybody = given.approver_ids | {MEMBER}
    return replace(given, approver_ids=everybody, votes=(*given.votes, vote(MEMBER)))


def _keypair_beyond_the_rule(given: Facts) -> Facts:
    """A pipeline, whose rule names what the release has, wants another keypair."""
    other = _with_keypair(id=SPARE)(drafting(given, keypair_ids=frozenset({SPARE})))
    return replace(other, actor=replace(given.actor, pipeline=pipeline(VAULT)))


def _without_its_origin_condition(given: Facts) -> Facts:
    """A pipeline proposes what it does, and not the condition that there was."""
    condition = (ClaimCondition("ref", equals=("refs/heads/main",)),)
    before = replace(given.subject.fields, origin_condition=condition)
    return replace(
        given,
        release=replace(given.subject, fields=before),
        actor=replace(given.actor, pipeline=pipeline(VAULT)),
    )


LABEL_RULES: dict[str, tuple[Violation, Expected]] = {
    "empty name": (lambda f: drafting(f, name=""), (Code.INVALID_INPUT, "name")),
    "version too long": (
        lambda f: drafting(f, version="1" * 101),
        (Code.INVALID_INPUT, "version"),
    ),
    "note with a bell": (lambda f: drafting(f, note="ding\a"), (Code.INVALID_INPUT, "note")),
    "name taken": (lambda f: replace(f, name_taken=True), (Code.NAME_TAKEN, "name")),
}
DRAFT_RULES: dict[str, tuple[Violation, Expected]] = {
    "type not enabled": (
        lambda f: ruled(f, enabled_release_types=frozenset(ReleaseType) - {f.draft.type}),
        (Code.RELEASE_TYPE_DISABLED, "type"),
    ),
    "participants named with Teams on, or none with Teams off": (
        _participants_the_wrong_way,
        (Code.INVALID_INPUT, "participant_ids"),
    ),
    "no keypairs": (
        lambda f: replace(drafting(f, keypair_ids=frozenset()), keypairs=()),
        (Code.INVALID_INPUT, "keypair_ids"),
    ),
    "keypair that the pipeline's rule does not name": (
        lambda f: replace(f, actor=replace(f.actor, pipeline=pipeline())),
        (Code.KEYPAIR_NOT_ALLOWED, "keypair_ids"),
    ),
    "keypair disabled": (
        _with_keypair(state=KeypairState.DISABLED),
        (Code.KEYPAIR_DISABLED, "keypair_ids"),
    ),
    "keypair retired": (
        _with_keypair(state=KeypairState.RETIRED),
        (Code.KEYPAIR_DISABLED, "keypair_ids"),
    ),
    "keypair of another type": (_other_type, (Code.KEYPAIR_TYPE_MISMATCH, "keypair_ids")),
    "release of the other category": (
        lambda f: replace(
            f, keypairs=tuple(replace(k, category=type(k.category)("GPG")) for k in f.keypairs)
        ),
        (Code.KEYPAIR_CATEGORY_MISMATCH, "keypair_ids"),
    ),
    "keypair without the certificate asked for": (
        lambda f: _with_keypair(has_default_certificate=False)(
            drafting(f, with_default_certificate=True)
        ),
        (Code.KEYPAIR_CERTIFICATE_MISMATCH, "keypair_ids"),
    ),
    "empty window": (_empty_window, (Code.WINDOW_INVALID, "ends_at")),
    "window longer than the account allows": (
        lambda f: drafting(f, ends_at=f.draft.starts_at + timedelta(days=367)),
        (Code.WINDOW_INVALID, "ends_at"),
    ),
    "window gone by": (_window_gone_by, (Code.WINDOW_PASSED, "ends_at")),
    "no signature at all": (
        lambda f: drafting(f, max_signatures=0),
        (Code.INVALID_INPUT, "max_signatures"),
    ),
    "an origin condition that everybody fulfils": (
        lambda f: drafting(f, origin_condition=(ClaimCondition("ref", matches=("*",)),)),
        (Code.INVALID_INPUT, "origin_condition"),
    ),
    "keypair beyond the rule of a pipeline": (
        _keypair_beyond_the_rule,
        (Code.KEYPAIR_NOT_ALLOWED, "keypair_ids"),
    ),
    "keypair held by another release": (
        _with_keypair(held_by=OTHER_RELEASE),
        (Code.KEYPAIR_IN_USE, "keypair_ids"),
    ),
}
EXISTENCE_RULES: dict[str, tuple[Violation, Expected]] = {
    "a keypair that does not exist": (
        lambda f: drafting(f, keypair_ids=f.draft.keypair_ids | {RED}),
        (Code.NOT_FOUND, "keypair_ids"),
    ),
    "a team that does not exist": (
        lambda f: replace(drafting(f, team_id=RED), team=None),
        (Code.NOT_FOUND, "team_id"),
    ),
    "a participant who does not exist": (
        lambda f: replace(f, unknown_ids=frozenset({RED})),
        (Code.NOT_FOUND, "participant_ids"),
    ),
}
PIPELINE_RULES: dict[str, tuple[Violation, Expected]] = {
    "an origin condition that a pipeline drops": (
        _without_its_origin_condition,
        (Code.FORBIDDEN, "origin_condition"),
    ),
}
OF_THE_TEAM: dict[str, tuple[Violation, Expected]] = {
    "no team": (_without_a_team, (Code.TEAM_REQUIRED, "team_id")),
    "keypair not granted to the team": (
        _with_keypair(team_ids=frozenset({RED})),
        (Code.KEYPAIR_NOT_ALLOWED, "keypair_ids"),
    ),
}
TEAM_RULES: dict[str, tuple[Violation, Expected]] = {
    **OF_THE_TEAM,
    "a team the actor is not in": (_of_another_team, (Code.FORBIDDEN, "team_id")),
}
TEAMS_OFF_RULES: dict[str, tuple[Violation, Expected]] = {
    "a team with Teams off": (_without_a_team, (Code.INVALID_INPUT, "team_id")),
    "an inactive participant": (
        lambda f: replace(f, inactive_ids=frozenset({CREATOR})),
        (Code.INVALID_INPUT, "participant_ids"),
    ),
}
TOO_FEW: dict[str, tuple[Violation, Expected]] = {
    "too few could approve": (
        lambda f: replace(f, draft_approver_ids=frozenset({ANN})),
        (Code.NOT_ENOUGH_APPROVERS,),
    ),
}
REQUESTER: dict[str, tuple[Violation, Expected]] = {
    "may not request": (_without_permissions, (Code.FORBIDDEN,)),
}
EDITOR: dict[str, tuple[Violation, Expected]] = {
    "may neither request nor approve": (_without_permissions, (Code.FORBIDDEN,)),
    "stale revision": (
        lambda f: replace(f, seen_revision=2),
        (Code.REVISION_CONFLICT, "revision"),
    ),
    "no revision": (
        lambda f: replace(f, seen_revision=None),
        (Code.REVISION_CONFLICT, "revision"),
    ),
}
DECIDER: dict[str, tuple[Violation, Expected]] = {
    "no approver of it": (
        lambda f: replace(f, approver_ids=f.approver_ids - {ANN}),
        (Code.NOT_AN_APPROVER,),
    ),
    "the token does not approve": (
        lambda f: replace(f, actor=actor(ANN, permissions=frozenset())),
        (Code.FORBIDDEN,),
    ),
    "looked at what is void": (
        lambda f: replace(f, seen_revision=1),
        (Code.REVISION_CONFLICT, "revision"),
    ),
    "looked at what is not there yet": (
        lambda f: replace(f, seen_revision=4),
        (Code.REVISION_CONFLICT, "revision"),
    ),
    "decided before": (
        lambda f: replace(f, votes=(*f.votes, vote(ANN))),
        (Code.ALREADY_DECIDED,),
    ),
    "comment with a bell": (
        lambda f: replace(f, reason="ding\a"),
        (Code.INVALID_INPUT, "comment"),
    ),
}
APPROVER: dict[str, tuple[Violation, Expected]] = {
    "own request": (
        lambda f: replace(_without_need(f), release=replace(f.subject, creator_id=ANN)),
        (Code.OWN_REQUEST,),
    ),
    "own edit": (
        lambda f: replace(_without_need(f), editor_ids=frozenset({ANN})),
        (Code.OWN_REQUEST,),
    ),
}
REJECTER: dict[str, tuple[Violation, Expected]] = {
    "no reason": (lambda f: replace(f, reason=" \n"), (Code.INVALID_INPUT, "comment")),
}
LEAVER: dict[str, tuple[Violation, Expected]] = {
    "neither requester nor approver": (
        lambda f: replace(f, actor=actor(STRANGER)),
        (Code.FORBIDDEN,),
    ),
    "reason with a bell": (lambda f: replace(f, reason="ding\a"), (Code.INVALID_INPUT, "reason")),
}
STOPPER: dict[str, tuple[Violation, Expected]] = {
    **LEAVER,
    "no reason": (lambda f: replace(f, reason=" \n"), (Code.INVALID_INPUT, "reason")),
}


def _of_no_field(
    rules: dict[str, tuple[Violation, Expected]],
) -> dict[str, tuple[Violation, Expected]]:
    """As approvals ask them: what is at fault is the release, not what was given."""
    return {name: (violate, (expected[0],)) for name, (violate, expected) in rules.items()}


RULED: list[tuple[dict[str, Row], dict[str, tuple[Violation, Expected]]]] = [
    (REQUESTS, REQUESTER | EXISTENCE_RULES | LABEL_RULES | DRAFT_RULES),
    (REOPENED | MADE_ACTIVE | BY_APPROVERS | OPEN_EDITS, PIPELINE_RULES),
    (
        {n: r for n, r in REQUESTS.items() if r.given.settings.teams_enabled},
        TEAM_RULES,
    ),
    (
        {n: r for n, r in REQUESTS.items() if not r.given.settings.teams_enabled},
        TEAMS_OFF_RULES,
    ),
    (
        {n: r for n, r in REQUESTS.items() if r.target is PENDING} | REOPENED,
        TOO_FEW,
    ),
    (
        {n: r for n, r in REQUESTS.items() if r.target is ACTIVE},
        {
            "asked for as approved": (
                lambda f: replace(f, asks_approved=True),
                (Code.INVALID_INPUT, "status"),
            )
        },
    ),
    (
        {n: r for n, r in REQUESTS.items() if r.target is APPROVED},
        {
            "as approved with Teams on": (
                lambda f: ruled(f, teams_enabled=True),
                (Code.INVALID_INPUT, "status"),
            ),
            "as approved by no approver": (
                lambda f: replace(f, approver_ids=frozenset({BOB})),
                (Code.FORBIDDEN, "status"),
            ),
            "as approved where self-approval is off": (
                lambda f: ruled(f, allow_self_approval=False),
                (Code.OWN_REQUEST, "status"),
            ),
            "as approved where two must approve": (
                lambda f: ruled(f, required_approvals=2),
                (Code.OWN_REQUEST, "status"),
            ),
        },
    ),
    (DECISIONS, DECIDER),
    ({n: r for n, r in DECISIONS.items() if r.trigger is Trigger.APPROVE}, APPROVER),
    ({n: r for n, r in DECISIONS.items() if r.trigger is Trigger.REJECT}, REJECTER),
    (APPROVALS, _of_no_field(DRAFT_RULES)),
    (
        {n: r for n, r in APPROVALS.items() if r.given.settings.teams_enabled},
        _of_no_field(OF_THE_TEAM),
    ),
    (
        {n: r for n, r in APPROVALS.items() if not r.given.settings.teams_enabled},
        _of_no_field(TEAMS_OFF_RULES),
    ),
    (WITHDRAWALS | CLOSURES, LEAVER),
    (LABEL_EDITS | REOPENED | MADE_ACTIVE | OPEN_EDITS, EDITOR),
    (
        KEPT | BY_APPROVERS,
        {
            "by no approver": (_without_permissions, (Code.NOT_AN_APPROVER,)),
            "stale revision": EDITOR["stale revision"],
        },
    ),
    (LABEL_EDITS | MATERIAL_EDITS, LABEL_RULES),
    (MATERIAL_EDITS, EXISTENCE_RULES | DRAFT_RULES | TEAM_RULES),
    (
        OPEN_EDITS,
        {
            "a new start": (
                lambda f: drafting(f, starts_at=NOON - timedelta(minutes=1)),
                (Code.FIELD_LOCKED, "starts_at"),
            ),
            "a maximum below what is used and reserved": (
                lambda f: drafting(
                    replace(
                        f, release=replace(f.subject, signatures_used=4, signatures_reserved=3)
                    ),
                    max_signatures=6,
                ),
                (Code.INVALID_INPUT, "max_signatures"),
            ),
        },
    ),
    (STOPS, STOPPER),
    (
        {n: r for n, r in STOPS.items() if r.given.subject.fields.type is OFFLINE},
        {"by its creator": (lambda f: replace(f, actor=actor(CREATOR)), (Code.FORBIDDEN,))},
    ),
]
CASES = [
    pytest.param(row, violate, expected, id=f"{name}: {wrong}")
    for rows, rules in RULED
    for name, row in rows.items()
    for wrong, (violate, expected) in rules.items()
]


@pytest.mark.parametrize(("row", "violate", "expected"), CASES)
def test_each_rule_refuses_in_each_row_it_guards(
    row: Row, violate: Violation, expected: Expected
) -> None:
    given = violate(row.given)
    with pytest.raises(Refusal) as refused:
        machine.fire(row.trigger, given)
    assert (refused.value.code, *refused.value.field) == expected


@pytest.mark.parametrize("name", [*LABEL_EDITS, *MATERIAL_EDITS])
def test_every_edit_asks_the_editing_table(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit_rules, "EDITABLE", ())
    row = ROWS[name]
    with pytest.raises(Refusal) as refused:
        machine.fire(row.trigger, row.given)
    assert (refused.value.code, set(refused.value.field)) == (
        Code.FIELD_LOCKED,
        set(row.given.changes),
    )


@pytest.mark.parametrize("status", ENDED)
def test_of_an_ended_release_all_but_its_labels_is_locked(status: Status) -> None:
    for who in (CREATOR, ANN):
        refusal = machine.refusal_of(Trigger.REVISE, _widened(status, OFFLINE, who))
        assert refusal is not None
        assert refusal.code is Code.FIELD_LOCKED
        assert refusal.field == ("ends_at", "max_signatures")


@pytest.mark.parametrize("type_", [ONLINE, TEST])
@pytest.mark.parametrize("status", [ACTIVE, IN_PROGRESS])
def test_an_online_or_test_release_is_stopped_by_its_creator_too(
    status: Status, type_: ReleaseType
) -> None:
    assert machine.fire(Trigger.STOP, _stopped(status, type_, CREATOR)) is FAILED


def test_a_quorum_that_is_not_met_by_those_who_may_approve_is_not_approved() -> None:
    for given in (
        facts(PENDING, votes=(vote(ANN),)),
        replace(_VOTED, approver_ids=frozenset({ANN})),
        replace(_VOTED, editor_ids=frozenset({ANN})),
        replace(_VOTED, votes=(vote(ANN), vote(BOB, material_revision=1))),
    ):
        refusal = machine.refusal_of(Trigger.REASSESS, given)
        assert refusal is not None
        assert refusal.code is Code.WRONG_STATUS


def test_an_approval_is_refused_for_what_creation_would_be_and_says_so() -> None:
    given = replace(facts(PENDING, who=ANN), keypairs=(keypair(team_ids=frozenset({RED})),))
    refusal = machine.refusal_of(Trigger.APPROVE, given)
    assert refusal is not None
    assert refusal.message == (
        "The request cannot be approved as it stands. The keypair vault is not granted to the team"
        " blue. Choose one that is."
    )


def test_one_may_reject_what_one_asked_for() -> None:
    given = facts(PENDING, who=ANN, editor_ids=frozenset({ANN}), reason="Too early.")
    assert machine.fire(Trigger.REJECT, given) is REJECTED


def test_with_a_keypair_disabled_meanwhile_one_may_reject_and_withdraw() -> None:
    given = facts(
        PENDING, who=ANN, keypairs=(keypair(state=KeypairState.DISABLED),), reason="Too early."
    )
    assert machine.fire(Trigger.REJECT, given) is REJECTED
    assert machine.fire(Trigger.WITHDRAW, given) is REJECTED


def test_an_approver_withdraws_and_closes_too() -> None:
    assert machine.fire(Trigger.WITHDRAW, facts(APPROVED, who=BOB)) is REJECTED
    assert machine.fire(Trigger.CLOSE, facts(IN_PROGRESS, who=BOB)) is COMPLETED


# --- the status as of now -------------------------------------------------------------------

HOUR_OF = {"before": 0, "start": 1, "inside": 2, "end": 3, "after": 4}
AS_OF: list[tuple[Status, str, Status]] = [
    (PENDING, "before", PENDING),
    (PENDING, "start", PENDING),
    (PENDING, "inside", PENDING),
    (PENDING, "end", FAILED),
    (PENDING, "after", FAILED),
    *[
        (stored, when, seen)
        for stored in (APPROVED, ACTIVE)
        for when, seen in (
            ("before", stored),
            ("start", IN_PROGRESS),
            ("inside", IN_PROGRESS),
            ("end", COMPLETED),
            ("after", COMPLETED),
        )
    ],
    (IN_PROGRESS, "inside", IN_PROGRESS),
    (IN_PROGRESS, "end", COMPLETED),
    (IN_PROGRESS, "after", COMPLETED),
    *[(final, when, final) for final in ENDED for when in HOUR_OF],
]


@pytest.mark.parametrize(("stored", "when", "seen"), AS_OF)
def test_what_one_reads_is_true_now(stored: Status, when: str, seen: Status) -> None:
    given = replace(release(stored), fields=fields())
    assert as_of(given, NOON + HOUR_OF[when] * HOUR).status is seen


# --- the machine ----------------------------------------------------------------------------


class BrokenGuard(Exception):
    """A bug in a guard."""


def test_a_bug_in_a_guard_comes_out_and_the_release_is_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(given: Facts) -> None:
        raise BrokenGuard

    table = (Transition(Trigger.STOP, APPROVED, FAILED, guards=(breaks,)),)
    monkeypatch.setattr(machine, "_machine", machine.compile_table(table))
    given = facts(APPROVED)
    with pytest.raises(BrokenGuard):
        machine.fire(Trigger.STOP, given)
    assert given == facts(APPROVED)
    with pytest.raises(BrokenGuard):
        machine.refusal_of(Trigger.STOP, given)


def test_the_first_guard_that_refuses_is_the_one_that_is_told() -> None:
    given = replace(_without_permissions(drafting(facts(None), name="")), name_taken=True)
    refusal = machine.refusal_of(Trigger.REQUEST, given)
    assert refusal is not None
    assert refusal.code is Code.FORBIDDEN


def test_no_row_that_applies_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    table = (Transition(Trigger.STOP, APPROVED, FAILED, when=lambda given: False),)
    monkeypatch.setattr(machine, "_machine", machine.compile_table(table))
    refusal = machine.refusal_of(Trigger.STOP, facts(APPROVED))
    assert refusal is not None
    assert refusal.code is Code.WRONG_STATUS


def test_firing_leaves_nothing_behind_in_the_machine() -> None:
    given = ROWS["approve, quorum met"].given
    for _ in range(3):
        assert machine.fire(Trigger.APPROVE, given) is APPROVED
    assert machine.fire(Trigger.REJECT, replace(given, reason="Too early.")) is REJECTED


def test_labels_and_statuses_are_the_closed_sets_of_the_specification() -> None:
    for status in (PENDING, APPROVED, ACTIVE):
        assert labels_of(status) == {"name", "note"}
    for status in (IN_PROGRESS, *ENDED):
        assert labels_of(status) == {"name", "version", "note"}
    assert {PENDING, APPROVED, ACTIVE, IN_PROGRESS} == HOLDING
    assert set(ENDED) == FINAL
    assert {ANN, BOB} == APPROVERS
