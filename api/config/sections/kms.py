"""Settings of AWS KMS."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from api.config import settings_rules as rules
from api.config.settings_rules import validated_by
from engine.signers.aws_kms.settings import DEFAULT_DELETION_DAYS


class KMSSection(BaseModel):
    """AWS Key Management Service, which holds private keys for the signer `aws_kms`."""

    aws_kms_region: Annotated[str, validated_by(rules.aws_region)] | None = Field(
        default=None,
        description="The AWS region with the keys; needs the package boto3, which the extra"
        " `aws-kms` installs. Credentials are not set here: they are the role, the profile or the"
        " `AWS_` variables of the process, as boto3 finds them.",
        examples=["eu-central-1"],
    )
    aws_kms_endpoint_url: Annotated[str, validated_by(rules.kms_endpoint_url)] | None = Field(
        default=None,
        description="The address of KMS, where it is not the region's public one: that of a VPC"
        " endpoint, or one with FIPS.",
        examples=["https://kms.example.com"],
    )
    aws_kms_deletion_days: int = Field(
        default=DEFAULT_DELETION_DAYS,
        ge=7,
        le=30,
        description="For how many days a key that was made, and that no keypair uses after all,"
        " waits in KMS until it is deleted.",
    )
