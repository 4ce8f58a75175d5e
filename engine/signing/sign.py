"""Makes signatures with their signers: outside of any transaction, and quick ones inside of it."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from engine.model.errors import Code, Refusal
from engine.signers.base import SignerFailed, UnsuitableMessage
from engine.signers.guard import make_signature, quick_seconds
from engine.signing.request import Reserved
from engine.system import System

#: How long one transaction makes signatures, while it holds its locks.
QUICK_SECONDS = 0.003


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


def sign(system: System, reserved: Sequence[Reserved]) -> list[SigningResult]:
    """Make the signatures one after the other; a result for each reservation, in their order."""
    return [_sign(system, reservation) for reservation in reserved]


def sign_quick(system: System, reserved: Iterable[Reserved]) -> dict[UUID, bytes]:
    """Make signatures of signers that are quick and in this process, for `QUICK_SECONDS` at most.

    It is called in the transaction that decides, so that one transaction is enough for them.

    Returns:
        The signatures by their ids. What is missing is made by `sign`: it would take too long, or
        its signer is not quick, or failed.
    """
    signatures: dict[UUID, bytes] = {}
    deadline = time.perf_counter() + QUICK_SECONDS
    for reservation in reserved:
        signer = system.signers.get(reservation.backend)
        if signer is None:
            continue
        seconds = quick_seconds(signer, reservation.key.algorithm)
        if seconds is None or time.perf_counter() + seconds > deadline:
            continue
        result = _sign(system, reservation)
        if result.signature is not None:
            signatures[reservation.signature_id] = result.signature
    return signatures


def _sign(system: System, reserved: Reserved) -> SigningResult:
    signer = system.signers.get(reserved.backend)
    if signer is None:
        message = f"The signer {reserved.backend} is not set up here. Ask an administrator."
        return _failed(reserved, Code.SIGNER_FAILED, message)
    try:
        signature = make_signature(signer, reserved.key, reserved.signing_input)
    except UnsuitableMessage as fault:
        return _failed(reserved, Code.INVALID_INPUT, str(fault))
    except SignerFailed as failure:
        return _failed(reserved, Code.SIGNER_FAILED, str(failure))
    return SigningResult(reserved, signature)


def _failed(reserved: Reserved, code: Code, message: str) -> SigningResult:
    return SigningResult(reserved, None, Refusal(code, message))
