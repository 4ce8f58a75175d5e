"""Raw private keys out of transferable secret keys, which earlier versions stored whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from engine.openpgp.keys import OpenPgpKey, PublicKeyAlgorithm
from engine.openpgp.packets import MalformedPackets, Tag, decode_mpis, read_packets

#: Version, creation time and algorithm: what the body of a key's packet begins with.
_HEAD_BYTES = 6
#: The secret numbers follow unencrypted.
_UNENCRYPTED = 0
_PrivateKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class RawKey:
    """A private key as PKCS#8 in DER, and its public half as OpenPGP knows it."""

    key: OpenPgpKey
    pkcs8: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SplitSecretKey:
    """The two raw keys of a transferable secret key, and its user id."""

    primary: RawKey
    subkey: RawKey
    user_id: str

    @property
    def created_at(self) -> int:
        """When both keys were made, in seconds since 1970."""
        return self.primary.key.created_at


def split_secret_key(data: bytes) -> SplitSecretKey:
    """Return the raw keys of a transferable secret key that has one user id and one subkey.

    Raises:
        MalformedPackets: it is none of that kind.
    """
    packets: dict[int, bytes] = {}
    for tag, body in read_packets(data):
        packets.setdefault(tag, body)
    try:
        primary = _raw_key(packets[Tag.SECRET_KEY])
        subkey = _raw_key(packets[Tag.SECRET_SUBKEY])
        user_id = packets[Tag.USER_ID].decode()
    except KeyError:
        message = "The secret key has not its primary key, subkey and user id."
        raise MalformedPackets(message) from None
    if primary.key.created_at != subkey.key.created_at:
        raise MalformedPackets("The primary key and its subkey were not made together.")
    return SplitSecretKey(primary, subkey, user_id)


def _raw_key(body: bytes) -> RawKey:
    created_at, algorithm, material = int.from_bytes(body[1:5], "big"), body[5], body[_HEAD_BYTES:]
    match algorithm:
        case PublicKeyAlgorithm.RSA:
            private = _rsa_key(material)
        case PublicKeyAlgorithm.EDDSA:
            private = _ed25519_key(material)
        case _:
            raise MalformedPackets("The secret key has an algorithm that was never made here.")
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key = OpenPgpKey(public.decode("ascii"), created_at)
    if not body.startswith(key.body):
        raise MalformedPackets("The secret key does not belong to its public key.")
    pkcs8 = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return RawKey(key, pkcs8)


def _rsa_key(material: bytes) -> _PrivateKey:
    (n, e), rest = decode_mpis(material, 2)
    (d, p, q, _), _ = decode_mpis(_secret_part(rest), 4)
    numbers = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(e, n),
    )
    return numbers.private_key()


def _ed25519_key(material: bytes) -> _PrivateKey:
    after_oid = material[1 + material[0] :]
    _, rest = decode_mpis(after_oid, 1)
    (seed,), _ = decode_mpis(_secret_part(rest), 1)
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big"))


def _secret_part(data: bytes) -> bytes:
    if data[:1] != bytes([_UNENCRYPTED]):
        raise MalformedPackets("The secret key is encrypted.")
    return data[1:]
