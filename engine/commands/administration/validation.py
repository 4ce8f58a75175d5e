"""What the commands that change an account's own things have in common."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row, Table

from engine.lifecycle.approvals import Quorum
from engine.model import addresses, grants
from engine.model.addresses import Address
from engine.model.errors import Code, Refusal, not_found
from engine.model.text import check_name
from engine.model.vocabulary import Permission
from engine.model.wording import chosen, counted, only_people
from engine.persistence.db.sql import id_in, no_index
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

#: What an account may set as the longest window.
MAX_WINDOW_SPAN_DAYS = 36_500
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def require_permission(uow: UnitOfWork, permission: Permission) -> None:
    """The actor holds it and the credential reaches that far, or FORBIDDEN."""
    refuse(grants.missing_permission(uow.actor, permission))


def require_own_or_managed(uow: UnitOfWork, row: Row[Any], what: str, own: Permission) -> None:
    """One's own, by the permission for that, or anybody's by `MANAGE_USERS`.

    Of others' nobody else learns that they exist.
    """
    if Permission.MANAGE_USERS in uow.actor.permissions:
        return
    if row.user_id != uow.actor.user_id:
        raise not_found(what, "id")
    require_permission(uow, own)


def require_in_person(uow: UnitOfWork) -> None:
    """With no token, however far it reaches: a way to sign in reaches further than any token."""
    if uow.actor.scopes is not None:
        message = "No token can do this. Sign in, and do it in the browser."
        raise Refusal(Code.FORBIDDEN, message)


def require_placement(
    uow: UnitOfWork, placing: Permission, user_ids: Collection[UUID], *field: str
) -> None:
    """The credential covers what these people may do where they are placed.

    Teams and restricted keypairs say where people may use what they hold; see `grants.PLACED`.
    """
    if not user_ids:
        return
    held = loading.load_permissions_of(uow.connection, user_ids).values()
    used = frozenset().union(*held) & grants.PLACED[placing]
    refuse(grants.refuse_placement(uow.actor, used | grants.SHOWN[placing], *field))


def refuse(refusal: Refusal | None) -> None:
    """Raise it, if there is one."""
    if refusal is not None:
        raise refusal


def clean_name(name: str, what: str, field: str) -> str:
    """The name as given, or INVALID_INPUT."""
    refuse(check_name(name, what, field))
    return name


def new_address(uow: UnitOfWork, email: str, of_user: UUID | None = None) -> Address:
    """The mailbox of a user to be, or INVALID_INPUT; NAME_TAKEN where another user has it.

    The database makes sure of the latter as well, but for addresses that were written down before
    domains were kept as A-labels.
    """
    address = addresses.require(email, international=uow.system.international_addresses)
    u = t.users
    taken = sa.select(u.c.id).where(
        u.c.account_id == uow.account_id, u.c.email_key.in_(address.keys)
    )
    if of_user is not None:
        taken = taken.where(u.c.id != of_user)
    if uow.connection.execute(taken.limit(1)).first() is not None:
        raise Refusal(Code.NAME_TAKEN, "Another user has this address.", "email")
    return address


def require_time_zone(name: str) -> None:
    """A zone of the IANA database."""
    if name not in _time_zones():
        message = "There is no such time zone. Use a name like Europe/Berlin."
        raise Refusal(Code.INVALID_INPUT, message, "time_zone")


@cache
def _time_zones() -> frozenset[str]:
    # The package's own list: what is in the machine's folders differs from one to the next.
    names = files("tzdata").joinpath("zones").read_text("utf-8").split()
    return frozenset(names) - {"Factory"}


def require_locale(name: str) -> None:
    """A language tag."""
    if not _LOCALE.fullmatch(name):
        message = "This is no language tag. Use one like en or de-AT."
        raise Refusal(Code.INVALID_INPUT, message, "locale")


def require_quorum(required: int) -> None:
    """1 or more; the upper bound keeps it in an INTEGER."""
    if not 1 <= required <= 1000:
        message = "The number of required approvals must be from 1 to 1000."
        raise Refusal(Code.INVALID_INPUT, message, "required_approvals")


def require_window_span(days: int) -> None:
    """From a day to a hundred years."""
    if not 1 <= days <= MAX_WINDOW_SPAN_DAYS:
        message = f"The longest window must be from 1 to {MAX_WINDOW_SPAN_DAYS} days."
        raise Refusal(Code.INVALID_INPUT, message, "max_window_days")


def require_all(
    uow: UnitOfWork, table: Table, ids: Collection[UUID], what: str, field: str
) -> None:
    """Every id is one of the account's, or NOT_FOUND."""
    if not ids:
        return
    theirs = id_in(table.c.id), no_index(table.c.account_id) == uow.account_id
    query = sa.select(sa.func.count()).where(*theirs)
    found = uow.connection.execute(query, {"ids": sorted(set(ids))}).scalar_one()
    if found != len(set(ids)):
        raise not_found(what, field)


def quorum_of(uow: UnitOfWork, team_id: UUID, required: int) -> Quorum:
    """Of a team as this transaction leaves it, if it asks for so many approvals."""
    possible = loading.load_approvers(uow.connection, uow.account_id, team_id)
    return Quorum(required, len(possible))


def require_possible_quorum(quorum: Quorum, before: Quorum | None = None) -> None:
    """It can be met, or could not be met before either and is no worse now."""
    if quorum.can_be_met or (before is not None and not quorum.is_worse_than(before)):
        return
    raise Refusal(
        Code.NOT_ENOUGH_APPROVERS,
        f"{counted(quorum.required, 'approval')} {chosen(quorum.required, 'is', 'are')} required"
        f" and {only_people(quorum.possible)} of the team could give one."
        " Add approvers or lower the number.",
        "required_approvals",
    )


def somebody_appoints(uow: UnitOfWork) -> bool:
    """Somebody active holds all that `grants.appoints` asks for, by whatever roles."""
    query = loading.users_with_all(grants.ADMINISTRATION).where(
        t.users.c.account_id == uow.account_id, ~t.users.c.service
    )
    return uow.connection.execute(query.limit(1)).first() is not None


def require_an_administrator(uow: UnitOfWork, *, appointed_before: bool) -> None:
    """After the change somebody can still manage users (spec section 2).

    And give every permission, if somebody could before: whoever manages users and no more could
    neither make another administrator nor an approver. `appointed_before`: `somebody_appoints`,
    asked before the change.
    """
    u = t.users
    query = loading.permitted_users(Permission.MANAGE_USERS).where(
        u.c.account_id == uow.account_id, ~u.c.service
    )
    if uow.connection.execute(query.limit(1)).first() is None:
        raise Refusal(
            Code.LAST_ADMINISTRATOR,
            "Nobody could manage users any more. Give somebody else that permission first.",
        )
    if appointed_before and not somebody_appoints(uow):
        raise Refusal(
            Code.LAST_ADMINISTRATOR,
            "Nobody could give every permission any more. Give somebody else the role ADMIN first.",
        )


def replace_set(
    uow: UnitOfWork, table: Table, owner: tuple[str, UUID], column: str, ids: Collection[UUID]
) -> None:
    """Make the owner's rows of a linking table exactly these."""
    name, owner_id = owner
    uow.connection.execute(sa.delete(table).where(table.c[name] == owner_id))
    rows = [{name: owner_id, column: value} for value in sorted(set(ids))]
    if rows:
        uow.connection.execute(table.insert(), rows)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What changed, for the ledger: name -> (before, after)."""
    return {
        name: (before.get(name), value)
        for name, value in after.items()
        if before.get(name) != value
    }
