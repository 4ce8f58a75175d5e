"""Keep a check value, by which a wrong master key is recognised at start (spec section 5)."""

from sqlalchemy import Connection

from engine.keyring import Keyring
from engine.persistence import tables as t
from engine.persistence.database import Database
from engine.persistence.unit_of_work import bare_transaction

PURPOSE = "master-key"


def remember_master_key(database: Database, keyring: Keyring) -> None:
    """Store the check of a new database; raises `WrongMasterKeyError` over another key's."""
    c = t.key_checks

    def remember(connection: Connection) -> None:
        row = connection.execute(c.select().where(c.c.purpose == PURPOSE)).one_or_none()
        if row is None:
            connection.execute(c.insert().values(purpose=PURPOSE, value=keyring.make_check()))
        else:
            keyring.verify_check(row.value)

    bare_transaction(database, remember)
