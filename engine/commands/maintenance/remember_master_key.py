"""Recognise a wrong or missing master key at start (spec section 5)."""

from sqlalchemy import Connection

from engine.commands.transactions import bare_transaction
from engine.model.wording import counted
from engine.persistence.db.database import Database
from engine.persistence.store.maintenance.key_checks import (
    insert_master_key_check,
    load_master_key_check,
)
from engine.persistence.store.maintenance.sealed_keypairs import master_keys_in_use
from engine.signers.keyring import Keyring, WrongMasterKeyError


def remember_master_key(database: Database, keyring: Keyring) -> None:
    """Store the check of a new database, and see that every sealed key could be opened.

    Raises:
        WrongMasterKeyError: a master key is not configured that something was sealed under.
    """

    def remember(connection: Connection) -> None:
        _require_keys_in_use(connection, keyring)
        check = load_master_key_check(connection)
        if check is None:
            insert_master_key_check(connection, keyring.make_check())
        else:
            keyring.verify_check(check)

    bare_transaction(database, remember)


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
