"""An account always keeps somebody who can manage its users (spec section 2)."""

from __future__ import annotations

from engine.model.errors import Code, Refusal
from engine.persistence.store.administration import users
from engine.persistence.store.unit_of_work import UnitOfWork


def require_an_administrator(uow: UnitOfWork, *, had_appointer: bool) -> None:
    """Refuse LAST_ADMINISTRATOR where a change leaves nobody who can manage users.

    It also refuses where nobody could give every permission any more, although somebody could
    before: whoever manages users and no more could make neither another administrator nor an
    approver.

    Args:
        uow: The unit of work of the command, after its change.
        had_appointer: What `users.has_appointer` returned before the change.
    """
    if not users.has_user_manager(uow):
        raise Refusal(
            Code.LAST_ADMINISTRATOR,
            "Nobody could manage users any more. Give somebody else that permission first.",
        )
    if had_appointer and not users.has_appointer(uow):
        raise Refusal(
            Code.LAST_ADMINISTRATOR,
            "Nobody could give every permission any more. Give somebody else the role ADMIN first.",
        )
