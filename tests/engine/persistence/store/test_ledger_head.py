"""The head of a ledger is locked and the clock read in one statement, in this order."""

from datetime import datetime
from threading import Thread
from time import sleep

from engine.persistence.store import ledger
from engine.persistence.store.ledger import Head
from engine.persistence.store.tables import ledger_heads
from tests.support.world import World


def test_whoever_waits_for_the_head_gets_the_latest_and_the_clock_of_that_moment(
    world: World,
) -> None:
    database, account_id = world.system.database, world.account_id
    if database.is_sqlite:
        return
    locked: list[tuple[Head, datetime | None]] = []

    def wait_for_the_head() -> None:
        with database.writing() as connection:
            locked.append(ledger.lock_head(connection, account_id))

    with database.writing() as connection:
        first, began_at = ledger.lock_head(connection, account_id)
        waiter = Thread(target=wait_for_the_head)
        waiter.start()
        sleep(0.3)
        connection.execute(ledger_heads.update().values(count=first.count + 5))
        _, ended_at = ledger.lock_head(connection, account_id)
        connection.commit()
    waiter.join()
    ((head, read_at),) = locked
    assert head.count == first.count + 5
    assert began_at is not None and ended_at is not None and read_at is not None
    assert began_at < ended_at < read_at
