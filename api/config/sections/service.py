"""Settings of the service: addresses, keys, resources."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from api.config import settings_rules as rules
from api.config.settings_rules import MAKE_KEY, SECRET_KEY_LENGTH, validated_by


class ServiceSection(BaseModel):
    """The addresses, keys and resources of the service itself."""

    public_url: Annotated[str, validated_by(rules.public_url)] = Field(
        description="Where people reach this service, like https://countersign.example.com: links"
        " in mails begin with it.",
        examples=["https://countersign.example.com"],
    )
    allowed_hosts: Annotated[str, validated_by(rules.hosts)] | None = Field(
        default=None,
        description="Further hosts that requests may be for, separated by commas: the names or"
        " addresses by which pipelines or a proxy reach this service, where those are not the host"
        " of PUBLIC_URL. That one and this machine's own (localhost, 127.0.0.1, ::1) always count,"
        " and /healthz and /readyz are answered whichever host is asked.",
        examples=["countersign.internal,10.0.0.5"],
    )
    allowed_origins: Annotated[str, validated_by(rules.origins)] | None = Field(
        default=None,
        description="The origins of web pages that may use the API besides this service's own,"
        " separated by commas, each exactly as browsers write it. They use it with API tokens:"
        " cookies of theirs do not count.",
        examples=["https://dashboard.example.com,http://localhost:5173"],
    )
    dashboard: bool = Field(
        default=True,
        description="Serve the dashboard at the public URL, where it was built. Without it people"
        " come to the sign-in page.",
    )
    secret_key: Annotated[SecretStr, validated_by(rules.secret_key)] = Field(
        description=f"Protects links and sessions: at least {SECRET_KEY_LENGTH} random characters,"
        f" as `{MAKE_KEY}` prints them. A new one ends all sessions and open links, and webhooks"
        " need new secrets.",
        examples=[""],
    )
    master_key: Annotated[SecretStr, validated_by(rules.master_key)] = Field(
        description="Seals the private keys of the local signer: 32 random bytes in base64, other"
        f" ones than above, as `{MAKE_KEY}` prints them. Without it those keys are lost: keep a"
        " copy in a safe place, away from the database's backups. Several, separated by commas,"
        " to replace one: the first seals, all open; see `countersign keys reseal`.",
        examples=[""],
    )
    trusted_proxies: Annotated[str, validated_by(rules.trusted_proxies)] = Field(
        default="127.0.0.1,::1",
        description="Your proxies, if not on this machine: addresses or networks, separated by"
        " commas. What they say in X-Forwarded-For and X-Forwarded-Proto is believed, and nobody"
        " else's word. Behind any other proxy everybody counts as one client, also where sign-ins"
        " are limited.",
    )
    connections: int = Field(
        default=1000,
        ge=16,
        le=100_000,
        description="Connections of clients that a process holds at most, streams of events and"
        " WebSockets included; fewer where the limit of file descriptors (`ulimit -n`) leaves no"
        " more. One more is answered 503.",
    )
    connections_per_client: int = Field(
        default=250,
        ge=1,
        description="How many of them one client may hold: an address, or a network of 64 bits of"
        " IPv6, but never more than three quarters of all. A proxy is one client, whoever comes"
        " through it: behind one raise this to CONNECTIONS, and let the proxy count.",
    )
    header_seconds: float = Field(
        default=10,
        ge=1,
        le=300,
        description="Seconds that the headers of a request may take to arrive.",
    )
    pool_size: int = Field(
        default=8, ge=1, le=100, description="Threads, and connections to PostgreSQL."
    )
    shutdown_seconds: float = Field(
        default=20,
        ge=2,
        le=600,
        description="Within how many seconds a process ends that was told to, by SIGTERM. Most of"
        " it is for what is under way.",
    )
    reservation_seconds: int = Field(
        default=30,
        ge=5,
        le=3600,
        description="After how many seconds an unfinished signature is given back.",
    )

    @field_validator("master_key")
    @classmethod
    def _is_another_key(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        # A secret key with a fault of its own is not among the data.
        if "secret_key" in info.data:
            secret: SecretStr = info.data["secret_key"]
            rules.other_keys(value.get_secret_value(), secret.get_secret_value())
        return value
