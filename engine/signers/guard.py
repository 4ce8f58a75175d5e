"""The one way in which signers are called: whatever a backend raises becomes `SignerFailed`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

import structlog

from engine.logs.exceptions import log_origin
from engine.model.algorithms import KeypairAlgorithm
from engine.signers.base import (
    GeneratedKey,
    KeyBinding,
    Signer,
    SignerFailed,
    SigningInput,
    SigningKey,
)

log = structlog.get_logger("countersign.signers")


def can_generate(signer: Signer, algorithm: KeypairAlgorithm) -> bool:
    """Whether the signer makes keys of this algorithm: a backend may ask its device.

    Raises:
        SignerFailed: it cannot tell.
    """
    with _guarded(signer, "algorithms"):
        return algorithm in signer.algorithms


def generate_key(signer: Signer, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
    """Make a key.

    Raises:
        SignerFailed: there is none.
    """
    with _guarded(signer, "generate"):
        key = signer.generate(algorithm, binding)
        if not isinstance(key, GeneratedKey):  # a backend that no type checker saw
            raise TypeError(f"generate returned {type(key).__name__}, not GeneratedKey")
    return key


def make_signature(signer: Signer, key: SigningKey, message: SigningInput) -> bytes:
    """Sign.

    Raises:
        UnsuitableMessage: the caller's own fault.
        SignerFailed: there is no signature.
    """
    with _guarded(signer, "sign"):
        value = signer.sign(key, message)
        if not bytes(memoryview(value)):
            raise ValueError("sign returned no signature")
    return value


def quick_seconds(signer: Signer, algorithm: KeypairAlgorithm) -> float | None:
    """How long a signature takes that may be made while a transaction holds its locks.

    None if the signer does not say so, as for one that waits for a device or a network.
    """
    declared = getattr(signer, "quick_seconds", None)
    if declared is None:
        return None
    try:
        with _guarded(signer, "quick_seconds"):
            seconds = declared(algorithm)
            if seconds is not None and not 0 <= seconds < inf:
                raise ValueError("quick_seconds returned no time")
    except SignerFailed:
        return None
    return None if seconds is None else float(seconds)


def destroy_key(signer: Signer, key: SigningKey) -> None:
    """Destroy a key that was made and is not going to be used.

    Raises:
        SignerFailed: it may still exist.
    """
    with _guarded(signer, "destroy"):
        signer.destroy(key)


def check_health(signer: Signer) -> bool:
    """Ask the signer whether it could sign now; answers whether it can be asked.

    Raises:
        SignerFailed: it could not sign; the message says what to check.
    """
    health = getattr(signer, "health", None)
    if health is None:
        return False
    with _guarded(signer, "health"):
        health()
    return True


def stored_keys(signer: Signer) -> dict[KeyBinding, str]:
    """The keys that the signer keeps itself, each with how an operator removes it.

    Empty for one that keeps none, or cannot tell.

    Raises:
        SignerFailed: it does not answer.
    """
    listing = getattr(signer, "stored_keys", None)
    if listing is None:
        return {}
    with _guarded(signer, "stored_keys"):
        return {binding: signer.removal(binding) for binding in listing()}  # type: ignore[attr-defined]


@contextmanager
def _guarded(signer: Signer, operation: str) -> Iterator[None]:
    try:
        yield
    except SignerFailed:
        raise
    except Exception as error:
        # A backend may be anybody's, and so may the libraries that it calls.
        name = getattr(type(signer), "__qualname__", "unknown")
        log_origin(log, "signer_raised_unexpected_error", error, signer=name, operation=operation)
        message = "The signer failed; the log says how. Nothing was used. Tell an administrator."
        raise SignerFailed(message) from error
