"""Settings of an HSM."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr


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
    pkcs11_pin: SecretStr | None = Field(
        default=None, description="The PIN of the HSM's token.", examples=[""]
    )
