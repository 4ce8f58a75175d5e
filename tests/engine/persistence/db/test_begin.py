"""A transaction on PostgreSQL is begun once, and not at all where none was asked for."""

from typing import Any

import sqlalchemy as sa
from psycopg.pq import TransactionStatus

from engine.persistence.db.database import Database


def test_a_transaction_is_begun_exactly_once(database: Database) -> None:
    if database.is_sqlite:
        return
    notices: list[Any] = []
    with database.writing() as connection:
        driver: Any = connection.connection.driver_connection
        driver.add_notice_handler(notices.append)
        connection.rollback()
        connection.execute(sa.text("SELECT 1"))
        assert driver.info.transaction_status is TransactionStatus.INTRANS
        driver.remove_notice_handler(notices.append)
    # A second BEGIN is answered with a warning.
    assert notices == []


def test_what_asks_for_no_transaction_gets_none(database: Database) -> None:
    if database.is_sqlite:
        return
    alone = database._writer.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
        driver: Any = connection.connection.driver_connection
        assert driver.info.transaction_status is TransactionStatus.IDLE
