"""Loads rows as the facts that commands look at before they decide."""

from engine.persistence.db.aggregates import column_set
from engine.persistence.store.loading.edits import load_edits
from engine.persistence.store.loading.keypairs import keypair_of, load_keypair_rows, load_keypairs
from engine.persistence.store.loading.people import (
    Caller,
    load_actor,
    load_actors,
    load_caller,
    load_inactive,
    load_permissions,
    load_permissions_of,
    load_role_permissions,
    load_settings,
    permitted_users,
    users_with_all,
)
from engine.persistence.store.loading.releases import (
    load_editors,
    load_origin,
    load_releases,
    load_votes,
    name_is_taken,
)
from engine.persistence.store.loading.teams import (
    TeamFacts,
    load_approvers,
    load_team,
    load_team_facts,
    load_teams_short_of_approvers,
)

__all__ = [
    "Caller",
    "TeamFacts",
    "column_set",
    "keypair_of",
    "load_actor",
    "load_actors",
    "load_approvers",
    "load_caller",
    "load_editors",
    "load_edits",
    "load_inactive",
    "load_keypair_rows",
    "load_keypairs",
    "load_origin",
    "load_permissions",
    "load_permissions_of",
    "load_releases",
    "load_role_permissions",
    "load_settings",
    "load_team",
    "load_team_facts",
    "load_teams_short_of_approvers",
    "load_votes",
    "name_is_taken",
    "permitted_users",
    "users_with_all",
]
