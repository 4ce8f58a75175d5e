"""The one way in which signers are called: whatever a backend raises becomes `SignerFailed`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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
    require_generates,
    require_input,
)
from engine.signers.key_checks import require_acceptable

log = structlog.get_logger("countersign.signers")


def generate_key(signer: Signer, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
    """Make a key.

    Raises:
        SignerFailed: there is none.
    """
    with _guarded(signer, "generate"):
        require_generates(signer, algorithm)
        return _checked(signer.generate(algorithm, binding))


def import_key(
    signer: Signer, private_key: bytes, algorithm: KeypairAlgorithm, binding: KeyBinding
) -> GeneratedKey:
    """Hand a private key over to a signer that declares that it takes it.

    Args:
        signer: The signer.
        private_key: The key as PKCS#8 in DER, as `read_private_key` returned it.
        algorithm: Its algorithm.
        binding: The keypair that it is to be of.

    Raises:
        SignerFailed: The signer did not take it.
    """
    with _guarded(signer, "import_key"):
        return _checked(signer.import_key(private_key, algorithm, binding))


def adopt_key(
    signer: Signer, reference: str, algorithm: KeypairAlgorithm, binding: KeyBinding
) -> GeneratedKey:
    """Find a key that a signer holds, which declares that it does.

    Raises:
        UnacceptableKey: There is no such key, it is not of this algorithm, or it is weak.
        SignerFailed: The signer does not answer.
    """
    with _guarded(signer, "adopt"):
        key = _checked(signer.adopt(reference, algorithm, binding))
        require_acceptable(key.public_key_pem, algorithm)
    return key


def make_signature(signer: Signer, key: SigningKey, message: SigningInput) -> bytes:
    """Sign.

    Raises:
        UnsuitableMessage: the caller's own fault.
        SignerFailed: there is no signature.
    """
    with _guarded(signer, "sign"):
        require_input(signer, key.algorithm, message)
        value = signer.sign(key, message)
        if not bytes(memoryview(value)):
            raise ValueError("sign returned no signature")
    return value


def destroy_key(signer: Signer, key: SigningKey) -> None:
    """Destroy a key that was made and is not going to be used.

    Raises:
        SignerFailed: it may still exist.
    """
    with _guarded(signer, "destroy"):
        signer.destroy(key)


def check_health(signer: Signer) -> bool:
    """Ask the signer whether it could sign now; answers whether it can tell.

    Raises:
        SignerFailed: it could not sign; the message says what to check.
    """
    if not signer.capabilities.checks_health:
        return False
    with _guarded(signer, "health"):
        signer.health()
    return True


def stored_keys(signer: Signer) -> dict[KeyBinding, str]:
    """The keys that the signer keeps itself, each with how an operator removes it.

    Empty for one that keeps none, or cannot tell.

    Raises:
        SignerFailed: it does not answer.
    """
    if not signer.capabilities.lists_keys:
        return {}
    with _guarded(signer, "stored_keys"):
        return {binding: signer.removal(binding) for binding in signer.stored_keys()}


def _checked(key: object) -> GeneratedKey:
    if not isinstance(key, GeneratedKey):  # a backend that no type checker saw
        raise TypeError(f"{type(key).__name__} returned, not GeneratedKey")
    return key


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
