"""Create an account (for an operator), and change its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from engine.commands.administration.quorum import require_quorum
from engine.commands.administration.rule_breaks import MAX_NAMED_RELEASES, shortages
from engine.commands.administration.validation import (
    clean_name,
    differences,
    require_permission,
    require_window_span,
)
from engine.commands.command import Command
from engine.commands.transactions import transaction
from engine.model import addresses
from engine.model.errors import Code, Faults, Refusal, not_found, refuse
from engine.model.events import AccountCreated, AccountUpdated, UserCreated
from engine.model.facts import OPERATOR
from engine.model.grants import refuse_loosening
from engine.model.text import normalize
from engine.model.vocabulary import BUILT_IN_ROLES, Permission
from engine.model.wording import chosen, counted
from engine.persistence.db.ids import uuid7
from engine.persistence.store.administration import accounts, roles, users
from engine.persistence.store.constraints import refusal_of
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.system import System


@dataclass(frozen=True, slots=True)
class NewAccount:
    """The ids of a new account and of its first administrator."""

    account_id: UUID
    user_id: UUID


def create_account(
    system: System,
    name: str,
    admin_email: str,
    admin_name: str | None = None,
    *,
    teams_enabled: bool = True,
) -> NewAccount:
    """Create an account with the built-in roles and its first administrator.

    Args:
        system: The engine.
        name: The account's name.
        admin_email: The administrator's address.
        admin_name: The administrator's name; None: what stands before the @ of the address.
        teams_enabled: Whether releases belong to teams.

    Raises:
        Refusal: INVALID_INPUT or NAME_TAKEN.
    """
    name = clean_name(normalize(name), "name", "name")
    address = addresses.require(admin_email, international=system.international_addresses)
    admin = address.local
    if admin_name is not None:
        admin = clean_name(normalize(admin_name), "name", "admin_name")
    account = NewAccount(uuid7(), uuid7())
    try:
        with transaction(system, account.account_id, None, Lock()) as uow:
            accounts.insert_account(uow, name, teams_enabled=teams_enabled)
            role_ids = _insert_built_in_roles(uow)
            admin_roles = [role_ids["ADMIN"]]
            users.insert_user(uow, account.user_id, address, admin, role_ids=admin_roles)
            uow.record(AccountCreated(subject_id=account.account_id), actor=OPERATOR)
            changes = {"email": (None, address.stored), "roles": (None, ["ADMIN"])}
            uow.record(UserCreated(subject_id=account.user_id, changes=changes), actor=OPERATOR)
    except IntegrityError as error:
        raise refusal_of(error) from error
    return account


def _insert_built_in_roles(uow: UnitOfWork) -> dict[str, UUID]:
    role_ids = {name: uuid7() for name in BUILT_IN_ROLES}
    for name, permissions in BUILT_IN_ROLES.items():
        roles.insert_role(uow, role_ids[name], name, permissions, built_in=True)
    return role_ids


@dataclass(frozen=True, kw_only=True)
class UpdateAccount(Command[UUID]):
    """Change settings of the account; returns its id."""

    command_name = "update_account"
    subject_field = "account_id"
    #: Nobody requests or edits a release by settings that change meanwhile.
    account_hold = Hold.EXCLUSIVE

    account_id: UUID
    #: By the names of `AccountSettings`; a setting that is left out stays.
    settings: Mapping[str, Any]

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_ACCOUNT`; a credential that covers what the settings then allow others."""
        if self.account_id != uow.account_id:
            raise not_found("account", "id")
        require_permission(uow, Permission.MANAGE_ACCOUNT)
        before = {name: getattr(uow.settings, name) for name in self.settings}
        changes = differences(before, self.settings)
        faults = Faults()
        if "required_approvals" in changes:
            with faults:
                require_quorum(self.settings["required_approvals"])
        if "max_window_days" in changes:
            with faults:
                require_window_span(self.settings["max_window_days"])
        faults.refuse()
        refuse(refuse_loosening(uow.actor, changes))
        if "teams_enabled" in changes:
            _require_no_open_release(uow)
        if not changes:
            return uow.account_id
        shortages_before = shortages(uow)
        accounts.update_account(uow, {name: after for name, (_, after) in changes.items()})
        changes |= differences(shortages_before, shortages(uow))
        uow.record(AccountUpdated(subject_id=uow.account_id, changes=changes))
        return uow.account_id


def _require_no_open_release(uow: UnitOfWork) -> None:
    """Teams are switched on or off only while no release is open; the refusal names those."""
    names = accounts.open_release_names(uow)
    if not names:
        return
    number, further = len(names), len(names) - MAX_NAMED_RELEASES
    more = f" and {further} more, as the list of open releases shows" if further > 0 else ""
    raise Refusal(
        Code.WRONG_STATUS,
        f"Teams cannot be switched while {counted(number, 'release')}"
        f" {chosen(number, 'is', 'are')} open: {', '.join(names[:MAX_NAMED_RELEASES])}{more}."
        f" Wait until {chosen(number, 'it has', 'they have')} ended, or withdraw or stop"
        f" {chosen(number, 'it', 'them')}.",
        "teams_enabled",
    )
