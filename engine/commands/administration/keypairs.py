"""Create and change a keypair.

The chosen signer makes the private key, outside any transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import structlog

from engine.commands.administration.rule_breaks import shortages_with_keypair
from engine.commands.administration.validation import (
    clean_name,
    differences,
    require_permission,
    require_placement,
    require_users,
)
from engine.commands.command import Command, run_in_transaction
from engine.lifecycle import machine
from engine.lifecycle.administration import refuse_opening
from engine.lifecycle.schedule import EndReason
from engine.logs.exceptions import log_origin
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Faults, Refusal, refuse
from engine.model.events import Changes, KeypairCreated, KeypairUpdated, ReleaseStopped
from engine.model.facts import Facts
from engine.model.principal import Principal
from engine.model.text import normalize, quoted
from engine.model.vocabulary import (
    KeypairAccess,
    KeypairCategory,
    Permission,
    ReleaseType,
    Trigger,
)
from engine.persistence.db.ids import uuid7
from engine.persistence.store import loading
from engine.persistence.store.administration import keypairs
from engine.persistence.store.locks import Hold, Lock, acquire
from engine.persistence.store.releases import write_transition
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.base import GeneratedKey, KeyBinding, Signer, SignerFailed, SigningKey
from engine.signers.guard import can_generate, destroy_key, generate_key
from engine.system import System

log = structlog.get_logger("countersign.signers")


@dataclass(frozen=True, kw_only=True)
class CreateKeypair(Command[UUID]):
    """Make a key and store its keypair; returns the keypair's id.

    It is applied twice, since keys are made outside of any transaction: first without a key, so
    that nothing is made that may not be created; then with the key, to store the keypair.
    """

    command_name = "create_keypair"
    detail_fields = ("alias",)
    #: The users who are mapped to the keypair stay as they are.
    account_hold = Hold.SHARED
    is_slow = True

    alias: str
    type: ReleaseType
    category: KeypairCategory = KeypairCategory.STANDARD
    access: KeypairAccess = KeypairAccess.OPEN
    algorithm: KeypairAlgorithm = KeypairAlgorithm.ECDSA_P256
    backend: str = "local"
    user_ids: frozenset[UUID] = frozenset()
    has_default_certificate: bool = False
    keypair_id: UUID = field(default_factory=uuid7)
    #: None until it was made.
    key: GeneratedKey | None = None

    def run(self, system: System, principal: Principal) -> UUID:
        """Check the command, make the key, and store the keypair.

        A key whose keypair could not be stored is destroyed.
        """
        run_in_transaction(system, principal, self)
        binding = KeyBinding(principal.account_id, self.keypair_id)
        signer, key = _generate_key(system, self, binding)
        try:
            return run_in_transaction(system, principal, replace(self, key=key))
        except BaseException:
            unused = SigningKey(
                binding, self.algorithm, key.public_key_pem, key.material, key.key_id
            )
            _destroy_unused(system, signer, unused)
            raise

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_KEYPAIRS`; the credential covers what those mapped to it may do."""
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
            require_users(uow, self.user_ids, "user_ids")
        faults.refuse()
        require_placement(uow, Permission.MANAGE_KEYPAIRS, self.user_ids, "user_ids")
        if self.key is not None:
            self._insert(uow, alias, self.key)
        return self.keypair_id

    def _category_mismatch(self) -> Refusal | None:
        if self.algorithm.category is self.category:
            return None
        message = (
            f"{self.algorithm} makes keypairs of the category {self.algorithm.category}."
            " Choose another algorithm or category."
        )
        return Refusal(Code.INVALID_INPUT, message, "algorithm")

    def _insert(self, uow: UnitOfWork, alias: str, key: GeneratedKey) -> None:
        settings: dict[str, Any] = {
            "type": self.type,
            "category": self.category,
            "access": self.access,
            "algorithm": self.algorithm,
            "backend": self.backend,
            "has_default_certificate": self.has_default_certificate,
        }
        generated = {
            "public_key": key.public_key_pem,
            "material": key.material,
            "master_key_id": key.key_id,
        }
        columns = settings | generated
        keypairs.insert_keypair(uow, self.keypair_id, alias, columns, user_ids=self.user_ids)
        recorded = {"alias": alias, **settings, "user_ids": self.user_ids}
        changes = {name: (None, value) for name, value in recorded.items()}
        uow.record(KeypairCreated(subject_id=self.keypair_id, changes=changes))


def _generate_key(
    system: System, command: CreateKeypair, binding: KeyBinding
) -> tuple[Signer, GeneratedKey]:
    signer = system.signers.get(command.backend)
    try:
        if signer is None or not can_generate(signer, command.algorithm):
            message = (
                f"No signer {quoted(command.backend, 50)} makes {command.algorithm} keys here."
                f" Choose one of: {', '.join(sorted(system.signers))}."
            )
            raise Refusal(Code.INVALID_INPUT, message, "backend")
        return signer, generate_key(signer, command.algorithm, binding)
    except SignerFailed as failure:
        raise Refusal(Code.SIGNER_FAILED, str(failure)) from failure


def _destroy_unused(system: System, signer: Signer, key: SigningKey) -> None:
    """Destroy the key unless its keypair was stored after all, which a lost commit may hide."""
    try:
        if not _is_stored(system, key.binding):
            destroy_key(signer, key)
    except Exception as error:  # noqa: BLE001 - a backend may be anybody's
        # The caller gets the error for which the keypair could not be created, and not this one.
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
    with system.database.writing() as connection:
        acquire(connection, binding.account_id, Lock(account=Hold.EXCLUSIVE))
        return keypairs.keypair_exists(connection, binding.keypair_id)


@dataclass(frozen=True, kw_only=True)
class UpdateKeypair(Command[UUID]):
    """Change a keypair; returns its id. What is None stays as it is."""

    command_name = "update_keypair"
    subject_kind = "Keypair"
    subject_field = "keypair_id"

    keypair_id: UUID
    alias: str | None = None
    access: KeypairAccess | None = None
    user_ids: frozenset[UUID] | None = None
    has_default_certificate: bool | None = None
    enabled: bool | None = None

    def lock(self) -> Lock:
        """Return the keypair, and the release that holds it."""
        return Lock(
            account=Hold.SHARED,
            keypairs=frozenset({self.keypair_id}),
            keypair_rows=True,
            ledger_head=self.alias is not None,
        )

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_KEYPAIRS`; the credential covers what those mapped to it may do.

        Disabling it stops the open release that holds it.
        """
        require_permission(uow, Permission.MANAGE_KEYPAIRS)
        row = keypairs.load_keypair(uow, self.keypair_id)
        before = {**row._mapping, "user_ids": keypairs.load_user_ids(uow, self.keypair_id)}
        changes = differences(before, self._new_values(uow))
        self._require_placement(uow, changes)
        shortages_before = shortages_with_keypair(uow, self.keypair_id)
        values = {name: after for name, (_, after) in changes.items()}
        keypairs.update_keypair(uow, self.keypair_id, values)
        if changes:
            shortages_after = shortages_with_keypair(uow, self.keypair_id)
            changes |= differences(shortages_before, shortages_after)
            uow.record(KeypairUpdated(subject_id=row.id, changes=changes))
        if "enabled" in changes and not self.enabled:
            self._stop_holder(uow)
        return self.keypair_id

    def _require_placement(self, uow: UnitOfWork, changes: Changes) -> None:
        """Ask it of those newly mapped to it; where it is opened or enabled, of all who sign."""
        before, after = changes.get("user_ids", (frozenset(), frozenset()))
        require_placement(uow, Permission.MANAGE_KEYPAIRS, after - before, "user_ids")
        refuse(refuse_opening(uow.actor, changes))

    def _new_values(self, uow: UnitOfWork) -> dict[str, Any]:
        names = ("access", "user_ids", "has_default_certificate", "enabled")
        values = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        faults = Faults()
        if self.alias is not None:
            with faults:
                values["alias"] = clean_name(normalize(self.alias), "alias", "alias")
        with faults:
            require_users(uow, self.user_ids or (), "user_ids")
        faults.refuse()
        return values

    def _stop_holder(self, uow: UnitOfWork) -> None:
        """Stop the release that holds the keypair, where there is one that can be stopped."""
        (keypair,) = loading.load_keypairs(uow.connection, uow.account_id, [self.keypair_id])
        if keypair.held_by is None:
            return
        release = uow.release(keypair.held_by)
        facts = Facts(now=uow.now, settings=uow.settings, actor=uow.actor, release=release)
        facts = replace(facts, keypairs=(keypair,))
        # A pending release waits on: it is not approved while the keypair is disabled.
        if machine.refusal_of(Trigger.STOP, facts) is not None:
            return
        target = machine.fire(Trigger.STOP, facts)
        reason = f"Its keypair {keypair.alias} was disabled."
        ending = EndReason("KEYPAIR_DISABLED", reason)
        uow.record(
            ReleaseStopped.of(
                release.id,
                from_status=release.status,
                to_status=target,
                reason=reason,
                code="KEYPAIR_DISABLED",
            )
        )
        uow.put(write_transition(uow, release, target, ending))
