"""A signer that holds keys of its own, as an HSM does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from engine.model.algorithms import KeypairAlgorithm
from engine.signers.base import (
    GeneratedKey,
    KeyBinding,
    SignerContext,
    SigningKey,
    UnacceptableKey,
)
from engine.signers.keyring import Keyring
from engine.signers.local import LocalSigner


class Device(LocalSigner):
    """Holds a key for each label, but for those that begin with `no`."""

    name = "device"
    capabilities = replace(LocalSigner.capabilities, adopts=LocalSigner.capabilities.generates)

    def __init__(self) -> None:
        super().__init__(SignerContext(Keyring([bytes(range(32))]), {}))
        self.held: dict[str, Any] = {}
        self.destroyed: list[KeyBinding] = []
        self.mixed_up = False

    def adopt(
        self, reference: str, algorithm: KeypairAlgorithm, binding: KeyBinding
    ) -> GeneratedKey:
        if reference.startswith("no"):
            raise UnacceptableKey("There is no such key.")
        private = self.held.setdefault(reference, ed25519.Ed25519PrivateKey.generate())
        key = self.import_key(pkcs8_of(private), algorithm, binding)
        if not self.mixed_up:
            return key
        other = pkcs8_of(ed25519.Ed25519PrivateKey.generate())
        return replace(key, material=self.import_key(other, algorithm, binding).material)

    def destroy(self, key: SigningKey) -> None:
        self.destroyed.append(key.binding)


def pkcs8_of(private: Any) -> bytes:
    """PKCS#8 in DER."""
    der: bytes = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return der
