"""Change the account's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.commands.administration.rule_breaks import shortages
from engine.commands.administration.validation import (
    differences,
    refuse,
    require_permission,
    require_quorum,
    require_window_span,
)
from engine.commands.command import Command
from engine.model.errors import Code, Refusal, not_found
from engine.model.events import AccountUpdated
from engine.model.grants import refuse_loosening
from engine.model.vocabulary import HOLDING, Permission
from engine.model.wording import chosen, counted
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork

#: How many of the releases that stand in the way are named.
NAMED = 20


@dataclass(frozen=True, kw_only=True)
class UpdateAccount(Command[UUID]):
    """Settings by the names of `facts.Policy`; what is left out stays. Answers the account's id."""

    command_name = "update_account"
    subject_field = "account_id"
    #: Nobody requests or edits a release by settings that change meanwhile.
    account_hold = Hold.ALONE

    account_id: UUID
    settings: Mapping[str, Any]

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_ACCOUNT`; a credential that covers what the settings then allow others."""
        if self.account_id != uow.account_id:
            raise not_found("account", "id")
        require_permission(uow, Permission.MANAGE_ACCOUNT)
        before = {name: getattr(uow.policy, name) for name in self.settings}
        changes = differences(before, self.settings)
        if "required_approvals" in changes:
            require_quorum(self.settings["required_approvals"])
        if "max_window_days" in changes:
            require_window_span(self.settings["max_window_days"])
        refuse(refuse_loosening(uow.actor, changes))
        if "teams_enabled" in changes:
            _require_nothing_open(uow)
        if not changes:
            return uow.account_id
        columns = {name: after for name, (_, after) in changes.items()}
        short = shortages(uow)
        if "enabled_release_types" in columns:
            columns["enabled_release_types"] = " ".join(sorted(columns["enabled_release_types"]))
        a = t.accounts
        uow.connection.execute(a.update().where(a.c.id == uow.account_id).values(**columns))
        changes |= differences(short, shortages(uow))
        uow.record(AccountUpdated(subject_id=uow.account_id, changes=changes))
        return uow.account_id


def _require_nothing_open(uow: UnitOfWork) -> None:
    """Teams are switched only while no release is open; the refusal names what is.

    One whose window is over has ended by now, whether or not that is written down yet.
    """
    r = t.releases
    open_ones = uow.connection.scalars(
        sa.select(r.c.name)
        .where(
            r.c.account_id == uow.account_id,
            r.c.status.in_(sorted(HOLDING)),
            r.c.ends_at > uow.now,
        )
        .order_by(r.c.name_key)
    ).all()
    if open_ones:
        named, further = ", ".join(open_ones[:NAMED]), len(open_ones) - NAMED
        more = f" and {further} more, as the list of open releases shows" if further > 0 else ""
        number = len(open_ones)
        raise Refusal(
            Code.WRONG_STATUS,
            f"Teams cannot be switched while {counted(number, 'release')}"
            f" {chosen(number, 'is', 'are')} open: {named}{more}."
            f" Wait until {chosen(number, 'it has', 'they have')} ended, or withdraw or stop"
            f" {chosen(number, 'it', 'them')}.",
            "teams_enabled",
        )
