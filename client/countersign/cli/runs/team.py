"""What `countersign team` does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from countersign.cli.output import chosen, print_json, print_pairs, print_rows
from countersign.cli.rows import listed
from countersign.connection.connect import connect
from countersign.operations.teams import TEAMS
from countersign.releases.lookups import team_named
from countersign.times import shown_instant

TEAM_COLUMNS = ("NAME", "APPROVALS", "MEMBERS", "KEYPAIRS")


def print_teams(search: str | None, fields: str | None) -> None:
    """List teams."""
    with connect() as connection:
        rows = [_row(team) for team in connection.pages(TEAMS, filter={"nameContains": search})]
    print_rows(rows, fields, TEAM_COLUMNS, _cells)


def show_team(name: str, fields: str | None) -> None:
    """Show a team."""
    with connect() as connection:
        team = _row(team_named(connection, name))
    if fields is not None:
        print_json(chosen(team, fields))
        return
    print_pairs(
        [
            ("name", team["name"]),
            ("id", team["id"]),
            ("approvals", team["requiredApprovals"]),
            ("members", listed(team["members"], team["memberCount"])),
            ("keypairs", listed(team["keypairs"], team["keypairCount"])),
            ("created", shown_instant(team["createdAt"])),
        ]
    )


def _row(team: Mapping[str, Any]) -> dict[str, Any]:
    """Return a team with its lists as lists; a list of teams has no members, only their number."""
    members, keypairs = team["membersConnection"], team["keypairsConnection"]
    row = {key: team[key] for key in ("id", "name", "requiredApprovals", "createdAt")}
    row |= {"memberCount": members["totalCount"], "keypairCount": keypairs["totalCount"]}
    row["keypairs"] = [edge["node"]["alias"] for edge in keypairs["edges"]]
    if "edges" in members:
        nodes = [edge["node"] for edge in members["edges"]]
        row["members"] = [f"{node['name']} <{node['email']}>" for node in nodes]
    return row


def _cells(team: Mapping[str, Any]) -> Iterable[str]:
    return (
        team["name"],
        str(team["requiredApprovals"]),
        str(team["memberCount"]),
        listed(team["keypairs"], team["keypairCount"]),
    )
