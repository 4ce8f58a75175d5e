"""Change a user's e-mail address: it holds once the link sent to the new address is followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from engine.commands.administration.validation import new_address, require_in_person
from engine.commands.command import Command
from engine.commands.credentials.pending_sign_ins import end_pending_sign_ins
from engine.model import addresses, derived_tokens
from engine.model.addresses import Address
from engine.model.errors import Code, Refusal, not_found, refuse
from engine.model.events import AddressChangeRequested, AddressChangeWithdrawn, UserUpdated
from engine.model.facts import Actor
from engine.model.grants import refuse_grant
from engine.model.principal import Principal
from engine.model.vocabulary import Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store import loading
from engine.persistence.store.administration import users
from engine.persistence.store.credentials import address_changes
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.unit_of_work import UnitOfWork

#: How long the link to the new address works.
LIFETIME = timedelta(hours=24)
#: How many changes may be asked for within `LIMIT_PERIOD`: for one user, and by one user.
REQUESTS_FOR_ONE_USER = 5
REQUESTS_BY_ONE_USER = 30
LIMIT_PERIOD = timedelta(hours=24)
#: How long rows are kept: a week after their links ended, so that whoever follows one reads why it
#: does nothing.
RETENTION = max(LIFETIME, LIMIT_PERIOD) + timedelta(days=7)
#: Sets these tokens apart from others that the same key makes.
TOKEN_PURPOSE = b"address-change"
ENDED = "This link does not work any more. Ask for the change of the address again."


def request_change(
    uow: UnitOfWork, user: Row[Any], email: str, key: bytes | None, *, active: bool
) -> None:
    """Ask the new mailbox; a service user, which reads no mail, gets the new address at once.

    The address that the user has already withdraws a change that waits.

    Args:
        uow: The unit of work of the command.
        user: The user's row, as it was before the command.
        email: The address as somebody typed it.
        key: What the link is made with.
        active: Whether the user is active after the command.

    Raises:
        Refusal: INVALID_INPUT, NAME_TAKEN, FORBIDDEN, WRONG_STATUS or RATE_LIMITED.
    """
    require_in_person(uow)
    # Before the address is looked up: a refusal says nothing about who has which address.
    refuse(_refuse_reach(uow.connection, uow.actor, user.id))
    if _is_address_of(user, email):
        _withdraw(uow, user)
        return
    address = new_address(uow, email, of_user=user.id)
    if user.service:
        _set_address(uow, user, address)
        return
    if key is None:
        message = "Here no link can be sent to confirm an address. Use the API of a server."
        raise Refusal(Code.INVALID_INPUT, message, "email")
    if not active:
        message = "A deactivated user cannot confirm an address. Activate the user first."
        raise Refusal(Code.WRONG_STATUS, message, "email")
    _require_slow_requests(uow, user.id)
    address_changes.void_changes(uow.connection, user.id, uow.now)
    change_id = _add_change(uow, user, address.stored, key)
    changes = {"email": (user.email, address.stored)}
    uow.record(AddressChangeRequested(subject_id=user.id, change_id=change_id, changes=changes))


def find_change(connection: Connection, key: bytes, spelling: str) -> Row[Any] | None:
    """Return the change that a link's path names, whether it is still live or not.

    The row also has the `name` of its user, whether they are `active`, and the `account`'s name.
    None where the path names no change, or its token is not the right one.
    """
    parts = derived_tokens.split_spelling(spelling)
    if parts is None:
        return None
    change_id, token = parts
    row = address_changes.load_change(connection, change_id)
    if row is None:
        return None
    is_derived = derived_tokens.is_derived_token(token, key, TOKEN_PURPOSE, row.id, row.nonce)
    return row if derived_tokens.has_hash(token, row.token_hash) and is_derived else None


def is_live(connection: Connection, change: Row[Any], now: datetime) -> bool:
    """Whether a change of `find_change` can still be confirmed.

    Whoever asked for it has to be allowed to ask for it now: the user may hold more by now, and
    the one who asked less.
    """
    is_unused = change.used_at is None and change.voided_at is None
    if not (is_unused and change.expires_at > now and change.active):
        return False
    asker = Principal(account_id=change.account_id, user_id=change.requested_by)
    actor = loading.load_actor(connection, asker)
    may_manage = (
        change.requested_by == change.user_id or Permission.MANAGE_USERS in actor.permissions
    )
    return may_manage and _refuse_reach(connection, actor, change.user_id) is None


def has_old_changes(connection: Connection, now: datetime) -> bool:
    """Return whether `delete_old_changes` would delete any."""
    return address_changes.has_changes_before(connection, now - RETENTION)


def delete_old_changes(connection: Connection, now: datetime) -> None:
    """Delete changes whose links ended and that no limit counts any more; the ledger keeps them."""
    address_changes.delete_changes_before(connection, now - RETENTION)


@dataclass(frozen=True, kw_only=True)
class ConfirmAddress(Command[UUID]):
    """Give the user the address that the link was sent to; returns the user's id.

    The principal is the user, proved by the link.
    """

    command_name = "confirm_address"
    subject_kind = "User"
    subject_field = "user_id"

    user_id: UUID
    spelling: str = field(repr=False)
    key: bytes = field(repr=False)

    def lock(self) -> Lock:
        """Return the account, and the ledger, since an address changes."""
        return Lock(account=Hold.EXCLUSIVE, ledger_head=True)

    def apply(self, uow: UnitOfWork) -> UUID:
        """Change the address; sessions, decisions, tokens and links to decide stay as they are.

        Links and codes to sign in with that were sent to the address before this one end. A link
        to decide that was sent there decides only in a browser in which the user is signed in.
        """
        require_in_person(uow)
        if self.user_id != uow.actor.user_id:
            raise not_found("user", "id")
        change = find_change(uow.connection, self.key, self.spelling)
        if change is None or change.user_id != self.user_id:
            raise not_found("change of an address", "id")
        if not is_live(uow.connection, change, uow.now):
            raise Refusal(Code.WRONG_STATUS, ENDED)
        address = new_address(uow, change.address, of_user=self.user_id)
        user = users.load_user(uow, self.user_id)
        # The account's lock keeps others from using it meanwhile.
        address_changes.mark_used(uow, change.id)
        _set_address(uow, user, address)
        return self.user_id


def _is_address_of(user: Row[Any], email: str) -> bool:
    """Whether it is exactly the user's address, letter case before the @ included."""
    new, present = addresses.parse(email), addresses.parse(user.email)
    return new is not None and new == present


def _withdraw(uow: UnitOfWork, user: Row[Any]) -> None:
    pending = address_changes.load_pending_change(uow, user.id)
    if pending is None:
        return
    address_changes.void_changes(uow.connection, user.id, uow.now)
    changes = {"email": (pending.address, user.email)}
    uow.record(AddressChangeWithdrawn(subject_id=user.id, change_id=pending.id, changes=changes))


def _add_change(uow: UnitOfWork, user: Row[Any], address: str, key: bytes) -> UUID:
    change_id, nonce = uuid7(), derived_tokens.new_nonce()
    token = derived_tokens.derive_token(key, TOKEN_PURPOSE, change_id, nonce)
    address_changes.insert_change(
        uow,
        change_id,
        user.id,
        address=address,
        nonce=nonce,
        token_hash=derived_tokens.hash_token(token),
        expires_at=uow.now + LIFETIME,
    )
    return change_id


def _set_address(uow: UnitOfWork, user: Row[Any], address: Address) -> None:
    values: dict[str, Any] = {"email": address.stored, "email_key": address.key}
    if not addresses.share_mailbox(user.email, address.stored):
        values["address_changed_at"] = uow.now
    users.update_user(uow, user.id, values)
    uow.record(UserUpdated(subject_id=user.id, changes={"email": (user.email, address.stored)}))
    end_pending_sign_ins(uow, user)


def _refuse_reach(connection: Connection, actor: Actor, user_id: UUID) -> Refusal | None:
    """Refuse unless the actor may grant all that the user holds, since sign-in links go there."""
    if user_id == actor.user_id:
        return None
    held = loading.load_permissions(connection, user_id)
    return refuse_grant(actor, held, held, "email")


def _require_slow_requests(uow: UnitOfWork, user_id: UUID) -> None:
    """Refuse RATE_LIMITED where too many changes were asked for lately, for a user or by one."""
    since, actor_id = uow.now - LIMIT_PERIOD, uow.actor.user_id
    limit = REQUESTS_FOR_ONE_USER
    _require_fewer(address_changes.load_latest_requests_for(uow, user_id, since, limit), limit)
    limit = REQUESTS_BY_ONE_USER
    _require_fewer(address_changes.load_latest_requests_by(uow, actor_id, since, limit), limit)


def _require_fewer(requested_at: Sequence[datetime], limit: int) -> None:
    if len(requested_at) < limit:
        return
    until = requested_at[-1] + LIMIT_PERIOD
    message = (
        f"{limit} changes of an address were asked for within a day."
        f" Try again after {until:%Y-%m-%d %H:%M:%S} UTC."
    )
    raise Refusal(Code.RATE_LIMITED, message, "email")
