"""Bring keys that exist already into keypairs, outside of any transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager

from engine.commands.keys.new_keys import NewKeys, destroy_unused_keys, suitable_signer
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.text import quoted
from engine.signers.base import (
    Capabilities,
    GeneratedKey,
    KeyBinding,
    Signer,
    SignerFailed,
    SigningKey,
    UnacceptableKey,
)
from engine.signers.guard import adopt_key, import_key
from engine.signers.key_proof import require_signs
from engine.signers.private_keys import PrivateKeyFile, read_private_key
from engine.system import System


def import_keys(
    system: System,
    backend: str,
    algorithm: KeypairAlgorithm,
    binding: KeyBinding,
    file: PrivateKeyFile,
) -> NewKeys:
    """Hand the private key of a file over to a signer, which signs once to show that it works.

    Raises:
        Refusal: The file has no private key of this algorithm, the key is weak, or the signer does
            not take it. Then nothing of it is left.
    """
    signer = _signer(system, backend, algorithm, lambda can: can.imports)
    with _refusing("private_key_file"):
        private_key = read_private_key(file, algorithm)
        key = import_key(signer, private_key, algorithm, binding)
        keys = NewKeys(signer, _signing_key(binding, algorithm, key))
        try:
            require_signs(signer, keys.signing)
        except BaseException:
            destroy_unused_keys(system, keys)
            raise
    return keys


def adopt_keys(
    system: System, backend: str, algorithm: KeypairAlgorithm, binding: KeyBinding, reference: str
) -> NewKeys:
    """Find a key that a signer holds, which signs once to show that it works.

    Raises:
        Refusal: There is no such key, it is not of this algorithm, or it does not sign.
    """
    signer = _signer(system, backend, algorithm, lambda can: can.adopts)
    with _refusing("key"):
        key = adopt_key(signer, reference, algorithm, binding)
        keys = NewKeys(signer, _signing_key(binding, algorithm, key), is_adopted=True)
        require_signs(signer, keys.signing)
    return keys


def _signing_key(binding: KeyBinding, algorithm: KeypairAlgorithm, key: GeneratedKey) -> SigningKey:
    return SigningKey(binding, algorithm, key.public_key_pem, key.material, key.key_id)


def _signer(
    system: System,
    backend: str,
    algorithm: KeypairAlgorithm,
    way: Callable[[Capabilities], AbstractSet[KeypairAlgorithm]],
) -> Signer:
    fault = f"The signer {quoted(backend, 50)} takes no {algorithm} keys in this way."
    return suitable_signer(system, backend, algorithm, way, fault)


@contextmanager
def _refusing(field: str) -> Iterator[None]:
    try:
        yield
    except UnacceptableKey as fault:
        raise Refusal(Code.INVALID_INPUT, str(fault), field) from fault
    except SignerFailed as failure:
        raise Refusal(Code.SIGNER_FAILED, str(failure)) from failure
