"""What it costs PostgreSQL to find whose turn it is: it takes a queue for almost empty."""

import re
from typing import Any

import pytest
import sqlalchemy as sa

from notifications import claims
from notifications.claims import Policy, Wanted
from tests.notifications.test_many import fill
from tests.support.world import World


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_however_long_the_queue_is_it_is_gone_through_once(world: World) -> None:
    fill(world, people=40, each=5)
    plan: list[str] = []

    def explain(_c: Any, cursor: Any, statement: str, told: Any, *_: Any) -> None:
        if statement.startswith("UPDATE deliveries"):
            # It is run to be explained, so it is undone before it is run.
            cursor.execute("SAVEPOINT explained")
            found = cursor.execute(f"EXPLAIN (ANALYZE) {statement}", told).fetchall()
            cursor.execute("ROLLBACK TO SAVEPOINT explained")
            plan.extend(row[0] for row in found)

    sa.event.listen(sa.Engine, "before_cursor_execute", explain)
    try:
        claimed = claims.claim(world.system, Wanted(limit=16), Policy())
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", explain)
    assert len({row.user_id for row in claimed}) == 16
    repeated = [int(times) for line in plan for times in re.findall(r"loops=(\d+)", line)]
    assert repeated
    # Once for each that is claimed, at most.
    assert max(repeated) <= 16, "\n".join(plan)
