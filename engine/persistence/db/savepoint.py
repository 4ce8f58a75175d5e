"""A point of a transaction that one can return to."""

from __future__ import annotations

from sqlalchemy import Connection

from engine.persistence.db.compiled import run_text


class Savepoint:
    """Set when it is made; there is one in a transaction, and it ends with it.

    SQLAlchemy's own costs several times as much as the statements.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        run_text(connection, "SAVEPOINT command")

    def roll_back(self) -> None:
        """Undo what was done since, also what failed."""
        run_text(self._connection, "ROLLBACK TO SAVEPOINT command")
