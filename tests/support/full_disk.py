"""A database that cannot store, as its driver tells it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.persistence.db.database import Database

_RAISE = """
CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '{state}';
END $$
"""
_TABLES = ("ledger_entries", "signatures")


@contextmanager
def full_disk(database: Database, state: str = "53100") -> Iterator[None]:
    """While the block lasts no entry of the ledger and no signature finds room.

    SQLite may use no further page of its file, and each of them needs some: it fails as it does on
    a full disk. PostgreSQL answers with the state that it has for it, or with another one.
    """
    before, after = _OF_SQLITE if database.is_sqlite else _of_postgresql(state)
    _run(database, *before)
    try:
        yield
    finally:
        _run(database, *after)


def _run(database: Database, *statements: str) -> None:
    with database.writing() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


_OF_SQLITE = (
    (
        "CREATE TABLE filling (content BLOB)",
        *(
            f"CREATE TRIGGER full_disk_{table} BEFORE INSERT ON {table}"
            " BEGIN INSERT INTO filling VALUES (zeroblob(4000000)); END"
            for table in _TABLES
        ),
        # Less than there is means as much as there is.
        "PRAGMA max_page_count = 1",
    ),
    (
        "PRAGMA max_page_count = 1000000",
        *(f"DROP TRIGGER full_disk_{table}" for table in _TABLES),
        "DROP TABLE filling",
    ),
)


def _of_postgresql(state: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    creations = (
        f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} FOR EACH ROW"
        " EXECUTE FUNCTION disk_is_full()"
        for table in _TABLES
    )
    dropped = (f"DROP TRIGGER full_disk ON {table}" for table in _TABLES)
    return (_RAISE.format(state=state), *creations), (*dropped, "DROP FUNCTION disk_is_full()")
