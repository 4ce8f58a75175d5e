"""The signer: what Countersign calls."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.signers.base import (
    Capabilities,
    Digest,
    GeneratedKey,
    KeyBinding,
    Signer,
    SignerContext,
    SignerFailed,
    SigningInput,
    SigningKey,
    UnacceptableKey,
    inputs_of,
    require_generates,
    require_input,
)
from engine.signers.keyring import SealBrokenError
from passphrase_signer.store import KeyStore, PrivateKey

FOLDER_SETTING = "PASSPHRASE_SIGNER_FOLDER"
PASSPHRASE_SETTING = "PASSPHRASE_SIGNER_PASSPHRASE_FILE"  # noqa: S105 - the name of a setting

_ALGORITHMS = frozenset({KeypairAlgorithm.ECDSA_P256, KeypairAlgorithm.ED25519})
_HASHES: Mapping[DigestAlgorithm, hashes.HashAlgorithm] = {
    DigestAlgorithm.SHA256: hashes.SHA256(),
    DigestAlgorithm.SHA384: hashes.SHA384(),
    DigestAlgorithm.SHA512: hashes.SHA512(),
}


class PassphraseSigner(Signer):
    """Keys in files; `material` is the name of the file, bound to its keypair by the keyring."""

    name = "passphrase"
    capabilities = Capabilities(
        signs=inputs_of(_ALGORITHMS),
        generates=_ALGORITHMS,
        imports=_ALGORITHMS,
        adopts=_ALGORITHMS,
        checks_health=True,
        lists_keys=True,
    )

    def __init__(self, context: SignerContext, store: KeyStore) -> None:
        self._keyring = context.keyring
        self._store = store

    @classmethod
    def from_context(cls, context: SignerContext) -> Sequence[Self]:
        """None without its folder. Its settings are of the environment alone, not of `.env`."""
        folder = os.environ.get(FOLDER_SETTING)
        if not folder:
            return []
        if not Path(folder).is_dir():
            raise SignerFailed(f"{FOLDER_SETTING} names no folder. Make it, or unset it.")
        try:
            passphrase = Path(os.environ[PASSPHRASE_SETTING]).read_bytes().strip()
        except (KeyError, OSError):
            message = f"{PASSPHRASE_SETTING} names no file that can be read. Set it, and check it."
            raise SignerFailed(message) from None
        return [cls(context, KeyStore(Path(folder), passphrase))]

    def generate(self, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
        """Make a key, whose file is named after its account and keypair."""
        require_generates(self, algorithm)
        if algorithm is KeypairAlgorithm.ED25519:
            return self._save(ed25519.Ed25519PrivateKey.generate(), binding)
        return self._save(ec.generate_private_key(ec.SECP256R1()), binding)

    def import_key(
        self, private_key: bytes, algorithm: KeypairAlgorithm, binding: KeyBinding
    ) -> GeneratedKey:
        """Keep a key that was read from a file of the caller's; Countersign has checked it."""
        private = load_der_private_key(private_key, None)
        if not isinstance(private, PrivateKey):
            raise UnacceptableKey("This signer keeps no keys of this kind.")
        return self._save(private, binding)

    def adopt(
        self, reference: str, algorithm: KeypairAlgorithm, binding: KeyBinding
    ) -> GeneratedKey:
        """The reference is the name of a file in the folder, without its ending."""
        if not self._store.exists(reference):
            raise UnacceptableKey("There is no file of this name with the ending .pem.")
        if _binding_of(reference) is not None:
            raise UnacceptableKey("This key was made for a keypair. It is used through that one.")
        return self._key(reference, self._store.load(reference), binding)

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        """ECDSA in DER; Ed25519 signs the message, or a digest's bytes as its message."""
        require_input(self, key.algorithm, message)
        private = self._store.load(self._file_of(key))
        match private, message:
            case ed25519.Ed25519PrivateKey(), _:
                return private.sign(message.value)
            case ec.EllipticCurvePrivateKey(), Digest():
                return private.sign(message.value, ec.ECDSA(Prehashed(_HASHES[message.algorithm])))
            case _:
                raise SignerFailed("The file has a key of another kind than its keypair.")

    def destroy(self, key: SigningKey) -> None:
        """Delete the file of a key that no keypair uses."""
        self._store.delete(_name_of(key.binding))

    def health(self) -> None:
        """Check the folder."""
        self._store.check()

    def stored_keys(self) -> Iterable[KeyBinding]:
        """Those that were made or imported here, by the names of their files."""
        return [b for b in map(_binding_of, self._store.names()) if b is not None]

    def removal(self, binding: KeyBinding) -> str:
        """What an operator deletes."""
        return f"delete the file {_name_of(binding)}.pem from the folder of {FOLDER_SETTING}"

    def _file_of(self, key: SigningKey) -> str:
        try:
            return self._keyring.open(key.material, key.key_id, key.binding).decode()
        except SealBrokenError as error:
            raise SignerFailed(str(error)) from error

    def _save(self, private: PrivateKey, binding: KeyBinding) -> GeneratedKey:
        name = _name_of(binding)
        self._store.save(name, private)
        return self._key(name, private, binding)

    def _key(self, name: str, private: PrivateKey, binding: KeyBinding) -> GeneratedKey:
        # Sealed, so that the name in one keypair's row is of no use in another's.
        sealed = self._keyring.seal(name.encode(), binding)
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return GeneratedKey(public.decode("ascii"), sealed.material, sealed.key_id)


def _name_of(binding: KeyBinding) -> str:
    return f"{binding.account_id}_{binding.keypair_id}"


def _binding_of(name: str) -> KeyBinding | None:
    """What a name of `_name_of` was made of; None for a file of somebody else."""
    account, _, keypair = name.partition("_")
    try:
        binding = KeyBinding(UUID(account), UUID(keypair))
    except ValueError:
        return None
    return binding if _name_of(binding) == name else None
