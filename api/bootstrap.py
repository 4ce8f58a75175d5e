"""The composition root: a running system out of settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from sqlalchemy.engine import URL
from starlette.requests import Request
from starlette.routing import BaseRoute

from api.auth.addresses import is_safe
from api.auth.browser import Browser
from api.auth.openid import PATH as OPENID_PATH
from api.auth.provider import Client, Provider
from api.auth.routes import OpenId, sign_in_routes
from api.channels import Telling, build_telling
from api.credentials import session_of
from api.email_actions import email_action_routes
from api.graphql.ids import to_global
from api.news import News
from api.runtime import Runtime
from api.settings import Settings
from api.telemetry.backlog import Backlog
from api.telemetry.gate import MeteredGate
from api.telemetry.meter import Meter
from api.telemetry.tracing import TracingMissingError, close_tracer, make_tracer
from engine.commands.remember_master_key import remember_master_key
from engine.keyring import Keyring
from engine.persistence.clock import skew
from engine.persistence.database import Database, normal_url
from engine.persistence.executor import Executor
from engine.persistence.migrate import Standing, standing
from engine.persistence.signals import Listener, Notifier
from engine.principal import Principal
from engine.signers.base import SignerContext, load_signers
from engine.system import System, Waker
from notifications.channels.base import ChannelFailed
from notifications.channels.smtp import SmtpChannel
from notifications.claims import Policy
from notifications.keys import ACTION_LINKS, derive
from notifications.messages import Writer
from notifications.outbox import Outbox
from notifications.relay import Relay
from notifications.reminders import Reminders, Rhythm
from notifications.retention import Retention
from notifications.sign_in_links import PURPOSE as SIGN_IN_LINKS
from notifications.sign_in_mail import SignInMailer
from notifications.stranded import Stranded
from notifications.vocabulary import WEBHOOK
from notifications.wakeup import Wakeup
from notifications.webhooks.outbox import WebhookOutbox

#: The purpose of the key that printed heads of the ledger are sealed with.
LEDGER_HEADS = "ledger-heads"
#: Of a channel, messages under way at a time. Each webhook has its own server, maybe a slow one.
CONCURRENCY = {WEBHOOK: 64}
#: Of the time that a process has to end in, how much is for messages that are being sent.
SENDING = 0.5

#: Seconds between two clocks that are worth a warning.
SKEW = 1.0
_NOT_READY = {
    Standing.BEHIND: "The database lacks this version's tables. Run `countersign migrate`.",
    Standing.CONTRACTED: "A newer version has taken away tables or columns that this one needs."
    " Run that version, or a newer one.",
}

NO_DATABASE = "There is no database here yet: run `countersign init`."
_CANNOT_OPEN = (
    "The database {file} cannot be opened: does its folder exist, and may this user write there?"
)

_NO_TLS = (
    "People are reached over plain http: secrets can be read on the way, and accounts where"
    " approvers decide signed in cannot decide from mails."
)

log = structlog.get_logger("countersign")


class NotReadyError(Exception):
    """The service cannot start; the message says what to do."""


def open_database(settings: Settings) -> Database:
    """The database of the settings, or NotReadyError where a file could not be opened."""
    database = Database(settings.database_url.get_secret_value(), pool_size=settings.pool_size)
    file = database.file
    if file is not None and not _can_be_opened(file):
        raise NotReadyError(_CANNOT_OPEN.format(file=file))
    return database


def _can_be_opened(file: Path) -> bool:
    # Beside the file SQLite writes its log.
    if not os.access(file.parent, os.W_OK | os.X_OK):
        return False
    return not file.exists() or (file.is_file() and os.access(file, os.R_OK | os.W_OK))


def require_current(database: Database) -> None:
    """The schema is there, or NotReadyError."""
    if database.is_empty_file:
        raise NotReadyError(NO_DATABASE)
    with database.reading() as connection:
        found = standing(connection)
    if found in _NOT_READY:
        raise NotReadyError(_NOT_READY[found])


def build_system(
    settings: Settings, database: Database, *wakers: Waker, telling: Telling | None = None
) -> System:
    """The engine with its signers and its outbox; refuses a wrong master key."""
    telling = telling or telling_of(settings)
    keyring = Keyring.parse(settings.master_key.get_secret_value())
    remember_master_key(database, keyring)
    return System(
        database=database,
        signers=load_signers(SignerContext(keyring, signer_options(settings))),
        listeners=(_outbox(telling), WebhookOutbox(to_global)),
        wakers=wakers,
        reservation_seconds=settings.reservation_seconds,
    )


def _outbox(telling: Telling) -> Outbox:
    return Outbox(telling.link_key, link_lifetime=telling.link_lifetime, channels=telling.personal)


def build_runtime(settings: Settings) -> Runtime:
    """Everything the faces need, over a database that is up to date."""
    database = open_database(settings)
    require_current(database)
    news, outbox = News(), Wakeup()
    direct = direct_url(settings, database)
    notifier = None if database.is_sqlite else Notifier(direct or database.url)
    others: tuple[Waker, ...] = (notifier,) if notifier is not None else ()
    telling = telling_of(settings)
    system = build_system(settings, database, news, outbox, *others, telling=telling)
    compare_clocks(system)
    executor = Executor(database, threads=settings.pool_size)
    meter = build_meter(settings)
    meter.registry.register(Backlog(system, executor))
    return Runtime(
        system,
        executor,
        MeteredGate(system, executor, meter),
        news,
        outbox,
        notifier,
        browser=Browser(settings.public_url),
        meter=meter,
        telling=telling,
        listener=None if direct is None else Listener(direct),
    )


def direct_url(settings: Settings, database: Database) -> URL | None:
    """Where LISTEN can be said: a pooler gives each transaction another session."""
    if database.is_sqlite:
        return None
    if settings.listen_url is not None:
        return normal_url(settings.listen_url.get_secret_value())
    if database.is_pooled:
        log.info("behind a pooler without COUNTERSIGN_LISTEN_URL: news are polled for")
        return None
    return database.url


def compare_clocks(system: System) -> None:
    """Instants are the database's; this machine's own are in its logs and links alone."""
    if system.database.is_sqlite:
        return
    with system.database.reading() as connection:
        ahead = skew(system.clock, connection).total_seconds()
    if abs(ahead) > SKEW:
        log.warning("this machine's clock is not the database's", database_ahead=round(ahead, 3))
    else:
        log.info("clock", database_ahead=round(ahead, 3))


def telling_of(settings: Settings) -> Telling:
    """The configured channels."""
    try:
        return build_telling(settings)
    except ChannelFailed as error:
        raise NotReadyError(str(error)) from error


def build_meter(settings: Settings) -> Meter:
    """Counts, and traces where they are switched on."""
    try:
        return Meter(make_tracer() if settings.traces else None)
    except TracingMissingError as error:
        raise NotReadyError(str(error)) from error


@contextmanager
def connected(runtime: Runtime) -> Iterator[None]:
    """Hears of other processes' commits while the block lasts, and lets go of everything after."""
    if runtime.listener is not None:
        runtime.listener.start(runtime.heard)
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


def build_relays(settings: Settings, runtime: Runtime) -> list[Relay]:
    """What takes messages from the outbox, one relay for each configured channel."""
    assert runtime.telling is not None
    writer, key = build_writer(settings), link_key(settings)
    policy = Policy(give_up_after=timedelta(hours=settings.delivery_retry_hours))
    return [
        Relay(
            runtime.system,
            channel,
            writer,
            key,
            settings.public_url,
            policy=policy,
            concurrency=CONCURRENCY.get(name, 16),
            patience=settings.shutdown_seconds * SENDING,
        )
        for name, channel in runtime.telling.channels.items()
    ]


def build_reminders(settings: Settings, runtime: Runtime) -> Reminders:
    """What reminds approvers, and tells that a window closes soon."""
    assert runtime.telling is not None
    telling, rhythm = runtime.telling, Rhythm(share=settings.reminder_share)
    return Reminders(
        runtime.system,
        telling.link_key,
        rhythm,
        link_lifetime=telling.link_lifetime,
        channels=telling.personal,
    )


def build_retention(settings: Settings, runtime: Runtime) -> list[Retention]:
    """What deletes deliveries that were settled long ago; nothing where all are kept."""
    days = settings.delivery_retention_days
    return [Retention(runtime.system, timedelta(days=days))] if days else []


def build_stranded(runtime: Runtime) -> Stranded:
    """What ends the messages for channels that are not configured any more."""
    assert runtime.telling is not None
    return Stranded(runtime.system, runtime.telling.channels)


def build_writer(settings: Settings) -> Writer:
    """What writes messages; with templates of the operator's own, if there are any."""
    return Writer(settings.public_url, settings.templates, mail_from=settings.mail_from)


def build_sign_in_mailer(settings: Settings, runtime: Runtime) -> SignInMailer:
    """What sends the mails to sign in with; over connections of its own, so it waits for nobody."""
    channel = SmtpChannel(
        settings.smtp_url.get_secret_value(),
        settings.mail_from,
        connections=2,
        timeout=min(20, settings.shutdown_seconds * SENDING),
    )
    writer, key = build_writer(settings), sign_in_key(settings)
    return SignInMailer(runtime.system, channel, writer, key, settings.public_url)


def email_routes(settings: Settings, runtime: Runtime) -> list[BaseRoute]:
    """The pages behind the links in mails."""
    if not is_safe(settings.public_url):
        log.warning("public_url_without_tls", public_url=settings.public_url, meaning=_NO_TLS)

    async def session(request: Request) -> Principal | None:
        return await session_of(runtime, request)

    return email_action_routes(
        runtime.system, link_key(settings), settings.public_url, session=session
    )


def auth_routes(settings: Settings, runtime: Runtime) -> list[BaseRoute]:
    """The pages to sign in and out with."""
    assert runtime.browser is not None
    secret = settings.secret_key.get_secret_value()
    return sign_in_routes(runtime, runtime.browser, secret, openid=build_openid(settings))


def build_openid(settings: Settings) -> OpenId | None:
    """Sign-in by OpenID Connect, where it is set up."""
    issuer, client_id = settings.oidc_issuer, settings.oidc_client_id
    if issuer is None or client_id is None:
        return None
    secret = settings.oidc_client_secret
    client = Client(
        issuer=issuer,
        client_id=client_id,
        client_secret=secret.get_secret_value() if secret is not None else None,
        redirect_uri=f"{settings.public_url.rstrip('/')}{OPENID_PATH}/callback",
    )
    name = settings.oidc_name or urlsplit(issuer).hostname or issuer
    return OpenId(provider=Provider(client), name=name, account=settings.oidc_account)


def link_key(settings: Settings) -> bytes:
    """What action links are made with."""
    return derive(settings.secret_key.get_secret_value(), ACTION_LINKS)


def sign_in_key(settings: Settings) -> bytes:
    """What links and codes to sign in with are made with."""
    return derive(settings.secret_key.get_secret_value(), SIGN_IN_LINKS)


def ledger_key(settings: Settings) -> bytes:
    """What printed heads of the ledger are sealed with."""
    return derive(settings.secret_key.get_secret_value(), LEDGER_HEADS)


def signer_options(settings: Settings) -> dict[str, str]:
    """The options that signer backends look for, as far as they are set."""
    told = {
        "pkcs11_module": settings.pkcs11_module,
        "pkcs11_token": settings.pkcs11_token,
        "pkcs11_pin": settings.pkcs11_pin.get_secret_value() if settings.pkcs11_pin else None,
    }
    return {name: value for name, value in told.items() if value is not None}
