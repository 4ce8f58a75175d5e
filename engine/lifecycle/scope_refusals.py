"""Refusals caused by a token's scopes: find the scope that the token lacks. Pure.

A guard looks at the permissions that the token's scopes leave of those the actor holds. Where it
refuses, it is called again as if the token had further scopes: the scope with which it does not
refuse any more is the one that the refusal names.
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
    """Return the refusal of a guard, if any; where a scope is what the token lacks, which one."""
    refusal = guard(facts)
    scopes = facts.actor.scopes
    # What one may not see does not exist, whatever one could see otherwise.
    if refusal is None or scopes is None or refusal.code is Code.NOT_FOUND:
        return refusal
    beyond = frozenset(Permission) - scopes
    if guard(_with_further_scopes(facts, beyond)) is not None:
        return refusal
    for lacking in _singles_and_pairs(sorted(beyond)):
        if guard(_with_further_scopes(facts, frozenset(lacking))) is None:
            return missing_scopes(*lacking, field=refusal.field)
    return missing_scopes(*beyond, field=refusal.field)


def _with_further_scopes(facts: Facts, further: frozenset[Permission]) -> Facts:
    """Return the same facts of an actor whose token has these scopes too."""
    actor = facts.actor
    assert actor.scopes is not None
    return replace(facts, actor=_with_scopes(actor, actor.scopes | further))


def _with_scopes(actor: Actor, scopes: frozenset[Permission]) -> Actor:
    return replace(actor, scopes=scopes, permissions=actor.held & scopes)


def _singles_and_pairs(permissions: list[Permission]) -> Iterable[tuple[Permission, ...]]:
    return chain(combinations(permissions, 1), combinations(permissions, 2))
