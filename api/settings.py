"""Settings from the environment and `.env`; each can come from a file named by `..._FILE`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import DirectoryPath, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from api.auth.addresses import is_safe

PREFIX = "COUNTERSIGN_"
ENV_FILE = ".env"


class Settings(BaseSettings):
    """Each is `COUNTERSIGN_` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=ENV_FILE, extra="ignore", hide_input_in_errors=True
    )

    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///countersign.db"),
        description="SQLite or PostgreSQL, as a URL. Without it a SQLite file here.",
    )
    listen_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL itself, where DATABASE_URL is a pooler's: to hear of other"
        " processes' commits at once. Without it they are polled for.",
    )
    smtp_url: SecretStr = Field(
        description="Where mail goes: smtp://user:password@host:587?tls=starttls (or tls, none)."
    )
    mail_from: str = Field(description="The sender, like Countersign <countersign@example.com>.")
    public_url: str = Field(description="How people reach this service; links start with it.")
    secret_key: SecretStr = Field(
        min_length=32, description="For links and sessions: at least 32 random characters."
    )
    master_key: SecretStr = Field(
        description="Seals private keys: 32 random bytes in base64. Several, separated by commas,"
        " for rotation: the first seals, all open."
    )
    trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        description="Addresses or networks of your proxies, separated by commas: what they say in"
        " X-Forwarded-For is believed. Everybody behind any other proxy counts as one client.",
    )
    pool_size: int = Field(
        default=8, ge=1, le=100, description="Threads, and connections to PostgreSQL."
    )
    shutdown_seconds: float = Field(
        default=20, ge=2, le=600, description="Within which a process ends that is told to."
    )
    reservation_seconds: int = Field(
        default=30, ge=5, le=3600, description="After which an unfinished signature is given back."
    )
    pkcs11_module: str | None = Field(default=None, description="The HSM's PKCS#11 library.")
    pkcs11_token: str | None = Field(default=None, description="The label of the HSM's token.")
    pkcs11_pin: SecretStr | None = Field(default=None, description="The PIN of the HSM's token.")
    oidc_issuer: str | None = Field(
        default=None, description="Sign-in by OpenID Connect: the provider's issuer, a URL."
    )
    oidc_client_id: str | None = Field(default=None, description="Our name at the provider.")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Our secret at the provider; none for a public client."
    )
    oidc_account: str | None = Field(
        default=None, description="The one account it is for, by name; all of them without."
    )
    oidc_name: str | None = Field(
        default=None, description="What the button calls the provider; its host without."
    )
    webhook_allow_private: bool = Field(
        default=False,
        description="Let webhooks go to private addresses, and without TLS. For closed networks.",
    )
    channel_options: SecretStr | None = Field(
        default=None, description="Options of channels from elsewhere: a JSON object of texts."
    )
    templates: DirectoryPath | None = Field(
        default=None,
        description="A folder with mail templates of your own; its folders named by an account's"
        " id are for that account alone.",
    )
    delivery_retry_hours: float = Field(
        default=48, gt=0, le=24 * 30, description="For how long a message is tried again."
    )
    delivery_retention_days: int = Field(
        default=90, ge=0, description="Days a settled delivery is kept; 0: for ever."
    )
    link_days: int = Field(
        default=14,
        ge=2,
        le=365,
        description="Days an approver's link works at most; whoever has not decided gets another.",
    )
    reminder_share: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Of the time left until the start, how much passes before a reminder.",
    )
    graphql_body_bytes: int = Field(
        default=2 * 1024 * 1024, ge=1024, description="Bytes of a GraphQL request at most."
    )
    graphql_depth: int = Field(default=16, ge=1, description="Fields inside of fields at most.")
    graphql_cost: int = Field(
        default=10_000, ge=1, description="Objects an operation could answer at most."
    )
    graphql_seconds: float = Field(default=20, gt=0, description="An operation may take so long.")
    graphql_rate: float = Field(
        default=200,
        ge=0,
        description="Operations of a caller in a second, in each process; 0: no limit.",
    )
    graphql_burst: int = Field(
        default=2000, ge=1, description="Operations of a caller at once, after a pause."
    )
    introspection: bool = Field(default=True, description="Clients may ask for the schema.")
    ide: bool = Field(
        default=False,
        description="Serve the GraphQL IDE at /graphql. It loads scripts from a public network.",
    )
    log_json: bool = Field(default=False, description="Log JSON lines rather than text.")
    log_requests: bool = Field(default=False, description="Log a line for each request.")
    metrics_address: str | None = Field(
        default=None,
        pattern=r"^(\[[0-9a-fA-F:.]+\]|[^\s:\[\]]+):[0-9]{1,5}$",
        description="Where Prometheus finds /metrics, like 127.0.0.1:9464. Nowhere without it.",
    )
    traces: bool = Field(
        default=False,
        description="Send OpenTelemetry traces; needs countersign[otel].",
    )

    @model_validator(mode="after")
    def _both_or_neither(self) -> Settings:
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise ValueError("OIDC_ISSUER and OIDC_CLIENT_ID go together")
        if self.oidc_issuer is not None and not is_safe(self.oidc_issuer):
            raise ValueError("OIDC_ISSUER must begin with https://")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base says so
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then files it names, then `.env`."""
        return init_settings, env_settings, _FromFiles(settings_cls), dotenv_settings


class _FromFiles(PydanticBaseSettingsSource):
    """`COUNTERSIGN_X_FILE` names a file that holds X, as secret stores mount them."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self._told = {**dotenv_values(ENV_FILE), **os.environ}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The file's text without the line break at its end, or None."""
        path = self._told.get(f"{PREFIX}{field_name.upper()}_FILE")
        value = Path(path).read_text(encoding="utf-8").strip() if path else None
        return value, field_name, False

    def __call__(self) -> dict[str, Any]:
        """All fields that a file gives."""
        names = self.settings_cls.model_fields
        found = {name: self.get_field_value(field, name)[0] for name, field in names.items()}
        return {name: value for name, value in found.items() if value is not None}
