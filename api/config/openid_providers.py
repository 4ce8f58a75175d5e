"""Providers for sign-in by OpenID Connect, as settings describe them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from api.config import settings_rules as rules
from api.config.settings_rules import validated_by

#: What is asked of a provider, if its settings say nothing else.
DEFAULT_SCOPE = "openid email"
#: A part of a path. `callback` and `link` are pages of their own below the same path.
_NAME = re.compile(r"(?!(?:callback|link)$)[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])?", re.ASCII)

AuthMethod = Literal["client_secret_basic", "client_secret_post"]


class GroupRuleSettings(BaseModel):
    """What the members of a group at the provider have here: roles and teams, by name."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    group: str = Field(min_length=1)
    roles: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()


class GroupSettings(BaseModel):
    """The claim that names a person's groups, and what they stand for."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    claim: str = Field(default="groups", min_length=1)
    rules: tuple[GroupRuleSettings, ...] = Field(min_length=1)


class OpenIdProvider(BaseModel):
    """One provider: where it is, who we are there, and for whom it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    issuer: Annotated[str, validated_by(rules.issuer)]
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    auth_method: AuthMethod | None = None
    #: The one account it is for, by name; all of them without.
    account: str | None = None
    #: What the button calls it; its host without.
    label: str | None = None
    #: Which roles and teams a person's groups there stand for; needs an account.
    groups: GroupSettings | None = None
    scope: str = Field(default=DEFAULT_SCOPE, pattern=r"^openid( [\x21\x23-\x5b\x5d-\x7e]+)*$")

    @model_validator(mode="after")
    def _groups_are_of_an_account(self) -> Self:
        if self.groups is not None and self.account is None:
            raise ValueError("groups need an account, whose roles and teams they stand for")
        return self


_Providers = TypeAdapter(dict[str, OpenIdProvider])


def parse_providers(text: str) -> Mapping[str, OpenIdProvider]:
    """Return the providers that a JSON object describes, by their names.

    Raises:
        ValueError: Says what is wrong, without the values, which may be secret.
    """
    try:
        providers = _Providers.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(_sentence(first)) from None
    for name in providers:
        if not _NAME.fullmatch(name):
            message = f"has a provider named {name!r}: use small letters, digits and hyphens, and"
            raise ValueError(f"{message} neither callback nor link")
    return providers


def providers_rule(text: str) -> None:
    """Require a JSON object of providers."""
    parse_providers(text)


def _sentence(fault: ErrorDetails) -> str:
    place: tuple[Any, ...] = fault["loc"]
    if not place:
        return "must be a JSON object of providers by name"
    message = str(fault["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"is wrong at {'.'.join(map(str, place))}: {message}"
