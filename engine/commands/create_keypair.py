"""Make a keypair: its private part by the chosen signer backend, outside any transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from engine.algorithms import KeypairAlgorithm
from engine.commands.administering import (
    clean_name,
    replace_set,
    require_all,
    require_permission,
    require_placement,
)
from engine.commands.base import execute
from engine.errors import Code, Refusal
from engine.events import KeypairCreated
from engine.naming import name_key, quoted, tidy
from engine.persistence import tables as t
from engine.persistence.ids import uuid7
from engine.persistence.locks import Hold, Lock
from engine.persistence.unit_of_work import Attempt
from engine.persistence.work import Work
from engine.principal import Principal
from engine.signers.base import GeneratedKey, KeyBinding, SignerFailed
from engine.system import System
from engine.vocabulary import KeypairAccess, KeypairCategory, Permission, ReleaseType


@dataclass(frozen=True, kw_only=True)
class CreateKeypair:
    """The keypair as asked for; without its key, only a check whether it may be made."""

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

    def lock(self) -> Lock:
        """The account's people, some of whom may be mapped to it."""
        return Lock(account=Hold.SHARED)

    def attempt(self) -> Attempt:
        """There is no keypair yet; the entry is the account's."""
        return Attempt(command="create_keypair", details={"alias": quoted(self.alias)})

    def apply(self, work: Work) -> None:
        """Needs `MANAGE_KEYPAIRS`; the credential covers what those mapped to it may do."""
        require_permission(work, Permission.MANAGE_KEYPAIRS)
        clean_name(tidy(self.alias), "alias", "alias")
        if self.algorithm.category is not self.category:
            message = (
                f"{self.algorithm} makes keypairs of the category {self.algorithm.category}."
                " Choose another algorithm or category."
            )
            raise Refusal(Code.INVALID_INPUT, message, "algorithm")
        require_all(work, t.users, self.user_ids, "user", "user_ids")
        require_placement(work, Permission.MANAGE_KEYPAIRS, self.user_ids, "user_ids")
        if self.key is not None and self.keypair_id is not None:
            self._insert(work, self.keypair_id, self.key)

    def _insert(self, work: Work, keypair_id: UUID, key: GeneratedKey) -> None:
        alias = tidy(self.alias)
        work.connection.execute(
            t.keypairs.insert().values(
                id=keypair_id,
                account_id=work.account_id,
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
                created_at=work.now,
            )
        )
        replace_set(work, t.keypair_users, ("keypair_id", keypair_id), "user_id", self.user_ids)
        told = ("type", "category", "access", "algorithm", "backend", "user_ids")
        changes = {"alias": (None, alias)} | {n: (None, getattr(self, n)) for n in told}
        changes["has_default_certificate"] = (None, self.has_default_certificate)
        work.record(KeypairCreated(subject_id=keypair_id, changes=changes))


def create_keypair(system: System, principal: Principal, asked: CreateKeypair) -> UUID:
    """Check, make the key, write it down; answers the keypair's id."""
    execute(system, principal, asked)
    signer = system.signers.get(asked.backend)
    if signer is None or asked.algorithm not in signer.algorithms:
        message = (
            f"No signer {quoted(asked.backend, 50)} makes {asked.algorithm} keys here."
            f" Choose one of: {', '.join(sorted(system.signers))}."
        )
        raise Refusal(Code.INVALID_INPUT, message, "backend")
    keypair_id = uuid7()
    try:
        key = signer.generate(asked.algorithm, KeyBinding(principal.account_id, keypair_id))
    except SignerFailed as failure:
        raise Refusal(Code.SIGNER_FAILED, str(failure)) from failure
    execute(system, principal, replace(asked, keypair_id=keypair_id, key=key))
    return keypair_id
