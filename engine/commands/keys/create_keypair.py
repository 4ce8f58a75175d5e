"""Create a keypair.

The chosen signer makes the private key, outside any transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from engine.commands.administration.validation import (
    clean_name,
    require_permission,
    require_placement,
    require_users,
)
from engine.commands.command import Command, run_in_transaction
from engine.commands.keys.new_keys import (
    NewKeys,
    check_expiry,
    destroy_unused_keys,
    make_keys,
)
from engine.lifecycle.administration import (
    refuse_declared_certificate,
    refuse_known_key,
)
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Faults, Refusal, refuse
from engine.model.events import KeypairCreated
from engine.model.facts import OPERATOR
from engine.model.principal import Principal
from engine.model.text import normalize
from engine.model.vocabulary import (
    KeypairAccess,
    KeypairCategory,
    KeySource,
    Permission,
    ReleaseType,
)
from engine.persistence.db.ids import uuid7
from engine.persistence.store.administration import keypairs, openpgp_keys
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.keyring import KeyBinding
from engine.signers.openpgp_keys import RETIRED_OPENPGP_BACKEND, OpenPgpSettings
from engine.system import System


@dataclass(frozen=True, kw_only=True)
class CreateKeypair(Command[UUID]):
    """Make a key and store its keypair; returns the keypair's id.

    It is applied twice, since keys are made outside of any transaction: first without keys, so
    that nothing is made that may not be created; then with them, to store the keypair.
    """

    command_name = "create_keypair"
    detail_fields: ClassVar[tuple[str, ...]] = ("alias",)
    #: The users who are mapped to the keypair stay as they are.
    account_hold = Hold.SHARED
    is_slow = True
    #: Where the key came from, for the ledger; None: the signer made it.
    key_source: ClassVar[KeySource | None] = None
    #: The field that names a key which exists already; None: the signer makes a new one.
    key_field: ClassVar[str | None] = None

    alias: str
    type: ReleaseType
    category: KeypairCategory = KeypairCategory.STANDARD
    access: KeypairAccess = KeypairAccess.OPEN
    algorithm: KeypairAlgorithm = KeypairAlgorithm.ECDSA_P256
    backend: str = "local"
    user_ids: frozenset[UUID] = frozenset()
    has_default_certificate: bool = False
    #: What the OpenPGP certificate of a keypair of the category `GPG` says; the alias if None.
    openpgp_user_id: str | None = None
    openpgp_expires_at: datetime | None = None
    keypair_id: UUID = field(default_factory=uuid7)
    #: None until they were made.
    keys: NewKeys | None = None
    #: What the ledger says of the keypair besides, by name.
    further_facts: Mapping[str, Any] = field(default_factory=dict)

    def run(self, system: System, principal: Principal) -> UUID:
        """Check the command, make the keys, and store the keypair.

        Keys whose keypair could not be stored are destroyed.
        """
        apply = partial(run_in_transaction, system, principal)
        return self.make_and_store(system, principal.account_id, apply)

    def make_and_store(
        self, system: System, account_id: UUID, apply: Callable[[CreateKeypair], UUID]
    ) -> UUID:
        """Apply the command, make its keys, and apply it with them; returns the keypair's id.

        Args:
            system: The engine.
            account_id: The account of the keypair.
            apply: Applies the command in a transaction of its own.
        """
        apply(self)
        keys = self.make_keys(system, KeyBinding(account_id, self.keypair_id))
        try:
            return apply(replace(self, keys=keys))
        except BaseException:
            destroy_unused_keys(system, keys)
            raise

    def make_keys(self, system: System, binding: KeyBinding) -> NewKeys:
        """Return the keys of the keypair, which are not in use yet."""
        algorithm = self.algorithm.current
        return make_keys(system, self.signer_name, algorithm, binding, self._openpgp)

    @property
    def signer_name(self) -> str:
        """The name of the signer that makes the keys."""
        # The backend of earlier versions for OpenPGP kept its keys where `local` keeps them.
        is_openpgp = self.category is KeypairCategory.GPG
        is_earlier = is_openpgp and self.backend == RETIRED_OPENPGP_BACKEND
        return "local" if is_earlier else self.backend

    @property
    def _openpgp(self) -> OpenPgpSettings | None:
        if self.category is not KeypairCategory.GPG:
            return None
        user_id = normalize(self.openpgp_user_id or self.alias)
        return OpenPgpSettings(user_id, self.openpgp_expires_at)

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_KEYPAIRS`; the credential covers what those mapped to it may do.

        An operator, who acts without a principal, needs nothing.
        """
        if uow.principal is not None:
            require_permission(uow, Permission.MANAGE_KEYPAIRS)
        faults = Faults()
        with faults:
            alias = clean_name(normalize(self.alias), "alias", "alias")
            # A constraint decides; but it would refuse only after the key was made.
            if keypairs.alias_is_taken(uow, alias):
                message = "Another keypair has this alias. Choose another."
                raise Refusal(Code.NAME_TAKEN, message, "alias")
        with faults:
            refuse(self._category_mismatch())
        with faults:
            refuse(self._openpgp_fault(uow.now))
        with faults:
            refuse(refuse_declared_certificate(declared=self.has_default_certificate))
        with faults:
            require_users(uow, self.user_ids, "user_ids")
        faults.refuse()
        if uow.principal is not None:
            require_placement(uow, Permission.MANAGE_KEYPAIRS, self.user_ids, "user_ids")
        if self.keys is not None:
            self._insert(uow, alias, self.keys)
        return self.keypair_id

    def _category_mismatch(self) -> Refusal | None:
        if self.category in self.algorithm.categories:
            return None
        categories = " or ".join(sorted(self.algorithm.categories))
        message = (
            f"{self.algorithm} makes keypairs of the category {categories}."
            " Choose another algorithm or category."
        )
        return Refusal(Code.INVALID_INPUT, message, "algorithm")

    def _openpgp_fault(self, now: datetime) -> Refusal | None:
        if self.category is KeypairCategory.GPG:
            if self.openpgp_user_id is not None:
                clean_name(normalize(self.openpgp_user_id), "user id", "openpgp_user_id")
            return check_expiry(self.openpgp_expires_at, now, "openpgp_expires_at")
        if self.openpgp_user_id is None and self.openpgp_expires_at is None:
            return None
        message = "Only keypairs of the category GPG have an OpenPGP certificate. Leave this out."
        name = "openpgp_user_id" if self.openpgp_user_id is not None else "openpgp_expires_at"
        return Refusal(Code.INVALID_INPUT, message, name)

    def _insert(self, uow: UnitOfWork, alias: str, keys: NewKeys) -> None:
        signing, openpgp = keys.signing, keys.openpgp
        if self.key_field is not None:
            _refuse_second_keypair(uow, keys, self.key_field)
        settings: dict[str, Any] = {
            "type": self.type,
            "category": self.category,
            "access": self.access,
            "algorithm": signing.algorithm,
            "backend": keys.signer.name,
            "has_default_certificate": self.has_default_certificate,
        }
        generated = {
            "public_key": signing.public_key_pem,
            "material": signing.material,
            "master_key_id": signing.key_id,
        }
        columns = settings | generated
        keypairs.insert_keypair(uow, self.keypair_id, alias, columns, user_ids=self.user_ids)
        recorded = {
            "alias": alias,
            **settings,
            "user_ids": self.user_ids,
            **self.further_facts,
        }
        if openpgp is not None:
            openpgp_keys.insert_primary_key(uow, self.keypair_id, openpgp)
            recorded["openpgp_user_id"] = openpgp.settings.user_id
        if keys.is_adopted:
            keypairs.insert_adopted(uow, self.keypair_id, signing.public_key_pem)
        if self.key_source is not None:
            recorded["key_source"] = self.key_source
        changes = {name: (None, value) for name, value in recorded.items()}
        actor = OPERATOR if uow.principal is None else None
        uow.record(KeypairCreated(subject_id=self.keypair_id, changes=changes), actor=actor)


def _refuse_second_keypair(uow: UnitOfWork, keys: NewKeys, field: str) -> None:
    """Refuse a key that a keypair has. A constraint decides where two adopt it at once."""
    public_key = keys.signing.public_key_pem
    keypair = keypairs.load_keypair_of_key(uow, public_key)
    is_adopted = keys.is_adopted and keypairs.is_adopted(uow, public_key)
    alias = keypair.alias if keypair is not None else None
    is_retired = keypair is not None and keypair.retired_at is not None
    refuse(refuse_known_key(alias, is_retired=is_retired, is_adopted=is_adopted, field=field))
