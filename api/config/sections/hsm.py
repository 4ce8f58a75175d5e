"""Settings of an HSM."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from api.config.settings_rules import validated_by
from engine.signers.base import SignerFailed
from engine.signers.pkcs11.settings import named_tokens


def tokens_rule(text: str) -> None:
    """Require a JSON object of tokens; where the library is named is seen when they are used."""
    try:
        named_tokens(text, module="named elsewhere")
    except SignerFailed as error:
        fault = str(error).removeprefix("COUNTERSIGN_PKCS11_TOKENS ").rstrip(".")
        raise ValueError(fault) from None


class HSMSection(BaseModel):
    """An HSM that holds private keys, by PKCS#11."""

    pkcs11_module: str | None = Field(
        default=None,
        description="The HSM's PKCS#11 library; needs the package python-pkcs11, which the extra"
        " `pkcs11` installs.",
        examples=["/usr/lib/softhsm/libsofthsm2.so"],
    )
    pkcs11_token: str | None = Field(
        default=None, description="The label of the HSM's token.", examples=["countersign"]
    )
    pkcs11_tokens: Annotated[SecretStr, validated_by(tokens_rule)] | None = Field(
        default=None,
        description="Further tokens, or several instead of one: a JSON object by name, each with"
        " `label`, `pin`, and `module` if its library is another. Its keys are made with the signer"
        " `pkcs11:NAME`.",
        examples=[""],
    )
    pkcs11_pin: SecretStr | None = Field(
        default=None, description="The PIN of the HSM's token.", examples=[""]
    )
