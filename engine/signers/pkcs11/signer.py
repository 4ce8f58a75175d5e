"""Keys that live in an HSM and never leave it, through PKCS#11."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Self

from engine.model.algorithms import KeypairAlgorithm, Scheme
from engine.signers.base import (
    Capabilities,
    GeneratedKey,
    KeyBinding,
    Signer,
    SignerContext,
    SignerFailed,
    SigningInput,
    SigningKey,
    inputs_of,
    require_generates,
    require_input,
)
from engine.signers.key_labels import binding_of, label_of, require_others
from engine.signers.keyring import Keyring
from engine.signers.pkcs11.settings import configured_tokens
from engine.signers.pkcs11.uri import KeyObject, KeySought
from engine.signers.sealed_keys import SealedKeys

if TYPE_CHECKING:
    from engine.signers.pkcs11.token import Token

#: What there are mechanisms for; a token may have less, and says so when a key is to be made.
_SCHEMES = (Scheme.ECDSA, Scheme.ED25519, Scheme.RSA_PSS, Scheme.RSA_PKCS1)
_ALGORITHMS = frozenset(a for a in KeypairAlgorithm if a.scheme in _SCHEMES and a is a.current)


class Pkcs11Signer(Signer):
    """The keys of one token: `pkcs11`, or `pkcs11:NAME` for those that have names.

    Absent without settings. Connects at first use, so that a process may fork before it.
    """

    capabilities = Capabilities(
        signs=inputs_of(_ALGORITHMS),
        generates=_ALGORITHMS,
        adopts=_ALGORITHMS,
        checks_health=True,
        lists_keys=True,
    )

    def __init__(self, name: str, token: Token, keyring: Keyring) -> None:
        self.name = name
        self._token = token
        self._keyring = keyring
        self._adopted = SealedKeys(keyring, KeyObject.from_bytes)

    @classmethod
    def from_context(cls, context: SignerContext) -> Sequence[Self]:
        """`SignerFailed` if a setting or the package is missing; the HSM may be away."""
        tokens = configured_tokens(context.options)
        if not tokens:
            return []
        # Only here: the package is an extra dependency.
        try:
            from engine.signers.pkcs11.token import Token
        except ModuleNotFoundError as error:
            message = "An HSM is configured; install python-pkcs11 to use it."
            raise SignerFailed(message) from error
        return [cls(settings.signer, Token(settings), context.keyring) for settings in tokens]

    def generate(self, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
        """The key's CKA_ID is the keypair's id; its label, `<account>/<keypair>`, the material."""
        require_generates(self, algorithm)
        label = label_of(binding)
        public = self._token.make_key(algorithm, binding.keypair_id.bytes, label)
        return GeneratedKey(public, label.encode("ascii"), key_id=None)

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        """In the formats of the local signer."""
        require_input(self, key.algorithm, message)
        place = self._place_of(key)
        return self._token.sign(key.algorithm, place.id, place.label, message)

    def adopt(
        self, reference: str, algorithm: KeypairAlgorithm, binding: KeyBinding
    ) -> GeneratedKey:
        """The reference is the key's label, or a PKCS#11 URI (RFC 7512) with `object` or `id`.

        The material is where the key is, sealed for the keypair: it opens for no other.
        """
        place, public = self._token.find_key(KeySought.parse(reference), algorithm)
        require_others(place.label)
        sealed = self._keyring.seal(place.to_bytes(), binding)
        return GeneratedKey(public, sealed.material, sealed.key_id)

    def _place_of(self, key: SigningKey) -> KeyObject:
        if key.key_id is not None:
            return self._adopted.get(key)
        label = label_of(key.binding)
        if key.material != label.encode("ascii"):
            raise SignerFailed("The HSM's key belongs to another keypair.")
        return KeyObject(key.binding.keypair_id.bytes, label)

    def destroy(self, key: SigningKey) -> None:
        """Both halves, in the token."""
        self._token.destroy_key(key.binding.keypair_id.bytes, label_of(key.binding))

    def stored_keys(self) -> Iterable[KeyBinding]:
        """Those whose labels are of this signer's making, of this installation or another one."""
        return frozenset(filter(None, map(binding_of, self._token.labels())))

    def removal(self, binding: KeyBinding) -> str:
        """The object in the token, as the tools of an HSM ask for it."""
        return (
            f"delete the private and the public key with the id {binding.keypair_id.hex}"
            f" and the label {label_of(binding)} from the token with the HSM's own tool,"
            f" for example with pkcs11-tool --login --delete-object --type privkey"
            f" --id {binding.keypair_id.hex}, and the same with pubkey"
        )

    def health(self) -> None:
        """Connect and ask the token; `SignerFailed` says what to check."""
        self._token.check()
