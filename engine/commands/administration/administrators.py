"""An account always keeps somebody who can manage its users (spec section 2)."""

from __future__ import annotations

from engine.lifecycle.administration import refuse_leaderless
from engine.model.errors import refuse
from engine.persistence.store.administration import users
from engine.persistence.store.unit_of_work import UnitOfWork


def require_an_administrator(uow: UnitOfWork, *, had_appointer: bool) -> None:
    """Refuse LAST_ADMINISTRATOR as `refuse_leaderless` says.

    Args:
        uow: The unit of work of the command, after its change.
        had_appointer: What `users.has_appointer` returned before the change.
    """
    refuse(
        refuse_leaderless(
            has_manager=users.has_user_manager(uow),
            had_appointer=had_appointer,
            has_appointer=not had_appointer or users.has_appointer(uow),
        )
    )
