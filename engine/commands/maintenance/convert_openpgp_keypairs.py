"""Take the OpenPGP keypairs of earlier versions apart into the two raw keys that they consist of.

Earlier versions kept a transferable secret key in a backend of its own. Its fingerprint and its
user id stay; its certificate is made anew, since rpm 4.18 did not accept the earlier one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row

from engine.commands.transactions import transaction
from engine.model.algorithms import KeypairAlgorithm
from engine.model.events import KeypairUpdated
from engine.model.facts import OPERATOR
from engine.openpgp.packets import MalformedPackets
from engine.openpgp.secret_keys import RawKey, SplitSecretKey, split_secret_key
from engine.persistence.db.ids import uuid7
from engine.persistence.store.administration import keypairs, openpgp_keys
from engine.persistence.store.locks import Lock
from engine.persistence.store.retry import retry
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.signers.base import SignerFailed, SigningKey
from engine.signers.keyring import KeyBinding, Keyring, SealBrokenError
from engine.signers.openpgp_keys import OpenPgpSettings, certify
from engine.system import System

log = structlog.get_logger("countersign.signers")

#: The signer that keeps the raw keys.
_SIGNER = "local"


def convert_openpgp_keypairs(system: System, keyring: Keyring) -> int:
    """Convert what is left of earlier versions; returns how many keypairs were converted.

    Each keypair has a transaction of its own. One whose key does not open stays as it was, signs
    nothing, and is logged.
    """
    with system.database.reading() as connection:
        left = openpgp_keys.load_unconverted(connection)
    return sum(retry(partial(_convert, system, keyring, *ids)) for ids in left)


def _convert(system: System, keyring: Keyring, account_id: UUID, keypair_id: UUID) -> bool:
    lock = Lock(keypairs=frozenset({keypair_id}), keypair_rows=True, ledger_head=True)
    with transaction(system, account_id, None, lock) as uow:
        row = keypairs.load_keypair(uow, keypair_id)
        if row.openpgp_certificate is not None:
            return False  # another process was here first
        try:
            _write(uow, keyring, row)
        except (SealBrokenError, MalformedPackets, SignerFailed) as error:
            log.exception("openpgp_keypair_not_converted", alias=row.alias, reason=str(error))
            return False
    return True


def _write(uow: UnitOfWork, keyring: Keyring, row: Row[Any]) -> None:
    binding = KeyBinding(row.account_id, row.id)
    split = split_secret_key(keyring.open(row.material, row.master_key_id, binding))
    algorithm = KeypairAlgorithm(row.algorithm).current
    signing = _sealed(keyring, split.subkey, binding, algorithm)
    primary = _sealed(keyring, split.primary, KeyBinding(row.account_id, uuid7()), algorithm)
    part = certify(
        uow.system.signers[_SIGNER],
        (primary, signing),
        OpenPgpSettings(split.user_id),
        created_at=_created_at(split),
        signed_at=max(uow.now, _created_at(split)),
    )
    settings = {"algorithm": algorithm, "backend": _SIGNER}
    stored = {
        "public_key": signing.public_key_pem,
        "material": signing.material,
        "master_key_id": signing.key_id,
    }
    keypairs.update_keypair(uow, row.id, settings | stored)
    openpgp_keys.insert_primary_key(uow, row.id, part)
    changes = {name: (getattr(row, name), value) for name, value in settings.items()}
    uow.record(KeypairUpdated(subject_id=row.id, changes=changes), actor=OPERATOR)


def _sealed(
    keyring: Keyring, raw: RawKey, binding: KeyBinding, algorithm: KeypairAlgorithm
) -> SigningKey:
    sealed = keyring.seal(raw.pkcs8, binding)
    return SigningKey(binding, algorithm, raw.key.public_key_pem, sealed.material, sealed.key_id)


def _created_at(split: SplitSecretKey) -> datetime:
    return datetime.fromtimestamp(split.created_at, UTC)
