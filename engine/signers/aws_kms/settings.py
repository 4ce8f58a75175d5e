"""Where AWS KMS is, and what is asked of it beside keys and signatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.signers.base import SignerFailed

#: What AWS takes by itself; it takes 7 to 30.
DEFAULT_DELETION_DAYS = 30


@dataclass(frozen=True, slots=True)
class KmsSettings:
    """One region of KMS.

    Args:
        region: Its name, such as eu-central-1.
        endpoint_url: The address that is called in place of the region's own.
        deletion_days: For how many days a key that no keypair uses waits for its deletion.
    """

    region: str
    endpoint_url: str | None = None
    deletion_days: int = DEFAULT_DELETION_DAYS


def configured_kms(options: Mapping[str, str]) -> KmsSettings | None:
    """Return the settings of KMS; None if it is not configured.

    Args:
        options: `aws_kms_region`, and maybe `aws_kms_endpoint_url` and `aws_kms_deletion_days`.

    Raises:
        SignerFailed: There is an address and no region.
    """
    region, endpoint_url = options.get("aws_kms_region"), options.get("aws_kms_endpoint_url")
    if region:
        days = int(options.get("aws_kms_deletion_days", DEFAULT_DELETION_DAYS))
        return KmsSettings(region, endpoint_url, days)
    if not endpoint_url:
        return None
    raise SignerFailed(
        "COUNTERSIGN_AWS_KMS_ENDPOINT_URL is set, but COUNTERSIGN_AWS_KMS_REGION is not."
        " Set it, or take the address away."
    )
