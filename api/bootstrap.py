"""The composition root: a running system out of settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from pydantic import SecretStr
from sqlalchemy.engine import URL

from api.config.settings import Settings
from api.config.settings_warnings import log_warnings
from api.graphql.ids import to_global
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
from api.web.http.browser import Browser
from engine.commands.maintenance.convert_openpgp_keypairs import convert_openpgp_keypairs
from engine.commands.maintenance.remember_master_key import remember_master_key
from engine.concurrency.executor import Executor
from engine.persistence.db.database import Database, normal_url
from engine.signers.base import SignerContext
from engine.signers.keyring import Keyring
from engine.signers.loading import load_signers
from engine.system import CommitHook, EventListener, System
from notifications.channels.base import ChannelFailed
from notifications.delivery.wakeup import Wakeup
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
    hooks: tuple[CommitHook, ...] = (news,) if notifier is None else (news, notifier)
    messages = load_message_settings(settings)
    system = build_system(
        settings, database, *hooks, senders=(outbox,), messages=messages, listeners=listeners
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


def signer_options(settings: Settings) -> dict[str, str]:
    """Return the options of signer backends that are set."""
    options = {
        "aws_kms_region": settings.aws_kms_region,
        "aws_kms_endpoint_url": settings.aws_kms_endpoint_url,
        "aws_kms_deletion_days": str(settings.aws_kms_deletion_days),
        "pkcs11_module": settings.pkcs11_module,
        "pkcs11_token": settings.pkcs11_token,
        "pkcs11_pin": _plain(settings.pkcs11_pin),
        "pkcs11_tokens": _plain(settings.pkcs11_tokens),
    }
    return {name: value for name, value in options.items() if value is not None}


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
