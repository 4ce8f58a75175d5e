"""How many statements a request and its approvals take, messages included: each reads once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from tests.support.world import World

#: By database: of a request, of a first approval, and of the one that completes the quorum.
STATEMENTS = {"sqlite": (18, 13, 21), "postgresql": (21, 13, 21)}


@contextmanager
def counted(world: World) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engine = world.system.database._writer
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_a_request_and_its_approvals_take_a_known_number_of_statements(world: World) -> None:
    with counted(world) as requested:
        release_id = world.request()
    with counted(world) as approved:
        world.decide("ann", release_id, revision=1)
    with counted(world) as completed:
        world.decide("bob", release_id, revision=1)
    number = len(requested), len(approved), len(completed)
    assert number == STATEMENTS["sqlite" if world.system.database.is_sqlite else "postgresql"]
    for sent in requested, approved, completed:
        reads = [statement for statement in sent if statement.startswith("SELECT")]
        repeated = {statement for statement in reads if reads.count(statement) > 1}
        # Who holds the keypairs is read again once all locks are held.
        assert all("FROM release_keypairs" in statement for statement in repeated)
