"""Settings from the environment and `.env`; each can come from a file named by `..._FILE`.

`COUNTERSIGN_ENV_FILE` names another file than `.env` of the working directory.

The descriptions here are all there is to say of a setting: `.env.example` is made of them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import DirectoryPath, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from api.config import settings_rules as rules
from api.config.settings_files import PREFIX, SecretFiles, existing_env_file, values_in_env_file
from api.config.settings_rules import MAKE_KEY, SECRET_KEY_LENGTH, validated_by

__all__ = ["PREFIX", "Settings"]


class Settings(BaseSettings):
    """Each is `COUNTERSIGN_` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    database_url: Annotated[SecretStr, validated_by(rules.database_url)] = Field(
        default=SecretStr("sqlite:///countersign.db"),
        description="Where everything is kept. SQLite suits one machine; PostgreSQL runs many"
        " processes, as postgresql+psycopg://countersign:password@db.example.com/countersign does.",
    )
    listen_url: Annotated[SecretStr, validated_by(rules.postgresql_url)] | None = Field(
        default=None,
        description="PostgreSQL itself, where DATABASE_URL leads to a pooler like PgBouncer: to"
        " hear of other processes' commits at once, over one connection of each process. Without"
        " it they are polled for, about once a second.",
        examples=["postgresql+psycopg://countersign:password@db.example.com/countersign"],
    )
    smtp_url: Annotated[SecretStr, validated_by(rules.smtp_url)] = Field(
        description="The mail server: smtp://user:password@host:port?tls=starttls, tls (from the"
        " first byte) or none. Or log:FOLDER, which sends nothing: each mail becomes a file in that"
        " folder (without a name: mails), and `countersign serve` shows them at MAIL_PAGE_ADDRESS.",
        examples=["smtp://countersign:password@smtp.example.com:587?tls=starttls"],
    )
    mail_page_address: Annotated[str, validated_by(rules.address_and_port)] = Field(
        default="127.0.0.1:8025",
        description="Where `countersign serve` shows the mails that SMTP_URL=log: keeps, to whoever"
        " can connect there. There are links in them with which anybody can approve and sign in.",
    )
    mail_international: bool = Field(
        default=False,
        description="The mail server carries addresses with letters beyond ASCII before the @"
        " (SMTPUTF8, RFC 6531). Without it users with such addresses are refused. Domains may have"
        " any letters either way.",
    )
    mail_from: Annotated[str, validated_by(rules.sender)] = Field(
        description='The sender of every mail, like "Countersign <countersign@example.com>".',
        examples=['"Countersign <countersign@example.com>"'],
    )
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
    webhook_allow_private: bool = Field(
        default=False,
        description="Let webhooks go to private addresses, and without TLS. Without it only https"
        " to the public internet: whoever manages an account could otherwise reach into your"
        " network. For networks that are closed anyway.",
    )
    channel_options: SecretStr | None = Field(
        default=None,
        description="Options of channels that other packages add, as a JSON object of texts.",
        examples=['{"chat_token": "..."}'],
    )
    templates: DirectoryPath | None = Field(
        default=None,
        description="A folder with mail templates of your own, laid out as"
        " notifications/content/templates is: a file there replaces ours of that name."
        " What is in its folders named by an account's id is for that account alone.",
        examples=["/etc/countersign/templates"],
    )
    delivery_retry_hours: float = Field(
        default=48,
        gt=0,
        le=24 * 30,
        description="For how many hours a message is tried again that a server refuses for the"
        " moment.",
    )
    delivery_retention_days: int = Field(
        default=90,
        ge=0,
        description="For how many days a settled delivery can still be seen; 0: for ever.",
    )
    link_days: int = Field(
        default=14,
        ge=2,
        le=365,
        description="For how many days the link in a request for approval works, at most until the"
        " release's window ends. Whoever has not decided by then gets another in time.",
    )
    reminder_share: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="How often those who have not decided are reminded: each time that this part of"
        " the time from their last message to the start of the release has passed, but at most once"
        " a day, and not at night in their time zone.",
    )
    graphql_body_bytes: int = Field(
        default=2 * 1024 * 1024, ge=1024, description="Bytes of a GraphQL request at most."
    )
    graphql_depth: int = Field(default=16, ge=1, description="Fields inside of fields at most.")
    graphql_cost: int = Field(
        default=10_000, ge=1, description="Objects an operation could answer at most."
    )
    graphql_seconds: float = Field(
        default=20, gt=0, description="Seconds an operation may take at most."
    )
    graphql_rate: float = Field(
        default=200,
        ge=0,
        description="Operations of a caller in a second at most, in each process; 0: no limit.",
    )
    graphql_burst: int = Field(
        default=2000, ge=1, description="Operations of a caller at once, after a pause, at most."
    )
    introspection: bool = Field(default=True, description="Whether clients may ask for the schema.")
    ide: bool = Field(
        default=False,
        description="Show the GraphQL IDE at /graphql in a browser. Its scripts come from a public"
        " CDN (unpkg), each checked against a hash.",
    )
    log_json: bool = Field(default=False, description="Log JSON lines rather than text.")
    log_requests: bool = Field(
        default=False,
        description="Log a line for each request. It has no path: links have secrets in them.",
    )
    metrics_address: Annotated[str, validated_by(rules.address_and_port)] | None = Field(
        default=None,
        description="Where Prometheus finds /metrics: an address of its own, so that no proxy"
        " publishes it by accident. Each process, worker or server, has its own. Without it there"
        " is none.",
        examples=["127.0.0.1:9464"],
    )
    traces: bool = Field(
        default=False,
        description="Send OpenTelemetry traces; needs the packages that the extra `otel` installs."
        " Where to is told by the standard variables, like"
        " OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.example.com:4318",
    )

    _is_readable = field_validator("*", mode="before")(rules.is_readable)

    @field_validator("master_key")
    @classmethod
    def _is_another_key(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        # A secret key with a fault of its own is not among the data.
        if "secret_key" in info.data:
            secret: SecretStr = info.data["secret_key"]
            rules.other_keys(value.get_secret_value(), secret.get_secret_value())
        return value

    @field_validator("oidc_client_id")
    @classmethod
    def _with_its_issuer(cls, value: str | None, info: ValidationInfo) -> str | None:
        # An issuer with a fault of its own is not among the data.
        if "oidc_issuer" in info.data and (value is None) != (info.data["oidc_issuer"] is None):
            raise ValueError(f"and {PREFIX}OIDC_ISSUER go together")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base says so
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then files it names, then `.env` or the file in its place."""
        assert isinstance(dotenv_settings, DotEnvSettingsSource)
        file = existing_env_file() if dotenv_settings.env_file is not None else None
        in_file = DotEnvSettingsSource(settings_cls, env_file=file)
        secret_files = SecretFiles(settings_cls, values_in_env_file() if file is not None else {})
        return init_settings, env_settings, secret_files, in_file
