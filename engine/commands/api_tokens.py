"""Make and revoke API tokens: 256 random bits, stored as their SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from engine.commands.administering import clean_name, require_permission
from engine.errors import Code, Refusal, not_found
from engine.events import TokenCreated, TokenRevoked
from engine.facts import OPERATOR
from engine.naming import lookup_key, quoted, tidy
from engine.persistence import tables as t
from engine.persistence.ids import uuid7
from engine.persistence.locks import Hold, Lock
from engine.persistence.unit_of_work import Attempt, transaction
from engine.persistence.work import Work
from engine.system import System
from engine.vocabulary import Permission

#: So that a leaked token is recognised for what it is.
PREFIX = "csn_"

_NO_USER = "There is no active user with this address."
_SEVERAL = "Several accounts have this user. Name the account."


def secret_hash(secret: str) -> bytes:
    """What is stored of a token's secret."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made; the secret is here and nowhere else."""

    token_id: UUID
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class CreateApiToken:
    """For oneself, or with `MANAGE_USERS` for a service user."""

    name: str
    user_id: UUID | None = None
    #: None: everything the user may, but APPROVE_RELEASE.
    scopes: frozenset[Permission] | None = None
    expires_at: datetime | None = None

    def lock(self) -> Lock:
        """The people: nobody is deactivated, or loses a permission, meanwhile."""
        return Lock(account=Hold.SHARED)

    def attempt(self) -> Attempt:
        """There is no token yet; the entry is the account's."""
        return Attempt(command="create_api_token", details={"name": quoted(self.name)})

    def apply(self, work: Work) -> NewToken:
        """A token reaches no further than the credential that makes it."""
        owner = self.user_id or work.actor.user_id
        if owner != work.actor.user_id:
            self._require_service_user(work, owner)
        elif work.actor.scopes is not None:
            beyond = default_scopes(self.scopes) - work.actor.scopes
            if beyond:
                message = f"This token does not reach as far as {', '.join(sorted(beyond))}."
                raise Refusal(Code.FORBIDDEN, message + " Ask for fewer scopes.", "scopes")
        if self.expires_at is not None and self.expires_at <= work.now:
            message = "The token would be expired already. Set a later end."
            raise Refusal(Code.INVALID_INPUT, message, "expires_at")
        assert owner is not None
        return _make(work, owner, self.name, self.scopes, self.expires_at)

    def _require_service_user(self, work: Work, owner: UUID | None) -> None:
        require_permission(work, Permission.MANAGE_USERS)
        u = t.users
        query = sa.select(u.c.service).where(u.c.id == owner, u.c.account_id == work.account_id)
        service = work.connection.execute(query).scalar_one_or_none()
        if service is None:
            raise not_found("user", "user_id")
        if not service:
            message = "People make their own tokens. You can make them for service users."
            raise Refusal(Code.FORBIDDEN, message, "user_id")


@dataclass(frozen=True, kw_only=True)
class RevokeApiToken:
    """One's own, or with `MANAGE_USERS` anybody's; it holds at once. Answers the token's id."""

    token_id: UUID

    def lock(self) -> Lock:
        """Nothing else has to stand still."""
        return Lock()

    def attempt(self) -> Attempt:
        """An entry about the token."""
        return Attempt(
            command="revoke_api_token", subject_kind="ApiToken", subject_id=self.token_id
        )

    def apply(self, work: Work) -> UUID:
        """Revoking twice is once."""
        k = t.api_tokens
        query = sa.select(k).where(k.c.id == self.token_id, k.c.account_id == work.account_id)
        row = work.connection.execute(query).one_or_none()
        may = Permission.MANAGE_USERS in work.actor.permissions
        if row is None or (row.user_id != work.actor.user_id and not may):
            raise not_found("token", "id")
        if row.revoked_at is None:
            update = k.update().where(k.c.id == row.id, k.c.revoked_at.is_(None))
            work.connection.execute(update.values(revoked_at=work.now))
            work.record(TokenRevoked(subject_id=row.id, changes={"name": (row.name, row.name)}))
        return self.token_id


def default_scopes(scopes: frozenset[Permission] | None) -> frozenset[Permission]:
    """Never APPROVE_RELEASE unless it was asked for by name (spec section 2)."""
    return frozenset(Permission) - {Permission.APPROVE_RELEASE} if scopes is None else scopes


def create_token_as_operator(
    system: System,
    account_name: str | None,
    email: str,
    name: str,
    scopes: frozenset[Permission] | None,
    lifetime: timedelta | None = None,
) -> tuple[UUID, UUID, NewToken]:
    """For somebody with a shell on the machine; answers account, user and token."""
    u, a = t.users, t.accounts
    query = (
        sa.select(u.c.account_id, u.c.id)
        .join(a, a.c.id == u.c.account_id)
        .where(u.c.email_key == lookup_key(email), u.c.active)
    )
    if account_name is not None:
        query = query.where(a.c.name_key == lookup_key(account_name))
    with system.database.reading() as connection:
        rows = connection.execute(query).all()
    if len(rows) != 1:
        raise Refusal(Code.NOT_FOUND, _SEVERAL if rows else _NO_USER, "user")
    account_id, user_id = rows[0]
    with transaction(system, account_id, None, Lock(account=Hold.SHARED)) as work:
        # Found before the people were held.
        if not work.connection.scalar(sa.select(u.c.active).where(u.c.id == user_id)):
            raise Refusal(Code.NOT_FOUND, _NO_USER, "user")
        expires_at = work.now + lifetime if lifetime is not None else None
        made = _make(work, user_id, name, scopes, expires_at)
    return account_id, user_id, made


def _make(
    work: Work,
    user_id: UUID,
    name: str,
    scopes: frozenset[Permission] | None,
    expires_at: datetime | None,
) -> NewToken:
    name = clean_name(tidy(name), "name", "name")
    made = NewToken(uuid7(), PREFIX + secrets.token_urlsafe(32))
    work.connection.execute(
        t.api_tokens.insert().values(
            id=made.token_id,
            account_id=work.account_id,
            user_id=user_id,
            name=name,
            secret_hash=secret_hash(made.secret),
            scopes=" ".join(sorted(scopes)) if scopes is not None else None,
            created_at=work.now,
            expires_at=expires_at,
        )
    )
    changes = {
        "name": (None, name),
        "user_id": (None, user_id),
        "scopes": (None, sorted(default_scopes(scopes))),
        "expires_at": (None, expires_at),
    }
    event = TokenCreated(subject_id=made.token_id, changes=changes)
    work.record(event, actor=OPERATOR if work.principal is None else None)
    return made


def load_token_scopes(text: str | None) -> frozenset[Permission]:
    """The scopes as stored, read back."""
    return default_scopes(None if text is None else frozenset(map(Permission, text.split())))
