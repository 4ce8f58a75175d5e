"""Claims of a verified token, and the conditions that rules and releases put on them. Pure.

A condition names a claim and the values that it may have: exact ones, or patterns. A pattern is
compared with the whole value, `*` stands for any characters except `/`, and everything else stands
for itself. So it takes time that grows with the length of the value alone, and `refs/tags/v*` does
not match `refs/tags/v1/x`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.model.errors import Code, Refusal, joined

#: By name, the claims of a token whose values are text, numbers or truth values, as text.
Claims = Mapping[str, str]

#: How many claims of a token are looked at, and how long name and value are.
MAX_CLAIMS = 100
MAX_CLAIM_CHARACTERS = 500
#: How many conditions a rule or a release has, and how many values each of them.
MAX_CONDITIONS = 20
MAX_VALUES = 20
#: How many `*` a pattern has.
MAX_WILDCARDS = 4
#: How deeply claims are nested whose names are joined by `/`.
_MAX_DEPTH = 4
_NAME = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_LITERAL = re.compile(r"[^*/:@.\-]")

#: Claims that say whose pipeline it is. A pattern of one of them has to begin with what names its
#: owner, since anybody can choose a name that begins like somebody else's. Those that are not here
#: but in `EXACT_CLAIMS` are compared exactly.
OWNER_PREFIXES: Mapping[str, re.Pattern[str]] = {
    "sub": re.compile(
        r"repo:[^*/:]+/|project_path:[^*/:]+/|organization:[^*:]+:pipeline:"
        r"|system:serviceaccount:[^*:]+:"
    ),
    "repository": re.compile(r"[^*/]+/"),
    "project_path": re.compile(r"[^*/]+/"),
    "workflow_ref": re.compile(r"[^*/]+/"),
    "job_workflow_ref": re.compile(r"[^*/]+/"),
    "ci_config_ref_uri": re.compile(r"[^*/]+/[^*/]+/"),
}
EXACT_CLAIMS = frozenset(
    {
        "iss",
        "repository_id",
        "repository_owner",
        "repository_owner_id",
        "project_id",
        "namespace_id",
        "namespace_path",
        "organization_id",
        "organization_slug",
        "pipeline_id",
        "pipeline_slug",
        "kubernetes.io/namespace",
        "kubernetes.io/serviceaccount/name",
        "kubernetes.io/serviceaccount/uid",
    }
)


@dataclass(frozen=True, slots=True)
class ClaimCondition:
    """The values that one claim may have; one of them is enough."""

    claim: str
    equals: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()

    def holds_for(self, value: str | None) -> bool:
        """Return whether a claim with this value fulfils it; None: the token lacks the claim."""
        if value is None:
            return False
        return value in self.equals or any(pattern_matches(p, value) for p in self.matches)

    def __str__(self) -> str:
        """Return the condition in words, like `ref is refs/heads/main or like refs/tags/v*`."""
        parts = [f"{self.claim} is {' or '.join(self.equals)}"] if self.equals else []
        if self.matches:
            like = f"like {' or '.join(self.matches)}"
            parts.append(like if self.equals else f"{self.claim} is {like}")
        return " or ".join(parts)


#: All of them have to hold; at most one for each claim, sorted by its name.
Conditions = tuple[ClaimCondition, ...]


def pattern_matches(pattern: str, value: str) -> bool:
    """Return whether a pattern matches the whole of a value."""
    patterns, values = pattern.split("/"), value.split("/")
    return len(patterns) == len(values) and all(map(_segment_matches, patterns, values))


def _segment_matches(pattern: str, value: str) -> bool:
    first, *others = pattern.split("*")
    if not others:
        return pattern == value
    *middle, last = others
    if not value.startswith(first) or not value.endswith(last):
        return False
    position, end = len(first), len(value) - len(last)
    for part in middle:
        position = value.find(part, position, end)
        if position < 0:
            return False
        position += len(part)
    return position <= end


def failed_condition(conditions: Conditions, claims: Claims) -> ClaimCondition | None:
    """Return the first condition that does not hold for these claims; None if all hold."""
    return next((c for c in conditions if not c.holds_for(claims.get(c.claim))), None)


def flatten_claims(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return the claims that conditions can be about, as text.

    The members of an object have the object's name before theirs, joined by `/`. Lists, fractions
    and nulls are left out, so no condition ever holds for them: which element of a list is meant
    would be a guess. Two claims that come to one name are both left out, and so is what is longer
    than anything that identifies a pipeline.
    """
    flat: dict[str, str] = {}
    ambiguous: set[str] = set()
    for name, value in _leaves(claims, "", 0):
        if name in flat:
            ambiguous.add(name)
        flat[name] = value
    names = sorted(flat.keys() - ambiguous)[:MAX_CLAIMS]
    return {name: flat[name] for name in names}


def _leaves(claims: Mapping[str, Any], prefix: str, depth: int) -> list[tuple[str, str]]:
    leaves = []
    for key, value in claims.items():
        name = prefix + key
        if isinstance(value, Mapping):
            if depth < _MAX_DEPTH:
                leaves += _leaves(value, f"{name}/", depth + 1)
        elif (text := _as_text(value)) is not None and len(name) <= MAX_CLAIM_CHARACTERS:
            leaves.append((name, text))
    return leaves


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else None
    if isinstance(value, str) and len(value) <= MAX_CLAIM_CHARACTERS and value.isprintable():
        return value
    return None


def check_conditions(conditions: Sequence[ClaimCondition], field: str) -> Refusal | None:
    """Return why these conditions cannot be stored, or why they hold for too much.

    What is wrong with one of them is a refusal of its own, whose item is the claim.
    """
    faults = [(None, _count_fault(conditions)), *((c.claim, _fault(c)) for c in conditions)]
    return joined(
        Refusal(Code.INVALID_INPUT, fault, field, item=claim)
        for claim, fault in faults
        if fault is not None
    )


def _count_fault(conditions: Sequence[ClaimCondition]) -> str | None:
    if len(conditions) > MAX_CONDITIONS:
        return f"Give at most {MAX_CONDITIONS} conditions."
    if len({condition.claim for condition in conditions}) < len(conditions):
        return "A claim has two conditions. Put all of its values into one."
    return None


def _fault(condition: ClaimCondition) -> str | None:
    claim, values = condition.claim, condition.equals + condition.matches
    if not _NAME.fullmatch(claim):
        return "The name of a claim has 1 to 200 printable ASCII characters and no spaces."
    if not 1 <= len(values) <= MAX_VALUES:
        return f"Give 1 to {MAX_VALUES} values of the claim {claim}."
    if any(not 1 <= len(v) <= MAX_CLAIM_CHARACTERS or not v.isprintable() for v in values):
        return f"A value of the claim {claim} has 1 to {MAX_CLAIM_CHARACTERS} printable characters."
    faults = (_pattern_fault(claim, pattern) for pattern in condition.matches)
    return next((fault for fault in faults if fault is not None), None)


def _pattern_fault(claim: str, pattern: str) -> str | None:
    wildcards = pattern.count("*")
    if not wildcards:
        return f"The pattern {pattern} has no *. Give it as an exact value of the claim {claim}."
    if wildcards > MAX_WILDCARDS or "**" in pattern:
        return f"A pattern has at most {MAX_WILDCARDS} *, and no two in a row."
    if not _LITERAL.search(pattern):
        return f"The pattern {pattern} matches everything. Leave the claim {claim} out instead."
    if claim in EXACT_CLAIMS:
        return f"The claim {claim} says whose pipeline it is. Give exact values, and no pattern."
    owner = OWNER_PREFIXES.get(claim)
    if owner is not None and not owner.match(pattern):
        return (
            f"The pattern {pattern} matches pipelines of others as well. Begin a pattern of the"
            f" claim {claim} with its whole owner, without a *."
        )
    return None


def conditions_to_json(conditions: Conditions) -> dict[str, dict[str, list[str]]]:
    """Return conditions as they are stored, by claim."""
    return {
        c.claim: {
            name: list(values)
            for name, values in (("equals", c.equals), ("matches", c.matches))
            if values
        }
        for c in conditions
    }


def conditions_from_json(stored: Mapping[str, Mapping[str, Sequence[str]]]) -> Conditions:
    """Return the conditions that were stored."""
    return tuple(
        ClaimCondition(claim, tuple(v.get("equals", ())), tuple(v.get("matches", ())))
        for claim, v in sorted(stored.items())
    )


def conditions_from_list(stored: Sequence[Mapping[str, Any]]) -> Conditions:
    """Return the conditions that a ledger entry lists."""
    return tuple(
        ClaimCondition(c["claim"], tuple(c["equals"]), tuple(c["matches"])) for c in stored
    )


def normalized(conditions: Sequence[ClaimCondition]) -> Conditions:
    """Return conditions in the order in which they are stored, so that equal ones are equal."""
    return tuple(
        ClaimCondition(c.claim, tuple(sorted(set(c.equals))), tuple(sorted(set(c.matches))))
        for c in sorted(conditions, key=lambda c: c.claim)
    )


def as_words(conditions: Conditions) -> str:
    """Return conditions as one line of text."""
    return "; ".join(map(str, conditions))
