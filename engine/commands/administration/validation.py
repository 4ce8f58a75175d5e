"""Checks that several commands share: permissions, names, addresses, zones, languages, ids."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from engine.model import addresses, grants
from engine.model.addresses import Address
from engine.model.errors import Code, Refusal, not_found, refuse
from engine.model.text import check_name, check_text, is_blank
from engine.model.vocabulary import Permission
from engine.persistence.store import loading
from engine.persistence.store.administration import keypairs, users
from engine.persistence.store.unit_of_work import UnitOfWork

#: The most that an account may set as its longest window: a hundred years.
MAX_WINDOW_SPAN_DAYS = 36_500
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def require_permission(uow: UnitOfWork, permission: Permission) -> None:
    """Refuse FORBIDDEN unless the actor holds a permission and the credential covers it."""
    refuse(grants.missing_permission(uow.actor, permission))


def require_in_person(uow: UnitOfWork) -> None:
    """Refuse FORBIDDEN with a token: a way to sign in reaches further than any token does."""
    if uow.actor.scopes is not None:
        message = "No token can do this. Sign in, and do it in the browser."
        raise Refusal(Code.FORBIDDEN, message)


def require_placement(
    uow: UnitOfWork, placing: Permission, user_ids: Collection[UUID], *field: str
) -> None:
    """Refuse FORBIDDEN unless the credential covers what these users may do in their new place.

    Teams and restricted keypairs say where users may use what they hold; see `grants.PLACED`.
    """
    if not user_ids:
        return
    held = loading.load_permissions_of(uow.connection, user_ids).values()
    used = frozenset().union(*held) & grants.PLACED[placing]
    refuse(grants.refuse_placement(uow.actor, used | grants.SHOWN[placing], *field))


def require_reason(reason: str) -> None:
    """Refuse INVALID_INPUT unless it says something, in a form that messages can show."""
    if is_blank(reason):
        raise Refusal(Code.INVALID_INPUT, "Say why, in a few words.", "reason")
    refuse(check_text(reason, "reason", "reason"))


def clean_name(name: str, what: str, field: str) -> str:
    """Return the name as it was given; refuses INVALID_INPUT.

    Args:
        name: The name, normalized.
        what: What it is called in the message.
        field: The field of the input.
    """
    refuse(check_name(name, what, field))
    return name


def new_address(uow: UnitOfWork, email: str, of_user: UUID | None = None) -> Address:
    """Return the parsed address that a user is to have; refuses INVALID_INPUT and NAME_TAKEN.

    A constraint of the database refuses an address twice as well, but not one that was stored
    before domains were stored as A-labels.
    """
    address = addresses.require(email, international=uow.system.international_addresses)
    if users.address_is_taken(uow, address, except_id=of_user):
        raise Refusal(Code.NAME_TAKEN, "Another user has this address.", "email")
    return address


def require_time_zone(name: str) -> None:
    """Refuse INVALID_INPUT unless it is the name of a zone of the IANA database."""
    if name not in _time_zones():
        message = "There is no such time zone. Use a name like Europe/Berlin."
        raise Refusal(Code.INVALID_INPUT, message, "time_zone")


@cache
def _time_zones() -> frozenset[str]:
    # The package's own list: what is in the machine's folders differs from one to the next.
    names = files("tzdata").joinpath("zones").read_text("utf-8").split()
    return frozenset(names) - {"Factory"}


def require_locale(name: str) -> None:
    """Refuse INVALID_INPUT unless it has the form of a language tag."""
    if not _LOCALE.fullmatch(name):
        message = "This is no language tag. Use one like en or de-AT."
        raise Refusal(Code.INVALID_INPUT, message, "locale")


def require_window_span(days: int) -> None:
    """Refuse INVALID_INPUT unless it is from 1 to `MAX_WINDOW_SPAN_DAYS`."""
    if not 1 <= days <= MAX_WINDOW_SPAN_DAYS:
        message = f"The longest window must be from 1 to {MAX_WINDOW_SPAN_DAYS} days."
        raise Refusal(Code.INVALID_INPUT, message, "max_window_days")


def require_users(uow: UnitOfWork, ids: Collection[UUID], field: str) -> None:
    """Refuse NOT_FOUND unless every id is that of a user of the account."""
    _refuse_unknown(users.unknown_ids(uow, ids), "user", field)


def require_keypairs(uow: UnitOfWork, ids: Collection[UUID], field: str) -> None:
    """Refuse NOT_FOUND unless every id is that of a keypair of the account."""
    _refuse_unknown(keypairs.unknown_ids(uow, ids), "keypair", field)


def _refuse_unknown(ids: Collection[UUID], what: str, field: str) -> None:
    refuse(*(not_found(what, field, item=id_) for id_ in sorted(ids)))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what changed, as the ledger keeps it: the value before and after, by name."""
    return {
        name: (before.get(name), value)
        for name, value in after.items()
        if before.get(name) != value
    }
