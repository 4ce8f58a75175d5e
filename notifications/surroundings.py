"""What is to be known around releases to tell people of them, looked up for all at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row, Select, Table

from engine.facts import Release, Team
from engine.persistence import loading
from engine.persistence import tables as t
from engine.persistence.assembling import Staff, load_staff
from engine.persistence.columns import among
from engine.persistence.loading.grouping import gathered
from engine.vocabulary import Status

# Statements of the hot path are built once: to build one costs more than to run it.
_U, _D, _R = t.users, t.decisions, t.releases
_USERS = sa.select(_U.c.id, _U.c.name, _U.c.active, _U.c.service).where(among(_U.c.id))
_DECISIONS = (
    sa.select(_D, _U.c.name)
    .join(_U, _U.c.id == _D.c.approver_id)
    .join(_R, _R.c.id == _D.c.release_id)
    .where(among(_D.c.release_id), _D.c.material_revision == _R.c.material_revision)
    .order_by(_D.c.release_id, _D.c.decided_at, _D.c.id)
)
_EARLIER = (
    sa.select(_D.c.release_id, _D.c.approver_id)
    .join(_R, _R.c.id == _D.c.release_id)
    .where(among(_D.c.release_id), _D.c.material_revision < _R.c.material_revision)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """People, names and decisions, by id."""

    staff: Staff
    #: On the current material revision of each release, in their order.
    decisions: Mapping[UUID, Sequence[Row[Any]]]
    #: Of requests that were edited while they await approval: who edited what is agreed to, and
    #: who had decided on an earlier revision.
    editors: Mapping[UUID, frozenset[UUID]]
    earlier_deciders: Mapping[UUID, frozenset[UUID]]
    #: Everyone who could be told, with name, `active` and `service`.
    users: Mapping[UUID, Row[Any]]
    keypairs: Mapping[UUID, str]

    def approvers_of(self, release: Release) -> frozenset[UUID]:
        """Who can approve it."""
        return self.staff.approvers[release.fields.team_id]

    def team_of(self, release: Release) -> Team | None:
        """None where it has none."""
        team_id = release.fields.team_id
        return self.staff.teams[team_id] if team_id else None

    def participants_of(self, release: Release) -> frozenset[UUID]:
        """Its team, or whom it names."""
        team = self.team_of(release)
        return team.member_ids if team else release.fields.participant_ids

    def decisions_of(self, release: Release) -> Sequence[Row[Any]]:
        """On its current material revision."""
        return self.decisions.get(release.id, ())

    def editors_of(self, release: Release) -> frozenset[UUID]:
        """Who edited it in this round of approval."""
        return self.editors.get(release.id, frozenset())

    def authors_of(self, release: Release) -> frozenset[UUID]:
        """Whose own request it is."""
        return self.editors_of(release) | {release.creator_id}

    def earlier_deciders_of(self, release: Release) -> frozenset[UUID]:
        """Who had decided before it was edited."""
        return self.earlier_deciders.get(release.id, frozenset())


def look_around(
    connection: Connection,
    releases: Collection[Release],
    staff: Staff | None = None,
    others: Collection[UUID] = (),
) -> Surroundings:
    """Of releases of one account; a bounded number of statements.

    `staff`: if known; `others`: more people who may be told.
    """
    if staff is None:
        (account_id,) = {release.account_id for release in releases}
        staff = load_staff(connection, account_id, releases)
    user_ids = _ids(staff.approvers.values(), (team.member_ids for team in staff.teams.values()))
    user_ids |= {release.creator_id for release in releases} | set(others)
    user_ids |= _ids(release.fields.participant_ids for release in releases)
    keypair_ids = _ids(release.fields.keypair_ids for release in releases)
    edited = [one for one in releases if one.status is Status.PENDING and one.material_revision > 1]
    return Surroundings(
        staff=staff,
        decisions=_decisions(connection, releases),
        editors=loading.load_editors(connection, edited) if edited else {},
        earlier_deciders=_earlier_deciders(connection, edited) if edited else {},
        users=users_of(connection, user_ids),
        keypairs=names_of(connection, t.keypairs, keypair_ids, "alias"),
    )


def users_of(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Their names, and whether they can be told anything."""
    rows: Iterable[Row[Any]] = connection.execute(_USERS, {"ids": sorted(ids)})
    return {row.id: row for row in rows}


def names_of(
    connection: Connection, table: Table, ids: Collection[UUID], column: str = "name"
) -> dict[UUID, str]:
    """What these rows are called, by id."""
    if not ids:
        return {}
    found = connection.execute(_names(table, column), {"ids": sorted(ids)})
    return {id_: name for id_, name in found}  # noqa: C416 - rows are no pairs to mypy


@cache
def _names(table: Table, column: str) -> Select[UUID, str]:
    return sa.select(table.c.id, table.c[column]).where(among(table.c.id))


def _decisions(
    connection: Connection, releases: Collection[Release]
) -> dict[UUID, Sequence[Row[Any]]]:
    rows = connection.execute(_DECISIONS, {"ids": sorted(release.id for release in releases)}).all()
    return {id_: list(found) for id_, found in groupby(rows, attrgetter("release_id"))}


def _earlier_deciders(
    connection: Connection, releases: Collection[Release]
) -> dict[UUID, frozenset[UUID]]:
    return gathered(connection, _EARLIER, (release.id for release in releases))


def _ids(*groups: Iterable[frozenset[UUID]]) -> set[UUID]:
    return {id_ for sets in groups for ids in sets for id_ in ids}
