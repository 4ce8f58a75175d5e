"""The signer `aws_kms`: keys that are made in KMS and never leave it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Self

from engine.model.algorithms import KeypairAlgorithm
from engine.signers.aws_kms.parameters import KEY_SPECS, sign_parameters
from engine.signers.aws_kms.settings import configured_kms
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
from engine.signers.key_labels import binding_of, label_of
from engine.signers.keyring import Keyring
from engine.signers.sealed_keys import SealedKeys

if TYPE_CHECKING:
    from engine.signers.aws_kms.keys import KmsKeys

_ALGORITHMS = frozenset(KEY_SPECS)


class AwsKmsSigner(Signer):
    """The keys of one region of an AWS account.

    The material of a keypair is the ARN of its key, sealed, so that it is of no use to another.
    Absent without settings. Connects at first use, so that a process may fork before it.
    """

    name = "aws_kms"
    capabilities = Capabilities(
        signs=inputs_of(_ALGORITHMS),
        generates=_ALGORITHMS,
        adopts=_ALGORITHMS,
        checks_health=True,
        lists_keys=True,
    )

    def __init__(self, keys: KmsKeys, keyring: Keyring) -> None:
        self._keys = keys
        self._keyring = keyring
        self._arns = SealedKeys(keyring, lambda arn: arn.decode("ascii"))

    @classmethod
    def from_context(cls, context: SignerContext) -> Sequence[Self]:
        """`SignerFailed` if a setting or the package is missing; KMS may be away."""
        settings = configured_kms(context.options)
        if settings is None:
            return []
        # Only here: the package is an extra dependency.
        try:
            from engine.signers.aws_kms.keys import KmsKeys
        except ModuleNotFoundError as error:
            message = "AWS KMS is configured; install boto3 to use it."
            raise SignerFailed(message) from error
        return [cls(KmsKeys(settings), context.keyring)]

    def generate(self, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
        """Make a key in KMS, whose description and tag name the account and the keypair."""
        require_generates(self, algorithm)
        with self._keys.new_key(algorithm, label_of(binding)) as (arn, public_key_pem):
            return self._stored(arn, public_key_pem, binding)

    def adopt(
        self, reference: str, algorithm: KeypairAlgorithm, binding: KeyBinding
    ) -> GeneratedKey:
        """The reference is the key's id or ARN, or an alias, which may name another key later."""
        arn = self._keys.find(reference)
        return self._stored(arn, self._keys.public_key(arn), binding)

    def _stored(self, arn: str, public_key_pem: str, binding: KeyBinding) -> GeneratedKey:
        sealed = self._keyring.seal(arn.encode("ascii"), binding)
        return GeneratedKey(public_key_pem, sealed.material, sealed.key_id)

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        """In the formats of the local signer."""
        require_input(self, key.algorithm, message)
        return self._keys.sign(self._arns.get(key), sign_parameters(key, message))

    def destroy(self, key: SigningKey) -> None:
        """KMS deletes no key at once: it waits for some days, in which it does not sign."""
        self._keys.delete(self._arns.get(key), label_of(key.binding))

    def stored_keys(self) -> Iterable[KeyBinding]:
        """Those whose labels are of this signer's making, of this installation or another one."""
        return frozenset(filter(None, map(binding_of, self._keys.labels())))

    def removal(self, binding: KeyBinding) -> str:
        """What to ask AWS for: the key is found by its tag."""
        return (
            "schedule the deletion of the key in AWS KMS that has the tag countersign with the"
            f" value {label_of(binding)}: `aws resourcegroupstaggingapi get-resources --tag-filters"
            f" Key=countersign,Values={label_of(binding)}` names it, and `aws kms"
            " schedule-key-deletion --key-id` with that name deletes it"
        )

    def health(self) -> None:
        """Ask KMS for something; `SignerFailed` says what to check."""
        self._keys.check()
