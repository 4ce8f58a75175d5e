"""The composition root: a running system out of settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from pydantic import SecretStr
from sqlalchemy.engine import URL
from starlette.requests import Request
from starlette.routing import BaseRoute

from api.config.keys import link_key
from api.config.openid_providers import GroupSettings, OpenIdProvider
from api.config.settings import Settings
from api.config.settings_warnings import log_warnings
from api.graphql.ids import parse, to_global
from api.observability.backlog import Backlog
from api.observability.meter import Meter
from api.observability.metered_signing import MeteredSigning
from api.observability.tracing import TracingMissingError, close_tracer, make_tracer
from api.runtime.change_notifier import ChangeNotifier
from api.runtime.channels import MessageSettings, build_message_settings
from api.runtime.host_people import HostPeople
from api.runtime.pipeline_settings import PipelineSettings
from api.runtime.runtime import Runtime
from api.runtime.startup_checks import NotReadyError, compare_clocks, open_database, require_current
from api.web.approval_pages.routes import email_action_routes
from api.web.http.browser import Browser
from api.web.oauth.answers import IssuedToken
from api.web.oauth.device_flow import GRANT_TYPE as DEVICE_GRANT
from api.web.oauth.device_flow import DeviceFlow
from api.web.oauth.token_endpoint import TOKEN_EXCHANGE_GRANT, Grant
from api.web.sign_in.device_page import PATH as DEVICE_PATH
from api.web.sign_in.device_page import USER_CODES
from api.web.sign_in.openid.configured import OpenId, provider_path
from api.web.sign_in.openid.groups_claim import GroupRules
from api.web.sign_in.routes import sign_in_routes
from engine.commands.maintenance.convert_openpgp_keypairs import convert_openpgp_keypairs
from engine.commands.maintenance.remember_master_key import remember_master_key
from engine.concurrency.executor import Executor
from engine.model.group_rules import GroupRule
from engine.persistence.db.database import Database, normal_url
from engine.signers.base import SignerContext
from engine.signers.keyring import Keyring
from engine.signers.loading import load_signers
from engine.system import CommitHook, EventListener, System
from notifications.channels.base import ChannelFailed
from notifications.delivery.wakeup import Wakeup
from notifications.links.keys import derive
from notifications.links.sign_in_links import PATH as SIGN_IN_PATH
from notifications.outbox.outbox import Outbox
from notifications.webhooks.outbox import WebhookOutbox

if TYPE_CHECKING:
    from api.timestamps.authority import TimeStampAuthority
    from engine.persistence.db.pg_notify import PgListener, PgNotifier

log = structlog.get_logger("countersign")


def build_system(
    settings: Settings,
    database: Database,
    *wakers: CommitHook,
    senders: tuple[CommitHook, ...] = (),
    messages: MessageSettings | None = None,
    listeners: tuple[EventListener, ...] = (),
) -> System:
    """Build the engine with its signers and its outbox; refuses a wrong master key."""
    messages = messages or load_message_settings(settings)
    keyring = Keyring.parse(settings.master_key.get_secret_value())
    remember_master_key(database, keyring)
    system = System(
        database=database,
        signers=load_signers(SignerContext(keyring, signer_options(settings))),
        event_handlers=(_outbox(messages), WebhookOutbox(to_global)),
        event_listeners=listeners,
        commit_hooks=wakers,
        delivery_hooks=senders,
        reservation_seconds=settings.reservation_seconds,
        international_addresses=settings.mail_international,
    )
    convert_openpgp_keypairs(system, keyring)
    return system


def _outbox(messages: MessageSettings) -> Outbox:
    return Outbox(
        messages.link_key, link_lifetime=messages.link_lifetime, channels=messages.personal
    )


def build_runtime(
    settings: Settings,
    *,
    host_people: HostPeople | None = None,
    listeners: tuple[EventListener, ...] = (),
) -> Runtime:
    """Build the runtime of a process, over a database that is up to date."""
    log_warnings(settings)
    database = open_database(settings)
    require_current(database)
    news, outbox = ChangeNotifier(), Wakeup()
    notifier, listener = build_commit_channel(settings, database)
    others: tuple[CommitHook, ...] = (notifier,) if notifier is not None else ()
    messages = load_message_settings(settings)
    system = build_system(
        settings,
        database,
        news,
        *others,
        senders=(outbox,),
        messages=messages,
        listeners=listeners,
    )
    compare_clocks(system)
    executor = Executor(database, threads=settings.pool_size)
    meter = build_meter(settings)
    meter.registry.register(Backlog(system, executor))
    runtime = Runtime(
        system,
        executor,
        MeteredSigning(system, executor, meter),
        news,
        outbox,
        notifier,
        browser=Browser(settings.public_url),
        host_people=host_people,
        meter=meter,
        message_settings=messages,
        pipelines=PipelineSettings(
            public_url=settings.public_url.rstrip("/"), allow_private=settings.issuer_allow_private
        ),
        listener=listener,
        time_stamps=_time_stamps(settings),
    )
    meter.registry.register(runtime.signer_health)
    return runtime


def _time_stamps(settings: Settings) -> TimeStampAuthority | None:
    """Return the time-stamping authority; raises NotReadyError if its roots cannot be read."""
    if settings.tsa_url is None:
        return None
    assert settings.tsa_ca_file is not None  # a rule of the settings
    from api.timestamps.authority import TimeStampAuthority

    try:
        return TimeStampAuthority.from_file(settings.tsa_url, settings.tsa_ca_file)
    except (OSError, ValueError) as error:
        message = f"COUNTERSIGN_TSA_CA_FILE cannot be read: {error}. Name a file of PEM."
        raise NotReadyError(message) from error


def build_commit_channel(
    settings: Settings, database: Database
) -> tuple[PgNotifier | None, PgListener | None]:
    """Return what notifies other processes of commits and what receives theirs, where it can be."""
    if database.is_sqlite:
        return None, None
    from engine.persistence.db.pg_notify import PgListener, PgNotifier

    direct = direct_url(settings, database)
    listener = None if direct is None else PgListener(direct)
    return PgNotifier(direct or database.url), listener


def direct_url(settings: Settings, database: Database) -> URL | None:
    """Return where LISTEN works: behind a pooler each transaction has another session."""
    if database.is_sqlite:
        return None
    if settings.listen_url is not None:
        return normal_url(settings.listen_url.get_secret_value())
    if database.is_pooled:
        log.info("changes_are_polled", reason="a pooler is used without COUNTERSIGN_LISTEN_URL")
        return None
    return database.url


def load_message_settings(settings: Settings) -> MessageSettings:
    """Return the configured channels and keys of messages, or raise NotReadyError."""
    try:
        return build_message_settings(settings)
    except ChannelFailed as error:
        raise NotReadyError(str(error)) from error


def build_meter(settings: Settings) -> Meter:
    """Build what counts operations, and traces them where that is switched on."""
    try:
        return Meter(make_tracer() if settings.traces else None)
    except TracingMissingError as error:
        raise NotReadyError(str(error)) from error


@contextmanager
def connected(runtime: Runtime) -> Iterator[None]:
    """Listen for other processes' commits during the block, and close everything after it."""
    if runtime.listener is not None:
        runtime.listener.start(runtime.committed)
    try:
        yield
    finally:
        if runtime.listener is not None:
            runtime.listener.close()
        runtime.executor.shutdown()
        if runtime.notifier is not None:
            runtime.notifier.close()
        runtime.system.database.dispose()
        if runtime.meter.tracer is not None:
            close_tracer(runtime.meter.tracer)


def email_routes(settings: Settings, runtime: Runtime) -> list[BaseRoute]:
    """Return the routes of the pages behind the links in mails."""
    return email_action_routes(runtime, link_key(settings), settings.public_url)


def auth_routes(settings: Settings, runtime: Runtime) -> list[BaseRoute]:
    """Return the routes of the pages to sign in and out with."""
    assert runtime.browser is not None
    secret = settings.secret_key.get_secret_value()
    return sign_in_routes(runtime, runtime.browser, secret, openid=build_openid(settings))


def build_openid(settings: Settings) -> list[OpenId]:
    """Return the providers of OpenID Connect; none where it is not configured."""
    return [
        _build_openid(name, provider, settings.public_url.rstrip("/"))
        for name, provider in settings.openid_providers().items()
    ]


def _build_openid(name: str, settings: OpenIdProvider, public_url: str) -> OpenId:
    from api.web.sign_in.openid.provider import Client, Provider

    secret = settings.client_secret
    client = Client(
        issuer=settings.issuer,
        client_id=settings.client_id,
        client_secret=secret.get_secret_value() if secret is not None else None,
        redirect_uri=f"{public_url}{provider_path(name)}/callback",
        auth_method=settings.auth_method,
        scope=settings.scope,
        signed_out_uri=f"{public_url}{SIGN_IN_PATH}",
    )
    label = settings.label or urlsplit(settings.issuer).hostname or settings.issuer
    return OpenId(
        provider=Provider(client),
        label=label,
        name=name,
        account=settings.account,
        groups=_group_rules(settings.groups),
    )


def _group_rules(settings: GroupSettings | None) -> GroupRules | None:
    if settings is None:
        return None
    rules = (
        GroupRule(group=rule.group, roles=rule.roles, teams=rule.teams) for rule in settings.rules
    )
    return GroupRules(claim=settings.claim, rules=tuple(rules))


def build_device_flow(settings: Settings, runtime: Runtime) -> DeviceFlow:
    """Return what gives command lines their sessions."""
    key = derive(settings.secret_key.get_secret_value(), USER_CODES)
    return DeviceFlow(runtime, key, f"{settings.public_url.rstrip('/')}{DEVICE_PATH}")


def build_grants(runtime: Runtime, devices: DeviceFlow) -> Mapping[str, Grant]:
    """Return what issues tokens at the token endpoint, by its `grant_type`."""

    @cache
    def exchange() -> Grant:
        # Imported at the first exchange: many servers never see one.
        from api.openid.trusted_issuers import TrustedIssuers
        from api.web.oauth.token_exchange import TokenExchange

        issuers = TrustedIssuers(allow_private=runtime.pipelines.allow_private)
        return TokenExchange(runtime, issuers, rule_id_of)

    async def redeem(request: Request, parameters: Mapping[str, str]) -> IssuedToken:
        return await exchange()(request, parameters)

    return {TOKEN_EXCHANGE_GRANT: redeem, DEVICE_GRANT: devices.redeem}


def rule_id_of(global_id: str) -> UUID | None:
    """Return the id of a pipeline rule; None for anything else."""
    parsed = parse(global_id)
    return parsed[1] if parsed is not None and parsed[0] == "PipelineRule" else None


def signer_options(settings: Settings) -> dict[str, str]:
    """Return the options of signer backends that are set."""
    options = {
        "pkcs11_module": settings.pkcs11_module,
        "pkcs11_token": settings.pkcs11_token,
        "pkcs11_pin": _plain(settings.pkcs11_pin),
        "pkcs11_tokens": _plain(settings.pkcs11_tokens),
    }
    return {name: value for name, value in options.items() if value is not None}


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
