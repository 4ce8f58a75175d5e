"""Create and revoke API tokens: 256 random bits, of which the SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from engine.commands.administration.validation import clean_name
from engine.commands.command import Command
from engine.commands.credentials.token_endings import RevokedTokens, end_tokens
from engine.commands.standing import require_standing_credential
from engine.commands.transactions import transaction
from engine.lifecycle.administration import refuse_foreign, refuse_token_of
from engine.model import addresses
from engine.model.errors import Code, Faults, Refusal, refuse
from engine.model.events import TokenCreated, TokenRevoked
from engine.model.facts import OPERATOR
from engine.model.grants import default_scopes, refuse_scopes
from engine.model.text import normalize
from engine.model.vocabulary import Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store.administration import users
from engine.persistence.store.credentials import api_tokens
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.system import System

#: Begins every secret, so that scanners recognise a leaked one.
PREFIX = "csn_"

_NO_USER = "There is no active user with this address. Check the address."
_SEVERAL = "Several accounts have this user. Name the account."


def secret_hash(secret: str) -> bytes:
    """Return what is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new token; its secret is nowhere else and cannot be read again."""

    token_id: UUID
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _TokenRequest:
    """A token that the rules allow, before it has a secret."""

    user_id: UUID
    name: str
    scopes: frozenset[Permission] | None
    expires_at: datetime | None
    parent_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class CreateApiToken(Command[NewToken]):
    """Create a token for oneself, or with `MANAGE_USERS` for a service user.

    A token that was made with a token names it as its parent, and ends with it at the latest.
    """

    command_name = "create_api_token"
    detail_fields = ("name",)
    #: Nobody is deactivated, or loses a permission or a token, meanwhile.
    account_hold = Hold.SHARED

    name: str
    user_id: UUID | None = None
    #: None: everything the user may, but what has to be asked for by name.
    scopes: frozenset[Permission] | None = None
    expires_at: datetime | None = None

    def apply(self, uow: UnitOfWork) -> NewToken:
        """A token reaches no further than the credential that makes it, nor longer."""
        require_standing_credential(uow)
        owner = self.user_id or uow.actor.user_id
        assert owner is not None
        own = owner == uow.actor.user_id
        _require_owner(uow, owner)
        parent_id = uow.principal.token_id if uow.principal is not None else None
        faults = Faults()
        with faults:
            clean_name(normalize(self.name), "name", "name")
        with faults:
            refuse(refuse_scopes(uow.actor, self.scopes, own=own))
        with faults:
            expires_at = self._end(uow, parent_id)
        faults.refuse()
        request = _TokenRequest(owner, self.name, self.scopes, expires_at, parent_id)
        return _insert_token(uow, request)

    def _end(self, uow: UnitOfWork, parent_id: UUID | None) -> datetime | None:
        """Return when the token ends: at the instant asked for, or else with its parent."""
        if self.expires_at is not None and self.expires_at <= uow.now:
            message = "The token would be expired already. Set a later end."
            raise Refusal(Code.INVALID_INPUT, message, "expires_at")
        if parent_id is None:
            return self.expires_at
        end: datetime | None = api_tokens.load_token(uow, parent_id).expires_at
        if self.expires_at is None or end is None:
            return self.expires_at or end
        if self.expires_at > end:
            message = f"The token you use ends at {end:%Y-%m-%d %H:%M:%S} UTC."
            message += " Set an end that is no later, or none."
            raise Refusal(Code.INVALID_INPUT, message, "expires_at")
        return self.expires_at


@dataclass(frozen=True, kw_only=True)
class RevokeApiToken(Command[RevokedTokens]):
    """Revoke a token of one's own, or with `MANAGE_USERS` of anybody, at once.

    Returns the ids of all tokens that ended with it: the token itself, and those made with it.
    """

    command_name = "revoke_api_token"
    subject_kind = "ApiToken"
    subject_field = "token_id"
    #: No token is made with this one meanwhile.
    account_hold = Hold.EXCLUSIVE

    token_id: UUID

    def apply(self, uow: UnitOfWork) -> RevokedTokens:
        """Revoke it; a token that is revoked already stays as it is."""
        row = api_tokens.load_token(uow, self.token_id)
        refuse(refuse_foreign(uow.actor, row.user_id, "token", Permission.MANAGE_OWN_TOKENS))
        if row.revoked_at is not None:
            return RevokedTokens(row.id, (row.id,))
        ended = end_tokens(uow, [row.id], f"The token {row.name} was revoked.")
        descendants = [token.id for token in ended if token.id != row.id]
        changes: dict[str, tuple[Any, Any]] = {"name": (row.name, row.name)}
        if descendants:
            names = sorted(token.name for token in ended if token.id != row.id)
            changes["ended_with_it"] = (None, names)
        uow.record(TokenRevoked(subject_id=row.id, changes=changes))
        return RevokedTokens(row.id, (row.id, *descendants))


def create_token_as_operator(
    system: System,
    account_name: str | None,
    email: str,
    name: str,
    scopes: frozenset[Permission] | None,
    lifetime: timedelta | None = None,
) -> tuple[UUID, UUID, NewToken]:
    """Create a token as an operator; returns the account's id, the user's id, and the token."""
    address = addresses.parse(email)
    if address is None:
        raise Refusal(Code.NOT_FOUND, _NO_USER, "user")
    with system.database.reading() as connection:
        rows = users.load_active_users(connection, address, account_name)
    if len(rows) != 1:
        raise Refusal(Code.NOT_FOUND, _SEVERAL if rows else _NO_USER, "user")
    account_id, user_id = rows[0].account_id, rows[0].id
    with transaction(system, account_id, None, Lock(account=Hold.SHARED)) as uow:
        # The user was looked up before the account was locked.
        if not users.load_user(uow, user_id, "user").active:
            raise Refusal(Code.NOT_FOUND, _NO_USER, "user")
        expires_at = uow.now + lifetime if lifetime is not None else None
        token = _insert_token(uow, _TokenRequest(user_id, name, scopes, expires_at))
    return account_id, user_id, token


def _require_owner(uow: UnitOfWork, owner: UUID) -> None:
    """Refuse to make a token of this user; whoever may not make one learns nothing of the user."""
    manages = owner != uow.actor.user_id and Permission.MANAGE_USERS in uow.actor.permissions
    service = manages and users.load_user(uow, owner, "user_id").service
    refuse(refuse_token_of(uow.actor, owner, service=service))


def _insert_token(uow: UnitOfWork, request: _TokenRequest) -> NewToken:
    name = clean_name(normalize(request.name), "name", "name")
    token = NewToken(uuid7(), PREFIX + secrets.token_urlsafe(32))
    api_tokens.insert_token(
        uow,
        token.token_id,
        request.user_id,
        name=name,
        secret_hash=secret_hash(token.secret),
        scopes=request.scopes,
        parent_id=request.parent_id,
        expires_at=request.expires_at,
    )
    changes: dict[str, tuple[Any, Any]] = {
        "name": (None, name),
        "user_id": (None, request.user_id),
        "scopes": (None, sorted(default_scopes(request.scopes))),
        "expires_at": (None, request.expires_at),
    }
    if request.parent_id is not None:
        changes["parent_id"] = (None, request.parent_id)
    event = TokenCreated(subject_id=token.token_id, changes=changes)
    uow.record(event, actor=OPERATOR if uow.principal is None else None)
    return token


def load_token_scopes(text: str | None) -> frozenset[Permission]:
    """Return the scopes of a token from the text that is stored of them."""
    return default_scopes(None if text is None else frozenset(map(Permission, text.split())))
