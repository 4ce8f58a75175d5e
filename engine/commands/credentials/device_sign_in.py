"""The device flow (RFC 8628): a command line gets a session that is confirmed in a browser."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from engine.commands.administration.validation import clean_name, require_in_person
from engine.commands.command import Command
from engine.commands.credentials.api_tokens import PREFIX, secret_hash
from engine.commands.credentials.sessions import NewSession, printable, start_session
from engine.commands.standing import require_standing_credential
from engine.model.device_codes import hash_user_code, new_user_code, parse_user_code
from engine.model.errors import Code, Refusal
from engine.model.text import normalize
from engine.persistence.db.ids import uuid7
from engine.persistence.store.credentials import device_authorizations as rows
from engine.persistence.store.credentials.sessions import load_session
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork

#: How long both codes work.
LIFETIME = timedelta(minutes=10)
#: How often a device may ask whether it was confirmed; each time that it asks too early adds to it.
INTERVAL_SECONDS = 5
#: Rows are kept for this long after they expired.
_RETENTION = timedelta(hours=1)
#: Devices that may wait at once, of one client and in all.
MAX_WAITING_PER_CLIENT = 100
MAX_WAITING = 10_000
#: User codes that a user may type in a period, in whichever sessions.
MAX_ATTEMPTS = 10
ATTEMPTS_PERIOD = timedelta(minutes=10)
#: Begins the secret of a device's session, which no browser's cookie begins with.
DEVICE_PREFIX = f"{PREFIX}session_"

_ENDED = "This code was used already, or has expired. Start again on the device."


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    """The codes of a device that asks for a session; both are stored as hashes alone."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)


class PollAnswer(StrEnum):
    """Why a device gets no session now: the errors of RFC 8628 section 3.5, and RFC 6749."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    UNKNOWN = "invalid_grant"


def begin(
    connection: Connection,
    now: datetime,
    key: bytes,
    *,
    device_name: str,
    address: str,
    client: str,
    user_agent: str,
) -> DeviceCodes:
    """Write that a device asks for a session, and return its codes.

    Args:
        connection: Of the transaction.
        now: The instant of the request.
        key: What user codes are hashed with.
        device_name: What the device calls itself.
        address: Where the request comes from.
        client: What the requests from there are counted by.
        user_agent: What the device's program calls itself.

    Raises:
        Refusal: INVALID_INPUT, for a name that cannot be shown, or RATE_LIMITED, where too many
            devices wait.
    """
    name = clean_name(normalize(device_name), "name of the device", "device_name")
    codes = DeviceCodes(secrets.token_urlsafe(32), new_user_code())
    rows.delete_expired_before(connection, now - _RETENTION)
    waiting, of_client = rows.count_live(connection, now, client)
    if waiting >= MAX_WAITING or of_client >= MAX_WAITING_PER_CLIENT:
        raise Refusal(Code.RATE_LIMITED, "Too many devices wait to be confirmed. Try again later.")
    values = {
        "id": uuid7(),
        "device_code_hash": secret_hash(codes.device_code),
        "user_code_hash": hash_user_code(key, codes.user_code),
        "device_name": name,
        "address": address,
        "client": client,
        "user_agent": printable(user_agent),
        "created_at": now,
        "expires_at": now + LIFETIME,
        "interval_seconds": INTERVAL_SECONDS,
    }
    rows.insert_authorization(connection, values)
    return codes


def admit_attempt(connection: Connection, now: datetime, user_id: UUID) -> bool:
    """Count that a user types a user code; return whether they may, or have typed too many."""
    return rows.count_attempt(connection, user_id, now, ATTEMPTS_PERIOD, MAX_ATTEMPTS)


def find_undecided(
    connection: Connection, now: datetime, key: bytes, typed: str
) -> Row[Any] | None:
    """Return the device that a typed user code belongs to, if it still waits for a decision."""
    code = parse_user_code(typed)
    return None if code is None else rows.load_undecided(connection, hash_user_code(key, code), now)


def poll(connection: Connection, now: datetime, device_code: str) -> Row[Any] | PollAnswer:
    """Return what a device was answered: the row of a confirmed one, or why it gets no session."""
    row = rows.load_by_device_code(connection, secret_hash(device_code))
    if row is None or row.used_at is not None:
        return PollAnswer.UNKNOWN
    if row.expires_at <= now:
        return PollAnswer.EXPIRED
    if row.confirmed is not None:
        return row if row.confirmed else PollAnswer.DENIED
    interval = row.interval_seconds
    is_early = row.last_polled_at is not None and now < row.last_polled_at + timedelta(
        seconds=interval
    )
    rows.write_poll(connection, row.id, now, interval + INTERVAL_SECONDS if is_early else interval)
    return PollAnswer.SLOW_DOWN if is_early else PollAnswer.PENDING


@dataclass(frozen=True, kw_only=True)
class DecideDevice(Command[bool]):
    """Confirm or deny, in a browser session, a device that asks for a session of the actor."""

    command_name = "decide_device"

    authorization_id: UUID
    confirmed: bool

    def apply(self, uow: UnitOfWork) -> bool:
        """Needs a session. The ledger has an entry once the device takes up its session."""
        require_in_person(uow)
        require_standing_credential(uow)
        session_id = uow.principal.session_id if uow.principal is not None else None
        if session_id is None:
            raise Refusal(Code.FORBIDDEN, "Sign in, and confirm the device in the browser.")
        if not rows.decide(uow, self.authorization_id, session_id, confirmed=self.confirmed):
            raise Refusal(Code.WRONG_STATUS, _ENDED)
        return self.confirmed


@dataclass(frozen=True, kw_only=True)
class StartDeviceSession(Command[NewSession]):
    """Start the session of a device that was confirmed, once.

    The principal is the user in the session in which the device was confirmed. Where that session
    has ended meanwhile, the device gets none.
    """

    command_name = "start_device_session"
    #: Nobody is deactivated and signed in at the same moment.
    account_hold = Hold.SHARED

    authorization_id: UUID
    user_agent: str = ""

    def apply(self, uow: UnitOfWork) -> NewSession:
        """The session says how its person signed in to the one that confirmed it."""
        require_in_person(uow)
        require_standing_credential(uow)
        authorization = rows.use(uow, self.authorization_id)
        if authorization is None:
            raise Refusal(Code.WRONG_STATUS, _ENDED)
        session = NewSession(uuid7(), DEVICE_PREFIX + secrets.token_urlsafe(32))
        start_session(
            uow,
            session,
            method=load_session(uow, authorization.session_id).method,
            user_agent=self.user_agent,
            device_name=authorization.device_name,
        )
        return session
