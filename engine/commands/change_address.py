"""Change a user's e-mail address: asked for, and done once the new mailbox has answered."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine import derived_tokens
from engine.commands.administering import new_address, refuse
from engine.errors import Code, Refusal
from engine.events import AddressChangeRequested, UserUpdated
from engine.grants import refuse_grant
from engine.persistence import loading
from engine.persistence import tables as t
from engine.persistence.ids import uuid7
from engine.persistence.locks import Hold, Lock
from engine.persistence.unit_of_work import Attempt
from engine.persistence.work import Work

#: For so long the link to the new address works.
LIFETIME = timedelta(hours=24)
#: Changes that are asked for one user within `LIMIT_PERIOD`, and by one user.
REQUESTS_FOR_ONE_USER = 5
REQUESTS_BY_ONE_USER = 30
LIMIT_PERIOD = timedelta(hours=24)
#: Sets these tokens apart from others that the same key makes.
TOKEN_PURPOSE = b"address-change"
ENDED = "This link does not work any more. Ask for the change of the address again."

_C = t.address_changes


def request_change(work: Work, user: Row[Any], email: str, key: bytes | None) -> None:
    """Ask the new mailbox; a service user, which reads no mail, gets the new address at once.

    Raises:
        Refusal: INVALID_INPUT, NAME_TAKEN, FORBIDDEN or RATE_LIMITED.
    """
    address = new_address(work, email, of_user=user.id)
    if address.stored == user.email:
        raise Refusal(Code.INVALID_INPUT, "This is the user's address already.", "email")
    _require_reach(work, user)
    if user.service:
        _apply(work, user, address.stored, address.key)
        return
    if key is None:
        message = "Here no link can be sent to confirm an address. Use the API of a server."
        raise Refusal(Code.INVALID_INPUT, message, "email")
    if not user.active:
        message = "This user is deactivated and gets no mail. Activate the user first."
        raise Refusal(Code.WRONG_STATUS, message, "email")
    _require_pace(work, user.id)
    void_changes(work.connection, user.id, work.now)
    change_id, nonce = uuid7(), os.urandom(derived_tokens.NONCE_BYTES)
    token = derived_tokens.derive_token(key, TOKEN_PURPOSE, change_id, nonce)
    work.connection.execute(
        _C.insert().values(
            id=change_id,
            account_id=work.account_id,
            user_id=user.id,
            requested_by=work.actor.user_id,
            address=address.stored,
            nonce=nonce,
            token_hash=derived_tokens.hash_token(token),
            created_at=work.now,
            expires_at=work.now + LIFETIME,
        )
    )
    work.record(
        AddressChangeRequested(
            subject_id=user.id, change_id=change_id, before=user.email, after=address.stored
        )
    )


def find_change(
    connection: Connection, key: bytes, spelling: str, now: datetime
) -> Row[Any] | None:
    """Return the live change that a link's path names, with its user's name and account."""
    parts = derived_tokens.split_spelling(spelling)
    if parts is None:
        return None
    change_id, token = parts
    query = (
        sa.select(_C, t.users.c.name, t.accounts.c.name.label("account"))
        .join(t.users, t.users.c.id == _C.c.user_id)
        .join(t.accounts, t.accounts.c.id == _C.c.account_id)
        .where(_C.c.id == change_id, t.users.c.active, *_is_live(now))
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    derived = derived_tokens.derive_token(key, TOKEN_PURPOSE, row.id, row.nonce)
    stored = hmac.compare_digest(derived_tokens.hash_token(token), row.token_hash)
    return row if hmac.compare_digest(derived, token) and stored else None


def void_changes(connection: Connection, user_id: UUID, now: datetime) -> None:
    """End the links of a user's changes that were not confirmed."""
    unused = (_C.c.user_id == user_id, _C.c.used_at.is_(None), _C.c.voided_at.is_(None))
    connection.execute(_C.update().where(*unused).values(voided_at=now))


@dataclass(frozen=True, kw_only=True)
class ConfirmAddress:
    """Gives the user the address that the link was sent to; answers the user's id.

    The principal is the user, proved by the link.
    """

    spelling: str = field(repr=False)
    key: bytes = field(repr=False)

    def lock(self) -> Lock:
        """The account's people."""
        return Lock(account=Hold.ALONE)

    def attempt(self) -> Attempt:
        """An entry of the account; what the link holds is not in it."""
        return Attempt(command="confirm_address")

    def apply(self, work: Work) -> UUID:
        """Sessions, links, votes and tokens name the user by id, and stay as they are."""
        change = find_change(work.connection, self.key, self.spelling, work.now)
        if change is None or change.user_id != work.actor.user_id:
            raise Refusal(Code.WRONG_STATUS, ENDED)
        address = new_address(work, change.address, of_user=change.user_id)
        user = work.connection.execute(
            sa.select(t.users).where(t.users.c.id == change.user_id)
        ).one()
        used = _C.update().where(_C.c.id == change.id, *_is_live(work.now))
        if work.connection.execute(used.values(used_at=work.now)).rowcount != 1:
            raise Refusal(Code.WRONG_STATUS, ENDED)
        _apply(work, user, address.stored, address.key)
        user_id: UUID = user.id
        return user_id


def _apply(work: Work, user: Row[Any], address: str, address_key: str) -> None:
    u = t.users
    values = {"email": address, "email_key": address_key}
    work.connection.execute(u.update().where(u.c.id == user.id).values(**values))
    work.record(UserUpdated(subject_id=user.id, changes={"email": (user.email, address)}))


def _require_reach(work: Work, user: Row[Any]) -> None:
    """Whoever decides where the links to sign in go can have all that the user holds."""
    in_person = work.actor.scopes is None
    if user.id == work.actor.user_id and in_person:
        return
    held = loading.load_permissions(work.connection, user.id)
    refuse(refuse_grant(work.actor, held, held, "email"))


def _require_pace(work: Work, user_id: UUID) -> None:
    for column, value, most in (
        (_C.c.user_id, user_id, REQUESTS_FOR_ONE_USER),
        (_C.c.requested_by, work.actor.user_id, REQUESTS_BY_ONE_USER),
    ):
        since = work.now - LIMIT_PERIOD
        query = sa.select(_C.c.created_at).where(column == value, _C.c.created_at > since)
        times = (
            work.connection.execute(query.order_by(_C.c.created_at.desc()).limit(most))
            .scalars()
            .all()
        )
        if len(times) >= most:
            until = times[-1] + LIMIT_PERIOD
            message = (
                f"{most} changes of an address were asked for within a day."
                f" Try again after {until:%Y-%m-%d %H:%M:%S} UTC."
            )
            raise Refusal(Code.RATE_LIMITED, message, "email")


def _is_live(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return _C.c.used_at.is_(None), _C.c.voided_at.is_(None), _C.c.expires_at > now
