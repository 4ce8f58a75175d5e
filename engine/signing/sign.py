"""Make the values of reserved signatures: outside any transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.model.errors import Code, Refusal
from engine.signers.base import SignerFailed, UnsuitableMessage
from engine.signers.guard import make_signature
from engine.signing.request import Reserved
from engine.system import System


@dataclass(frozen=True, slots=True)
class SigningResult:
    """A reserved signature's bytes, or why there are none."""

    reserved: Reserved
    value: bytes | None
    refusal: Refusal | None = None


def sign(system: System, reserved: Sequence[Reserved]) -> list[SigningResult]:
    """One value for each reservation, in their order."""
    return [_make(system, reservation) for reservation in reserved]


def _make(system: System, reserved: Reserved) -> SigningResult:
    signer = system.signers.get(reserved.backend)
    if signer is None:
        message = f"The signer {reserved.backend} is not set up here. Ask an administrator."
        return _none(reserved, Code.SIGNER_FAILED, message)
    try:
        value = make_signature(signer, reserved.key, reserved.signing_input)
    except UnsuitableMessage as fault:
        return _none(reserved, Code.INVALID_INPUT, str(fault))
    except SignerFailed as failure:
        return _none(reserved, Code.SIGNER_FAILED, str(failure))
    return SigningResult(reserved, value)


def _none(reserved: Reserved, code: Code, message: str) -> SigningResult:
    return SigningResult(reserved, None, Refusal(code, message))
