"""Which keys that were made elsewhere may come in: of which algorithm they are, and none is weak.

A weak RSA key is one whose private half can be computed from its public one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import isqrt

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engine.model.algorithms import SHAPES, KeypairAlgorithm, Scheme
from engine.signers.base import SignerFailed, UnacceptableKey

#: By FIPS 186-5, section A.1.1.
MIN_PUBLIC_EXPONENT = 65537
#: The primes by which keys of the flawed generator are known (CVE-2017-15361).
_ROCA_PRIMES = (
    *(3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97),
    *(101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167),
)
#: Steps of Fermat's method, which factors the product of two primes that are close together.
_FERMAT_STEPS = 100
_ML_DSA: Mapping[int, type] = {
    44: mldsa.MLDSA44PublicKey,
    65: mldsa.MLDSA65PublicKey,
    87: mldsa.MLDSA87PublicKey,
}


def require_acceptable(public_key_pem: str, algorithm: KeypairAlgorithm) -> None:
    """Raise `UnacceptableKey` unless a public key is of this algorithm and not known to be weak.

    Raises:
        SignerFailed: The signer answered no public key.
    """
    try:
        public = load_pem_public_key(public_key_pem.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignerFailed("The signer answered no public key that can be read.") from error
    algorithms = algorithms_of(public)
    if not algorithms:
        raise UnacceptableKey(
            "Keys of this kind or size are not used here. Choose an RSA key of 2048, 3072 or 4096"
            " bits, an ECDSA key on P-256, P-384 or P-521, or a key of Ed25519 or ML-DSA."
        )
    if algorithm not in algorithms:
        names = " or ".join(sorted(algorithms))
        message = f"This is a key of {names}, not of {algorithm}. Name its own algorithm."
        raise UnacceptableKey(message)
    if isinstance(public, rsa.RSAPublicKey):
        _require_strong_rsa(public.public_numbers())


def algorithms_of(public: PublicKeyTypes) -> frozenset[KeypairAlgorithm]:
    """Return the algorithms that a key can be used with: of RSA two, for it has two schemes."""
    return frozenset(
        algorithm
        for algorithm, shape in SHAPES.items()
        if algorithm is algorithm.current and _is_of(public, shape.scheme, shape.bits)
    )


def _is_of(public: PublicKeyTypes, scheme: Scheme, bits: int) -> bool:
    match scheme:
        case Scheme.ECDSA:
            curve = public.curve.name if isinstance(public, ec.EllipticCurvePublicKey) else None
            return curve == f"secp{bits}r1"
        case Scheme.ED25519:
            return isinstance(public, ed25519.Ed25519PublicKey)
        case Scheme.ML_DSA:
            return isinstance(public, _ML_DSA[bits])
        case Scheme.RSA_PSS | Scheme.RSA_PKCS1:
            return isinstance(public, rsa.RSAPublicKey) and public.key_size == bits


def _require_strong_rsa(numbers: rsa.RSAPublicNumbers) -> None:
    if numbers.e < MIN_PUBLIC_EXPONENT or numbers.e % 2 == 0:
        message = (
            f"The public exponent of this RSA key is {numbers.e}. It has to be odd and at least"
            f" {MIN_PUBLIC_EXPONENT}. Make another key."
        )
        raise UnacceptableKey(message)
    if is_roca(numbers.n):
        message = (
            "This RSA key was made by a flawed generator (ROCA, CVE-2017-15361): its private half"
            " can be computed. Make another key, and trust no signature of this one."
        )
        raise UnacceptableKey(message)
    if _has_close_primes(numbers.n):
        message = (
            "The primes of this RSA key are close together (CVE-2022-26320): its private half can"
            " be computed. Make another key, and trust no signature of this one."
        )
        raise UnacceptableKey(message)


def is_roca(modulus: int) -> bool:
    """Whether a modulus looks like one of the generator that made powers of 65537.

    Of other keys one in 2**27 or fewer does, too.
    """
    return all(modulus % prime in _powers(prime) for prime in _ROCA_PRIMES)


@cache
def _powers(prime: int) -> frozenset[int]:
    """The powers of 65537 modulo a prime."""
    powers, power = set(), 1
    while power not in powers:
        powers.add(power)
        power = power * 65537 % prime
    return frozenset(powers)


def _has_close_primes(modulus: int) -> bool:
    start = isqrt(modulus - 1) + 1
    squares = ((start + step) ** 2 - modulus for step in range(_FERMAT_STEPS))
    return any(isqrt(square) ** 2 == square for square in squares)
