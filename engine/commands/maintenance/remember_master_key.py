"""Recognise a wrong or missing master key at start (spec section 5)."""

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.commands.transactions import bare_transaction
from engine.model.wording import counted
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from engine.signers.keyring import Keyring, WrongMasterKeyError

#: The row of the check among those of other keys.
PURPOSE = "master-key"


def remember_master_key(database: Database, keyring: Keyring) -> None:
    """Store the check of a new database, and see that every sealed key could be opened.

    Raises:
        WrongMasterKeyError: a master key is not configured that something was sealed under.
    """
    c = t.key_checks

    def remember(connection: Connection) -> None:
        _require_keys_in_use(connection, keyring)
        row = connection.execute(c.select().where(c.c.purpose == PURPOSE)).one_or_none()
        if row is None:
            connection.execute(c.insert().values(purpose=PURPOSE, value=keyring.make_check()))
        else:
            keyring.verify_check(row.value)

    bare_transaction(database, remember)


def master_keys_in_use(connection: Connection) -> dict[str, int]:
    """Return how many keypairs of all accounts are sealed under each master key, by its id."""
    k = t.keypairs
    query = sa.select(k.c.master_key_id, sa.func.count().label("number"))
    sealed = query.where(k.c.master_key_id.is_not(None)).group_by(k.c.master_key_id)
    return {row.master_key_id: row.number for row in connection.execute(sealed)}


def _require_keys_in_use(connection: Connection, keyring: Keyring) -> None:
    in_use = master_keys_in_use(connection)
    missing = sorted(in_use.keys() - keyring.key_ids)
    if not missing:
        return
    which = ", ".join(f"{counted(in_use[key], 'keypair')} under {key}" for key in missing)
    message = (
        f"Master keys that are not configured sealed {which}. Add them to COUNTERSIGN_MASTER_KEY"
        " after the first, as in NEW,OLD. `countersign keys reseal` makes the first one enough."
    )
    raise WrongMasterKeyError(message)
