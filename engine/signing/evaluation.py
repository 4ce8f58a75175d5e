"""Evaluates the signing factors for a caller and for the ledger, and writes them as JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.model.signing_factors import Evaluation, SignFacts, evaluate
from engine.persistence.db.canonical_json import canonical


@dataclass(frozen=True, slots=True)
class SignDecision:
    """The factors of a signature, for its caller and for the ledger."""

    evaluation: Evaluation
    #: Canonical JSON, which is stored with the signature.
    factors_json: str
    #: The same for readers of the ledger, who may see a release that the caller may not see.
    recorded: Evaluation
    recorded_factors_json: str


def decide(facts: SignFacts) -> SignDecision:
    """Evaluate the factors as the caller, the viewer of the facts, may see them."""
    evaluation = evaluate(facts)
    factors_json = _as_json(evaluation)
    if facts.names_release:
        return SignDecision(evaluation, factors_json, evaluation, factors_json)
    recorded = evaluate(replace(facts, viewer=None))
    return SignDecision(evaluation, factors_json, recorded, _as_json(recorded))


def _as_json(evaluation: Evaluation) -> str:
    factors = [
        {"name": f.name, "passed": f.passed, "detail": f.detail, "code": f.code}
        for f in evaluation.factors
    ]
    return canonical(factors)
