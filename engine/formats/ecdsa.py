"""The forms of an ECDSA signature: DER, two numbers of equal length, and the lower s."""

from __future__ import annotations

from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from engine.formats.primitives import CURVES
from engine.model.algorithms import KeypairAlgorithm, Scheme


class SignatureFormat(StrEnum):
    """The form of the two numbers r and s of an ECDSA signature."""

    DER = "DER"
    RAW = "RAW"


def in_form(
    value: bytes | None, algorithm: KeypairAlgorithm, format_: SignatureFormat, *, low_s: bool
) -> bytes | None:
    """Return a stored signature in another form; None unless it is ECDSA in DER.

    Args:
        value: The signature as it is stored.
        algorithm: The algorithm of its keypair.
        format_: The form of the numbers.
        low_s: Whether to take the lower s.
    """
    if value is None or algorithm.scheme is not Scheme.ECDSA or not _is_der(value):
        return None
    der = to_low_s(value, algorithm.bits) if low_s else value
    return to_raw(der, algorithm.bits) if format_ is SignatureFormat.RAW else der


def _is_der(value: bytes) -> bool:
    """Return whether this is no armored signature, which begins otherwise."""
    try:
        decode_dss_signature(value)
    except ValueError:
        return False
    return True


def to_raw(der: bytes, bits: int) -> bytes:
    """Return r and s one after the other, each as long as the curve (IEEE P1363)."""
    length = (bits + 7) // 8
    r, s = decode_dss_signature(der)
    return r.to_bytes(length, "big") + s.to_bytes(length, "big")


def to_low_s(der: bytes, bits: int) -> bytes:
    """Return the same signature with the lower of its two possible s, in DER."""
    order = CURVES[bits].group_order
    r, s = decode_dss_signature(der)
    return encode_dss_signature(r, min(s, order - s))
