"""Rules that say which roles and teams the groups of a sign-in service stand for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """Members of a group at the sign-in service have these roles, and are in these teams."""

    group: str
    roles: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Memberships:
    """What rules say about the roles, or about the teams, of one person: all by name."""

    #: Those that any rule names. Others are not for the rules to give or to take.
    ruled: frozenset[str]
    #: Those that the person has by the rules; all of them are ruled.
    granted: frozenset[str]


def roles_by_rule(rules: Collection[GroupRule], groups: Collection[str]) -> Memberships:
    """Return what the rules say about the roles of a member of these groups."""
    return _memberships(((rule.group, rule.roles) for rule in rules), groups)


def teams_by_rule(rules: Collection[GroupRule], groups: Collection[str]) -> Memberships:
    """Return what the rules say about the teams of a member of these groups."""
    return _memberships(((rule.group, rule.teams) for rule in rules), groups)


def _memberships(
    pairs: Iterable[tuple[str, frozenset[str]]], groups: Collection[str]
) -> Memberships:
    named = list(pairs)
    ruled = frozenset().union(*(names for _, names in named))
    granted = frozenset().union(*(names for group, names in named if group in groups))
    return Memberships(ruled=ruled, granted=granted)
