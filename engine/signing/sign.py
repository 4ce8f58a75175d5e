"""Makes signatures with their signers: outside of any transaction, and quick ones inside of it."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from engine.model.errors import Code, Refusal
from engine.signers.base import SignerFailed, UnsuitableMessage
from engine.signers.guard import make_signature
from engine.signing.request import AtomicGroup, Reserved
from engine.system import System

#: How long one transaction makes signatures, while it holds its locks. It is ample for a batch of
#: the quickest keys, also on a busy machine: what it leaves out costs a second transaction.
QUICK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class SigningResult:
    """A reservation with the signature its signer has made, or why there is none."""

    reserved: Reserved
    signature: bytes | None
    refusal: Refusal | None = None

    @property
    def signature_id(self) -> UUID:
        """The id of the signature's row."""
        return self.reserved.signature_id

    @property
    def group(self) -> AtomicGroup | None:
        """The signatures with which it is made, or not made."""
        return self.reserved.group


def sign(system: System, reserved: Sequence[Reserved]) -> list[SigningResult]:
    """Make the signatures one after the other; a result for each reservation, in their order."""
    return [_sign(system, reservation) for reservation in reserved]


def sign_quick(system: System, reserved: Iterable[Reserved]) -> dict[UUID, bytes]:
    """Make signatures of signers that are quick and in this process, for `QUICK_SECONDS` at most.

    It is called in the transaction that decides, so that one transaction is enough for them. Of an
    atomic group it makes all signatures or none.

    Returns:
        The signatures by their ids. What is missing is made by `sign`: it would take too long, or
        its signer is not quick, or failed.
    """
    signatures: dict[UUID, bytes] = {}
    deadline = time.perf_counter() + QUICK_SECONDS
    for _, members in groupby(reserved, key=lambda r: r.group or r.signature_id):
        together = list(members)
        seconds = _quick_seconds(system, together)
        if seconds is None or time.perf_counter() + seconds > deadline:
            continue
        values = {r.signature_id: r.signature for r in sign(system, together)}
        if None not in values.values():
            signatures |= {id_: value for id_, value in values.items() if value is not None}
    return signatures


def _quick_seconds(system: System, reserved: Sequence[Reserved]) -> float | None:
    """How long it takes to sign these with their one key; None if that is not done at once."""
    signer = system.signers.get(reserved[0].backend)
    if signer is None:
        return None
    seconds = signer.capabilities.quick_seconds.get(reserved[0].key.algorithm)
    return None if seconds is None else seconds * len(reserved)


def _sign(system: System, reserved: Reserved) -> SigningResult:
    signer = system.signers.get(reserved.backend)
    if signer is None:
        message = f"The signer {reserved.backend} is not set up here. Ask an administrator."
        return _failed(reserved, Code.SIGNER_FAILED, message)
    try:
        value = make_signature(signer, reserved.key, reserved.signing_input)
        signature = finish_signature(reserved.finish, value)
    except UnsuitableMessage as fault:
        return _failed(reserved, Code.INVALID_INPUT, str(fault))
    except SignerFailed as failure:
        return _failed(reserved, Code.SIGNER_FAILED, str(failure))
    return SigningResult(reserved, signature)


def finish_signature(finish: Callable[[bytes], bytes], value: bytes) -> bytes:
    """Return the value of a signature, made of what its signer answered.

    Raises:
        SignerFailed: The signer answered no signature of its algorithm.
    """
    try:
        return finish(value)
    except ValueError:
        raise SignerFailed("The signer answered no signature of its algorithm.") from None


def _failed(reserved: Reserved, code: Code, message: str) -> SigningResult:
    return SigningResult(reserved, None, Refusal(code, message))
