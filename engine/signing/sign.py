"""Makes reserved signatures with their signers, outside of any transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from engine.model.errors import Code, Refusal
from engine.signers.base import SignerFailed, UnsuitableMessage
from engine.signers.guard import make_signature
from engine.signing.request import Reserved
from engine.system import System


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
