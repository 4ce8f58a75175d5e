"""Make a keypair: its private part by the chosen signer backend, outside any transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa
import structlog

from engine.commands.administration.validation import (
    clean_name,
    replace_set,
    require_all,
    require_permission,
    require_placement,
)
from engine.commands.command import Command, execute
from engine.logs.exceptions import log_origin
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.events import KeypairCreated
from engine.model.principal import Principal
from engine.model.text import name_key, normalize, quoted
from engine.model.vocabulary import KeypairAccess, KeypairCategory, Permission, ReleaseType
from engine.persistence.db.ids import uuid7
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Hold, Lock, take
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.base import GeneratedKey, KeyBinding, Signer, SignerFailed, SigningKey
from engine.signers.guard import can_generate, destroy_key, generate_key
from engine.system import System

log = structlog.get_logger("countersign.signers")


@dataclass(frozen=True, kw_only=True)
class CreateKeypair(Command[None]):
    """The keypair as asked for; without its key, only a check whether it may be made."""

    command_name = "create_keypair"
    detail_fields = ("alias",)
    #: The users who are mapped to the keypair stay as they are.
    account_hold = Hold.SHARED

    alias: str
    type: ReleaseType
    category: KeypairCategory = KeypairCategory.STANDARD
    access: KeypairAccess = KeypairAccess.OPEN
    algorithm: KeypairAlgorithm = KeypairAlgorithm.ECDSA_P256
    backend: str = "local"
    user_ids: frozenset[UUID] = frozenset()
    has_default_certificate: bool = False
    keypair_id: UUID | None = None
    key: GeneratedKey | None = None

    def apply(self, uow: UnitOfWork) -> None:
        """Needs `MANAGE_KEYPAIRS`; the credential covers what those mapped to it may do."""
        require_permission(uow, Permission.MANAGE_KEYPAIRS)
        clean_name(normalize(self.alias), "alias", "alias")
        if self.algorithm.category is not self.category:
            message = (
                f"{self.algorithm} makes keypairs of the category {self.algorithm.category}."
                " Choose another algorithm or category."
            )
            raise Refusal(Code.INVALID_INPUT, message, "algorithm")
        self._require_free_alias(uow)
        require_all(uow, t.users, self.user_ids, "user", "user_ids")
        require_placement(uow, Permission.MANAGE_KEYPAIRS, self.user_ids, "user_ids")
        if self.key is not None and self.keypair_id is not None:
            self._insert(uow, self.keypair_id, self.key)

    def _require_free_alias(self, uow: UnitOfWork) -> None:
        # The constraint decides; but it speaks only after the key was made.
        k = t.keypairs
        namesake = sa.select(k.c.id).where(
            k.c.account_id == uow.account_id, k.c.alias_key == name_key(normalize(self.alias))
        )
        if uow.connection.execute(namesake).first() is not None:
            raise Refusal(Code.NAME_TAKEN, "Another keypair has this alias.", "alias")

    def _insert(self, uow: UnitOfWork, keypair_id: UUID, key: GeneratedKey) -> None:
        alias = normalize(self.alias)
        uow.connection.execute(
            t.keypairs.insert().values(
                id=keypair_id,
                account_id=uow.account_id,
                alias=alias,
                alias_key=name_key(alias),
                category=self.category,
                type=self.type,
                access=self.access,
                algorithm=self.algorithm,
                has_default_certificate=self.has_default_certificate,
                enabled=True,
                backend=self.backend,
                public_key=key.public_key_pem,
                material=key.material,
                master_key_id=key.key_id,
                created_at=uow.now,
            )
        )
        replace_set(uow, t.keypair_users, ("keypair_id", keypair_id), "user_id", self.user_ids)
        told = ("type", "category", "access", "algorithm", "backend", "user_ids")
        changes = {"alias": (None, alias)} | {n: (None, getattr(self, n)) for n in told}
        changes["has_default_certificate"] = (None, self.has_default_certificate)
        uow.record(KeypairCreated(subject_id=keypair_id, changes=changes))


def create_keypair(system: System, principal: Principal, asked: CreateKeypair) -> UUID:
    """Check, make the key, write it down; answers the keypair's id.

    A key that could not be written down is destroyed.
    """
    execute(system, principal, asked)
    binding = KeyBinding(principal.account_id, uuid7())
    signer, key = _make_key(system, asked, binding)
    try:
        execute(system, principal, replace(asked, keypair_id=binding.keypair_id, key=key))
    except BaseException:
        made = SigningKey(binding, asked.algorithm, key.public_key_pem, key.material, key.key_id)
        _destroy_unused(system, signer, made)
        raise
    return binding.keypair_id


def _make_key(
    system: System, asked: CreateKeypair, binding: KeyBinding
) -> tuple[Signer, GeneratedKey]:
    signer = system.signers.get(asked.backend)
    try:
        if signer is None or not can_generate(signer, asked.algorithm):
            message = (
                f"No signer {quoted(asked.backend, 50)} makes {asked.algorithm} keys here."
                f" Choose one of: {', '.join(sorted(system.signers))}."
            )
            raise Refusal(Code.INVALID_INPUT, message, "backend")
        return signer, generate_key(signer, asked.algorithm, binding)
    except SignerFailed as failure:
        raise Refusal(Code.SIGNER_FAILED, str(failure)) from failure


def _destroy_unused(system: System, signer: Signer, key: SigningKey) -> None:
    """Destroy the key unless its keypair was stored after all, which a lost commit may hide."""
    try:
        if not _is_stored(system, key.binding):
            destroy_key(signer, key)
    except Exception as error:  # noqa: BLE001 - a backend may be anybody's
        # What made the keypair fail is what the caller is told.
        log_origin(
            log,
            "unused_key_left_in_signer",
            error,
            signer=signer.name,
            account_id=str(key.binding.account_id),
            keypair_id=str(key.binding.keypair_id),
        )


def _is_stored(system: System, binding: KeyBinding) -> bool:
    # Waits for whoever holds the account: a commit whose answer was lost may be under way still.
    query = sa.select(t.keypairs.c.id).where(t.keypairs.c.id == binding.keypair_id)
    with system.database.writing() as connection:
        take(connection, binding.account_id, Lock(account=Hold.ALONE))
        return connection.execute(query).first() is not None
