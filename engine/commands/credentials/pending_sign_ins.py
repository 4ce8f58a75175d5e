"""End sign-ins by mail that were begun with an address and are not completed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from engine.model import addresses
from engine.persistence.store.credentials.sign_ins import end_sign_ins, load_live_sign_ins
from engine.persistence.store.loading.sign_in import people_with_address
from engine.persistence.store.unit_of_work import UnitOfWork


def end_pending_sign_ins(uow: UnitOfWork, user: Row[Any]) -> None:
    """End the links and codes that were sent to the address in this row of a user.

    It is called after the change that keeps the user from signing in with that address.
    """
    theirs = [
        row.id
        for row in load_live_sign_ins(uow)
        # What was asked for is an address as it was typed.
        if _names(row.address, user)
        # Whoever is in another account goes on there: it is not for this one to keep them out.
        and not people_with_address(uow.connection, row.address, row.created_at)
    ]
    end_sign_ins(uow, theirs)


def _names(typed: str, user: Row[Any]) -> bool:
    """Whether a typed address is the user's."""
    address = addresses.parse(typed)
    return address is not None and user.email_key in address.keys
