"""The people, decisions and names that messages about releases need, loaded for all at once."""

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

from engine.lifecycle.release_changes import Edit, fields_at
from engine.model.facts import Release, ReleaseFields, Team
from engine.model.vocabulary import Status
from engine.persistence.db.compiled import run_compiled
from engine.persistence.db.sql import id_in
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.loading import TeamFacts, load_team_facts
from notifications.facts.person_names import person

# Statements of the hot path are built once: to build one costs more than to run it.
_U, _D = t.users, t.decisions
_USERS = sa.select(_U.c.id, _U.c.name, _U.c.email, _U.c.active, _U.c.service).where(id_in(_U.c.id))
_PEOPLE = sa.select(_U.c.id, _U.c.name, _U.c.email).where(id_in(_U.c.id))
_DECISIONS = (
    sa.select(_D, _U.c.name, _U.c.email)
    .join(_U, _U.c.id == _D.c.approver_id)
    .where(id_in(_D.c.release_id))
    .order_by(_D.c.release_id, _D.c.decided_at, _D.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseContext:
    """People, decisions and names around some releases, by id."""

    staff: TeamFacts
    #: The decisions of each release on any revision, oldest first.
    decisions: Mapping[UUID, Sequence[Row[Any]]]
    #: The edits of each release that has a decision on an earlier revision.
    edits: Mapping[UUID, Sequence[Edit]]
    #: Who edited the material fields of each request that awaits approval.
    editors: Mapping[UUID, frozenset[UUID]]
    #: Everyone who may be notified, with name, address, `active` and `service`.
    users: Mapping[UUID, Row[Any]]
    keypairs: Mapping[UUID, str]

    def approvers_of(self, release: Release) -> frozenset[UUID]:
        """Return who can approve the release."""
        return self.staff.approvers[release.fields.team_id]

    def team_of(self, release: Release) -> Team | None:
        """Return the release's team, if it has one."""
        team_id = release.fields.team_id
        return self.staff.teams[team_id] if team_id else None

    def participants_of(self, release: Release) -> frozenset[UUID]:
        """Return the members of the release's team, or else the participants it names."""
        team = self.team_of(release)
        return team.member_ids if team else release.fields.participant_ids

    def person(self, user_id: UUID) -> str:
        """Return a user's name and address."""
        row = self.users[user_id]
        return person(row.name, row.email)

    def decisions_of(self, release: Release) -> list[Row[Any]]:
        """Return the decisions on the current material revision."""
        return [
            row
            for row in self.decisions.get(release.id, ())
            if row.material_revision == release.material_revision
        ]

    def standing_decisions_of(self, release: Release) -> list[Row[Any]]:
        """Return the decisions that count: of the current round while pending, else of the last."""
        rows = self.decisions.get(release.id, ())
        if release.status is Status.PENDING or not rows:
            return self.decisions_of(release)
        latest = max(row.material_revision for row in rows)
        return [row for row in rows if row.material_revision == latest]

    def deciders_of(self, release: Release) -> frozenset[UUID]:
        """Return whose decision counts."""
        return frozenset(row.approver_id for row in self.standing_decisions_of(release))

    def fields_at(self, release: Release, revision: int) -> ReleaseFields:
        """Return the release's fields as they were at the revision of one of its decisions."""
        return fields_at(release.fields, self.edits.get(release.id, ()), revision)

    def editors_of(self, release: Release) -> frozenset[UUID]:
        """Return who edited the release in this round of approval."""
        return self.editors.get(release.id, frozenset())

    def authors_of(self, release: Release) -> frozenset[UUID]:
        """Return whose own request it is: the requester's, and the editors'."""
        return self.editors_of(release) | {release.creator_id}

    def earlier_deciders_of(self, release: Release) -> frozenset[UUID]:
        """Return who had decided before the last material edit of a pending release."""
        if release.status is not Status.PENDING:
            return frozenset()
        return frozenset(
            row.approver_id
            for row in self.decisions.get(release.id, ())
            if row.material_revision < release.material_revision
        )


def load_release_context(
    connection: Connection,
    releases: Collection[Release],
    staff: TeamFacts | None = None,
    others: Collection[UUID] = (),
) -> ReleaseContext:
    """Load the context of releases of one account, in a bounded number of statements.

    Args:
        connection: Of the transaction.
        releases: At least one if `staff` is not given.
        staff: Teams and approvers of the releases, if they are already loaded.
        others: More people who may be notified.
    """
    if staff is None:
        (account_id,) = {release.account_id for release in releases}
        team_ids = {release.fields.team_id for release in releases}
        staff = load_team_facts(connection, account_id, team_ids)
    user_ids = _ids(staff.approvers.values(), (team.member_ids for team in staff.teams.values()))
    user_ids |= {release.creator_id for release in releases} | set(others)
    user_ids |= _ids(release.fields.participant_ids for release in releases)
    edited = [
        release
        for release in releases
        if release.status is Status.PENDING and release.material_revision > 1
    ]
    decisions = _decisions(connection, releases)
    user_ids |= {row.approver_id for rows in decisions.values() for row in rows}
    outdated = {
        release.id
        for release in releases
        if any(row.revision < release.revision for row in decisions.get(release.id, ()))
    }
    return ReleaseContext(
        staff=staff,
        decisions=decisions,
        edits=loading.load_edits(connection, outdated),
        editors=loading.load_editors(connection, edited) if edited else {},
        users=users_of(connection, user_ids),
        keypairs=_aliases(connection, releases),
    )


def _aliases(connection: Connection, releases: Collection[Release]) -> dict[UUID, str]:
    keypair_ids = _ids(release.fields.keypair_ids for release in releases)
    return names_of(connection, t.keypairs, keypair_ids, "alias")


def users_of(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Return users by id, with name, address, `active` and `service`."""
    rows: Iterable[Row[Any]] = run_compiled(connection, _USERS, {"ids": sorted(ids)})
    return {row.id: row for row in rows}


def people_by_ids(connection: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names and addresses of people by id."""
    if not ids:
        return {}
    rows = run_compiled(connection, _PEOPLE, {"ids": sorted(ids)}).all()
    return {row.id: person(row.name, row.email) for row in rows}


def names_of(
    connection: Connection, table: Table, ids: Collection[UUID], column: str = "name"
) -> dict[UUID, str]:
    """Return the names of rows by id."""
    if not ids:
        return {}
    rows = run_compiled(connection, _names(table, column), {"ids": sorted(ids)})
    return {id_: name for id_, name in rows}  # noqa: C416 - rows are no pairs to mypy


@cache
def _names(table: Table, column: str) -> Select[UUID, str]:
    return sa.select(table.c.id, table.c[column]).where(id_in(table.c.id))


def _decisions(
    connection: Connection, releases: Collection[Release]
) -> dict[UUID, Sequence[Row[Any]]]:
    rows = run_compiled(
        connection, _DECISIONS, {"ids": sorted(release.id for release in releases)}
    ).all()
    return {id_: list(group) for id_, group in groupby(rows, attrgetter("release_id"))}


def _ids(*groups: Iterable[frozenset[UUID]]) -> set[UUID]:
    return {id_ for sets in groups for ids in sets for id_ in ids}
