"""Make the keys of a new keypair with a signer, outside of any transaction."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from engine.logs.exceptions import log_origin
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.text import quoted
from engine.persistence.db.ids import uuid7
from engine.persistence.store.administration import keypairs
from engine.persistence.store.locks import Hold, Lock, acquire
from engine.signers.base import Capabilities, KeyBinding, Signer, SignerFailed, SigningKey
from engine.signers.guard import destroy_key, generate_key
from engine.signers.openpgp_keys import (
    MAX_OPENPGP_TIME,
    OpenPgpPart,
    OpenPgpSettings,
    certify,
)
from engine.system import System

log = structlog.get_logger("countersign.signers")

#: OpenPGP counts from when the keys were made, which may take a while, in whole seconds; none means
#: that a certificate never expires.
MIN_CERTIFICATE_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class NewKeys:
    """The keys of a keypair that is being created, and where they are."""

    signer: Signer
    signing: SigningKey
    openpgp: OpenPgpPart | None = None
    #: Whether the key was there before, and stays when its keypair is not stored.
    is_adopted: bool = False


def check_expiry(expires_at: datetime | None, now: datetime, field: str) -> Refusal | None:
    """Refuse an expiry that comes too soon, or that OpenPGP cannot write down."""
    if expires_at is None or now + MIN_CERTIFICATE_LIFETIME <= expires_at <= MAX_OPENPGP_TIME:
        return None
    message = (
        "A certificate expires at the earliest an hour from now, and by"
        f" {MAX_OPENPGP_TIME:%Y-%m-%d}. Choose such a time, or none."
    )
    return Refusal(Code.INVALID_INPUT, message, field)


def suitable_signers(
    system: System,
    algorithm: KeypairAlgorithm,
    way: Callable[[Capabilities], AbstractSet[KeypairAlgorithm]],
) -> dict[str, Signer]:
    """Return the signers, by their names, that get keys of an algorithm in one way.

    Args:
        system: The engine.
        algorithm: The algorithm of the keys.
        way: Of what a signer can do, the algorithms of the keys that it gets in this way.
    """
    return {
        name: signer
        for name, signer in system.signers.items()
        if algorithm in way(signer.capabilities)
    }


def suitable_signer(
    system: System,
    backend: str,
    algorithm: KeypairAlgorithm,
    way: Callable[[Capabilities], AbstractSet[KeypairAlgorithm]],
    fault: str,
) -> Signer:
    """Return the signer of this name if it is one of the `suitable_signers`.

    Args:
        system: The engine.
        backend: The name of the signer.
        algorithm: The algorithm of the keys.
        way: As in `suitable_signers`.
        fault: The sentence about another signer, before the names of those that are suitable.

    Raises:
        Refusal: INVALID_INPUT: it is none of them.
    """
    suitable = suitable_signers(system, algorithm, way)
    if backend in suitable:
        return suitable[backend]
    advice = f"Choose one of: {', '.join(sorted(suitable))}." if suitable else "None here does."
    raise Refusal(Code.INVALID_INPUT, f"{fault} {advice}", "backend")


def make_keys(
    system: System,
    backend: str,
    algorithm: KeypairAlgorithm,
    binding: KeyBinding,
    openpgp: OpenPgpSettings | None,
) -> NewKeys:
    """Make one key, or for OpenPGP two and their certificate.

    Args:
        system: The engine.
        backend: The name of the signer.
        algorithm: The algorithm of the keys.
        binding: The account and the keypair.
        openpgp: What the OpenPGP certificate is to say; None if there is to be none.

    Raises:
        Refusal: There is no such signer, or it failed; what it had made is destroyed.
    """
    fault = f"No signer {quoted(backend, 50)} makes {algorithm} keys here."
    signer = suitable_signer(system, backend, algorithm, lambda can: can.generates, fault)
    try:
        signing = _make_key(signer, algorithm, binding)
        if openpgp is None:
            return NewKeys(signer, signing)
        try:
            return NewKeys(signer, signing, _add_primary_key(system, signer, signing, openpgp))
        except BaseException:
            destroy_unused_keys(system, NewKeys(signer, signing))
            raise
    except SignerFailed as failure:
        raise Refusal(Code.SIGNER_FAILED, str(failure)) from failure


def destroy_unused_keys(system: System, keys: NewKeys) -> None:
    """Destroy keys unless their keypair was stored after all, which a lost commit may hide."""
    signing = keys.signing
    if keys.is_adopted:
        return
    try:
        if _is_stored(system, signing.binding):
            return
    except Exception as error:  # noqa: BLE001 - the caller's own error is what the user is told
        _log_left(error, keys.signer, signing)
        return
    _destroy(keys.signer, signing)
    if keys.openpgp is not None:
        _destroy(keys.signer, keys.openpgp.primary)


def _make_key(signer: Signer, algorithm: KeypairAlgorithm, binding: KeyBinding) -> SigningKey:
    key = generate_key(signer, algorithm, binding)
    return SigningKey(binding, algorithm, key.public_key_pem, key.material, key.key_id)


def _add_primary_key(
    system: System, signer: Signer, signing: SigningKey, settings: OpenPgpSettings
) -> OpenPgpPart:
    created_at = _clock(system).replace(microsecond=0)
    binding = KeyBinding(signing.binding.account_id, uuid7())
    primary = _make_key(signer, signing.algorithm, binding)
    try:
        return certify(
            signer, (primary, signing), settings, created_at=created_at, signed_at=created_at
        )
    except BaseException:
        _destroy(signer, primary)
        raise


def _clock(system: System) -> datetime:
    """Return the time by the clock that signatures are dated by, or they could seem older."""
    with system.database.reading() as connection:
        return system.clock.now(connection)


def _is_stored(system: System, binding: KeyBinding) -> bool:
    # Waits for whoever holds the account: a commit whose answer was lost may be under way still.
    with system.database.writing() as connection:
        acquire(connection, binding.account_id, Lock(account=Hold.EXCLUSIVE))
        return keypairs.keypair_exists(connection, binding.keypair_id)


def _destroy(signer: Signer, key: SigningKey) -> None:
    try:
        destroy_key(signer, key)
    except SignerFailed as error:
        # The caller gets the error for which the keypair could not be created, and not this one.
        _log_left(error, signer, key)


def _log_left(error: Exception, signer: Signer, key: SigningKey) -> None:
    log_origin(
        log,
        "unused_key_left_in_signer",
        error,
        signer=signer.name,
        account_id=str(key.binding.account_id),
        keypair_id=str(key.binding.keypair_id),
    )
