"""Settings of time stamps over signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from api.config import settings_rules as rules
from api.config.settings_files import PREFIX
from api.config.settings_rules import validated_by


class TimestampsSection(BaseModel):
    """Time stamps over signatures (RFC 3161)."""

    tsa_url: Annotated[str, validated_by(rules.tsa_url)] | None = Field(
        default=None,
        description="The time-stamping authority for `sign(timestamp: true)`. It may be plain http,"
        " as those of many certification authorities are: its answers are signed, and a nonce in"
        " them keeps old ones from being taken. It learns the hash of each signature.",
        examples=["http://timestamp.example.com"],
    )
    tsa_ca_file: Path | None = Field(
        default=None,
        validate_default=True,
        description="The certificates that the authority's own must lead to, in a file of PEM.",
        examples=["/etc/countersign/tsa-roots.pem"],
    )

    @field_validator("tsa_ca_file")
    @classmethod
    def _tsa_ca_file(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        if info.data.get("tsa_url") is not None and file is None:
            raise ValueError(f"is needed with {PREFIX}TSA_URL, to verify what it answers")
        return file
