"""Prepares a first signature: a keypair, a pipeline that asks for it, and an approver."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from api.graphql.ids import to_global
from engine.commands.administration.teams import CreateTeam
from engine.commands.administration.users import CreateUser
from engine.commands.command import execute
from engine.commands.credentials.api_tokens import create_token_as_operator
from engine.commands.keys.create_keypair import CreateKeypair
from engine.model import addresses
from engine.model.addresses import Address
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.text import lookup_key
from engine.model.vocabulary import Permission, ReleaseType
from engine.persistence.store import tables as t
from engine.persistence.store.loading.people import permitted_users
from engine.system import System

ALIAS = "first-signature"
TEAM = "First signature"
PIPELINE = "First pipeline"
PIPELINE_MAILBOX = "first-pipeline"
#: What the pipeline's token reaches, and for how long it works.
SCOPES = frozenset({Permission.REQUEST_RELEASE, Permission.VIEW_RELEASES, Permission.SIGN})
TOKEN_LIFETIME = timedelta(days=1)
WINDOW = timedelta(hours=4)
MAX_SIGNATURES = 3

AUTHORIZATION_FILE = "authorization"
MESSAGE_FILE = "message.txt"
PUBLIC_KEY_FILE = "public.pem"
REQUEST_FILE = "request.json"
SIGN_FILE = "sign.json"
_CANNOT_APPROVE = (
    "{address} cannot approve here: name another person, who is invited as a lead, or give this one"
    " the role LEAD first."
)
_NOT_IN_TEAM = (
    f"The team {TEAM} is there already, and does not have this approver: name one of its leads, or"
    " add this one to the team first."
)
_MESSAGE = b"Countersign made a signature of this text.\n"
_REQUEST = """\
mutation ($input: CreateReleaseInput!) {
  createRelease(input: $input) {
    release { id name status approval { remaining eligibleApprovers { name email } } }
    errors { code message field }
  }
}
"""
_SIGN = """\
mutation ($input: SignInput!) {
  sign(input: $input) {
    signature { value release { name signaturesLeft } }
    errors { code message field }
  }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSignature:
    """Everything that a request, an approval and a signature need."""

    keypair_id: UUID
    public_key_pem: str
    team_id: UUID
    approver: str
    token: str = field(repr=False)


def prepare_first_signature(
    system: System, account_id: UUID, approver_email: str
) -> FirstSignature:
    """Make what is missing; what an earlier call made is used again.

    Args:
        system: The engine.
        account_id: The account it is for. Its first administrator is who everything is made by.
        approver_email: Who approves: a person who is there, or is invited as a lead.

    Raises:
        Refusal: The account has no administrator, the approver may not approve, or the team of an
            earlier call has other approvers. Nothing was made then.
    """
    address = addresses.require(approver_email, international=system.international_addresses)
    admin, admin_email = _first_administrator(system, account_id)
    team_id = _id_by_name(system, t.teams, t.teams.c.name_key, account_id, TEAM)
    # Refused before anything is made.
    approver_id = _require_approver(system, account_id, address, team_id)
    if approver_id is None:
        approver = CreateUser(email=address.stored, name=address.local, roles=("LEAD",))
        approver_id = execute(system, admin, approver)
    pipeline_email = f"{PIPELINE_MAILBOX}@{admin_email.rpartition('@')[2]}"
    pipeline_id = _pipeline(system, admin, pipeline_email)
    keypair_id = _keypair(system, admin)
    if team_id is None:
        members, keypairs = frozenset({pipeline_id, approver_id}), frozenset({keypair_id})
        team = CreateTeam(name=TEAM, member_ids=members, keypair_ids=keypairs)
        team_id = execute(system, admin, team)
    public_key, account_name = _load_public_key(system, keypair_id)
    _, _, token = create_token_as_operator(
        system, account_name, pipeline_email, "first signature", SCOPES, TOKEN_LIFETIME
    )
    return FirstSignature(
        keypair_id=keypair_id,
        public_key_pem=public_key,
        team_id=team_id,
        approver=address.stored,
        token=token.secret,
    )


def write_files(folder: Path, first: FirstSignature, now: datetime) -> None:
    """Write what the commands send, for this user alone to read.

    Args:
        folder: Where to. It is made; files of an earlier call are replaced.
        first: What was prepared.
        now: When the release's window begins.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = sha256(_MESSAGE).digest()
    release = {
        "name": f"First signature {now:%Y-%m-%d %H:%M:%S}",
        "type": "OFFLINE",
        "teamId": to_global("Team", first.team_id),
        "keypairIds": [to_global("Keypair", first.keypair_id)],
        "startsAt": _instant(now),
        "endsAt": _instant(now + WINDOW),
        "maxSignatures": MAX_SIGNATURES,
    }
    signature = {
        "keypairId": to_global("Keypair", first.keypair_id),
        "digest": b64encode(digest).decode("ascii"),
        "idempotencyKey": f"first-signature-{_instant(now)}",
    }
    files = {
        AUTHORIZATION_FILE: f"Authorization: Bearer {first.token}\n".encode(),
        MESSAGE_FILE: _MESSAGE,
        PUBLIC_KEY_FILE: first.public_key_pem.encode(),
        REQUEST_FILE: _operation(_REQUEST, release),
        SIGN_FILE: _operation(_SIGN, signature),
    }
    for name, content in files.items():
        _replace(folder / name, content)


def _first_administrator(system: System, account_id: UUID) -> tuple[Principal, str]:
    u = t.users
    query = (
        sa.select(u.c.id, u.c.email)
        .where(
            u.c.account_id == account_id,
            u.c.id.in_(permitted_users(Permission.MANAGE_USERS)),
            u.c.active,
            ~u.c.service,
        )
        .order_by(u.c.created_at, u.c.id)
        .limit(1)
    )
    with system.database.reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise Refusal(Code.NOT_FOUND, "This account has no active administrator.")
    return Principal(account_id=account_id, user_id=row.id), row.email


def _require_approver(
    system: System, account_id: UUID, address: Address, team_id: UUID | None
) -> UUID | None:
    """Return the person with this address, None if nobody has it; refuses who cannot approve."""
    u, m = t.users, t.team_members
    query = sa.select(
        u.c.id,
        u.c.id.in_(permitted_users(Permission.APPROVE_RELEASE)).label("permitted"),
        u.c.active,
        u.c.service,
    ).where(u.c.account_id == account_id, u.c.email_key.in_(address.keys))
    with system.database.reading() as connection:
        row = connection.execute(query).first()
        members = set(connection.scalars(sa.select(m.c.user_id).where(m.c.team_id == team_id)))
    if row is not None and (row.service or not row.active or not row.permitted):
        raise Refusal(Code.INVALID_INPUT, _CANNOT_APPROVE.format(address=address.stored))
    if team_id is not None and (row is None or row.id not in members):
        raise Refusal(Code.INVALID_INPUT, _NOT_IN_TEAM)
    return row.id if row is not None else None


def _pipeline(system: System, principal: Principal, email: str) -> UUID:
    address = addresses.require(email, international=system.international_addresses)
    u = t.users
    query = sa.select(u.c.id).where(
        u.c.account_id == principal.account_id, u.c.email_key.in_(address.keys)
    )
    with system.database.reading() as connection:
        existing: UUID | None = connection.execute(query).scalar_one_or_none()
    command = CreateUser(email=email, name=PIPELINE, roles=("DEVELOPER",), service=True)
    return existing or execute(system, principal, command)


def _keypair(system: System, admin: Principal) -> UUID:
    k = t.keypairs
    existing = _id_by_name(system, k, k.c.alias_key, admin.account_id, ALIAS)
    command = CreateKeypair(alias=ALIAS, type=ReleaseType.OFFLINE)
    return existing or execute(system, admin, command)


def _load_public_key(system: System, keypair_id: UUID) -> tuple[str, str]:
    """Return the public key of a keypair, and the name of its account."""
    k, a = t.keypairs, t.accounts
    query = sa.select(k.c.public_key, a.c.name).join(a, a.c.id == k.c.account_id)
    with system.database.reading() as connection:
        row = connection.execute(query.where(k.c.id == keypair_id)).one()
    return row.public_key, row.name


def _id_by_name(
    system: System, table: sa.Table, key: sa.Column[Any], account_id: UUID, name: str
) -> UUID | None:
    query = sa.select(table.c.id).where(table.c.account_id == account_id, key == lookup_key(name))
    with system.database.reading() as connection:
        id_: UUID | None = connection.execute(query).scalar_one_or_none()
    return id_


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _operation(query: str, variables: dict[str, Any]) -> bytes:
    return json.dumps({"query": query, "variables": {"input": variables}}, indent=2).encode()


def _replace(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
