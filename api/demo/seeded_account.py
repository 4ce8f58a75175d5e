"""The demo's account: people, a team, keypairs and tokens, made by the engine's own commands."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from engine.commands.administration.account import create_account
from engine.commands.administration.teams import CreateTeam
from engine.commands.administration.users import CreateUser
from engine.commands.command import execute
from engine.commands.credentials.api_tokens import create_token_as_operator
from engine.commands.keys.create_keypair import CreateKeypair
from engine.model.algorithms import KeypairAlgorithm
from engine.model.principal import Principal
from engine.model.vocabulary import ReleaseType
from engine.system import System

ACCOUNT = "Acme"
ADMIN = "admin@example.com"
#: Address, name, roles, time zone.
PEOPLE = (
    ("ann@example.com", "Ann Archer", ("LEAD",), "Europe/Berlin"),
    ("bob@example.com", "Bob Baker", ("LEAD",), "America/New_York"),
    ("cleo@example.com", "Cleo Cook", ("LEAD",), "Asia/Tokyo"),
    ("dana@example.com", "Dana Diaz", ("DEVELOPER",), "Europe/London"),
    ("eve@example.com", "Eve Evans", ("DEVELOPER",), "UTC"),
)
TEAM = "Falcon"
MEMBERS = ("ann@example.com", "bob@example.com", "cleo@example.com", "dana@example.com")
KEYPAIRS = (
    ("falcon-release", ReleaseType.OFFLINE, KeypairAlgorithm.ECDSA_P256),
    ("falcon-hotfix", ReleaseType.OFFLINE, KeypairAlgorithm.ED25519),
    ("falcon-nightly", ReleaseType.ONLINE, KeypairAlgorithm.ECDSA_P256),
    ("falcon-test", ReleaseType.TEST, KeypairAlgorithm.RSA_PSS_2048),
)


@dataclass(frozen=True, slots=True)
class SeededAccount:
    """Who and what the demo has: ids by address or alias, and a token for each person."""

    account_id: UUID
    people: dict[str, UUID]
    team_id: UUID
    keypairs: dict[str, UUID]
    tokens: dict[str, str]


def settle_in(system: System) -> SeededAccount:
    """Make everything the demo starts with."""
    account = create_account(system, ACCOUNT, ADMIN)
    admin = Principal(account_id=account.account_id, user_id=account.user_id)
    people = {
        email: execute(
            system, admin, CreateUser(email=email, name=name, roles=roles, time_zone=zone)
        )
        for email, name, roles, zone in PEOPLE
    }
    keypairs = {
        alias: execute(system, admin, CreateKeypair(alias=alias, type=type_, algorithm=algorithm))
        for alias, type_, algorithm in KEYPAIRS
    }
    team = CreateTeam(
        name=TEAM,
        member_ids=frozenset(people[email] for email in MEMBERS),
        keypair_ids=frozenset(keypairs.values()),
        required_approvals=2,
    )
    team_id = execute(system, admin, team)
    tokens = {
        email: create_token_as_operator(system, ACCOUNT, email, "demo", None)[2].secret
        for email in (ADMIN, *people)
    }
    return SeededAccount(account.account_id, people, team_id, keypairs, tokens)
