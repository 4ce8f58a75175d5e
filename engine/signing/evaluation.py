"""What the factors say to one caller, and the text of it that is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.model.signing_factors import Evaluation, SignFacts, evaluate
from engine.persistence.db.canonical_json import canonical


@dataclass(frozen=True, slots=True)
class SignDecision:
    """The same list of factors, as told and as recorded."""

    evaluation: Evaluation
    factors_json: str
    #: The same for the ledger, whose readers see also what the caller does not.
    recorded: Evaluation
    recorded_factors_json: str


def decide(facts: SignFacts) -> SignDecision:
    """By the facts, as the caller sees them."""
    evaluation = evaluate(facts)
    told = _told(evaluation)
    if facts.names_release:
        return SignDecision(evaluation, told, evaluation, told)
    recorded = evaluate(replace(facts, viewer=None))
    return SignDecision(evaluation, told, recorded, _told(recorded))


def _told(evaluation: Evaluation) -> str:
    """The factors as they are kept beside a signature: canonical JSON."""
    told = [
        {"name": f.name, "passed": f.passed, "detail": f.detail, "code": f.code}
        for f in evaluation.factors
    ]
    return canonical(told)
