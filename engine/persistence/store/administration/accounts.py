"""Rows of accounts, and what is open in one: what the commands on an account read and write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.model.text import name_key
from engine.model.vocabulary import HOLDING, QuotaOnOnline, ReleaseType
from engine.persistence.store import ledger
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_R = t.releases
#: A release whose window is over has ended, whether or not that is written down yet.
_OPEN = (
    _R.c.account_id == sa.bindparam("account"),
    _R.c.status.in_(sorted(HOLDING)),
    _R.c.ends_at > sa.bindparam("now"),
)
_OPEN_IDS = sa.select(_R.c.id).where(*_OPEN)
_OPEN_NAMES = sa.select(_R.c.name).where(*_OPEN).order_by(_R.c.name_key)


def insert_account(uow: UnitOfWork, name: str, *, teams_enabled: bool) -> None:
    """Write the account of this unit of work with the default settings, and start its ledger."""
    uow.connection.execute(
        t.accounts.insert().values(
            id=uow.account_id,
            name=name,
            name_key=name_key(name),
            signing_frozen=False,
            teams_enabled=teams_enabled,
            reapprove_on_edit=True,
            allow_self_approval=False,
            required_approvals=1,
            enabled_release_types=" ".join(ReleaseType),
            quota_on_online=QuotaOnOnline.REFUSE,
            restrict_signing_to_releases=False,
            signed_in_approvals=False,
            users_may_rename_themselves=True,
            offline_certification=True,
            created_at=uow.now,
        )
    )
    ledger.start(uow.connection, uow.account_id)


def update_account(uow: UnitOfWork, settings: Mapping[str, Any]) -> None:
    """Write these settings, by the names of `AccountSettings`."""
    columns = dict(settings)
    if "enabled_release_types" in columns:
        columns["enabled_release_types"] = " ".join(sorted(columns["enabled_release_types"]))
    query = t.accounts.update().where(t.accounts.c.id == uow.account_id)
    uow.connection.execute(query.values(**columns))


def load_names(connection: Connection) -> dict[UUID, str]:
    """Return the name of each account, by its id."""
    query = sa.select(t.accounts.c.id, t.accounts.c.name)
    return {row.id: row.name for row in connection.execute(query)}


def open_release_ids(uow: UnitOfWork) -> list[UUID]:
    """Return the ids of the account's open releases."""
    parameters = {"account": uow.account_id, "now": uow.now}
    return list(uow.connection.execute(_OPEN_IDS, parameters).scalars())


def open_release_names(uow: UnitOfWork) -> list[str]:
    """Return the names of the account's open releases, in alphabetical order."""
    parameters = {"account": uow.account_id, "now": uow.now}
    return list(uow.connection.execute(_OPEN_NAMES, parameters).scalars())
