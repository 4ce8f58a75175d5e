"""Renew a keypair by a successor, and retire it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Row

from engine.commands.administration.rule_breaks import shortages_with_keypair
from engine.commands.administration.validation import (
    differences,
    require_permission,
    require_reason,
)
from engine.commands.command import Command
from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.keys.new_keys import suitable_signers
from engine.commands.keys.update_keypair import stop_holder
from engine.commands.transactions import unit_of_work
from engine.lifecycle.administration import refuse_renewal, refuse_retired
from engine.model.errors import Code, Faults, Refusal, refuse
from engine.model.events import KeypairRenewed, KeypairRetired, TeamUpdated
from engine.model.principal import Principal
from engine.model.vocabulary import KeypairState, Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store.administration import keypairs, openpgp_keys, teams
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.retry import retry
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.system import System


@dataclass(frozen=True, kw_only=True)
class RenewKeypair(Command[UUID]):
    """Make a successor of a keypair; returns the successor's id.

    The successor has a key of its own of the same algorithm in the same signer, and the type,
    category, access, people and teams of its predecessor. The predecessor stays as it is until it
    is retired, so that both sign while verifiers get to know the successor.
    """

    command_name = "renew_keypair"
    subject_kind = "Keypair"
    subject_field = "keypair_id"
    detail_fields: ClassVar[tuple[str, ...]] = ("alias",)
    is_slow = True

    #: The predecessor.
    keypair_id: UUID
    #: The alias of the successor.
    alias: str
    reason: str
    #: When the OpenPGP certificate of a keypair of the category `GPG` expires.
    openpgp_expires_at: datetime | None = None
    successor_id: UUID = field(default_factory=uuid7)

    def lock(self) -> Lock:
        """Return the predecessor; its people and teams stay as they are."""
        return Lock(account=Hold.SHARED, keypairs=frozenset({self.keypair_id}), keypair_rows=True)

    def run(self, system: System, principal: Principal) -> UUID:
        """Check the command, make the keys, and store the successor.

        Keys whose keypair could not be stored are destroyed.
        """
        create = self._in_transaction(system, principal, None)
        apply = partial(self._apply_creation, system, principal)
        return create.make_and_store(system, principal.account_id, apply)

    def apply(self, uow: UnitOfWork) -> UUID:
        """Raise: the command is more than one transaction."""
        raise NotImplementedError

    def _apply_creation(self, system: System, principal: Principal, create: CreateKeypair) -> UUID:
        return self._in_transaction(system, principal, create).keypair_id

    def _in_transaction(
        self, system: System, principal: Principal, create: CreateKeypair | None
    ) -> CreateKeypair:
        def run_once() -> CreateKeypair:
            with unit_of_work(system, principal, self.attempt(), self.lock()) as uow:
                applied = self._create(uow, create)
            return applied

        return retry(run_once)

    def _create(self, uow: UnitOfWork, create: CreateKeypair | None) -> CreateKeypair:
        """Create the successor of the predecessor as it is now.

        Args:
            uow: The transaction.
            create: The creation with the keys, once they are made; before, nothing is stored.
        """
        require_permission(uow, Permission.MANAGE_KEYPAIRS)
        predecessor = keypairs.load_keypair(uow, self.keypair_id, "keypair_id")
        successors = keypairs.load_successors(uow.connection, [predecessor.id])
        current = self._successor_of(uow, predecessor)
        if create is not None:
            current = replace(current, keys=create.keys)
        faults = Faults()
        with faults:
            refuse(refuse_renewal(uow.actor, successors.get(predecessor.id)))
        with faults:
            refuse(_signer_mismatch(uow.system, current))
        with faults:
            current.apply(uow)
        with faults:
            require_reason(self.reason)
        faults.refuse()
        if current.keys is not None:
            self._link(uow, predecessor)
        return current

    def _successor_of(self, uow: UnitOfWork, predecessor: Row[Any]) -> CreateKeypair:
        primary = openpgp_keys.load_primary_key(uow, predecessor.id)
        return CreateKeypair(
            keypair_id=self.successor_id,
            alias=self.alias,
            type=predecessor.type,
            category=predecessor.category,
            access=predecessor.access,
            algorithm=predecessor.algorithm.current,
            backend=predecessor.backend,
            user_ids=keypairs.load_user_ids(uow, predecessor.id),
            openpgp_user_id=primary.openpgp_user_id if primary is not None else None,
            openpgp_expires_at=self.openpgp_expires_at,
            further_facts={"predecessor": predecessor.alias},
        )

    def _link(self, uow: UnitOfWork, predecessor: Row[Any]) -> None:
        keypairs.insert_successor(uow, predecessor.id, self.successor_id)
        successor = keypairs.load_keypair(uow, self.successor_id)
        uow.record(
            KeypairRenewed(
                subject_id=predecessor.id,
                successor_id=successor.id,
                changes={"successor": (None, successor.alias)},
                reason=self.reason,
            )
        )
        for team_id in sorted(keypairs.load_team_ids(uow, predecessor.id)):
            self._grant(uow, team_id)

    def _grant(self, uow: UnitOfWork, team_id: UUID) -> None:
        before = teams.load_keypair_ids(uow, team_id)
        after = before | {self.successor_id}
        teams.update_team(uow, team_id, {"keypair_ids": after})
        uow.record(TeamUpdated(subject_id=team_id, changes={"keypair_ids": (before, after)}))


def _signer_mismatch(system: System, create: CreateKeypair) -> Refusal | None:
    """Refuse a successor where the keys of the predecessor come from elsewhere."""
    if create.signer_name in suitable_signers(system, create.algorithm, lambda can: can.generates):
        return None
    message = (
        f"The keypair's signer {create.signer_name} makes no {create.algorithm} keys here. Retire"
        " the keypair, and create, import or adopt another one."
    )
    return Refusal(Code.INVALID_INPUT, message, "keypair_id")


@dataclass(frozen=True, kw_only=True)
class RetireKeypair(Command[UUID]):
    """Retire a keypair for good; returns its id. Its public key and its signatures stay.

    It stops the open release that holds the keypair.
    """

    command_name = "retire_keypair"
    subject_kind = "Keypair"
    subject_field = "keypair_id"

    keypair_id: UUID
    reason: str

    def lock(self) -> Lock:
        """Return the keypair, and the release that holds it."""
        return Lock(account=Hold.SHARED, keypairs=frozenset({self.keypair_id}), keypair_rows=True)

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_KEYPAIRS`."""
        require_permission(uow, Permission.MANAGE_KEYPAIRS)
        row = keypairs.load_keypair(uow, self.keypair_id, "keypair_id")
        state = KeypairState.of(enabled=row.enabled, retired_at=row.retired_at)
        faults = Faults()
        with faults:
            refuse(refuse_retired(state, "keypair_id"))
        with faults:
            require_reason(self.reason)
        faults.refuse()
        before = {"state": state, **shortages_with_keypair(uow, row.id)}
        keypairs.update_keypair(uow, row.id, {"enabled": False, "retired_at": uow.now})
        after = {"state": KeypairState.RETIRED, **shortages_with_keypair(uow, row.id)}
        changes = differences(before, after)
        uow.record(KeypairRetired(subject_id=row.id, changes=changes, reason=self.reason))
        stop_holder(uow, row.id, "retired")
        return self.keypair_id
