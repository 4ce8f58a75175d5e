"""The keys in KMS: how they are made, found and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import structlog
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from engine.model.algorithms import KeypairAlgorithm
from engine.signers.aws_kms.connection import KmsConnection
from engine.signers.aws_kms.errors import (
    ACCESS_DENIED,
    INVALID_REFERENCES,
    NOT_FOUND,
    KmsCallFailed,
)
from engine.signers.aws_kms.parameters import KEY_SPECS, SignParameters
from engine.signers.aws_kms.settings import KmsSettings
from engine.signers.base import SignerFailed, UnacceptableKey
from engine.signers.key_labels import require_others

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_kms.type_defs import KeyMetadataTypeDef

log = structlog.get_logger("countersign.signers.aws_kms")

#: What the descriptions of keys begin with that were made here; their labels follow.
DESCRIPTION_PREFIX = "Countersign "
#: The tag of such keys, whose value is the label: permissions can depend on it.
TAG = "countersign"

_DELETED = frozenset({"PendingDeletion", "PendingReplicaDeletion"})


class KmsKeys:
    """The keys of one region, by their ARNs. Thread-safe.

    Every method raises `SignerFailed` if KMS does not do it.
    """

    def __init__(self, settings: KmsSettings) -> None:
        self._settings = settings
        self._kms = KmsConnection(settings)

    @contextmanager
    def new_key(self, algorithm: KeypairAlgorithm, label: str) -> Iterator[tuple[str, str]]:
        """Make a key; yields its ARN and its public half in PEM.

        If the block fails, the key is deleted again. It is made with its label, by which it is
        found if this process ends before.
        """
        arn = self._create(algorithm, label)
        try:
            yield arn, self.public_key(arn, is_new_key=True)
        except BaseException:
            with suppress(SignerFailed):
                self.delete(arn, label)
            raise

    def _create(self, algorithm: KeypairAlgorithm, label: str) -> str:
        answer = self._kms.run(
            lambda kms: kms.create_key(
                KeySpec=KEY_SPECS[algorithm],
                KeyUsage="SIGN_VERIFY",
                Description=f"{DESCRIPTION_PREFIX}{label}",
                Tags=[{"TagKey": TAG, "TagValue": label}],
            )
        )
        return answer["KeyMetadata"]["Arn"]

    def public_key(self, arn: str, *, is_new_key: bool = False) -> str:
        """Return the public half of a key, SubjectPublicKeyInfo in PEM."""
        answer = self._kms.run(lambda kms: kms.get_public_key(KeyId=arn), is_new_key=is_new_key)
        public = load_der_public_key(answer["PublicKey"])
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")

    def find(self, reference: str) -> str:
        """Return the ARN of an enabled key that signs and was not made for a keypair.

        Args:
            reference: The id of the key, its ARN, or an alias or its ARN.

        Raises:
            UnacceptableKey: There is none.
        """
        metadata = self._described(reference)
        state, usage = metadata["KeyState"], metadata["KeyUsage"]
        require_others(label_in(metadata))
        if usage != "SIGN_VERIFY":
            raise UnacceptableKey(
                f"This key of AWS KMS is for {usage}. Name a key for SIGN_VERIFY."
            )
        if state != "Enabled":
            raise UnacceptableKey(
                f"This key of AWS KMS is in the state {state}. Enable it, or name another."
            )
        return metadata["Arn"]

    def _described(self, reference: str) -> KeyMetadataTypeDef:
        if not reference.strip():
            raise UnacceptableKey("Name the key by its id, its ARN or an alias.")
        try:
            return self._describe(reference)
        except KmsCallFailed as failed:
            if failed.code not in INVALID_REFERENCES:
                raise
            raise UnacceptableKey(
                "AWS KMS has no key of this id, ARN or alias in the region of"
                " COUNTERSIGN_AWS_KMS_REGION. An alias begins with alias/."
            ) from failed

    def _describe(self, key_id: str) -> KeyMetadataTypeDef:
        return self._kms.run(lambda kms: kms.describe_key(KeyId=key_id))["KeyMetadata"]

    def sign(self, arn: str, parameters: SignParameters) -> bytes:
        """Sign with a key."""
        answer = self._kms.run(
            lambda kms: kms.sign(
                KeyId=arn,
                SigningAlgorithm=parameters.algorithm,
                MessageType=parameters.message_type,
                Message=parameters.message,
            )
        )
        return answer["Signature"]

    def delete(self, arn: str, label: str) -> None:
        """Have the key of this label deleted after the days of the settings.

        One that is gone, or has another label, is no error.
        """
        days = self._settings.deletion_days
        try:
            metadata = self._describe(arn)
            if metadata["KeyState"] not in _DELETED and label_in(metadata) == label:
                self._kms.run(
                    lambda kms: kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=days)
                )
        except KmsCallFailed as failed:
            if failed.code != NOT_FOUND:
                raise

    def labels(self) -> frozenset[str]:
        """Return the labels of the keys that were made here and do not wait for their deletion.

        Keys of others that may not be looked at are left out.
        """
        key_labels = [self._label(arn) for arn in self._kms.run(_all_keys)]
        if None in key_labels:
            log.warning("kms_keys_not_described", keys=key_labels.count(None))
        return frozenset(label for label in key_labels if label)

    def _label(self, arn: str) -> str | None:
        """Return the label of a key; an empty one if it has none, None if that is denied."""
        try:
            metadata = self._describe(arn)
        except KmsCallFailed as failed:
            if failed.code == ACCESS_DENIED:
                return None
            if failed.code == NOT_FOUND:  # deleted meanwhile
                return ""
            raise
        return "" if metadata["KeyState"] in _DELETED else label_in(metadata)

    def check(self) -> None:
        """Ask KMS for a key, whichever."""
        self._kms.run(lambda kms: kms.list_keys(Limit=1))


def label_in(metadata: KeyMetadataTypeDef) -> str:
    """Return the label in the description of a key; an empty one if it has none."""
    description = metadata.get("Description", "")
    label = description.removeprefix(DESCRIPTION_PREFIX)
    return label if label != description else ""


def _all_keys(kms: KMSClient) -> list[str]:
    pages = kms.get_paginator("list_keys").paginate()
    return [key["KeyArn"] for page in pages for key in page["Keys"]]
