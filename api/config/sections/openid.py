"""Settings of sign-in by OpenID Connect."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from api.config import settings_rules as rules
from api.config.openid_providers import OpenIdProvider, parse_providers, providers_rule
from api.config.settings_files import PREFIX
from api.config.settings_rules import validated_by


class OpenIDSection(BaseModel):
    """Sign-in by OpenID Connect."""

    oidc_issuer: Annotated[str, validated_by(rules.issuer)] | None = Field(
        default=None,
        description="Sign-in by OpenID Connect, beside the link by mail: the provider's issuer, as"
        " its metadata spell it, except that a slash at the end may be missing or too many. One"
        " issuer, so at Microsoft Entra the address with your tenant's id, not `common`."
        " Register <public URL>/sign-in/openid/callback there. The first time, each person"
        " confirms by mail which user they are; addresses that the provider tells prove nothing.",
        examples=["https://login.example.com"],
    )
    oidc_client_id: str | None = Field(
        default=None,
        validate_default=True,
        description="Our name at the provider.",
        examples=["countersign"],
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None,
        description="Our secret at the provider; none for a public client.",
        examples=[""],
    )
    oidc_auth_method: Literal["client_secret_basic", "client_secret_post"] | None = Field(
        default=None,
        description="How the secret is sent to the provider's token endpoint. Without it,"
        " client_secret_basic unless the provider's metadata offer client_secret_post alone, and"
        " the other one where both are offered and the first is not taken.",
        examples=["client_secret_post"],
    )
    oidc_account: str | None = Field(
        default=None,
        description="The one account it is for, by name; all of them without.",
        examples=["Acme"],
    )
    oidc_name: str | None = Field(
        default=None,
        description="What the button calls the provider; its host without.",
        examples=["Example Login"],
    )

    oidc_providers: Annotated[SecretStr, validated_by(providers_rule)] | None = Field(
        default=None,
        description="Several providers, as a JSON object: the members of each are its issuer,"
        " client_id, client_secret, auth_method, account, label and scope, which mean what the"
        " settings above do, and groups, rules about roles and teams. The name of a provider is"
        " part of its address: register <public URL>/sign-in/openid/NAME/callback there. The"
        " settings above are for one more provider, without a name.",
        examples=['{"okta": {"issuer": "https://login.example.com", "client_id": "countersign"}}'],
    )

    @field_validator("oidc_client_id")
    @classmethod
    def _with_its_issuer(cls, value: str | None, info: ValidationInfo) -> str | None:
        # An issuer with a fault of its own is not among the data.
        if "oidc_issuer" in info.data and (value is None) != (info.data["oidc_issuer"] is None):
            raise ValueError(f"and {PREFIX}OIDC_ISSUER go together")
        return value

    def openid_providers(self) -> dict[str, OpenIdProvider]:
        """Return all providers by their names; the one without a name comes first."""
        text = self.oidc_providers
        providers = parse_providers(text.get_secret_value()) if text is not None else {}
        if self.oidc_issuer is None or self.oidc_client_id is None:
            return dict(providers)
        single = OpenIdProvider(
            issuer=self.oidc_issuer,
            client_id=self.oidc_client_id,
            client_secret=self.oidc_client_secret,
            auth_method=self.oidc_auth_method,
            account=self.oidc_account,
            label=self.oidc_name,
        )
        return {"": single, **providers}
