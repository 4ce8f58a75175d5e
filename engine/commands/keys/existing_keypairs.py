"""Make keypairs of keys that exist already: in a file, or in a signer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.keys.existing_keys import adopt_keys, import_keys
from engine.commands.keys.new_keys import NewKeys
from engine.commands.transactions import transaction
from engine.model.text import quoted
from engine.model.vocabulary import KeypairCategory, KeySource
from engine.persistence.store.constraints import refusal_of
from engine.persistence.store.locks import Hold
from engine.persistence.store.retry import retry
from engine.signers.keyring import KeyBinding
from engine.signers.pkcs11.uri import without_pin
from engine.signers.private_keys import PrivateKeyFile
from engine.system import System


@dataclass(frozen=True, kw_only=True)
class ImportKeypair(CreateKeypair):
    """Make a keypair of the private key in a file; returns the keypair's id."""

    command_name = "import_keypair"
    #: Of several who import one key at once, one does.
    account_hold = Hold.EXCLUSIVE
    key_source = KeySource.IMPORTED
    key_field = "private_key_file"

    private_key_file: PrivateKeyFile = field(repr=False)
    category: KeypairCategory = field(default=KeypairCategory.STANDARD, init=False)

    def make_keys(self, system: System, binding: KeyBinding) -> NewKeys:
        """Hand the private key over to the signer."""
        file = self.private_key_file
        return import_keys(system, self.backend, self.algorithm, binding, file)


@dataclass(frozen=True, kw_only=True)
class AdoptKeypair(CreateKeypair):
    """Make a keypair of a key that a signer holds already; returns the keypair's id."""

    command_name = "adopt_keypair"
    detail_fields: ClassVar[tuple[str, ...]] = ("alias", "key")
    key_source = KeySource.ADOPTED
    key_field = "key"

    #: The key, by what the signer's own users call it.
    key: str
    category: KeypairCategory = field(default=KeypairCategory.STANDARD, init=False)

    def make_keys(self, system: System, binding: KeyBinding) -> NewKeys:
        """Find the key in the signer."""
        return adopt_keys(system, self.backend, self.algorithm, binding, self.key)

    def details(self) -> dict[str, Any]:
        """Return which of the arguments the ledger shows: never the PIN that a URI can have."""
        return super().details() | {"key": quoted(without_pin(self.key))}


def import_keypair_as_operator(system: System, account_id: UUID, command: ImportKeypair) -> UUID:
    """Import a keypair for whoever works on the server's machine; returns the keypair's id.

    Raises:
        Refusal: It was refused; the ledger has no entry of that.
    """

    def apply(applied: CreateKeypair) -> UUID:
        def run_once() -> UUID:
            try:
                with transaction(system, account_id, None, applied.lock()) as uow:
                    keypair_id = applied.apply(uow)
            except IntegrityError as error:
                raise refusal_of(error) from error
            return keypair_id

        return retry(run_once)

    return command.make_and_store(system, account_id, apply)
