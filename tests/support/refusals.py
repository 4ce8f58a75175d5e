"""After a refusal nothing has changed: how tests show it."""

from __future__ import annotations

import json
from typing import Any

from engine.commands.command import Command
from engine.model.errors import Code, Refusal
from tests.support.world import World


def assert_refused(
    world: World,
    name: str,
    command: Command[Any],
    code: Code,
    *fields: str,
    recorded: bool = True,
    **more: Any,
) -> Refusal:
    """The command is refused, every row is as before, and the ledger has one entry more or none.

    Time must not have made a transition due: that one would rightly stay.
    """
    before, entries = world.snapshot(), world.ledger()
    refusal = world.refused(name, command, **more)
    assert (refusal.code, *refusal.field) == (code, *(fields or refusal.field)), refusal.message
    assert world.snapshot() == before
    added = world.ledger()[len(entries) :]
    assert [entry.tag for entry in added] == ["attempt:refused"] * recorded
    if recorded:
        assert details_of(added[0])["code"] == code
        assert added[0].actor_id == world.principal(name).user_id
    return refusal


def details_of(entry: Any) -> dict[str, Any]:
    """What a ledger entry's event adds."""
    details: dict[str, Any] = json.loads(entry.body)["details"]
    return details


def tags(world: World, since: int = 0) -> list[str]:
    """What the ledger says happened, after so many entries."""
    return [entry.tag for entry in world.ledger()[since:]]


def said(refusal: Refusal | None) -> tuple[Any, ...] | None:
    """The code of a refusal and the path to its field."""
    return (refusal.code, *refusal.field) if refusal is not None else None
