"""Find keys in a signer that no keypair uses.

A key whose keypair cannot be stored is destroyed at once, unless the process or its machine ends
before that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.persistence.db.database import Database
from engine.persistence.store.administration import accounts, keypairs, openpgp_keys
from engine.signers.base import KeyBinding, Signer
from engine.signers.guard import stored_keys


@dataclass(frozen=True, slots=True)
class UnusedKey:
    """A key in a signer, of an account of this database."""

    signer: str
    account_name: str
    binding: KeyBinding
    #: How an operator removes it.
    removal: str


def unused_keys(database: Database, signers: Iterable[Signer]) -> tuple[UnusedKey, ...]:
    """The keys of this database's accounts in the signers that no keypair uses.

    One that is being made at this moment is among them. Keys of accounts that this database does
    not have belong to another installation, with which the signer may be shared.

    Raises:
        SignerFailed: A signer does not answer.
    """
    return tuple(unused for signer in signers for unused in _unused(database, signer))


def _unused(database: Database, signer: Signer) -> Iterator[UnusedKey]:
    removals = stored_keys(signer)
    if not removals:
        return
    with database.reading() as connection:
        names = accounts.load_names(connection)
        used = keypairs.load_ids(connection) | openpgp_keys.load_ids(connection)
    for binding in sorted(removals, key=lambda key: (key.account_id, key.keypair_id)):
        if binding.account_id in names and binding.keypair_id not in used:
            name = names[binding.account_id]
            yield UnusedKey(signer.name, name, binding, removals[binding])
