"""The principals of credentials, loaded for each request, so that a revocation holds at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from engine.commands.credentials.api_tokens import PREFIX, load_token_scopes, secret_hash
from engine.commands.credentials.device_sign_in import DEVICE_PREFIX
from engine.commands.credentials.sessions import IDLE_LIMIT
from engine.model.addresses import Address, share_mailbox
from engine.model.origins import Origin, PipelineCredential
from engine.model.principal import Principal
from engine.model.vocabulary import Channel, Permission
from engine.persistence.db.compiled import run_compiled
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext

#: Columns of a session that its person is not shown.
_HIDDEN = frozenset({"account_id", "user_id", "secret_hash", "ended_at"})


def principal_of_bearer(connection: Connection, secret: str, now: datetime) -> Principal | None:
    """The user of a bearer's secret: that of an API token, or of a device's session."""
    if secret.startswith(DEVICE_PREFIX):
        return _principal_of_session(connection, secret, now, Channel.API)
    return principal_of_token(connection, secret, now)


def principal_of_token(connection: Connection, secret: str, now: datetime) -> Principal | None:
    """The token's user, or None for an unknown, expired or revoked one or an inactive user."""
    if not secret.startswith(PREFIX):
        return None
    parameters = {"hash": secret_hash(secret), "now": now}
    row = run_compiled(connection, _TOKEN, parameters).one_or_none()
    if row is None:
        return None
    return Principal(
        account_id=row.account_id,
        user_id=row.user_id,
        channel=Channel.API,
        scopes=load_token_scopes(row.scopes),
        token_id=row.id,
        pipeline=load_pipeline(row.pipeline),
    )


def load_pipeline(stored: str | None) -> PipelineCredential | None:
    """Return what a pipeline's token is limited to, from the text that is stored of it."""
    return None if stored is None else PipelineCredential.from_json(orjson.loads(stored))


def stored_origin(stored: str | None) -> Origin | None:
    """Return where the pipeline runs that signed, from the text that is stored of it."""
    return loading.load_origin(stored)


def origin_of_token(stored: str | None) -> Origin | None:
    """Return where a pipeline's token comes from, from the text that is stored of it."""
    credential = load_pipeline(stored)
    return None if credential is None else credential.origin


def principal_of_session(connection: Connection, secret: str, now: datetime) -> Principal | None:
    """The person of a browser's session, with all their permissions; None once it has ended."""
    return _principal_of_session(connection, secret, now, Channel.DASHBOARD)


def _principal_of_session(
    connection: Connection, secret: str, now: datetime, channel: Channel
) -> Principal | None:
    parameters = {"hash": secret_hash(secret), "now": now, "idle_since": now - IDLE_LIMIT}
    row = run_compiled(connection, _SESSION, parameters).one_or_none()
    if row is None:
        return None
    return Principal(
        account_id=row.account_id, user_id=row.user_id, channel=channel, session_id=row.id
    )


def principal_of_address(
    connection: Connection, of_account: tuple[UUID, Address], _now: datetime
) -> Principal | None:
    """The person of the account with this address, with all their permissions; None if inactive.

    The mailbox has to be the same: `strasse@` and `straße@` have one key, and are two people.
    """
    account_id, address = of_account
    row = _user_at(connection, account_id, address)
    if row is None or row.service or not row.active:
        return None
    if not share_mailbox(row.email, address.stored):
        return None
    return Principal(
        account_id=row.account_id,
        user_id=row.id,
        channel=Channel.DASHBOARD,
        signed_in_by_host=True,
    )


def is_address_known(connection: Connection, account_id: UUID, address: Address) -> bool:
    """Whether a user of the account has this address, active or not."""
    return _user_at(connection, account_id, address) is not None


def live_sessions(
    connection: Connection, principal: Principal, now: datetime
) -> Sequence[Row[Any]]:
    """The principal's own sessions, the newest first; without what would prove them."""
    s = t.sessions
    shown = [column for column in s.c if column.name not in _HIDDEN]
    is_own = s.c.user_id == principal.user_id
    query = sa.select(*shown).where(is_own, *_is_live(now, now - IDLE_LIMIT))
    return connection.execute(query.order_by(s.c.created_at.desc(), s.c.id.desc())).all()


def sessions_of(context: QueryContext, user_ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """Live sessions of those of these users whose credentials the viewer sees, newest first."""
    s, now = t.sessions, context.now
    query = sa.select(s).where(_is_shown(context, s, user_ids), *_is_live(now, now - IDLE_LIMIT))
    return context.connection.execute(query.order_by(s.c.created_at.desc(), s.c.id.desc())).all()


def identities_of(context: QueryContext, user_ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """Identities of those of these users whose credentials the viewer sees, oldest first."""
    i = t.identities
    query = sa.select(i).where(_is_shown(context, i, user_ids))
    return context.connection.execute(query.order_by(i.c.created_at, i.c.id)).all()


def pending_addresses_of(context: QueryContext, user_ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """Return what waits to be confirmed for those of these users whose credentials are seen."""
    c = t.address_changes
    is_pending = (c.c.used_at.is_(None), c.c.voided_at.is_(None), c.c.expires_at > context.now)
    query = sa.select(*c.c["user_id", "address", "created_at", "expires_at"])
    query = query.where(_is_shown(context, c, user_ids), *is_pending)
    return context.connection.execute(query).all()


def _is_shown(
    context: QueryContext, table: sa.Table, user_ids: Collection[UUID]
) -> ColumnElement[bool]:
    """One's own, or with `MANAGE_USERS` the account's."""
    shown = set(user_ids)
    if Permission.MANAGE_USERS not in context.actor.permissions:
        shown &= {context.actor.user_id}
    return sa.and_(table.c.account_id == context.account_id, table.c.user_id.in_(sorted(shown)))


def _is_live(now: Any, idle_since: Any) -> tuple[ColumnElement[bool], ...]:
    s = t.sessions
    return s.c.ended_at.is_(None), s.c.expires_at > now, s.c.last_seen_at > idle_since


def _user_at(connection: Connection, account_id: UUID, address: Address) -> Row[Any] | None:
    parameters = {"account": account_id, "keys": sorted(address.keys)}
    return connection.execute(_AT_ADDRESS, parameters).first()


# Run for each request. Built once, since to build a statement costs more than to run it.
_HASH: sa.BindParameter[Any] = sa.bindparam("hash")
_NOW: sa.BindParameter[Any] = sa.bindparam("now")
_TOKEN = (
    sa.select(*t.api_tokens.c["id", "account_id", "user_id", "scopes", "pipeline"])
    .join(t.users, t.users.c.id == t.api_tokens.c.user_id)
    .where(
        t.api_tokens.c.secret_hash == _HASH,
        t.api_tokens.c.revoked_at.is_(None),
        sa.or_(t.api_tokens.c.expires_at.is_(None), t.api_tokens.c.expires_at > _NOW),
        t.users.c.active,
    )
)
_AT_ADDRESS = sa.select(*t.users.c["id", "account_id", "email", "active", "service"]).where(
    t.users.c.account_id == sa.bindparam("account"),
    t.users.c.email_key.in_(sa.bindparam("keys", expanding=True)),
)
_SESSION = (
    sa.select(*t.sessions.c["id", "account_id", "user_id"])
    .join(t.users, t.users.c.id == t.sessions.c.user_id)
    .where(
        t.sessions.c.secret_hash == _HASH,
        *_is_live(_NOW, sa.bindparam("idle_since")),
        t.users.c.active,
    )
)
