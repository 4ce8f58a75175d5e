"""Refusals for the sake of a token's scopes: which scope a wider token would need. Pure.

A guard looks at what the actor holds as far as the credential reaches. Here it is asked once more,
as if the token reached further: if it lets the actor pass then, the scope that does it is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, combinations

from engine.lifecycle.guards import Guard
from engine.model.errors import Code, Refusal
from engine.model.facts import Actor, Facts
from engine.model.grants import missing_scopes
from engine.model.vocabulary import Permission


def refusal_by(guard: Guard, facts: Facts) -> Refusal | None:
    """What the guard says; of a token that reaches too short, which scope it lacks."""
    refusal = guard(facts)
    scopes = facts.actor.scopes
    # What one may not see does not exist, whatever one could see otherwise.
    if refusal is None or scopes is None or refusal.code is Code.NOT_FOUND:
        return refusal
    beyond = frozenset(Permission) - scopes
    if guard(_reaching(facts, beyond)) is not None:
        return refusal
    for lacking in _ones_and_twos(sorted(beyond)):
        if guard(_reaching(facts, frozenset(lacking))) is None:
            return missing_scopes(*lacking, field=refusal.field)
    return missing_scopes(*beyond, field=refusal.field)


def _reaching(facts: Facts, further: frozenset[Permission]) -> Facts:
    """The same, asked with a token that has these scopes too."""
    actor = facts.actor
    assert actor.scopes is not None
    return replace(facts, actor=_with_scopes(actor, actor.scopes | further))


def _with_scopes(actor: Actor, scopes: frozenset[Permission]) -> Actor:
    return replace(actor, scopes=scopes, permissions=actor.held & scopes)


def _ones_and_twos(permissions: list[Permission]) -> Iterable[tuple[Permission, ...]]:
    return chain(combinations(permissions, 1), combinations(permissions, 2))
