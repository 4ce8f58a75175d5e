"""The signing factors of spec section 5: each alone, then all their combinations."""

import itertools
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from engine.model.claims import ClaimCondition
from engine.model.errors import Code
from engine.model.signing_factors import RULES, Factor, SignFacts, evaluate
from engine.model.vocabulary import (
    KeypairAccess,
    KeypairState,
    Permission,
    QuotaOnOnline,
    ReleaseType,
    Status,
)
from tests.support.facts import (
    BLUE,
    HOUR,
    MEMBER,
    NOON,
    RED,
    RELEASE,
    SPARE,
    STRANGER,
    VAULT,
    account_settings,
    actor,
    fields,
    keypair,
    pipeline,
    release,
)

OFFLINE, ONLINE, TEST = ReleaseType.OFFLINE, ReleaseType.ONLINE, ReleaseType.TEST
SIGNER = actor(MEMBER, permissions=frozenset({Permission.SIGN}))

#: Of a rule that names another keypair.
PIPELINE = pipeline(SPARE)

#: In the order of the specification, with what a failure is called.
FACTORS = [
    ("account_not_frozen", Code.SIGNING_FROZEN),
    ("signer_may_sign", Code.FORBIDDEN),
    ("keypair_enabled", Code.KEYPAIR_DISABLED),
    ("keypair_open_or_mapped", Code.KEYPAIR_RESTRICTED),
    ("credential_covers_keypair", Code.KEYPAIR_NOT_ALLOWED),
    ("team_has_keypair", Code.KEYPAIR_NOT_ALLOWED),
    ("release_window_open", Code.OUTSIDE_WINDOW),
    ("is_participant", Code.NOT_A_PARTICIPANT),
    ("origin", Code.ORIGIN_MISMATCH),
    ("signature_left", Code.QUOTA_EXHAUSTED),
]


def sign_facts(type_: ReleaseType = OFFLINE, **changes: Any) -> SignFacts:
    """A member of blue signs at noon in blue's open release: everything holds."""
    values: dict[str, Any] = {
        "now": NOON,
        "settings": account_settings(),
        "actor": SIGNER,
        "keypair": keypair(type_, held_by=RELEASE),
        "release": release(Status.IN_PROGRESS, type_),
    }
    return SignFacts(**(values | changes))


def failing(given: SignFacts) -> list[str]:
    return [factor.name for factor in evaluate(given).factors if not factor.passed]


def code_of(given: SignFacts) -> Code | None:
    refusal = evaluate(given).refusal
    return refusal.code if refusal else None


def test_the_factors_are_those_of_the_specification_in_its_order() -> None:
    assert [(rule.name, rule.code) for rule in RULES] == FACTORS


def test_with_every_factor_passed_a_signature_counts_toward_the_release() -> None:
    for type_ in ReleaseType:
        found = evaluate(sign_facts(type_))
        assert all(factor.passed and factor.detail for factor in found.factors)
        assert (found.allowed, found.refusal, found.release_id) == (True, None, RELEASE)


WITHOUT_TEAM = replace(SIGNER, team_ids=frozenset())
SPENT = replace(release(Status.IN_PROGRESS), signatures_used=7, signatures_reserved=3)
OF_A_REPOSITORY = release(
    Status.IN_PROGRESS,
    fields=fields(
        starts_at=NOON - HOUR,
        origin_condition=(ClaimCondition("repository_id", ("4711",)),),
    ),
)
ONE_FAILS: list[tuple[dict[str, Any], list[str]]] = [
    ({"settings": account_settings(signing_frozen=True)}, ["account_not_frozen"]),
    ({"actor": replace(SIGNER, active=False)}, ["signer_may_sign"]),
    (
        {"actor": replace(SIGNER, permissions=frozenset(Permission) - {Permission.SIGN})},
        ["signer_may_sign"],
    ),
    ({"keypair": keypair(state=KeypairState.DISABLED)}, ["keypair_enabled"]),
    ({"keypair": keypair(state=KeypairState.RETIRED)}, ["keypair_enabled"]),
    ({"keypair": keypair(access=KeypairAccess.RESTRICTED)}, ["keypair_open_or_mapped"]),
    (
        {"keypair": keypair(access=KeypairAccess.RESTRICTED, user_ids=frozenset({STRANGER}))},
        ["keypair_open_or_mapped"],
    ),
    ({"actor": replace(SIGNER, pipeline=PIPELINE)}, ["credential_covers_keypair"]),
    ({"keypair": keypair(team_ids=frozenset())}, ["team_has_keypair"]),
    ({"keypair": keypair(team_ids=frozenset({RED}))}, ["team_has_keypair"]),
    ({"release": release(Status.APPROVED)}, ["release_window_open"]),
    ({"release": release(Status.PENDING)}, ["release_window_open"]),
    ({"release": replace(SPENT, signatures_used=8, signatures_reserved=2)}, ["signature_left"]),
    ({"release": SPENT}, ["signature_left"]),
    (
        {
            "actor": replace(SIGNER, team_ids=frozenset({RED})),
            "keypair": keypair(team_ids=frozenset({RED})),
        },
        ["is_participant"],
    ),
    ({"actor": WITHOUT_TEAM}, ["team_has_keypair", "is_participant"]),
    ({"release": OF_A_REPOSITORY}, ["origin"]),
    ({"release": OF_A_REPOSITORY, "stated_claims": {"repository_id": "4712"}}, ["origin"]),
    (
        {
            "release": OF_A_REPOSITORY,
            "actor": replace(SIGNER, pipeline=pipeline(VAULT, repository_id="1")),
        },
        ["origin"],
    ),
    ({"release": None}, ["release_window_open", "is_participant", "signature_left"]),
]


@pytest.mark.parametrize(("wrong", "names"), ONE_FAILS)
def test_what_is_wrong_is_what_fails_and_the_first_of_it_is_the_refusal(
    wrong: dict[str, Any], names: list[str]
) -> None:
    given = sign_facts(**wrong)
    assert failing(given) == names
    found = evaluate(given)
    assert found.refusal is not None
    decisive = next(factor for factor in found.factors if not factor.passed)
    assert (found.refusal.code, found.refusal.message) == (decisive.code, decisive.detail)
    assert found.release_id is None
    what_is_wrong, _, what_to_do = found.refusal.message.partition(". ")
    assert what_is_wrong
    assert what_to_do.endswith(".")


def test_a_restricted_keypair_is_used_by_those_mapped_to_it() -> None:
    mapped = keypair(access=KeypairAccess.RESTRICTED, user_ids=frozenset({MEMBER}))
    assert failing(sign_facts(keypair=mapped)) == []


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        (NOON - HOUR - timedelta(microseconds=1), False),
        (NOON - HOUR, True),
        (NOON + 3 * HOUR - timedelta(microseconds=1), True),
        (NOON + 3 * HOUR, False),
    ],
)
def test_the_window_is_half_open(at: Any, inside: bool) -> None:
    assert (failing(sign_facts(now=at)) == []) == inside


def test_with_teams_off_listed_users_take_part_and_no_team_is_asked_for() -> None:
    listed = release(Status.IN_PROGRESS)
    off = {"settings": account_settings(teams_enabled=False), "actor": WITHOUT_TEAM}
    for people, names in (({MEMBER}, []), ({STRANGER}, ["is_participant"])):
        named = replace(listed.fields, team_id=None, participant_ids=frozenset(people))
        given = sign_facts(
            **off, release=replace(listed, fields=named), keypair=keypair(team_ids=frozenset())
        )
        assert failing(given) == names


def test_with_teams_on_a_listed_user_is_no_participant() -> None:
    listed = release(Status.IN_PROGRESS)
    named = replace(listed.fields, team_id=RED, participant_ids=frozenset({MEMBER}))
    given = sign_facts(release=replace(listed, fields=named))
    assert failing(given) == ["is_participant"]


def test_one_left_is_enough_and_the_batch_before_counts() -> None:
    one_left = replace(SPENT, signatures_used=6)
    assert failing(sign_facts(release=one_left)) == []
    assert failing(sign_facts(release=one_left, counted_in_batch=1)) == ["signature_left"]


@pytest.mark.parametrize("type_", [ONLINE, TEST])
@pytest.mark.parametrize(
    ("outside", "code"),
    [
        ({"release": None}, Code.OUTSIDE_WINDOW),
        ({"release": release(Status.ACTIVE, ONLINE)}, Code.OUTSIDE_WINDOW),
        (
            {
                "release": replace(
                    release(Status.IN_PROGRESS), fields=replace(SPENT.fields, team_id=RED)
                )
            },
            Code.NOT_A_PARTICIPANT,
        ),
    ],
)
@pytest.mark.parametrize("quota", QuotaOnOnline)
def test_outside_of_a_release_an_online_or_test_keypair_signs_unassociated(
    type_: ReleaseType, outside: dict[str, Any], code: Code, quota: QuotaOnOnline
) -> None:
    found = evaluate(sign_facts(type_, **outside, settings=account_settings(quota_on_online=quota)))
    assert (found.allowed, found.release_id) == (True, None)
    confined = account_settings(quota_on_online=quota, restrict_signing_to_releases=True)
    assert code_of(sign_facts(type_, **outside, settings=confined)) is code


@pytest.mark.parametrize("type_", [ONLINE, TEST])
@pytest.mark.parametrize(
    ("quota", "confined", "code"),
    [
        (QuotaOnOnline.REFUSE, False, Code.QUOTA_EXHAUSTED),
        (QuotaOnOnline.REFUSE, True, Code.QUOTA_EXHAUSTED),
        (QuotaOnOnline.UNASSOCIATED, False, None),
        (QuotaOnOnline.UNASSOCIATED, True, Code.QUOTA_EXHAUSTED),
    ],
)
def test_over_the_maximum_the_account_decides(
    type_: ReleaseType, quota: QuotaOnOnline, confined: bool, code: Code | None
) -> None:
    settings = account_settings(quota_on_online=quota, restrict_signing_to_releases=confined)
    given = sign_facts(type_, release=SPENT, settings=settings)
    assert code_of(given) is code
    assert evaluate(given).release_id is None


@dataclass(frozen=True)
class Case:
    """Which of the conditions of spec section 5 hold."""

    type_: ReleaseType
    frozen: bool
    active: bool
    may_sign: bool
    enabled: bool
    mapped: bool | None
    team_has_it: bool | None
    window: bool | None
    takes_part: bool
    left: bool
    confined: bool
    over: QuotaOnOnline

    def facts(self) -> SignFacts:
        teams = self.team_has_it is not None
        member = frozenset({BLUE, RED}) if self.takes_part else frozenset({RED})
        access = KeypairAccess.OPEN if self.mapped is None else KeypairAccess.RESTRICTED
        held = release(Status.IN_PROGRESS if self.window else Status.APPROVED, self.type_)
        held = replace(held, signatures_used=9 if self.left else 10)
        if not teams:
            people = frozenset({MEMBER} if self.takes_part else {STRANGER})
            held = replace(held, fields=replace(held.fields, team_id=None, participant_ids=people))
        return SignFacts(
            now=NOON,
            settings=account_settings(
                signing_frozen=self.frozen,
                teams_enabled=teams,
                quota_on_online=self.over,
                restrict_signing_to_releases=self.confined,
            ),
            actor=replace(
                SIGNER,
                active=self.active,
                permissions=frozenset({Permission.SIGN} if self.may_sign else ()),
                team_ids=member if teams else frozenset(),
            ),
            keypair=keypair(
                self.type_,
                state=KeypairState.ENABLED if self.enabled else KeypairState.DISABLED,
                access=access,
                user_ids=frozenset({MEMBER} if self.mapped else ()),
                team_ids=frozenset({RED} if self.team_has_it else ()),
            ),
            release=None if self.window is None else held,
        )

    def specified(self) -> tuple[Code | None, bool]:
        """The refusal's code, and whether it is associated: spec section 5, word for word."""
        first = [
            (self.frozen, Code.SIGNING_FROZEN),
            (not (self.active and self.may_sign), Code.FORBIDDEN),
        ]
        second = [
            (not self.enabled, Code.KEYPAIR_DISABLED),
            (self.mapped is False, Code.KEYPAIR_RESTRICTED),
            (self.team_has_it is False, Code.KEYPAIR_NOT_ALLOWED),
        ]
        third = [
            (not self.window, Code.OUTSIDE_WINDOW),
            (not self.takes_part, Code.NOT_A_PARTICIPANT),
        ]
        fourth = [(not self.left, Code.QUOTA_EXHAUSTED)]
        conditions = first + second + third + fourth
        refusal = next((code for fails, code in conditions if fails), None)
        if refusal is None:
            return None, True
        if self.type_ is OFFLINE or any(fails for fails, _ in first + second) or self.confined:
            return refusal, False
        if any(fails for fails, _ in third) or self.over is QuotaOnOnline.UNASSOCIATED:
            return None, False
        return refusal, False


def test_every_combination_of_factors_comes_out_as_specified() -> None:
    both, three = (False, True), (None, False, True)
    cases = [
        Case(*values)
        for values in itertools.product(
            ReleaseType,
            both,
            both,
            both,
            both,
            three,
            three,
            three,
            both,
            both,
            both,
            QuotaOnOnline,
        )
    ]
    assert len(cases) == 20_736
    for case in cases:
        found = evaluate(case.facts())
        code, associated = case.specified()
        assert (found.refusal.code if found.refusal else None) == code, case
        assert (found.release_id == RELEASE) == associated, case


#: Of the release in `sign_facts`, what only those may know who see it.
SECRET = ("Falcon", "10", "2030", "approved")


@pytest.mark.parametrize("status", [Status.APPROVED, Status.IN_PROGRESS])
@pytest.mark.parametrize("used", [0, 10])
def test_a_release_that_one_does_not_see_is_told_as_another_one(status: Status, used: int) -> None:
    held = replace(release(status), signatures_used=used)
    outsider = replace(SIGNER, team_ids=frozenset({RED}))
    shared = keypair(held_by=RELEASE, team_ids=frozenset({BLUE, RED}))
    whole = sign_facts(actor=outsider, release=held, keypair=shared)
    evaluation = evaluate(replace(whole, viewer=outsider))
    ours = evaluate(whole)
    assert [(f.name, f.passed, f.code) for f in evaluation.factors] == [
        (f.name, f.passed, f.code) for f in ours.factors
    ]
    assert evaluation.refusal is not None
    assert ours.refusal is not None
    assert evaluation.refusal.code is ours.refusal.code
    assert evaluation.refusal.message.startswith("Another release holds the keypair vault and ")
    for factor in evaluation.factors:
        assert not any(word in factor.detail for word in SECRET)
        assert factor.detail.endswith(".")
    assert [f.name for f in ours.factors if "Falcon" in f.detail] == [
        "release_window_open",
        "is_participant",
        "signature_left",
    ]


def test_who_asks_for_another_is_told_what_they_see_themselves() -> None:
    stranger = replace(actor(STRANGER), permissions=frozenset({Permission.MANAGE_KEYPAIRS}))
    found = evaluate(sign_facts(viewer=stranger))
    assert (found.allowed, found.release_id) == (True, RELEASE)
    assert [factor.detail for factor in found.factors[-4:]] == [
        "The window of another release is open.",
        "The user takes part in another release.",
        "No origin is asked for.",
        "Of the signatures of another release some are left.",
    ]
    auditor = replace(
        stranger, permissions=frozenset({Permission.VIEW_RELEASES, Permission.VIEW_LEDGER})
    )
    for viewer in (SIGNER, auditor, None):
        assert evaluate(sign_facts(viewer=viewer)) == evaluate(sign_facts())


def test_a_factor_says_its_name_outcome_and_reason() -> None:
    (frozen, *_) = evaluate(sign_facts(settings=account_settings(signing_frozen=True))).factors
    assert frozen == Factor(
        "account_not_frozen",
        False,
        "Signing is frozen in the whole account. An administrator can lift it.",
        Code.SIGNING_FROZEN,
    )


def test_stated_claims_do_not_reveal_what_an_unseen_release_asks_for() -> None:
    stranger = actor(STRANGER, permissions=frozenset({Permission.SIGN}), team_ids=frozenset({RED}))
    for viewer, are_different in ((stranger, False), (SIGNER, True)):
        right, wrong = (
            evaluate(
                sign_facts(
                    release=OF_A_REPOSITORY,
                    actor=viewer,
                    viewer=viewer,
                    stated_claims={"repository_id": id_},
                )
            ).factors
            for id_ in ("4711", "4712")
        )
        assert (right != wrong) == are_different
