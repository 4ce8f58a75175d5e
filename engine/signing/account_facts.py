"""What signing reads of an account, kept for as long as the ledger shows that it has not changed.

Whatever changes one of these facts records an entry in the account's ledger, other than the few
that leave them as they were (`engine.model.events.effects`). So a transaction that holds the lock
of the ledger's head, and finds no other entry after the one at which the facts were read, knows
that they are still true: exactly, not for a time. Nothing that was revoked is used once more.

How many signatures of a release are used and reserved is no such fact: it is read under the
release's lock each time. The sealed form of a key may be kept longer than it is stored: after
`countersign keys reseal` a process opens the earlier form as well, or was not given its master key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from uuid import UUID

from engine.commands.standing import load_ended_callers
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Refusal
from engine.model.events.effects import preserves_facts
from engine.model.facts import AccountSettings, Actor, Keypair, Release
from engine.model.principal import Principal
from engine.openpgp.keys import OpenPgpKey
from engine.persistence.store import ledger, loading
from engine.persistence.store.ledger import Head
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.base import KeyBinding, SigningKey
from engine.signers.openpgp_keys import openpgp_key

#: Accounts whose facts a process keeps; beyond that, it forgets those that signed least recently.
MAX_ACCOUNTS = 1000
#: Callers, keypairs and releases of one account that are kept; beyond that, all are read again.
MAX_FACTS_PER_ACCOUNT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKeypair:
    """A keypair, with its key and the name of the signer that makes its signatures."""

    keypair: Keypair
    signing_key: SigningKey
    signer_name: str
    #: The key as OpenPGP knows it, of a keypair of the category `GPG`.
    openpgp: OpenPgpKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """The facts of an account that were read, as of an entry of its ledger.

    A caller, keypair or release that does not exist is not there, and is looked for again.
    """

    settings: AccountSettings
    actors: Mapping[Principal, Actor] = field(default_factory=dict)
    #: Of these, those whose token or session was ended since they called.
    ended_callers: Mapping[Principal, Refusal] = field(default_factory=dict)
    keypairs: Mapping[UUID, StoredKeypair] = field(default_factory=dict)
    #: Open releases that hold these keypairs; their counts are not true any more.
    releases: Mapping[UUID, Release] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The number of callers, keypairs and releases."""
        return len(self.actors) + len(self.keypairs) + len(self.releases)

    def holders(self, keypair_ids: Collection[UUID]) -> frozenset[UUID]:
        """The releases that hold those of these keypairs that were read."""
        known = (self.keypairs[id_].keypair for id_ in keypair_ids if id_ in self.keypairs)
        return frozenset(keypair.held_by for keypair in known if keypair.held_by is not None)


@dataclass(frozen=True, slots=True)
class KeptFacts:
    """The facts of an account, and the head of its ledger when they were true."""

    account_id: UUID
    head: Head
    facts: AccountFacts


class FactsCache:
    """What a process keeps of the facts of accounts. Thread-safe."""

    def __init__(self) -> None:
        self._facts_by_account: dict[UUID, KeptFacts] = {}
        self._lock = Lock()

    def get(self, account_id: UUID) -> KeptFacts | None:
        """The facts as they were last kept; whether they are true is for the caller to check."""
        return self._facts_by_account.get(account_id)

    def keep(self, cached: KeptFacts) -> None:
        """Keep an account's facts in place of what was kept before."""
        with self._lock:
            self._facts_by_account.pop(cached.account_id, None)
            if cached.facts.size > MAX_FACTS_PER_ACCOUNT:
                return
            self._facts_by_account[cached.account_id] = cached
            if len(self._facts_by_account) > MAX_ACCOUNTS:
                del self._facts_by_account[next(iter(self._facts_by_account))]

    def forget(self, account_id: UUID) -> None:
        """Read an account's facts anew the next time."""
        with self._lock:
            self._facts_by_account.pop(account_id, None)


def load_facts(
    uow: UnitOfWork,
    cached: KeptFacts | None,
    principals: Collection[Principal],
    keypair_ids: Collection[UUID],
) -> AccountFacts:
    """The facts of these callers and keypairs, read where they are not known to be still true.

    Args:
        uow: The unit of work, which holds the lock of the ledger's head.
        cached: What was read earlier.
        principals: The callers.
        keypair_ids: The keypairs.
    """
    facts = _still_true(uow, cached) or AccountFacts(settings=uow.settings)
    missing_callers = set(principals) - facts.actors.keys()
    if missing_callers:
        actors = loading.load_actors(uow.connection, missing_callers)
        ended = load_ended_callers(uow.connection, missing_callers)
        facts = replace(
            facts,
            actors={**facts.actors, **actors},
            ended_callers={**facts.ended_callers, **ended},
        )
    missing_keypairs = set(keypair_ids) - facts.keypairs.keys()
    if missing_keypairs:
        keypairs = _load_keypairs(uow, missing_keypairs)
        facts = replace(facts, keypairs={**facts.keypairs, **keypairs})
    missing_releases = uow.locked - facts.releases.keys()
    if missing_releases:
        facts = replace(facts, releases={**facts.releases, **uow.get_many(missing_releases)})
    return facts


def _still_true(uow: UnitOfWork, cached: KeptFacts | None) -> AccountFacts | None:
    if cached is None:
        return None
    if not all(preserves_facts(item.event) for item in uow.recorded):
        return None  # what time made due on the locked releases has changed them
    if cached.head == uow.locked_head:
        return cached.facts
    if ledger.preserves_facts_since(uow.connection, uow.account_id, cached.head):
        return cached.facts
    return None


def _load_keypairs(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, StoredKeypair]:
    rows = loading.load_keypair_rows(uow.connection, uow.account_id, ids)
    return {
        row.id: StoredKeypair(
            keypair=loading.keypair_of(row),
            signing_key=SigningKey(
                binding=KeyBinding(row.account_id, row.id),
                algorithm=KeypairAlgorithm(row.algorithm),
                public_key_pem=row.public_key,
                material=row.material,
                key_id=row.master_key_id,
            ),
            signer_name=row.backend,
            openpgp=(
                openpgp_key(row.public_key, row.openpgp_created_at)
                if row.openpgp_created_at is not None
                else None
            ),
        )
        for row in rows
    }
